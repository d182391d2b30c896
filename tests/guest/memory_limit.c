// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/*
 * Rings and trains are on their owner's memory account: a control group's limit refuses them with ENOMEM, and the OOM
 * killer has nothing to do with it.
 */
#define _GNU_SOURCE
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "request.h"

#define ROOT "/run/cgroup"
#define GROUP ROOT "/limited"
#define MIB (1024 * 1024)
#define SLOTS (1 << 17)		/* 24 MiB a ring */

static int put(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CLOEXEC), good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return good;
}

static long long number_in(const char *name, const char *key)
{
	FILE *file = fopen(name, "re");
	char line[128];
	long long value = -1;

	while (file && value < 0 && fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, strlen(key)))
			value = atoll(line + strlen(key));
	}
	if (file)
		fclose(file);
	return value;
}

static long long charged(void) { return number_in(GROUP "/memory.current", ""); }

static int configure_errno(int fd, uint32_t slots)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX), 9, slots);

	return try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config);
}

/* Waits till what was freed is off the account: pages go from it in batches. */
static int falls_below(long long bytes)
{
	for (int tries = 0; tries < 100 && charged() > bytes; tries++)
		usleep(100000);
	return charged() <= bytes;
}

static void rings(unsigned int cpus)
{
	const long long bytes = (long long)cpus * SLOTS * sizeof(struct tscope_record);
	long long before = charged(), with;
	int fd = open_device();
	char what[200];

	check(!configure_errno(fd, SLOTS), "rings without a limit");
	with = charged();
	snprintf(what, sizeof(what), "they are on their owner's account (%lld KiB of %lld)", (with - before) / 1024, bytes / 1024);
	check(with - before >= bytes - bytes / 16, what);
	close(fd);
	check(falls_below(before + 4 * MIB), "and off it when the file is closed");

	snprintf(what, sizeof(what), "%lld", before + bytes / 2);
	if (!put(GROUP "/memory.max", what))
		exit(2);
	fd = open_device();
	check(configure_errno(fd, SLOTS) == ENOMEM, "rings above the limit are ENOMEM");
	check(falls_below(before + 4 * MIB), "what there was of them is given back");
	check(!configure_errno(fd, 1024), "smaller ones do in the same session");
	close(fd);
}

static void trains(void)
{
	enum { MANY = 1 << 22 }; /* 64 MiB */
	struct tscope_train_probe *probes = mmap(NULL, MANY * sizeof(*probes), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_train_session(64);
	struct request r;

	make_good(&r);
	r.train.probes = (uintptr_t)probes;
	r.train.count = MANY;
	/* The zero page serves for all of it: only the module's copy is on the account. */
	check(submit_errno(fd, r.train) == ENOMEM, "a train above the limit is ENOMEM");
	make_good(&r);
	check(!submit_errno(fd, r.train), "a smaller one does");
	close(fd);
}

static int within_limits(void)
{
	struct tscope_info info;
	char pid[16];
	int fd;

	snprintf(pid, sizeof(pid), "%d", getpid());
	if (!put(GROUP "/cgroup.procs", pid))
		return 2;
	fd = open_device();
	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	close(fd);
	rings(info.cpus);
	trains();
	check(number_in(GROUP "/memory.events", "oom_kill ") == 0, "nobody was killed for it");
	return finish();
}

int main(void)
{
	int status = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	mkdir(ROOT, 0700);
	if (mount("none", ROOT, "cgroup2", 0, NULL) || !put(ROOT "/cgroup.subtree_control", "+memory")) {
		printf("skip a limit on memory # this kernel has no control groups for memory\n");
		return 0;
	}
	private_loopback();
	mkdir(GROUP, 0700);
	put(GROUP "/memory.swap.max", "0");
	if (!fork())
		exit(within_limits());
	wait(&status);
	check(WIFEXITED(status), "the process lives to its end");
	rmdir(GROUP);
	return !WIFEXITED(status) || WEXITSTATUS(status) || failed;
}
