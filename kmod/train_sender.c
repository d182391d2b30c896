// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/prio.h>
#include <uapi/linux/sched/types.h>
#include <linux/slab.h>

#include "clock.h"
#include "compat/compat.h"
#include "session.h"
#include "train.h"
#include "train_departure.h"
#include "train_frame.h"
#include "train_sender.h"

#define SOFTIRQS_OFF_NS	50000	/* before a probe: one that begins then may outlast the spin */
#define SOFTIRQS_OFF_MAX_NS 200000	/* in one go, for probes close together */
#define ANCHOR_MAX_MS	10	/* a clock reading that old is taken anew, */
#define ANCHOR_NEEDS_US	30	/* if there is so much time before the probe; */
#define ANCHOR_WAITS_MS	100	/* else it may get that old */
#define FIRST_WAKE_UPS	32
#define FIRST_SLEEP_NS	(100 * NSEC_PER_USEC)
#define FIRST_HANDLING_NS 10000	/* until it is known */

static enum hrtimer_restart wake_thread(struct hrtimer *timer)
{
	wake_up_process(container_of(timer, struct tscope_sender, timer)->task);
	return HRTIMER_NORESTART;
}

/* --- one probe --- */

static void refresh_anchor(struct tscope_sender *sender, u64 now, u64 due)
{
	u64 age = now - sender->anchor.tsc;

	if (age <= tscope_ns_to_ticks(ANCHOR_MAX_MS * NSEC_PER_MSEC))
		return;
	if ((s64)(due - now) >= (s64)tscope_ns_to_ticks(ANCHOR_NEEDS_US * NSEC_PER_USEC) ||
	    age > tscope_ns_to_ticks(ANCHOR_WAITS_MS * NSEC_PER_MSEC))
		tscope_clock_anchor(&sender->anchor);
}

static void account(struct tscope_sender *sender, struct tscope_probe_train *train,
		    const struct tscope_departure *departure, u64 done)
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
	status->lead_ns = train->flags & TSCOPE_TRAIN_TIMER ? 0 : tscope_ticks_to_ns(sender->pace.lead);
	status->spin_ticks += departure->spun - departure->woken;
	status->busy_ticks += done - departure->woken;
}

/* Soft interrupts wait while probes are close: they would run between the two of a pair. */
static void begin_quiet(struct tscope_sender *sender)
{
	if (sender->quiet_since)
		return;
	local_bh_disable();
	sender->quiet_since = tscope_now();
}

static void end_quiet(struct tscope_sender *sender)
{
	if (!sender->quiet_since)
		return;
	sender->quiet_since = 0;
	local_bh_enable();
}

/* next: the tick at which one is due. Who has no claim to be exact lets others in after each. */
static bool stays_quiet(const struct tscope_sender *sender, u64 next)
{
	u64 now = tscope_now();

	return sender->real_time && (s64)(next - now) < (s64)tscope_ns_to_ticks(SOFTIRQS_OFF_NS) &&
	       now - sender->quiet_since < tscope_ns_to_ticks(SOFTIRQS_OFF_MAX_NS);
}

/* Another train is due within the time that a probe takes, before or after. With the lock held. */
static bool contended(struct tscope_sender *sender, const struct tscope_probe_train *train)
{
	const struct tscope_probe_train *other;

	/* A train's own probe before counts too if it was itself held up. */
	if (sender->last_train && (sender->last_train != train || sender->last_contended) &&
	    (s64)(train->due - sender->last_done) < (s64)sender->handling)
		return true;
	other = tscope_queue_first(&sender->queue);
	return other && other->due - train->due < sender->handling;
}

/*
 * The train whose probe is due at this tick; NULL if it was ended or one before it came. Not
 * before soft interrupts are off: a thread that may be preempted has no train in its hands, so that
 * nobody who ends one waits for the CPU.
 */
static struct tscope_probe_train *take(struct tscope_sender *sender, u64 due, u32 *flags)
{
	struct tscope_probe_train *train;

	raw_spin_lock_irq(&sender->queue.lock);
	train = tscope_queue_first(&sender->queue);
	if (train && train->due == due) {
		tscope_queue_take(&sender->queue, train);
		sender->queue.leaving = train;
		if (contended(sender, train))
			*flags |= TSCOPE_F_CONTENDED;
	} else {
		train = NULL;
	}
	raw_spin_unlock_irq(&sender->queue.lock);
	return train;
}

/* The turn of the first in the queue, which is due at this tick. */
static void serve(struct tscope_sender *sender, u64 due, u32 flags)
{
	struct tscope_departure departure = { .flags = flags, .woken = tscope_now() };
	const struct tscope_probe_train *next;
	struct tscope_probe_train *train;
	u64 quiet = tscope_ns_to_ticks(SOFTIRQS_OFF_NS), quiet_at = due - quiet, sent, done;
	bool goes_on, close;

	refresh_anchor(sender, departure.woken, due);
	/* It was kept for a train that is cancelled by now. */
	if ((s64)(quiet_at - departure.woken) > 0)
		end_quiet(sender);
	tscope_spin(quiet_at, tscope_pace_most_lead());
	begin_quiet(sender);
	train = take(sender, due, &departure.flags);
	if (!train) {
		end_quiet(sender);
		return;
	}
	tscope_pace_interrupted(&sender->pace,
				tscope_spin(due - tscope_pace_irqs_off(&sender->pace), quiet));
	tscope_depart(&sender->anchor, train, &departure);
	sent = tscope_now();
	if ((s64)(departure.handed - train->due) > (s64)train->late_ticks)
		departure.flags |= TSCOPE_F_LATE;
	tscope_departure_record(train, &departure);

	raw_spin_lock_irq(&sender->queue.lock);
	account(sender, train, &departure, sent);
	train->next++;
	if (train->next == train->count && train->status.state == TSCOPE_TRAIN_RUNNING)
		train->status.state = TSCOPE_TRAIN_DONE;
	goes_on = train->status.state == TSCOPE_TRAIN_RUNNING;
	raw_spin_unlock_irq(&sender->queue.lock);
	if (goes_on)
		tscope_frame_prepare(train, GFP_ATOMIC);

	raw_spin_lock_irq(&sender->queue.lock);
	if (train->status.state == TSCOPE_TRAIN_RUNNING)
		tscope_queue_put(&sender->queue, train);
	sender->queue.leaving = NULL;
	next = tscope_queue_first(&sender->queue);
	close = next && stays_quiet(sender, next->due);
	raw_spin_unlock_irq(&sender->queue.lock);
	wake_up(&sender->queue.left);
	if (!close)
		end_quiet(sender);

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
	u64 wait = (s64)(tick - now) > 0 ? tscope_ticks_to_ns(tick - now) : 0;

	hrtimer_start(&sender->timer, ktime_add_ns(ktime_get(), wait), HRTIMER_MODE_ABS_PINNED_HARD);
}

/*
 * With the state set to sleep and the lock held: true if it is time to serve the queue's first
 * train, which is due at *due; else the timer is armed for it.
 */
static bool is_time(struct tscope_sender *sender, u64 *due, u32 *flags, u64 *wake_at)
{
	const struct tscope_probe_train *train = tscope_queue_first(&sender->queue);
	u64 now = tscope_now(), rest, lead;
	s64 ahead;

	*wake_at = 0;
	*flags = 0;
	if (!train)
		return false;
	rest = tscope_pace_must_rest(&sender->pace, now);
	if (rest) {
		sleep_until(sender, now + rest);
		return false;
	}
	*due = train->due;
	ahead = train->due - now;
	lead = train->flags & TSCOPE_TRAIN_TIMER ? 0 : tscope_pace_lead(&sender->pace, now);
	if (ahead > (s64)lead) {
		*wake_at = train->due - lead;
		sleep_until(sender, *wake_at);
		return false;
	}
	if (ahead <= 0)
		*flags = TSCOPE_F_TIMER;
	return true;
}

/* A few wake-ups for nothing: the first probe's lead must be right too. */
static void try_wake_ups(struct tscope_sender *sender)
{
	int i;

	for (i = 0; i < FIRST_WAKE_UPS; i++) {
		u64 wake_at = tscope_now() + tscope_ns_to_ticks(FIRST_SLEEP_NS);

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

	tscope_pace_init(&sender->pace, sender->real_time, tscope_now());
	tscope_clock_anchor(&sender->anchor);
	sender->handling = tscope_ns_to_ticks(FIRST_HANDLING_NS);
	if (sender->real_time)
		try_wake_ups(sender);
	tscope_pace_run(&sender->pace, tscope_now());
	for (;;) {
		u64 due, wake_at;
		bool turn;
		u32 flags;

		set_current_state(TASK_IDLE);
		if (kthread_should_stop())
			break;
		raw_spin_lock_irq(&sender->queue.lock);
		turn = is_time(sender, &due, &flags, &wake_at);
		raw_spin_unlock_irq(&sender->queue.lock);
		if (turn) {
			__set_current_state(TASK_RUNNING);
			serve(sender, due, flags);
			continue;
		}
		end_quiet(sender);
		tscope_pace_rest(&sender->pace, tscope_now());
		schedule();
		tscope_pace_run(&sender->pace, tscope_now());
		if (wake_at && !hrtimer_active(&sender->timer))
			tscope_pace_woken(&sender->pace, wake_at, tscope_now());
	}
	end_quiet(sender);
	__set_current_state(TASK_RUNNING);
	hrtimer_cancel(&sender->timer);
	return 0;
}

/* --- from outside --- */

/*
 * One below the threads that handle interrupts: all of them with PREEMPT_RT or "threadirqs", some
 * devices' without. A spin does not keep them waiting, as it does not keep other interrupts.
 */
static void make_real_time(struct task_struct *task)
{
	const struct sched_attr attr = {
		.size = sizeof(attr),
		.sched_policy = SCHED_FIFO,
		.sched_priority = MAX_RT_PRIO / 2 - 1,
	};

	WARN_ON_ONCE(sched_setattr_nocheck(task, &attr));
}

struct tscope_sender *tscope_sender_start(unsigned int cpu, bool real_time)
{
	struct tscope_sender *sender = kzalloc(sizeof(*sender), GFP_KERNEL);

	if (!sender)
		return ERR_PTR(-ENOMEM);
	sender->cpu = cpu;
	sender->real_time = real_time;
	tscope_queue_init(&sender->queue);
	tscope_timer_setup(&sender->timer, wake_thread, CLOCK_MONOTONIC,
			   HRTIMER_MODE_ABS_PINNED_HARD);
	sender->task = kthread_create_on_node(run_sender, sender, cpu_to_node(cpu),
					      real_time ? "tscope/%u" : "tscope/%u-normal", cpu);
	if (IS_ERR(sender->task)) {
		long err = PTR_ERR(sender->task);

		kfree(sender);
		return ERR_PTR(err);
	}
	kthread_bind(sender->task, cpu);
	if (real_time)
		make_real_time(sender->task);
	wake_up_process(sender->task);
	return sender;
}

void tscope_sender_stop(struct tscope_sender *sender)
{
	kthread_stop(sender->task);
	kfree(sender);
}

void tscope_sender_add(struct tscope_sender *sender, struct tscope_probe_train *train)
{
	tscope_queue_add(&sender->queue, train);
	wake_up_process(sender->task);
}
