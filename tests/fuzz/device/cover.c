// SPDX-License-Identifier: MIT
/*
 * KCOV, if the kernel has it and the module was built for it: what of the module each call reached. Interrupts and the
 * module's own threads are not seen; the guest's script asks ftrace about those.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "fuzz.h"

#define KCOV_INIT_TRACE _IOR('c', 1, unsigned long)
#define KCOV_ENABLE _IO('c', 100)
#define KCOV_TRACE_PC 0
#define ENTRIES (64 << 10)
#define MODULE_BYTES (1 << 20)
#define FUNCTIONS 1024

static struct function {
	uint64_t at;
	char name[64];
} functions[FUNCTIONS];
static unsigned int function_count;
static uint64_t lowest;
static atomic_uchar seen[MODULE_BYTES];	/* by distance to the lowest function */

static int by_address(const void *a, const void *b)
{
	uint64_t left = ((const struct function *)a)->at, right = ((const struct function *)b)->at;

	return left < right ? -1 : left > right;
}

void cover_functions(void)
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[128], type;
	unsigned long long at;

	while (symbols && fgets(line, sizeof(line), symbols)) {
		if (!strstr(line, "[tscope]") || sscanf(line, "%llx %c %127s", &at, &type, name) != 3 ||
		    (type != 't' && type != 'T') || !strncmp(name, "__pfx_", 6) || function_count == FUNCTIONS)
			continue;
		functions[function_count].at = at;
		snprintf(functions[function_count++].name, sizeof(functions[0].name), "%.63s", name);
	}
	if (symbols)
		fclose(symbols);
	qsort(functions, function_count, sizeof(functions[0]), by_address);
	lowest = function_count ? functions[0].at : 0;
}

int cover_begin(struct fuzzer *fuzzer)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	void *cover = MAP_FAILED;

	if (fd >= 0 && !ioctl(fd, KCOV_INIT_TRACE, (unsigned long)ENTRIES))
		cover = mmap(NULL, ENTRIES * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (cover == MAP_FAILED || ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC))
		return 0;
	fuzzer->cover = cover;
	return 1;
}

int cover_news(struct fuzzer *fuzzer)
{
	uint64_t reached;
	int news = 0;

	if (!fuzzer->cover)
		return 0;
	reached = __atomic_load_n(&fuzzer->cover[0], __ATOMIC_RELAXED);
	for (uint64_t i = 1; i <= reached && i < ENTRIES; i++) {
		uint64_t distance = fuzzer->cover[i] - lowest;

		if (distance < MODULE_BYTES && !atomic_load_explicit(&seen[distance], memory_order_relaxed)) {
			atomic_store_explicit(&seen[distance], 1, memory_order_relaxed);
			news = 1;
		}
	}
	__atomic_store_n(&fuzzer->cover[0], 0, __ATOMIC_RELAXED);
	return news;
}

void cover_report(const char *name)
{
	FILE *report = fopen(name, "we");
	unsigned int blocks = 0;

	for (unsigned int i = 0; report && i < function_count; i++) {
		uint64_t from = functions[i].at - lowest;
		uint64_t to = i + 1 < function_count ? functions[i + 1].at - lowest : MODULE_BYTES;
		unsigned int reached = 0;

		for (uint64_t at = from; at < to && at < MODULE_BYTES; at++)
			reached += seen[at];
		fprintf(report, "%s %u\n", functions[i].name, reached);
		blocks += reached;
	}
	if (report)
		fclose(report);
	printf("# calls reached %u places in the module's code\n", blocks);
}
