/* SPDX-License-Identifier: GPL-2.0-only */
/* How early a sender has itself woken, and how much of its CPU it may take. Ticks everywhere. */
#ifndef TSCOPE_TRAIN_PACE_H
#define TSCOPE_TRAIN_PACE_H

#include <linux/types.h>

struct tscope_pace {
	u64 lead;		/* a wake-up is asked for so much before the time */
	u64 latency;		/* of wake-ups: few of late took longer */
	u64 interruption;	/* of spins: none of late took longer */
	s64 budget;		/* left to run; below 0 the CPU is others' for a while */
	u64 counted;		/* the budget is right for this tick */
	bool running;
	bool real_time;		/* a larger share, and longer in one go */
};

void tscope_pace_init(struct tscope_pace *pace, bool real_time, u64 now);

/* A timer that was to fire at `asked` had the thread running at `now`. */
void tscope_pace_woken(struct tscope_pace *pace, u64 asked, u64 now);

/* A spin was interrupted for so long at the most. */
void tscope_pace_interrupted(struct tscope_pace *pace, u64 took);
/* So long before its time a probe needs interrupts off: one that begins then would outlast it. */
u64 tscope_pace_irqs_off(const struct tscope_pace *pace);
u64 tscope_pace_most_irqs_off(void);
/* No lead is longer. */
u64 tscope_pace_most_lead(void);

/* The thread begins or ends to use the CPU. */
void tscope_pace_run(struct tscope_pace *pace, u64 now);
void tscope_pace_rest(struct tscope_pace *pace, u64 now);

/* The lead, or as much of it as may be spun; 0 if nothing may. */
u64 tscope_pace_lead(struct tscope_pace *pace, u64 now);
/* How long it must stay away from the CPU first; 0 if it need not. */
u64 tscope_pace_must_rest(struct tscope_pace *pace, u64 now);

#endif
