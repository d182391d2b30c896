// SPDX-License-Identifier: GPL-2.0-only
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include <asm/tsc.h>

#include "train_pace.h"

static unsigned int train_cpu_percent = 75;
module_param(train_cpu_percent, uint, 0644);
MODULE_PARM_DESC(train_cpu_percent, "share of a CPU that sending probes may take, spinning included (1 to 90)");

static unsigned int train_normal_cpu_percent = 10;
module_param(train_normal_cpu_percent, uint, 0644);
MODULE_PARM_DESC(train_normal_cpu_percent, "likewise, without real-time priority (1 to 50)");

static unsigned int lead_max_us = 1000;
module_param(lead_max_us, uint, 0644);
MODULE_PARM_DESC(lead_max_us, "longest spin for a probe, us (45 to 10000)");

#define LEAD_MIN_US	45	/* a timer tick may come in between */
#define SPIN_MIN_US	10	/* less is not worth it */
#define IRQS_OFF_MIN_US	5
#define IRQS_OFF_MAX_US	25
/* Used in one go, and overdrawn before it rests. */
#define BUDGET_US	10000
#define OVERDRAFT_US	1000
/* Likewise of normal priority, where also each time it wakes counts for what that costs the others. */
#define NORMAL_BUDGET_US	1000
#define NORMAL_OVERDRAFT_US	100
#define NORMAL_WAKE_UP_US	5

static u64 us(u64 us)
{
	return us * tsc_khz / 1000;
}

u64 tscope_pace_most_lead(void)
{
	return us(clamp(READ_ONCE(lead_max_us), 45U, 10000U));
}

static void set_lead(struct tscope_pace *pace)
{
	/* A quarter more than what wake-ups took, and the time to turn to the probe. */
	pace->lead = clamp(pace->latency + pace->latency / 4 + us(5), us(LEAD_MIN_US),
			   tscope_pace_most_lead());
}

static u32 share(const struct tscope_pace *pace)
{
	return pace->real_time ? clamp(READ_ONCE(train_cpu_percent), 1U, 90U) :
				 clamp(READ_ONCE(train_normal_cpu_percent), 1U, 50U);
}

static s64 most(const struct tscope_pace *pace)
{
	return us(pace->real_time ? BUDGET_US : NORMAL_BUDGET_US);
}

void tscope_pace_init(struct tscope_pace *pace, bool real_time, u64 now)
{
	pace->real_time = real_time;
	pace->latency = 0;
	pace->interruption = 0;
	pace->budget = most(pace);
	pace->counted = now;
	pace->running = false;
	set_lead(pace);
}

void tscope_pace_woken(struct tscope_pace *pace, u64 asked, u64 now)
{
	u64 took = (s64)(now - asked) > 0 ? now - asked : 0;

	/*
	 * Up by a quarter at most, down slowly: follows what a few in a hundred exceed. A single
	 * outlier, the hypervisor's perhaps, would else be spun for, and use up the share.
	 */
	if (took > pace->latency)
		pace->latency += min(took - pace->latency, pace->latency / 4 + us(10));
	else
		pace->latency -= (pace->latency - took) / 64;
	pace->latency = min(pace->latency, tscope_pace_most_lead());
	set_lead(pace);
}

void tscope_pace_interrupted(struct tscope_pace *pace, u64 took)
{
	pace->interruption = max(took, pace->interruption - pace->interruption / 256);
}

u64 tscope_pace_most_irqs_off(void)
{
	return us(IRQS_OFF_MAX_US);
}

u64 tscope_pace_irqs_off(const struct tscope_pace *pace)
{
	return clamp(pace->interruption + pace->interruption / 4, us(IRQS_OFF_MIN_US),
		     tscope_pace_most_irqs_off());
}

static void count(struct tscope_pace *pace, u64 now)
{
	u64 passed = min(now - pace->counted, us(1000 * 1000));

	pace->budget += div_u64(passed * share(pace), 100);
	if (pace->running)
		pace->budget -= passed;
	pace->budget = min(pace->budget, most(pace));
	pace->counted = now;
}

void tscope_pace_run(struct tscope_pace *pace, u64 now)
{
	count(pace, now);
	if (!pace->real_time)
		pace->budget -= us(NORMAL_WAKE_UP_US);
	pace->running = true;
}

void tscope_pace_rest(struct tscope_pace *pace, u64 now)
{
	count(pace, now);
	pace->running = false;
}

u64 tscope_pace_lead(struct tscope_pace *pace, u64 now)
{
	count(pace, now);
	if (pace->budget >= (s64)pace->lead)
		return pace->lead;
	return pace->budget >= (s64)us(SPIN_MIN_US) ? pace->budget : 0;
}

u64 tscope_pace_must_rest(struct tscope_pace *pace, u64 now)
{
	count(pace, now);
	return pace->budget < -(s64)us(pace->real_time ? OVERDRAFT_US : NORMAL_OVERDRAFT_US) ? us(2000) : 0;
}
