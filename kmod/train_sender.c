// SPDX-License-Identifier: GPL-2.0-only
#include <linux/etherdevice.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <linux/wait.h>

#include <asm/tsc.h>

#include "clock.h"
#include "session.h"
#include "train.h"
#include "train_frame.h"
#include "train_pace.h"
#include "train_sender.h"

#define IRQS_OFF_NS	5000	/* the last part of a spin */
#define ANCHOR_MAX_MS	10	/* a clock reading that old is taken anew */
#define FIRST_WAKE_UPS	32
#define FIRST_SLEEP_NS	(100 * NSEC_PER_USEC)
#define FIRST_HANDLING_NS 10000	/* until it is known */
#define NTP_EPOCH	2208988800ULL	/* 1970 in seconds since 1900 */

struct tscope_sender {
	unsigned int cpu;
	unsigned int users;		/* trains; trains_lock */
	struct task_struct *task;
	spinlock_t lock;
	struct rb_root_cached queue;	/* trains by their next probe's time; lock */
	struct tscope_probe_train *current_train;	/* lock */
	wait_queue_head_t turned;	/* current_train changed */

	/* The thread's alone. */
	struct hrtimer timer;
	struct tscope_pace pace;
	struct tscope_anchor anchor;
	const struct tscope_probe_train *last_train;
	bool last_contended;
	u64 last_done;			/* tick at which it was free again */
	u64 handling;			/* ticks that a probe takes beside its spin */
};

static u64 ns_to_ticks(u64 ns)
{
	return mul_u64_u32_div(ns, tsc_khz, 1000 * 1000);
}

static u64 ticks_to_ns(u64 ticks)
{
	return mul_u64_u32_div(ticks, 1000 * 1000, tsc_khz);
}

static enum hrtimer_restart wake_thread(struct hrtimer *timer)
{
	wake_up_process(container_of(timer, struct tscope_sender, timer)->task);
	return HRTIMER_NORESTART;
}

/* --- queue --- */

static bool before(struct rb_node *a, const struct rb_node *b)
{
	const struct tscope_probe_train *left = rb_entry(a, struct tscope_probe_train, node);
	const struct tscope_probe_train *right = rb_entry(b, struct tscope_probe_train, node);

	return left->due < right->due;
}

static struct tscope_probe_train *first_in(struct tscope_sender *sender)
{
	struct rb_node *node = rb_first_cached(&sender->queue);

	return node ? rb_entry(node, struct tscope_probe_train, node) : NULL;
}

static void enqueue(struct tscope_sender *sender, struct tscope_probe_train *train)
{
	lockdep_assert_held(&sender->lock);
	train->due = train->start + ns_to_ticks(train->probes[train->next].at_ns);
	rb_add_cached(&train->node, &sender->queue, before);
}

static void dequeue(struct tscope_sender *sender, struct tscope_probe_train *train)
{
	lockdep_assert_held(&sender->lock);
	rb_erase_cached(&train->node, &sender->queue);
	RB_CLEAR_NODE(&train->node);
}

/* --- one probe --- */

struct departure {
	u64 woken, spun, handed;
	u32 flags;
	int err;
};

static u64 ntp_time(const struct tscope_sender *sender, u64 tick)
{
	u64 ns = sender->anchor.realtime_ns + ticks_to_ns(tick - sender->anchor.tsc);
	u32 part;
	u64 seconds = div_u64_rem(ns, NSEC_PER_SEC, &part);

	return (seconds + NTP_EPOCH) << 32 | div_u64((u64)part << 32, NSEC_PER_SEC);
}

static void refresh_anchor(struct tscope_sender *sender, u64 now)
{
	if (now - sender->anchor.tsc > ns_to_ticks(ANCHOR_MAX_MS * NSEC_PER_MSEC))
		tscope_clock_anchor(&sender->anchor);
}

static int device_refuses(const struct net_device *dev)
{
	if (dev->reg_state != NETREG_REGISTERED)
		return -ENODEV;
	if (!netif_running(dev))
		return -ENETDOWN;
	return netif_carrier_ok(dev) ? 0 : -ENOLINK;
}

static void spin(u64 until)
{
	while ((s64)(until - tscope_now()) > 0)
		cpu_relax();
}

/* Fills in the time that is just now, and that is the hand-over's. */
static void stamp(struct tscope_sender *sender, struct tscope_probe_train *train,
		  struct departure *departure)
{
	departure->handed = tscope_now();
	tscope_frame_stamp(train, ntp_time(sender, departure->handed));
}

static void hand_to_qdisc(struct tscope_sender *sender, struct tscope_probe_train *train,
			  struct departure *departure)
{
	int ret;

	local_irq_disable();
	spin(train->due);
	departure->spun = tscope_now();
	local_irq_enable();
	stamp(sender, train, departure);
	ret = dev_queue_xmit(train->skb);
	train->skb = NULL;
	departure->err = ret == NET_XMIT_SUCCESS || ret == NET_XMIT_CN ? 0 : -ENOBUFS;
}

static void hand_to_driver(struct tscope_sender *sender, struct tscope_probe_train *train,
			   struct departure *departure)
{
	struct sk_buff *skb = train->skb;
	struct net_device *dev = train->dev;
	struct netdev_queue *queue = skb_get_tx_queue(dev, skb);
	bool irqs_off = train->irqs_off && !IS_ENABLED(CONFIG_PREEMPT_RT);

	local_bh_disable();
	HARD_TX_LOCK(dev, queue, smp_processor_id());
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_disable();
	spin(train->due);
	departure->spun = tscope_now();
	if (!irqs_off && !IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_enable();
	if (unlikely(netif_xmit_frozen_or_drv_stopped(queue))) {
		departure->handed = tscope_now();
		departure->err = -EBUSY;
	} else {
		int ret;

		stamp(sender, train, departure);
		ret = netdev_start_xmit(skb, dev, queue, false);
		/* A driver that drops has freed it, whatever it returns but busy. */
		if (dev_xmit_complete(ret))
			train->skb = NULL;
		if (ret != NETDEV_TX_OK)
			departure->err = dev_xmit_complete(ret) ? -ENOBUFS : -EBUSY;
	}
	if (irqs_off)
		local_irq_enable();
	HARD_TX_UNLOCK(dev, queue);
	local_bh_enable();
}

static void send(struct tscope_sender *sender, struct tscope_probe_train *train,
		 struct departure *departure)
{
	departure->spun = departure->woken;
	departure->handed = departure->woken;
	if (!(departure->flags & TSCOPE_F_TIMER))
		spin(train->due - ns_to_ticks(IRQS_OFF_NS));
	departure->err = train->skb ? device_refuses(train->dev) : -ENOMEM;
	/* Only now: the device may have fewer queues than when the frame was made. */
	if (train->skb)
		skb_set_queue_mapping(train->skb, sender->cpu % READ_ONCE(train->dev->real_num_tx_queues));
	if (departure->err) {
		spin(train->due);
		departure->handed = departure->spun = tscope_now();
	} else if (train->flags & TSCOPE_TRAIN_QDISC) {
		hand_to_qdisc(sender, train, departure);
	} else {
		hand_to_driver(sender, train, departure);
	}
	kfree_skb(train->skb);
	train->skb = NULL;
}

static void record(struct tscope_probe_train *train, const struct departure *departure)
{
	struct tscope_record probe = {
		.tsc = departure->handed,
		.ifindex = train->dev->ifindex,
		.netns = dev_net(train->dev)->ns.inum,
		.seq = train->next,
		.seq_end = train->status.number,
		.wire_len = train->probes[train->next].len - train->ip_at,
		.napi_poll = -departure->err,
		.segs = 1,
		.flags = departure->flags,
		.header_len = train->head_len,
		.vantage = train->flags & TSCOPE_TRAIN_QDISC ? TSCOPE_QDISC_TX : TSCOPE_DRIVER_TX,
		.kind = TSCOPE_PROBE,
		.clock = TSCOPE_CLOCK_TSC,
		.link_len = ETH_HLEN,
	};
	struct tscope_probe times = {
		.scheduled = train->due,
		.woken = departure->woken,
		.spun = departure->spun,
	};

	BUILD_BUG_ON(TSCOPE_PROBE_AT + sizeof(times) != sizeof(probe.header));
	memcpy(probe.link, train->frame, 2 * ETH_ALEN);
	memcpy(probe.link + 2 * ETH_ALEN, train->frame + train->ip_at - sizeof(__be16), sizeof(__be16));
	memcpy(probe.header, train->head, train->head_len);
	memcpy(probe.header + TSCOPE_PROBE_AT, &times, sizeof(times));
	tscope_session_record(train->session, &probe);
}

static void account(struct tscope_sender *sender, struct tscope_probe_train *train,
		    const struct departure *departure, u64 done)
{
	struct tscope_train_status *status = &train->status;

	status->left--;
	if (departure->err)
		status->failed++;
	else
		status->sent++;
	status->late += !!(departure->flags & TSCOPE_F_LATE);
	status->contended += !!(departure->flags & TSCOPE_F_CONTENDED);
	status->timer += !!(departure->flags & TSCOPE_F_TIMER);
	status->lead_ns = ticks_to_ns(sender->pace.lead);
	status->spin_ticks += departure->spun - departure->woken;
	status->busy_ticks += done - departure->woken;
}

/* Another train is due within the time that a probe takes, before or after. */
static bool contended(struct tscope_sender *sender, const struct tscope_probe_train *train)
{
	const struct tscope_probe_train *other;
	bool close = false;

	/* A train's own probe before counts too if it was itself held up. */
	if (sender->last_train && (sender->last_train != train || sender->last_contended) &&
	    (s64)(train->due - sender->last_done) < (s64)sender->handling)
		return true;
	spin_lock_irq(&sender->lock);
	other = first_in(sender);
	if (other)
		close = other->due - train->due < sender->handling;
	spin_unlock_irq(&sender->lock);
	return close;
}

/* The train's turn: it is current_train, in no queue. */
static void serve(struct tscope_sender *sender, struct tscope_probe_train *train, u32 flags)
{
	struct departure departure = { .flags = flags };
	u64 sent, done;

	if (contended(sender, train))
		departure.flags |= TSCOPE_F_CONTENDED;
	departure.woken = tscope_now();
	refresh_anchor(sender, departure.woken);
	send(sender, train, &departure);
	sent = tscope_now();
	if ((s64)(departure.handed - train->due) > (s64)train->late_ticks)
		departure.flags |= TSCOPE_F_LATE;
	record(train, &departure);

	spin_lock_irq(&sender->lock);
	account(sender, train, &departure, sent);
	train->next++;
	if (train->next == train->count && train->status.state == TSCOPE_TRAIN_RUNNING)
		train->status.state = TSCOPE_TRAIN_DONE;
	spin_unlock_irq(&sender->lock);
	if (train->status.state == TSCOPE_TRAIN_RUNNING)
		tscope_frame_prepare(train);

	spin_lock_irq(&sender->lock);
	if (train->status.state == TSCOPE_TRAIN_RUNNING)
		enqueue(sender, train);
	sender->current_train = NULL;
	spin_unlock_irq(&sender->lock);
	wake_up(&sender->turned);

	done = tscope_now();
	/* From the due time, or from when it got its turn if that was later, to being free again. */
	sender->handling = max(done - departure.spun,
			       sender->handling - sender->handling / 16);
	sender->last_train = train;
	sender->last_contended = departure.flags & TSCOPE_F_CONTENDED;
	sender->last_done = done;
}

/* --- the thread --- */

static void sleep_until(struct tscope_sender *sender, u64 tick)
{
	u64 now = tscope_now();
	u64 wait = (s64)(tick - now) > 0 ? ticks_to_ns(tick - now) : 0;

	hrtimer_start(&sender->timer, ktime_add_ns(ktime_get(), wait), HRTIMER_MODE_ABS_PINNED_HARD);
}

/*
 * With the state set to sleep and the lock held, which is given back: either takes the first train
 * out of the queue, for the caller to serve, or arms the timer for it.
 */
static struct tscope_probe_train *take_or_wait(struct tscope_sender *sender, u32 *flags, u64 *wake_at)
{
	struct tscope_probe_train *train = first_in(sender);
	u64 now = tscope_now(), rest, lead;
	s64 ahead;

	*wake_at = 0;
	*flags = 0;
	if (!train)
		return NULL;
	rest = tscope_pace_must_rest(&sender->pace, now);
	if (rest) {
		sleep_until(sender, now + rest);
		return NULL;
	}
	ahead = train->due - now;
	lead = train->flags & TSCOPE_TRAIN_TIMER ? 0 : tscope_pace_lead(&sender->pace, now);
	if (ahead > (s64)lead) {
		*wake_at = train->due - lead;
		sleep_until(sender, *wake_at);
		return NULL;
	}
	if (ahead <= 0)
		*flags = TSCOPE_F_TIMER;
	dequeue(sender, train);
	sender->current_train = train;
	return train;
}

/* A few wake-ups for nothing: the first probe's lead must be right too. */
static void try_wake_ups(struct tscope_sender *sender)
{
	int i;

	for (i = 0; i < FIRST_WAKE_UPS; i++) {
		u64 wake_at = tscope_now() + ns_to_ticks(FIRST_SLEEP_NS);

		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		sleep_until(sender, wake_at);
		schedule();
		if (!hrtimer_active(&sender->timer))
			tscope_pace_woken(&sender->pace, wake_at, tscope_now());
	}
	__set_current_state(TASK_RUNNING);
}

static int run_sender(void *data)
{
	struct tscope_sender *sender = data;

	tscope_pace_init(&sender->pace, tscope_now());
	tscope_clock_anchor(&sender->anchor);
	sender->handling = ns_to_ticks(FIRST_HANDLING_NS);
	try_wake_ups(sender);
	tscope_pace_run(&sender->pace, tscope_now());
	for (;;) {
		struct tscope_probe_train *train;
		u64 wake_at;
		u32 flags;

		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		spin_lock_irq(&sender->lock);
		train = take_or_wait(sender, &flags, &wake_at);
		spin_unlock_irq(&sender->lock);
		if (train) {
			__set_current_state(TASK_RUNNING);
			serve(sender, train, flags);
			continue;
		}
		tscope_pace_rest(&sender->pace, tscope_now());
		schedule();
		tscope_pace_run(&sender->pace, tscope_now());
		if (wake_at && !hrtimer_active(&sender->timer))
			tscope_pace_woken(&sender->pace, wake_at, tscope_now());
	}
	__set_current_state(TASK_RUNNING);
	hrtimer_cancel(&sender->timer);
	return 0;
}

/* --- from outside --- */

static DEFINE_PER_CPU(struct tscope_sender *, senders);	/* trains_lock */

struct tscope_sender *tscope_sender_get(unsigned int cpu)
{
	struct tscope_sender *sender = per_cpu(senders, cpu);

	if (sender) {
		sender->users++;
		return sender;
	}
	sender = kzalloc(sizeof(*sender), GFP_KERNEL);
	if (!sender)
		return ERR_PTR(-ENOMEM);
	sender->cpu = cpu;
	sender->users = 1;
	sender->queue = RB_ROOT_CACHED;
	spin_lock_init(&sender->lock);
	init_waitqueue_head(&sender->turned);
	hrtimer_init(&sender->timer, CLOCK_MONOTONIC, HRTIMER_MODE_ABS_PINNED_HARD);
	sender->timer.function = wake_thread;
	sender->task = kthread_create_on_node(run_sender, sender, cpu_to_node(cpu), "tscope/%u", cpu);
	if (IS_ERR(sender->task)) {
		long err = PTR_ERR(sender->task);

		kfree(sender);
		return ERR_PTR(err);
	}
	kthread_bind(sender->task, cpu);
	sched_set_fifo(sender->task);
	per_cpu(senders, cpu) = sender;
	wake_up_process(sender->task);
	return sender;
}

void tscope_sender_put(struct tscope_sender *sender)
{
	if (--sender->users)
		return;
	kthread_stop(sender->task);
	per_cpu(senders, sender->cpu) = NULL;
	kfree(sender);
}

void tscope_sender_add(struct tscope_sender *sender, struct tscope_probe_train *train)
{
	spin_lock_irq(&sender->lock);
	train->status.state = TSCOPE_TRAIN_RUNNING;
	enqueue(sender, train);
	spin_unlock_irq(&sender->lock);
	wake_up_process(sender->task);
}

static bool is_current(struct tscope_sender *sender, const struct tscope_probe_train *train)
{
	bool is;

	spin_lock_irq(&sender->lock);
	is = sender->current_train == train;
	spin_unlock_irq(&sender->lock);
	return is;
}

void tscope_sender_remove(struct tscope_sender *sender, struct tscope_probe_train *train,
			  int reason)
{
	spin_lock_irq(&sender->lock);
	if (train->status.state == TSCOPE_TRAIN_RUNNING) {
		train->status.state = TSCOPE_TRAIN_ENDED;
		train->status.reason = -reason;
		if (sender->current_train != train)
			dequeue(sender, train);
	}
	spin_unlock_irq(&sender->lock);
	/* No longer than a lead. */
	wait_event(sender->turned, !is_current(sender, train));
	kfree_skb(train->skb);
	train->skb = NULL;
}

void tscope_sender_status(struct tscope_sender *sender, const struct tscope_probe_train *train,
			  struct tscope_train_status *status)
{
	spin_lock_irq(&sender->lock);
	*status = train->status;
	spin_unlock_irq(&sender->lock);
}
