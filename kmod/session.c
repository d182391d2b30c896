// SPDX-License-Identifier: GPL-2.0-only
#include <linux/capability.h>
#include <linux/cpumask.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>
#include <net/net_namespace.h>

#include "compat/compat.h"
#include "filter.h"
#include "session.h"

static DEFINE_MUTEX(sessions_lock);
static LIST_HEAD(all_sessions);		/* sessions_lock */

struct tscope_session *tscope_session_new(struct net *net)
{
	struct tscope_session *session = kzalloc(sizeof(*session), GFP_KERNEL_ACCOUNT);

	if (!session)
		return NULL;
	mutex_init(&session->lock);
	init_waitqueue_head(&session->wait);
	session->net = net;
	mutex_lock(&sessions_lock);
	list_add(&session->open, &all_sessions);
	mutex_unlock(&sessions_lock);
	return session;
}

static bool config_valid(const struct tscope_config *config)
{
	return config->interface_version == TSCOPE_INTERFACE_VERSION && config->vantages &&
	       !(config->vantages & ~(TSCOPE_VANTAGE_BIT(TSCOPE_VANTAGES) - 1)) &&
	       is_power_of_2(config->slots) && config->slots >= TSCOPE_MIN_SLOTS &&
	       config->slots <= TSCOPE_MAX_SLOTS && config->watermark &&
	       config->watermark <= config->slots && !config->pad &&
	       tscope_filter_valid(&config->filter);
}

/* May capture in all network namespaces; and finds room for it whatever all others run. */
static bool is_privileged(struct file *file)
{
	return file_ns_capable(file, &init_user_ns, CAP_NET_ADMIN);
}

/* As AF_PACKET asks, of the opener and not of who happens to hold the file now. */
static int may_capture(struct tscope_session *session, struct file *file, u32 flags)
{
	int err = 0;

	/* While the lock keeps net from going, its user namespace is there too. */
	mutex_lock(&sessions_lock);
	if (!session->net)
		err = -ENXIO;
	else if (flags & TSCOPE_CONFIG_ALL_NETNS)
		err = is_privileged(file) ? 0 : -EPERM;
	else if (!file_ns_capable(file, session->net->user_ns, CAP_NET_RAW))
		err = -EPERM;
	mutex_unlock(&sessions_lock);
	return err;
}

/* Its readers see no other once the namespace is gone. */
static void set_state(struct tscope_session *session, enum tscope_state state)
{
	lockdep_assert_held(&session->lock);
	session->state = state;
	mutex_lock(&sessions_lock);
	WRITE_ONCE(session->rings->info->state, session->net ? state : TSCOPE_NETNS_GONE);
	mutex_unlock(&sessions_lock);
}

int tscope_session_configure(struct tscope_session *session, struct file *file,
			     const struct tscope_config *config, const struct tscope_session_kind *kind)
{
	struct tscope_rings *rings;
	int err;

	if (!config_valid(config) || !kind->config_valid(config))
		return -EINVAL;
	err = may_capture(session, file, config->flags);
	if (err)
		return err;
	if (kind->available && !kind->available(config))
		return -ENODEV;

	mutex_lock(&session->lock);
	if (session->state) {
		err = -EBUSY;
		goto out;
	}
	rings = tscope_rings_alloc(config->slots, config->watermark, &session->wait);
	if (!rings) {
		err = -ENOMEM;
		goto out;
	}
	session->kind = kind;
	session->config = *config;
	session->listener.vantages = config->vantages;
	session->listener.filter = config->filter;
	session->listener.rings = rings;
	session->listener.privileged = is_privileged(file);
	mutex_lock(&sessions_lock);
	session->rings = rings;
	mutex_unlock(&sessions_lock);
	set_state(session, TSCOPE_CONFIGURED);
out:
	mutex_unlock(&session->lock);
	return err;
}

int tscope_session_start(struct tscope_session *session)
{
	int err = 0;

	mutex_lock(&session->lock);
	if (session->state != TSCOPE_CONFIGURED) {
		err = session->state ? -EBUSY : -EINVAL;
		goto out;
	}
	if (session->kind->start)
		err = session->kind->start(session);
	if (!err)
		set_state(session, TSCOPE_RUNNING);
out:
	mutex_unlock(&session->lock);
	return err;
}

int tscope_session_stop(struct tscope_session *session)
{
	int err = 0;

	mutex_lock(&session->lock);
	if (session->state != TSCOPE_RUNNING) {
		err = -EINVAL;
		goto out;
	}
	session->kind->stop(session);
	set_state(session, TSCOPE_STOPPED);
out:
	mutex_unlock(&session->lock);
	if (!err)
		wake_up_interruptible(&session->wait);
	return err;
}

void tscope_session_free(struct tscope_session *session)
{
	tscope_session_stop(session);
	if (session->kind && session->kind->free)
		session->kind->free(session);
	mutex_lock(&sessions_lock);
	list_del(&session->open);
	mutex_unlock(&sessions_lock);
	tscope_rings_free(session->rings);
	mutex_destroy(&session->lock);
	kfree(session);
}

int tscope_session_mmap(struct tscope_session *session, struct vm_area_struct *vma)
{
	size_t bytes = vma->vm_end - vma->vm_start;
	u64 offset = (u64)vma->vm_pgoff << PAGE_SHIFT;
	int err = -EINVAL;
	bool writable;
	void *region;

	mutex_lock(&session->lock);
	if (!session->rings)
		goto out;
	region = tscope_rings_region(session->rings, offset, bytes, &writable);
	if (!region)
		goto out;
	if (!writable) {
		err = -EPERM;
		if (vma->vm_flags & VM_WRITE)
			goto out;
		tscope_vma_forbid_writing(vma);
	}
	err = remap_vmalloc_range(vma, region, 0);
out:
	mutex_unlock(&session->lock);
	return err;
}

__poll_t tscope_session_poll(struct tscope_session *session, struct file *file,
			     struct poll_table_struct *table)
{
	__poll_t mask = 0;

	poll_wait(file, &session->wait, table);
	mutex_lock(&session->lock);
	if (!READ_ONCE(session->net) || session->state == TSCOPE_STOPPED)
		mask = EPOLLHUP;
	else if (session->rings && tscope_rings_readable(session->rings))
		mask = EPOLLIN | EPOLLRDNORM;
	mutex_unlock(&session->lock);
	return mask;
}

void tscope_sessions_netns_gone(struct net *net)
{
	struct tscope_session *session;

	mutex_lock(&sessions_lock);
	list_for_each_entry(session, &all_sessions, open) {
		if (session->net != net)
			continue;
		WRITE_ONCE(session->net, NULL);
		/* Not even one that sees all namespaces outlives its own. */
		tscope_listener_remove(&session->listener);
		if (session->rings)
			WRITE_ONCE(session->rings->info->state, TSCOPE_NETNS_GONE);
		wake_up_interruptible(&session->wait);
	}
	mutex_unlock(&sessions_lock);
}

/* A device is of one namespace, and its number means another device in others. */
static bool sees_all_netns(const struct tscope_config *config)
{
	return config->flags & TSCOPE_CONFIG_ALL_NETNS && !config->filter.ifindex;
}

int tscope_session_listen(struct tscope_session *session)
{
	struct tscope_listener *listener = &session->listener;
	int err = -ENXIO;

	lockdep_assert_held(&session->lock);
	/* A namespace on its way out waits for this lock, and then finds the listener in the list. */
	mutex_lock(&sessions_lock);
	if (session->net) {
		listener->net = sees_all_netns(&session->config) ? NULL : session->net;
		listener->home = session->net;
		err = tscope_listener_add(listener);
	}
	mutex_unlock(&sessions_lock);
	return err;
}

void tscope_session_listen_no_more(struct tscope_session *session)
{
	tscope_listener_remove(&session->listener);
	synchronize_rcu();
}

int tscope_session_device(struct tscope_session *session, u32 ifindex, struct net_device **dev)
{
	int err = 0;

	mutex_lock(&sessions_lock);
	if (session->net) {
		*dev = dev_get_by_index(session->net, ifindex);
		if (!*dev)
			err = -ENODEV;
	} else {
		err = -ENXIO;
	}
	mutex_unlock(&sessions_lock);
	return err;
}

void tscope_session_record(struct tscope_session *session, const struct tscope_record *record)
{
	struct tscope_ring *ring;
	struct tscope_record *slot;
	u64 index;

	preempt_disable();
	ring = this_cpu_ptr(session->rings->ring);
	slot = tscope_ring_reserve(ring, record->vantage, record->segs, &index);
	if (slot) {
		u32 commit = slot->commit;

		*slot = *record;
		slot->commit = commit;
		slot->cpu = smp_processor_id();
		tscope_ring_commit(ring, slot, index);
	}
	preempt_enable();
}
