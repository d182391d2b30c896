// SPDX-License-Identifier: MIT
/* Devices, sessions and trains that come and go under one another, from many threads at once. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "train_request.h"

static int shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void smaller_mtu(void)
{
	int fd = open_train_session(64);
	struct tscope_train_status status;
	struct request r;
	char what[80];

	make_good(&r);
	periodic(r.probes, PROBES, 5000000000, GAP_NS);
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train) && !shell("ip link set lo mtu 68"), "a train that no longer fits its device");
	do {
		usleep(50000);
		status = status_of(fd, r.train.number);
	} while (status.state == TSCOPE_TRAIN_RUNNING);
	snprintf(what, sizeof(what), "is not sent (%u of %d probes failed)", status.failed, PROBES);
	check(status.failed == PROBES && !status.sent, what);
	shell("ip link set lo mtu 65536");
	close(fd);
}

static int shared = -1;
static volatile int over;

static void *submit_and_cancel(void *seed)
{
	unsigned int random = (uintptr_t)seed;

	while (!over) {
		struct request r;

		make_good(&r);
		r.train.ifindex = rand_r(&random) % 2 ? if_nametoindex("lo") : if_nametoindex("t0");
		r.train.cpu = rand_r(&random) % sysconf(_SC_NPROCESSORS_ONLN);
		r.train.flags = rand_r(&random) % 4;
		if (try_ioctl(shared, TSCOPE_IOC_TRAIN, &r.train) == 0) {
			uint32_t number = rand_r(&random) % 3 ? r.train.number : 0;

			usleep(rand_r(&random) % 25000);
			try_ioctl(shared, TSCOPE_IOC_TRAIN_CANCEL, &number);
		} else {
			usleep(1000);
		}
	}
	return NULL;
}

static void *ask(void *unused)
{
	for (uint32_t number = 1; !over; number++) {
		struct tscope_train_status status = { .number = number % 4096 };

		try_ioctl(shared, TSCOPE_IOC_TRAIN_STATUS, &status);
		if (number % 256 == 0)
			usleep(1000);
	}
	return unused;
}

/* Others may use the descriptor meanwhile: it is replaced in one step. */
static void *replace_session(void *unused)
{
	while (!over) {
		int fd = open_train_session(64);

		usleep(100000);
		if (fd % 2)
			try_ioctl(shared, TSCOPE_IOC_STOP, NULL);
		dup2(fd, shared);
		close(fd);
	}
	return unused;
}

static void races(void)
{
	pthread_t threads[5];
	int rounds, devices = 0;

	shared = open_train_session(64);
	pthread_create(&threads[0], NULL, submit_and_cancel, (void *)1);
	pthread_create(&threads[1], NULL, submit_and_cancel, (void *)2);
	pthread_create(&threads[2], NULL, submit_and_cancel, (void *)3);
	pthread_create(&threads[3], NULL, ask, NULL);
	pthread_create(&threads[4], NULL, replace_session, NULL);
	for (rounds = 0; rounds < 6; rounds++) {
		devices += shell("ip link add t0 type veth peer name t1 && ip link set t0 up && ip link set t1 up") == 0;
		usleep(200000);
		if (rounds % 3 == 0)
			shell("ip link set t1 down");
		if (rounds % 3 == 1)
			shell("ip link set t0 down; ip link set t0 up");
		shell("ip link del t0");
	}
	over = 1;
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	close(shared);
	check(devices == rounds, "devices came and went under trains of three threads, sessions too");
	shared = open_train_session(64);
	check(fills_up_at(shared, 256), "and nothing of all that is left in the module");
	close(shared);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return 2;
	}
	interface_up("lo");
	smaller_mtu();
	races();
	return finish();
}
