/* SPDX-License-Identifier: MIT */
/* Makes a task's n-th allocation (or copy from or to user memory) from now on fail. */
#ifndef TEST_FAIL_NTH_H
#define TEST_FAIL_NTH_H

#include <dirent.h>
#include <sys/mman.h>

#include "session.h"

static inline int write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC);
	int good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good ? 0 : -1;
}

/* Allocations that may sleep fail too, in silence. */
static inline int enable_faults(void)
{
	static const char *settings[][2] = {
		{ "failslab/ignore-gfp-wait", "N" },
		{ "failslab/verbose", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_usercopy/verbose", "0" },
	};
	char name[128];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		snprintf(name, sizeof(name), "/sys/kernel/debug/%s", settings[i][0]);
		if (write_file(name, settings[i][1]))
			return -1;
	}
	/* tests/scan-kernel-log knows it. */
	write_file("/dev/kmsg", "tscope test: allocations will fail\n");
	/* The test's own page faults shall find their pages. */
	return mlockall(MCL_CURRENT);
}

static inline int open_fail_nth(pid_t task)
{
	char name[64] = "/proc/thread-self/fail-nth";
	int fd;

	if (task)
		snprintf(name, sizeof(name), "/proc/%d/fail-nth", task);
	fd = open(name, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(name);
		exit(2);
	}
	return fd;
}

static inline void arm(int fail_nth, unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	/* What is still armed can hit this very call. */
	while (pwrite(fail_nth, text, length, 0) != length)
		;
}

/* Says whether it had failed. */
static inline int disarm(int fail_nth)
{
	char text[16] = "";
	/* Reading is a copy to user memory: the fault can come as late as here. */
	int fired = pread(fail_nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	arm(fail_nth, 0);
	return fired;
}

/* The first task whose name begins so. */
static inline pid_t find_task(const char *begins)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	pid_t found = 0;

	while (!found && (entry = readdir(proc))) {
		char name[300], comm[32] = "";
		int fd;

		if (entry->d_name[0] < '0' || entry->d_name[0] > '9')
			continue;
		snprintf(name, sizeof(name), "/proc/%s/comm", entry->d_name);
		fd = open(name, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (read(fd, comm, sizeof(comm) - 1) > 0 && !strncmp(comm, begins, strlen(begins)))
			found = atoi(entry->d_name);
		close(fd);
	}
	closedir(proc);
	if (!found) {
		fprintf(stderr, "there is no task %s\n", begins);
		exit(2);
	}
	return found;
}

#endif
