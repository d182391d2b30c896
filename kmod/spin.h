/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by clock.h, and by a unit test that has a clock of its own: needs no header. */
#ifndef TSCOPE_SPIN_H
#define TSCOPE_SPIN_H

/*
 * Returns the longest that it was interrupted. Ends after `most` ticks, or as soon as the clock goes
 * back: one that was reset, by firmware while the machine slept say, must not keep a CPU for ever.
 */
static __always_inline u64 tscope_spin(u64 until, u64 most)
{
	u64 last = tscope_now(), longest = 0;

	if ((s64)(until - last) > (s64)most)
		until = last + most;
	while ((s64)(until - last) > 0) {
		u64 now, took;

		cpu_relax();
		now = tscope_now();
		took = now - last;
		last = now;
		if (took > longest) {
			if ((s64)took < 0)
				break;
			longest = took;
		}
	}
	return longest;
}

/*
 * The same without the longest, for the last ticks before a probe leaves: its end is as exact as a turn is
 * short. Ends at once if `until` is past, or more than `most` ahead, as it is when the clock went back.
 */
static __always_inline void tscope_spin_out(u64 until, u64 most)
{
	while (until - tscope_now() - 1 < most)
		cpu_relax();
}

#endif
