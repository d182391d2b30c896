// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cpuhotplug.h>
#include <linux/cred.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/suspend.h>
#include <linux/user_namespace.h>
#include <net/dst.h>

#include "clock.h"
#include "session.h"
#include "train.h"
#include "train_queue.h"
#include "train_registry.h"
#include "train_request.h"
#include "train_sender.h"
#include "train_senders.h"

#define TRAINS_MAX		256		/* of all sessions */
#define USER_SHARE		4		/* one user gets so much less, in number and memory */
#define START_MAX_NS		(3600ULL * NSEC_PER_SEC)
#define START_SOON_NS		(20ULL * NSEC_PER_MSEC)

static unsigned int train_limit_mib = 256;
module_param(train_limit_mib, uint, 0644);
MODULE_PARM_DESC(train_limit_mib, "memory for the schedules of all trains, MiB");

/*
 * Taken after a session's lock, the CPU hotplug lock and RTNL; sessions_lock and a queue's lock after it. Whoever removes
 * a device waits for it, with RTNL: under it there is no allocation, and no waiting but for a probe that is just leaving.
 */
static DEFINE_MUTEX(trains_lock);
static LIST_HEAD(all_trains);		/* trains_lock */
static u32 last_number;			/* trains_lock */
static bool asleep;			/* or about to be; trains_lock */
static enum cpuhp_state cpu_state;

/* --- memory --- */

/* Who made the outermost user namespace answers for all that happens in it. */
static kuid_t user_of(const struct file *file)
{
	const struct user_namespace *ns = file->f_cred->user_ns;
	kuid_t user = file->f_cred->euid;

	for (; ns != &init_user_ns; ns = ns->parent)
		user = ns->owner;
	return user;
}

/* Of all trains, or of one user's, so many and so large are allowed, this one included. */
static bool fits(const struct tscope_probe_train *train, bool of_user, unsigned int share)
{
	size_t bytes = train->charged;
	const struct tscope_probe_train *other;
	unsigned int count = 1;

	lockdep_assert_held(&trains_lock);
	list_for_each_entry(other, &all_trains, all) {
		if (of_user && !uid_eq(other->user, train->user))
			continue;
		count++;
		bytes += other->charged;
	}
	return count <= TRAINS_MAX / share &&
	       bytes <= ((size_t)READ_ONCE(train_limit_mib) << 20) / share;
}

int tscope_registry_charge(struct tscope_probe_train *train, const struct file *file, size_t bytes)
{
	bool limited = !file_ns_capable(file, &init_user_ns, CAP_SYS_RESOURCE);
	int err = -EDQUOT;

	train->charged = bytes;
	train->user = user_of(file);
	mutex_lock(&trains_lock);
	if (fits(train, false, 1) && (!limited || fits(train, true, USER_SHARE))) {
		list_add_tail(&train->all, &all_trains);
		err = 0;
	}
	mutex_unlock(&trains_lock);
	return err;
}

void tscope_registry_drop(struct tscope_probe_train *train)
{
	mutex_lock(&trains_lock);
	list_del(&train->all);
	mutex_unlock(&trains_lock);
	tscope_train_free(train);
}

/* --- the end --- */

/* Its sender does not know it any more, and its device may go. What it did can still be asked for. */
static void end_train(struct tscope_probe_train *train, int reason)
{
	lockdep_assert_held(&trains_lock);
	/* Not queued yet, or ended already. */
	if (!train->sender || !train->dev)
		return;
	tscope_queue_end(&train->sender->queue, train, reason);
	dst_release(train->dst);
	train->dst = NULL;
	dev_put(train->dev);
	train->dev = NULL;
}

static int on_device_event(struct notifier_block *block, unsigned long event, void *data)
{
	struct net_device *dev = netdev_notifier_info_to_dev(data);
	struct tscope_probe_train *train;

	if (event != NETDEV_UNREGISTER)
		return NOTIFY_DONE;
	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->sender && train->dev == dev)
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
		if (train->cpu == cpu)
			end_train(train, -EHOSTDOWN);
	}
	mutex_unlock(&trains_lock);
	tscope_senders_cpu_gone(cpu);
	return 0;
}

/* The clock may be another one afterwards, and a probe that waited would leave long after its time. */
static int on_sleep(struct notifier_block *block, unsigned long event, void *unused)
{
	bool sleeps = event == PM_SUSPEND_PREPARE || event == PM_HIBERNATION_PREPARE ||
		      event == PM_RESTORE_PREPARE;
	struct tscope_probe_train *train;

	mutex_lock(&trains_lock);
	asleep = sleeps;
	list_for_each_entry(train, &all_trains, all) {
		if (sleeps)
			end_train(train, -ESHUTDOWN);
	}
	mutex_unlock(&trains_lock);
	return NOTIFY_DONE;
}

static struct notifier_block sleep_notifier = {
	.notifier_call = on_sleep,
};

/* --- the way there --- */

static bool start_valid(u64 start, u64 now)
{
	return start > now && start - now <= tscope_ns_to_ticks(START_MAX_NS);
}

/* Whoever takes the device away looks for its trains afterwards: either it is gone already, or the train is found. */
static int device_still_there(struct tscope_session *session, const struct net_device *wanted)
{
	struct net_device *dev;
	int err = tscope_session_device(session, wanted->ifindex, &dev);

	if (err)
		return err;
	dev_put(dev);
	return dev == wanted ? 0 : -ENODEV;
}

int tscope_registry_queue(struct tscope_probe_train *train, struct tscope_session *session,
			  struct tscope_sender *sender, u64 start)
{
	u64 now = tscope_now();
	int err;

	train->start = start ?: now + tscope_ns_to_ticks(START_SOON_NS);
	if (!start_valid(train->start, now))
		return -EINVAL;
	mutex_lock(&trains_lock);
	err = asleep ? -ESHUTDOWN : device_still_there(session, train->dev);
	if (!err) {
		train->session = session;
		train->sender = sender;
		train->status.number = ++last_number ?: ++last_number;
		tscope_sender_add(sender, train);
	}
	mutex_unlock(&trains_lock);
	return err;
}

/* --- for their owners --- */

int tscope_registry_status(struct tscope_session *session, struct tscope_train_status *status)
{
	const struct tscope_probe_train *train;
	int err = -ENOENT;

	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->session == session && train->status.number == status->number) {
			tscope_queue_status(&train->sender->queue, train, status);
			err = 0;
			break;
		}
	}
	mutex_unlock(&trains_lock);
	return err;
}

int tscope_registry_end(struct tscope_session *session, u32 number, int reason)
{
	struct tscope_probe_train *train;
	int err = number ? -ENOENT : 0;

	mutex_lock(&trains_lock);
	list_for_each_entry(train, &all_trains, all) {
		if (train->session != session || (number && train->status.number != number))
			continue;
		end_train(train, reason);
		err = 0;
	}
	mutex_unlock(&trains_lock);
	return err;
}

void tscope_registry_release(struct tscope_session *session)
{
	struct tscope_probe_train *train, *next;
	LIST_HEAD(released);

	mutex_lock(&trains_lock);
	list_for_each_entry_safe(train, next, &all_trains, all) {
		if (train->session != session)
			continue;
		end_train(train, -ECANCELED);
		list_move(&train->all, &released);
	}
	mutex_unlock(&trains_lock);
	list_for_each_entry_safe(train, next, &released, all) {
		tscope_sender_put(train->sender);
		tscope_train_free(train);
	}
}

/* --- the module --- */

int tscope_registry_init(void)
{
	int err = tscope_senders_init();

	if (err)
		return err;
	err = register_netdevice_notifier(&device_notifier);
	if (err)
		goto senders;
	err = cpuhp_setup_state_nocalls(CPUHP_AP_ONLINE_DYN, "tscope:online", NULL, on_cpu_going);
	if (err < 0)
		goto devices;
	cpu_state = err;
	err = register_pm_notifier(&sleep_notifier);
	if (err)
		goto cpus;
	return 0;

cpus:
	cpuhp_remove_state_nocalls(cpu_state);
devices:
	unregister_netdevice_notifier(&device_notifier);
senders:
	tscope_senders_exit();
	return err;
}

/* No file is open any more, so there are no trains. */
void tscope_registry_exit(void)
{
	unregister_pm_notifier(&sleep_notifier);
	cpuhp_remove_state_nocalls(cpu_state);
	unregister_netdevice_notifier(&device_notifier);
	tscope_senders_exit();
}
