// SPDX-License-Identifier: MIT
/* guests: deterministic */
/* Virtual time: a device goes with the most trains there may be, all of them sending. */
#define _GNU_SOURCE
#include <time.h>

#include "request.h"

#define TRAINS 256
#define COUNT 2000

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

static double removing(const char *device)
{
	double begin = seconds();
	char command[64];

	snprintf(command, sizeof(command), "ip link del %s", device);
	if (system(command)) {
		fprintf(stderr, "%s failed\n", command);
		exit(2);
	}
	return seconds() - begin;
}

int main(void)
{
	static struct tscope_train_probe probes[COUNT];
	uint32_t numbers[TRAINS], turns = 0;
	int fd, ended = 0;
	double alone, with;
	uint8_t frame[FRAME];
	char what[160];

	setvbuf(stdout, NULL, _IOLBF, 0);
	private_loopback();
	if (system("for d in a b; do ip link add veth$d type veth peer name peer$d && ip link set veth$d up && ip link set peer$d up; done"))
		return 2;
	fd = open_train_session(1024);
	make_frame(frame, "10.8.0.1", "10.8.0.2");
	periodic(probes, COUNT, 0, 50000000);
	for (int i = 0; i < TRAINS; i++) {
		struct tscope_train train = train_of(frame, probes, COUNT, if_nametoindex("vethb"), 0);
		int error = try_ioctl(fd, TSCOPE_IOC_TRAIN, &train);

		if (error) {
			fprintf(stderr, "train %d: %s\n", i, strerror(error));
			return 2;
		}
		numbers[i] = train.number;
	}
	usleep(200000);
	alone = removing("vetha");
	with = removing("vethb");
	for (int i = 0; i < TRAINS; i++) {
		struct tscope_train_status status = status_of(fd, numbers[i]);

		ended += status.state == TSCOPE_TRAIN_ENDED && status.reason == ENODEV &&
			 status.sent + status.failed + status.left == COUNT;
		turns += status.sent + status.failed;
	}
	snprintf(what, sizeof(what), "%d trains under way (%u probes had their turn) ended with ENODEV", ended, turns);
	check(ended == TRAINS && turns > TRAINS, what);
	snprintf(what, sizeof(what), "their device is gone in less than a second (%.3f s; %.3f s one without trains)", with, alone);
	check(with < 1, what);
	close(fd);
	return finish();
}
