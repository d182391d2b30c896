// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cpu.h>
#include <linux/fs.h>
#include <linux/if_arp.h>
#include <linux/netdevice.h>
#include <linux/sched.h>
#include <net/dst.h>
#include <net/net_namespace.h>

#include "session.h"
#include "train.h"
#include "train_frame.h"
#include "train_registry.h"
#include "train_request.h"
#include "train_senders.h"
#include "train_session.h"

static int check_device(const struct net_device *dev, const struct tscope_train *request)
{
	if (dev->type != ARPHRD_ETHER && dev->type != ARPHRD_LOOPBACK)
		return -EAFNOSUPPORT;
	if (!netif_running(dev))
		return -ENETDOWN;
	return request->frame_len - request->ip_at > dev->mtu ? -EMSGSIZE : 0;
}

static int queue_on_cpu(struct tscope_probe_train *train, struct tscope_session *session,
			const struct tscope_train *request)
{
	struct tscope_sender *sender;
	int err;

	if (request->cpu >= nr_cpu_ids || !cpu_online(request->cpu))
		return -EHOSTDOWN;
	/* What is kept for others (isolated CPUs, cpusets) is kept from their kernel threads too. */
	if (!cpumask_test_cpu(request->cpu, current->cpus_ptr))
		return -EPERM;
	sender = tscope_sender_get(request->cpu, !(request->flags & TSCOPE_TRAIN_NORMAL));
	if (IS_ERR(sender))
		return PTR_ERR(sender);
	err = tscope_registry_queue(train, session, sender, request->start_tsc);
	if (err)
		tscope_sender_put(sender);
	return err;
}

static int queue_on_device(struct tscope_probe_train *train, struct tscope_session *session,
			   const struct tscope_train *request)
{
	int err = check_device(train->dev, request);

	if (err)
		return err;
	train->netns = dev_net(train->dev)->ns.inum;
	train->dst = tscope_frame_route(train);
	tscope_frame_prepare(train, GFP_KERNEL);
	if (!train->skb)
		return -ENOMEM;
	cpus_read_lock();
	err = queue_on_cpu(train, session, request);
	cpus_read_unlock();
	return err;
}

static bool takes_trains(const struct tscope_session *session)
{
	lockdep_assert_held(&session->lock);
	return session->state == TSCOPE_RUNNING && session->kind == &tscope_train_session;
}

static int queue_train(struct tscope_probe_train *train, struct tscope_session *session,
		       const struct tscope_train *request)
{
	int err;

	lockdep_assert_held(&session->lock);
	if (!takes_trains(session))
		return -EINVAL;
	err = tscope_session_device(session, request->ifindex, &train->dev);
	if (err)
		return err;
	err = queue_on_device(train, session, request);
	if (err) {
		dst_release(train->dst);
		dev_put(train->dev);
	}
	return err;
}

static void restrict_to_opener(struct tscope_train *request, struct file *file)
{
	if (!file_ns_capable(file, &init_user_ns, CAP_SYS_NICE))
		request->flags |= TSCOPE_TRAIN_NORMAL;
	if (request->flags & TSCOPE_TRAIN_NORMAL)
		request->flags |= TSCOPE_TRAIN_TIMER;
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
	train = tscope_train_new();
	if (!train)
		return -ENOMEM;
	err = tscope_registry_charge(train, file, tscope_train_bytes(request));
	if (err) {
		tscope_train_free(train);
		return err;
	}
	restrict_to_opener(request, file);
	err = tscope_train_fill(train, request);
	if (!err) {
		mutex_lock(&session->lock);
		err = queue_train(train, session, request);
		if (!err) {
			request->start_tsc = train->start;
			request->number = train->status.number;
		}
		mutex_unlock(&session->lock);
	}
	if (err)
		tscope_registry_drop(train);
	return err;
}

int tscope_train_describe(struct tscope_session *session, struct tscope_train_status *status)
{
	return tscope_registry_status(session, status);
}

int tscope_train_cancel(struct tscope_session *session, u32 number)
{
	return tscope_registry_end(session, number, -ECANCELED);
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

const struct tscope_session_kind tscope_train_session = {
	.config_valid = config_valid,
	.stop = cancel_all,
	.free = tscope_registry_release,
};
