// SPDX-License-Identifier: MIT
/* guests: 6.12 debug */
/*
 * A real-time task keeps the trains' thread from its CPU. Nobody waits for that thread: neither who
 * closes the file, nor who removes a device, of the train or any other. (Not on 6.1: there such a task
 * can keep RCU from its CPU, without which no device goes.)
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "request.h"

#define SENDING_CPU 1
#define LIMIT_S 60 /* only a hang reaches it */
#define COUNT 100000

static void write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(file);
		exit(2);
	}
	close(fd);
}

static int shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void pin(unsigned int first, unsigned int last)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned int cpu = first; cpu <= last; cpu++)
		CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(2);
	}
}

/* Above the trains' thread, and never off the CPU. */
static pid_t start_hog(void)
{
	struct sched_param priority = { .sched_priority = 90 };
	int ready[2];
	pid_t pid;
	char c;

	if (pipe(ready))
		exit(2);
	pid = fork();
	if (!pid) {
		/* The sessions are not its own. */
		for (int fd = 3; fd < 64; fd++) {
			if (fd != ready[1])
				close(fd);
		}
		pin(SENDING_CPU, SENDING_CPU);
		if (sched_setscheduler(0, SCHED_FIFO, &priority) || write(ready[1], "", 1) != 1)
			_exit(2);
		for (;;)
			;
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &c, 1) != 1) {
		fprintf(stderr, "no hog\n");
		exit(2);
	}
	close(ready[0]);
	return pid;
}

static int ends(pid_t pid)
{
	int status;

	for (int tries = 0; tries < LIMIT_S * 10; tries++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return WIFEXITED(status) && !WEXITSTATUS(status);
		usleep(100000);
	}
	return 0;
}

/* In a process of its own, as it may never come back. */
static pid_t start(const char *command)
{
	pid_t pid = fork();

	if (!pid) {
		execl("/bin/sh", "sh", "-c", command, NULL);
		_exit(2);
	}
	return pid;
}

static pid_t start_closing(int fd)
{
	pid_t pid = fork();

	if (!pid) {
		close(fd); /* the last one: the parent closed its own */
		_exit(0);
	}
	close(fd);
	return pid;
}

/* A train is for a CPU that its owner may use. */
static int submit(int fd, struct tscope_train *train)
{
	int error;

	pin(0, SENDING_CPU);
	error = try_ioctl(fd, TSCOPE_IOC_TRAIN, train);
	pin(0, 0);
	return error;
}

static struct tscope_train send_on(int fd, const char *device, const struct tscope_train_probe *probes, uint32_t count)
{
	struct tscope_train train;
	uint8_t frame[FRAME];
	int error;

	make_frame(frame, "10.8.0.1", "10.8.0.2");
	train = train_of(frame, probes, count, if_nametoindex(device), SENDING_CPU);
	error = submit(fd, &train);
	if (error) {
		fprintf(stderr, "%s: %s\n", device, strerror(error));
		exit(2);
	}
	return train;
}

static int wait_for_probes(int fd, uint32_t number, uint32_t sent)
{
	for (int tries = 0; tries < LIMIT_S * 10; tries++) {
		if (status_of(fd, number).sent >= sent)
			return 1;
		usleep(100000);
	}
	return 0;
}

static int threads(void)
{
	return shell("cat /proc/[0-9]*/comm 2>/dev/null | grep -q ^tscope/") == 0;
}

/* Each leaves a thread that can't end as yet. */
static void many_sessions(const struct tscope_train_probe *probes)
{
	int taken = 0, refused = 0, other = 0;
	char what[120];

	for (int i = 0; i < 200; i++) {
		int fd = open_train_session(64), error;
		struct tscope_train train;
		uint8_t frame[FRAME];

		make_frame(frame, "10.8.0.1", "10.8.0.2");
		train = train_of(frame, probes, 1, if_nametoindex("keep"), SENDING_CPU);
		error = submit(fd, &train);
		taken += !error;
		refused += error == EAGAIN;
		other += error && error != EAGAIN;
		close(fd);
		usleep(20000); /* for the thread to be told to end */
	}
	snprintf(what, sizeof(what), "more threads that can't end are not made without a bound (%d trains taken, %d EAGAIN, %d else)",
		 taken, refused, other);
	check(taken && refused && !other, what);
}

int main(void)
{
	static struct tscope_train_probe probes[COUNT];
	struct tscope_train_status status;
	struct tscope_train busy, far;
	pid_t hog, closing, removing;
	int busy_fd, far_fd, tries;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skip a starved thread # it takes two CPUs\n");
		return 0;
	}
	private_loopback();
	write_to("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	pin(0, 0);
	if (shell("for d in gone keep other; do ip link add $d type veth peer name peer-$d && ip link set $d up && "
		  "ip link set peer-$d up || exit 1; done"))
		return 2;

	periodic(probes, COUNT, 0, 1000000);
	busy_fd = open_train_session(1024);
	busy = send_on(busy_fd, "gone", probes, COUNT);
	check(wait_for_probes(busy_fd, busy.number, 50), "a train under way");
	probes[0].at_ns = FAR_AWAY_NS;
	far_fd = open_train_session(64);
	far = send_on(far_fd, "keep", probes, 1);
	check(status_of(far_fd, far.number).state == TSCOPE_TRAIN_RUNNING, "and one that waits");

	/* Before 6.5 its soft interrupts, RCU's too, stay away from a CPU as long as this thread waits for it. */
	if (shell("for p in /proc/[0-9]*; do [ \"$(cat $p/comm)\" != ksoftirqd/1 ] || chrt -f -p 95 ${p#/proc/}; done"))
		return 2;
	hog = start_hog();
	usleep(300000);
	status = status_of(busy_fd, busy.number);
	usleep(300000);
	check(status_of(busy_fd, busy.number).sent <= status.sent + 1, "a real-time task keeps their thread from its CPU");

	closing = start_closing(far_fd);
	check(ends(closing), "the file of the train that waits is closed");
	removing = start("ip link del gone");
	check(ends(removing), "the other train's device is removed");
	status = status_of(busy_fd, busy.number);
	check(status.state == TSCOPE_TRAIN_ENDED && status.reason == ENODEV &&
	      status.sent + status.failed + status.left == COUNT, "and the train ended with ENODEV");
	closing = start_closing(busy_fd);
	check(ends(closing), "and its file is closed");
	removing = start("ip link del other");
	check(ends(removing), "any device can be removed");
	many_sessions(probes);

	kill(hog, SIGKILL);
	waitpid(hog, NULL, 0);
	for (tries = 0; tries < LIMIT_S * 10 && threads(); tries++)
		usleep(100000);
	check(!threads(), "the threads end when they get their CPU");
	periodic(probes, COUNT, 0, 1000000);
	busy_fd = open_train_session(1024);
	busy = send_on(busy_fd, "keep", probes, COUNT);
	check(wait_for_probes(busy_fd, busy.number, 50), "and that CPU sends again");
	close(busy_fd);
	write_to("/proc/sys/kernel/sched_rt_runtime_us", "950000");
	return finish();
}
