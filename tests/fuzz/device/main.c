// SPDX-License-Identifier: MIT
/*
 * fuzz_device SECONDS SEED: threads make calls of /dev/tscope by chance, some right and some wrong, and compare what
 * each answers with what a model of the interface says. Prints what was called how often; the result is a line
 * "ok ..." or "not ok ...". Into functions.txt, with KCOV: each function of the module, and how many places in it
 * system calls reached.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "operations.h"

#define THREADS 3
#define PAGE 4096UL

static struct fuzzer fuzzers[THREADS];
static struct timespec end;
static int covered;

static char *guarded(size_t bytes, int fd, int prot)
{
	char *at = mmap(NULL, bytes + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int flags = MAP_FIXED | (fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED);

	if (at == MAP_FAILED || mmap(at, bytes, prot, flags, fd, 0) == MAP_FAILED) {
		perror("memory");
		exit(2);
	}
	return at;
}

static void prepare(struct fuzzer *fuzzer, unsigned int number, uint64_t seed)
{
	int fd = memfd_create("argument", MFD_CLOEXEC);

	if (ftruncate(fd, PAGE)) {
		perror("memfd");
		exit(2);
	}
	fuzzer->number = number;
	fuzzer->chance.state = seed + 0x1000003 * (number + 1);
	fuzzer->page = guarded(PAGE, fd, PROT_READ | PROT_WRITE);
	fuzzer->read_only = guarded(PAGE, fd, PROT_READ);
	fuzzer->probes_end = guarded(PAGE, -1, PROT_READ | PROT_WRITE) + PAGE;
	fuzzer->frame_end = guarded(PAGE, -1, PROT_READ | PROT_WRITE) + PAGE;
	for (int i = 0; i < FILES; i++)
		fuzzer->files[i].fd = -1;
	close(fd);
}

static int time_is_over(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec >= end.tv_sec;
}

static void *fuzz(void *argument)
{
	struct fuzzer *fuzzer = argument;

	covered |= cover_begin(fuzzer);
	for (unsigned int calls = 0; calls % 64 || !time_is_over(); calls++)
		operate(fuzzer);
	for (int i = 0; i < FILES; i++) {
		if (fuzzer->files[i].fd >= 0)
			close_file(fuzzer, &fuzzer->files[i]);
	}
	return NULL;
}

static uint32_t attached_hooks(void)
{
	int fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	struct tscope_hook hook = { 0 };
	uint32_t count = 0;

	for (; !ioctl(fd, TSCOPE_IOC_HOOK, &hook); hook.index++)
		count += hook.state == TSCOPE_HOOK_ATTACHED;
	close(fd);
	return count;
}

static uint64_t report(void)
{
	static const char *const names[OPERATIONS] = { OPERATION_NAMES };
	uint64_t tried = 0, succeeded = 0, wrong = 0;

	for (int operation = 0; operation < OPERATIONS; operation++) {
		struct tally sum = { 0 };

		for (int i = 0; i < THREADS; i++) {
			sum.tried += fuzzers[i].tally[operation].tried;
			sum.succeeded += fuzzers[i].tally[operation].succeeded;
		}
		printf("# %-14s %10llu of %10llu succeeded\n", names[operation], (unsigned long long)sum.succeeded,
		       (unsigned long long)sum.tried);
		tried += sum.tried;
		succeeded += sum.succeeded;
	}
	for (int i = 0; i < THREADS; i++)
		wrong += fuzzers[i].wrong;
	printf("# beside %llu packets, %llu devices and %llu network namespaces that came and went\n",
	       (unsigned long long)world.packets, (unsigned long long)world.devices, (unsigned long long)world.namespaces);
	if (covered)
		cover_report("functions.txt");
	printf("%s %llu calls by chance, %llu of them successful: %llu were not answered as the model says\n",
	       wrong || succeeded < tried / 2 ? "not ok" : "ok", (unsigned long long)tried, (unsigned long long)succeeded,
	       (unsigned long long)wrong);
	return wrong;
}

int main(int argc, char **argv)
{
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (uint64_t)time(NULL);
	unsigned int seconds = argc > 1 ? atoi(argv[1]) : 20, hooks;
	pthread_t threads[THREADS];
	uint64_t wrong;

	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# seed %llu\n", (unsigned long long)seed);
	cover_functions();
	world_begin(seed);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	for (unsigned int i = 0; i < THREADS; i++) {
		prepare(&fuzzers[i], i, seed);
		pthread_create(&threads[i], NULL, fuzz, &fuzzers[i]);
	}
	for (unsigned int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	world_end();
	wrong = report();
	hooks = attached_hooks();
	printf("%s afterwards no hook is attached\n", hooks ? "not ok" : "ok");
	return wrong || hooks;
}
