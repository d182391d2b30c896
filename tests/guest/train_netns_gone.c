// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* A network namespace that goes in mid-train takes the trains with it; what was sent stays known, and nothing stays behind. */
#define _GNU_SOURCE
#include <net/if.h>
#include <poll.h>
#include <sched.h>

#include "train.h"

#define TRAINS 2
#define COUNT 100000
#define SLOTS 65536

static struct tscope_record records[SLOTS];

static int a_thread_is_left(void)
{
	return system("cat /proc/[0-9]*/comm 2>/dev/null | grep -q ^tscope/") == 0;
}

int main(void)
{
	static struct tscope_train_probe probes[COUNT];
	static uint8_t frames[TRAINS][FRAME];
	const char *devices[TRAINS] = { "lo", "v0" }, *addresses[TRAINS] = { "127.0.0.1", "10.8.0.1" };
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), fd, error;
	struct tscope_train trains[TRAINS];
	uint64_t turns = 0, recorded;
	struct pollfd waiting;
	struct mapped m;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return 2;
	}
	interface_up("lo");
	if (system("ip link add v0 type veth peer name v1 && ip link set v0 up && ip link set v1 up"))
		return 2;
	fd = open_train_session(SLOTS);
	m = map_session(fd);
	periodic(probes, COUNT, 0, 1000000);
	for (int i = 0; i < TRAINS; i++) {
		make_frame(frames[i], addresses[i], addresses[i]);
		trains[i] = train_of(frames[i], probes, COUNT, if_nametoindex(devices[i]), 0);
		if (try_ioctl(fd, TSCOPE_IOC_TRAIN, &trains[i])) {
			perror("submitting");
			return 2;
		}
	}
	for (int i = 0; i < TRAINS; i++) {
		for (int tries = 0; tries < 300 && status_of(fd, trains[i].number).sent < 20; tries++)
			usleep(100000);
	}
	waiting = (struct pollfd){ .fd = fd, .events = POLLHUP };
	check(poll(&waiting, 1, 0) == 0, "both trains are under way");

	setns(home, CLONE_NEWNET);
	check(poll(&waiting, 1, 60000) == 1 && waiting.revents & POLLHUP, "POLLHUP when the namespace is gone");
	for (int i = 0; i < TRAINS; i++) {
		struct tscope_train_status status = status_of(fd, trains[i].number);
		char what[160];

		snprintf(what, sizeof(what), "%s: the train ended with ENODEV (state %u, %s; %u sent, %u failed, %u left)", devices[i],
			 status.state, strerror(status.reason), status.sent, status.failed, status.left);
		check(status.state == TSCOPE_TRAIN_ENDED && status.reason == ENODEV && status.sent >= 20 && status.left &&
		      status.sent + status.failed + status.left == COUNT, what);
		turns += status.sent + status.failed;
	}
	recorded = read_records(&m, records, SLOTS);
	check(recorded == turns, "a record for each probe that had its turn is still there");
	error = try_ioctl(fd, TSCOPE_IOC_TRAIN, &trains[0]);
	check(error == ENXIO, "another train is ENXIO");
	/* The file is closed when its memory is no longer mapped either. */
	munmap(m.tails, m.info->tail_bytes);
	munmap((void *)m.info, m.info_bytes);
	close(fd);
	/* It is stopped behind the file's back. */
	for (int tries = 0; tries < 300 && a_thread_is_left(); tries++)
		usleep(100000);
	check(!a_thread_is_left(), "no thread is left");
	return finish();
}
