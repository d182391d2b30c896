// SPDX-License-Identifier: GPL-2.0-only
/* Instead of ktime_get_snapshot(), with other names of the fields. */
#include <linux/timekeeping.h>

ktime_t probe(struct system_time_snapshot *snapshot);
ktime_t probe(struct system_time_snapshot *snapshot)
{
	ktime_get_snapshot_id(CLOCK_REALTIME, snapshot);
	return snapshot->systime ^ snapshot->monoraw;
}
