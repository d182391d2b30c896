/* SPDX-License-Identifier: MIT */
/* A session by the bare ABI, without libtscope: what a hostile or foreign program would do. */
#ifndef TEST_SESSION_H
#define TEST_SESSION_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "uapi/tscope.h"

static int passed, failed;

static inline void check(int good, const char *name)
{
	printf("%s %s\n", good ? "ok" : "not ok", name);
	good ? passed++ : failed++;
}

static inline int finish(void)
{
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed != 0;
}

static inline int open_device(void)
{
	int fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0) {
		perror(TSCOPE_DEVICE);
		exit(2);
	}
	return fd;
}

static inline struct tscope_config usual_config(uint32_t vantages, uint16_t port, uint32_t slots)
{
	struct tscope_config config = {
		.interface_version = TSCOPE_INTERFACE_VERSION,
		.vantages = vantages,
		.slots = slots,
		.watermark = 1,
		.filter.port = port,
	};
	return config;
}

/* 0 or the errno. */
static inline int try_ioctl(int fd, unsigned long command, void *argument)
{
	return ioctl(fd, command, argument) < 0 ? errno : 0;
}

struct mapped {
	int fd;
	volatile struct tscope_map_info *info;
	char *tails;
	size_t info_bytes;
};

static inline size_t page_align(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

static inline size_t info_bytes(int fd)
{
	struct tscope_info info;

	if (ioctl(fd, TSCOPE_IOC_INFO, &info) < 0)
		return 0;
	return page_align(sizeof(struct tscope_map_info) +
			  info.cpus * sizeof(struct tscope_ring_info));
}

static inline struct mapped map_session(int fd)
{
	struct mapped m = { .fd = fd, .info_bytes = info_bytes(fd) };

	m.info = mmap(NULL, m.info_bytes, PROT_READ, MAP_SHARED, fd, TSCOPE_MMAP_INFO);
	if (m.info == MAP_FAILED) {
		perror("mmap of the describing page");
		exit(2);
	}
	m.tails = mmap(NULL, m.info->tail_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		       TSCOPE_MMAP_TAIL);
	if (m.tails == MAP_FAILED) {
		perror("mmap of the tails");
		exit(2);
	}
	return m;
}

static inline uint64_t *tail_of(struct mapped *m, unsigned int cpu)
{
	return (uint64_t *)(m->tails + cpu * m->info->tail_stride);
}

#endif
