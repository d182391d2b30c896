/* SPDX-License-Identifier: GPL-2.0-only */
/* Included by clock.h, and by a unit test that has a clock of its own: needs no header. */
#ifndef TSCOPE_SPIN_H
#define TSCOPE_SPIN_H

/*
 * Returns the longest that it was interrupted. Ends after `most` ticks, or as soon as the clock goes
 * back: one that was reset, by firmware while the machine slept say, must not keep a CPU for ever.
 */
static inline u64 tscope_spin(u64 until, u64 most)
{
	u64 first = tscope_now(), last = first, longest = 0;

	while ((s64)(until - last) > 0 && last - first < most) {
		u64 now;

		cpu_relax();
		now = tscope_now();
		if (now < last)
			break;
		longest = max(longest, now - last);
		last = now;
	}
	return longest;
}

#endif
