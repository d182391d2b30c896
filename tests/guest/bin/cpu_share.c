// SPDX-License-Identifier: MIT
/* What is left of a CPU for a process that always wants it: cpu_share CPU SECONDS. Prints JSON. */
#define _GNU_SOURCE
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static int64_t now(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return time.tv_sec * 1000000000LL + time.tv_nsec;
}

int main(int argc, char **argv)
{
	int64_t start, last, time, used, longest = 0;
	cpu_set_t cpus;

	if (argc < 3)
		return 2;
	CPU_ZERO(&cpus);
	CPU_SET(atoi(argv[1]), &cpus);
	if (sched_setaffinity(0, sizeof(cpus), &cpus)) {
		perror(argv[1]);
		return 2;
	}
	used = now(CLOCK_PROCESS_CPUTIME_ID);
	start = last = now(CLOCK_MONOTONIC);
	do {
		time = now(CLOCK_MONOTONIC);
		if (time - last > longest)
			longest = time - last;
		last = time;
	} while (time - start < atoi(argv[2]) * 1000000000LL);
	used = now(CLOCK_PROCESS_CPUTIME_ID) - used;
	printf("{\"share\": %.3f, \"longest_gap_ms\": %.1f}\n", (double)used / (double)(time - start), (double)longest / 1e6);
	return 0;
}
