// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cpumask.h>
#include <linux/err.h>
#include <linux/mutex.h>
#include <linux/percpu.h>

#include "train_sender.h"
#include "train_senders.h"

/* Threads that are to stop and can't, for something keeps them from their CPU, are no more than that. */
#define SENDERS_ABOUT_TO_END	64

static DEFINE_MUTEX(senders_lock);	/* after the CPU hotplug lock */
static DEFINE_PER_CPU(struct tscope_sender *[2], senders);	/* by real_time; senders_lock */
static unsigned int senders_count;	/* of all that are not freed yet; senders_lock */
static struct workqueue_struct *reaper;

static struct tscope_sender **place_of(unsigned int cpu, bool real_time)
{
	return &per_cpu(senders, cpu)[real_time];
}

/* A thread stops when it gets its CPU, which may take for ever: nobody else waits for that, and no lock is held. */
static void reap(struct work_struct *work)
{
	struct tscope_sender *sender = container_of(work, struct tscope_sender, reap);
	struct tscope_sender **place;

	mutex_lock(&senders_lock);
	sender->reaping = false;
	if (sender->users) {
		mutex_unlock(&senders_lock);
		return;
	}
	place = place_of(sender->cpu, sender->real_time);
	if (*place == sender)
		*place = NULL;
	mutex_unlock(&senders_lock);

	tscope_sender_stop(sender);
	mutex_lock(&senders_lock);
	senders_count--;
	mutex_unlock(&senders_lock);
}

static struct tscope_sender *make(unsigned int cpu, bool real_time)
{
	struct tscope_sender *sender;

	lockdep_assert_held(&senders_lock);
	if (senders_count >= 2 * nr_cpu_ids + SENDERS_ABOUT_TO_END)
		return ERR_PTR(-EAGAIN);
	sender = tscope_sender_start(cpu, real_time);
	if (IS_ERR(sender))
		return sender;
	INIT_WORK(&sender->reap, reap);
	senders_count++;
	*place_of(cpu, real_time) = sender;
	return sender;
}

struct tscope_sender *tscope_sender_get(unsigned int cpu, bool real_time)
{
	struct tscope_sender *sender;

	mutex_lock(&senders_lock);
	sender = *place_of(cpu, real_time) ?: make(cpu, real_time);
	if (!IS_ERR(sender))
		sender->users++;
	mutex_unlock(&senders_lock);
	return sender;
}

void tscope_sender_put(struct tscope_sender *sender)
{
	mutex_lock(&senders_lock);
	if (!--sender->users && !sender->reaping) {
		sender->reaping = true;
		queue_work(reaper, &sender->reap);
	}
	mutex_unlock(&senders_lock);
}

void tscope_senders_cpu_gone(unsigned int cpu)
{
	mutex_lock(&senders_lock);
	*place_of(cpu, false) = NULL;
	*place_of(cpu, true) = NULL;
	mutex_unlock(&senders_lock);
}

int tscope_senders_init(void)
{
	reaper = alloc_workqueue("tscope", WQ_UNBOUND, 0);
	return reaper ? 0 : -ENOMEM;
}

void tscope_senders_exit(void)
{
	destroy_workqueue(reaper);
}
