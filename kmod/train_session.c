// SPDX-License-Identifier: GPL-2.0-only
/* The trains of all sessions, from their submission to their end, whoever brings it about. */
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/cpuhotplug.h>
#include <linux/fs.h>
#include <linux/if_arp.h>
#include <linux/moduleparam.h>
#include <linux/netdevice.h>
#include <net/dst.h>

#include "clock.h"
#include "session.h"
#include "train.h"
#include "train_frame.h"
#include "train_request.h"
#include "train_sender.h"
#include "train_session.h"

#define TRAINS_MAX		256		/* of all sessions */
#define START_MAX_NS		(3600ULL * NSEC_PER_SEC)
#define START_SOON_NS		(20ULL * NSEC_PER_MSEC)

static unsigned int train_limit_mib = 256;
module_param(train_limit_mib, uint, 0644);
MODULE_PARM_DESC(train_limit_mib, "memory for the schedules of all trains, MiB");

/* Taken after a session's lock, the CPU hotplug lock and RTNL; sessions_lock after it. */
static DEFINE_MUTEX(trains_lock);
static LIST_HEAD(all_trains);		/* trains_lock */
static unsigned int trains_count;	/* trains_lock */
static size_t bytes_in_use;		/* trains_lock */
static u32 last_number;			/* trains_lock */
static enum cpuhp_state cpu_state;

/* --- the end --- */

static void let_device_go(struct tscope_probe_train *train)
{
	dst_release(train->dst);
	train->dst = NULL;
	dev_put(train->dev);
	train->dev = NULL;
}

/* Its thread is done with it, and the device may go. What it did can still be asked for. */
static void end_train(struct tscope_probe_train *train, int reason)
{
	lockdep_assert_held(&trains_lock);
	if (!train->sender)
		return;
	tscope_sender_remove(train->sender, train, reason);
	tscope_sender_put(train->sender);
	train->sender = NULL;
	let_device_go(train);
}

static int on_device_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct tscope_probe_train *train;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->dev == dev)
			end_train(train, -ENODEV);
	}
	mutex_unlock(&trains_lock);
	return NOTIFY_DONE;
}

static struct notifier_block device_notifier = {
	.notifier_call = on_device_event,
};

static int on_cpu_going(unsigned int cpu)
{
	struct tscope_probe_train *train;

	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->sender && train->cpu == cpu)
			end_train(train, -EHOSTDOWN);
	}
	mutex_unlock(&trains_lock);
	return 0;
}

/* --- ioctls --- */

static int check_device(const struct net_device *dev, const struct tscope_train *request)
{
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return -EAFNOSUPPORT;
	if (!netif_running(dev))
		return -ENETDOWN;
	return request->frame_len - request->ip_at > dev->mtu ? -EMSGSIZE : 0;
}

static u64 start_of(const struct tscope_train *request, u64 now)
{
	if (request->start_tsc)
		return request->start_tsc;
	return now + tscope_ns_to_ticks(START_SOON_NS);
}

static bool start_valid(u64 start, u64 now)
{
	return start > now && start - now <= tscope_ns_to_ticks(START_MAX_NS);
}

/* With CPU hotplug kept out. */
static int enlist(struct tscope_probe_train *train, struct tscope_train *request)
{
	u64 now = tscope_now();
	struct tscope_sender *sender;

	lockdep_assert_held(&trains_lock);
	train->start = start_of(request, now);
	if (!start_valid(train->start, now))
		return -EINVAL;
	if (trains_count >= TRAINS_MAX ||
	    bytes_in_use + train->charged > (size_t)READ_ONCE(train_limit_mib) << 20)
		return -EDQUOT;
	if (request->cpu >= nr_cpu_ids || !cpu_online(request->cpu))
		return -EHOSTDOWN;
	tscope_frame_prepare(train, GFP_KERNEL);
	if (!train->skb)
		return -ENOMEM;
	sender = tscope_sender_get(request->cpu);
	if (IS_ERR(sender)) {
		kfree_skb(train->skb);
		return PTR_ERR(sender);
	}
	train->cpu = request->cpu;
	train->sender = sender;
	train->status.number = ++last_number ?: ++last_number;
	trains_count++;
	bytes_in_use += train->charged;
	list_add_tail(&train->all, &all_trains);
	tscope_sender_add(sender, train);
	return 0;
}

/*
 * Under trains_lock, so that whoever takes the device away, out of the machine or into another
 * namespace, either has taken it out of the session's already or finds the train in the list.
 */
static int enlist_on_device(struct tscope_probe_train *train, struct tscope_train *request)
{
	int err = tscope_session_device(train->session, request->ifindex, &train->dev);

	if (err)
		return err;
	err = check_device(train->dev, request);
	if (!err) {
		train->dst = tscope_frame_route(train);
		err = enlist(train, request);
	}
	if (err)
		let_device_go(train);
	return err;
}

static bool takes_trains(const struct tscope_session *session)
{
	lockdep_assert_held(&session->lock);
	return session->state == TSCOPE_RUNNING && session->kind == &tscope_train_session;
}

static int submit_with_session(struct tscope_session *session, struct file *file,
			       struct tscope_train *request, struct tscope_probe_train *train)
{
	int err;

	lockdep_assert_held(&session->lock);
	if (!takes_trains(session))
		return -EINVAL;
	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_NICE))
		request->flags |= TSCOPE_TRAIN_TIMER;
	train->session = session;
	train->flags = request->flags;
	cpus_read_lock();
	mutex_lock(&trains_lock);
	err = enlist_on_device(train, request);
	mutex_unlock(&trains_lock);
	cpus_read_unlock();
	return err;
}

int tscope_train_submit(struct tscope_session *session, struct file *file,
			struct tscope_train *request)
{
	struct tscope_probe_train *train;
	int err = tscope_train_check(request);

	if (err)
		return err;
	/* No memory for whoever may not send; the state can change until it is looked at again. */
	mutex_lock(&session->lock);
	err = takes_trains(session) ? 0 : -EINVAL;
	mutex_unlock(&session->lock);
	if (err)
		return err;
	train = tscope_train_new(request);
	if (IS_ERR(train))
		return PTR_ERR(train);
	mutex_lock(&session->lock);
	err = submit_with_session(session, file, request, train);
	if (!err) {
		request->start_tsc = train->start;
		request->number = train->status.number;
	}
	mutex_unlock(&session->lock);
	if (err)
		tscope_train_free(train);
	return err;
}

static struct tscope_probe_train *find_train(struct tscope_session *session, u32 number)
{
	struct tscope_probe_train *train;

	lockdep_assert_held(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->session == session && train->status.number == number)
			return train;
	}
	return NULL;
}

int tscope_train_describe(struct tscope_session *session, struct tscope_train_status *status)
{
	struct tscope_probe_train *train;
	int err = 0;

	mutex_lock(&trains_lock);
	train = find_train(session, status->number);
	if (!train)
		err = -ENOENT;
	else if (train->sender)
		tscope_sender_status(train->sender, train, status);
	else
		*status = train->status;
	mutex_unlock(&trains_lock);
	return err;
}

int tscope_train_cancel(struct tscope_session *session, u32 number)
{
	struct tscope_probe_train *train;
	int err = number ? -ENOENT : 0;

	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->session != session || (number && train->status.number != number))
			continue;
		end_train(train, -ECANCELED);
		err = 0;
	}
	mutex_unlock(&trains_lock);
	return err;
}

static bool config_valid(const struct tscope_config *config)
{
	const u32 senders = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX) | TSCOPE_VANTAGE_BIT(TSCOPE_QDISC_TX);

	return config->flags == TSCOPE_CONFIG_TRAIN && !(config->vantages & ~senders);
}

static void cancel_all(struct tscope_session *session)
{
	tscope_train_cancel(session, 0);
}

static void free_all(struct tscope_session *session)
{
	struct tscope_probe_train *train, *next;

	mutex_lock(&trains_lock);
	list_for_each_entry_safe(train, next, &all_trains, all) {
		if (train->session != session)
			continue;
		end_train(train, -ECANCELED);
		list_del(&train->all);
		trains_count--;
		bytes_in_use -= train->charged;
		tscope_train_free(train);
	}
	mutex_unlock(&trains_lock);
}

const struct tscope_session_kind tscope_train_session = {
	.config_valid = config_valid,
	.stop = cancel_all,
	.free = free_all,
};

/* --- the module --- */

int tscope_trains_init(void)
{
	int err = register_netdevice_notifier(&device_notifier);

	if (err)
		return err;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online", NULL, on_cpu_going);
	if (err < 0) {
		unregister_netdevice_notifier(&device_notifier);
		return err;
	}
	cpu_state = err;
	return 0;
}

/* No file is open any more, so there are no trains. */
void tscope_trains_exit(void)
{
	cpuhp_remove_state_nocalls(cpu_state);
	unregister_netdevice_notifier(&device_notifier);
}
