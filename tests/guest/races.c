// SPDX-License-Identifier: MIT
/* guests: debug */
/*
 * Everything at once, for KCSAN and lockdep to watch: packets on both CPUs under a capture of all vantage points, its
 * reader, trains on both CPUs that are asked for and cancelled, captures that start and stop, the counts of hooks.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

#include "request.h"

#define SECONDS 25
#define ALL_VANTAGES ((1U << TSCOPE_VANTAGES) - 1)

static atomic_int over;
static atomic_long sent, reads, trains, captures, wrong;
static uint32_t available;
static struct mapped watched;

static void *send_packets(void *cpu)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(5311), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	char bytes[64] = "";
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((uintptr_t)cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
	address.sin_port = htons(5311 + (uintptr_t)cpu);
	bind(fd, (struct sockaddr *)&address, sizeof(address));
	while (!over) {
		sendto(fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&address, sizeof(address));
		recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		sent++;
	}
	close(fd);
	return NULL;
}

static void *read_rings(void *unused)
{
	struct pollfd waiting = { .fd = watched.fd, .events = POLLIN };

	while (!over) {
		poll(&waiting, 1, 100);
		for (unsigned int cpu = 0; cpu < watched.info->cpus; cpu++)
			__atomic_store_n(tail_of(&watched, cpu), __atomic_load_n(&watched.info->rings[cpu].head, __ATOMIC_RELAXED),
					 __ATOMIC_RELEASE);
		reads++;
	}
	return unused;
}

static void *ask_for_trains(void *unused)
{
	while (!over) {
		int fd = open_train_session(64);

		for (int i = 0; i < 20 && !over; i++) {
			struct tscope_train_status status;
			struct request r;

			make_good(&r);
			r.train.cpu = i % watched.info->cpus;
			r.train.flags = i % 4 ? TSCOPE_TRAIN_TIMER : 0;
			wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train) != 0;
			status.number = r.train.number;
			for (int times = 0; times < 8; times++) {
				wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, &status) != 0;
				usleep(4000);
			}
			if (i % 3)
				wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &r.train.number) != 0;
			trains++;
		}
		close(fd);
	}
	return unused;
}

static void *begin_and_end(void *unused)
{
	while (!over) {
		struct tscope_config config = usual_config(ALL_VANTAGES & available, 0, 64);
		struct tscope_hook hook = { .index = captures % 20 };
		int fd = open_device();

		wrong += try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) != 0;
		wrong += try_ioctl(fd, TSCOPE_IOC_START, NULL) != 0;
		try_ioctl(fd, TSCOPE_IOC_HOOK, &hook);
		usleep(20000);
		if (captures % 2)
			wrong += try_ioctl(fd, TSCOPE_IOC_STOP, NULL) != 0;
		close(fd);
		captures++;
	}
	return unused;
}

int main(void)
{
	struct tscope_config config;
	struct tscope_info info;
	pthread_t threads[5];
	char what[160];
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	private_loopback();
	fd = open_device();
	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	available = info.vantages;
	config = usual_config(ALL_VANTAGES & available, 0, 256);
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		return 2;
	watched = map_session(fd);
	if (try_ioctl(fd, TSCOPE_IOC_START, NULL))
		return 2;
	pthread_create(&threads[0], NULL, send_packets, (void *)0);
	pthread_create(&threads[1], NULL, send_packets, (void *)1);
	pthread_create(&threads[2], NULL, read_rings, NULL);
	pthread_create(&threads[3], NULL, ask_for_trains, NULL);
	pthread_create(&threads[4], NULL, begin_and_end, NULL);
	sleep(SECONDS);
	over = 1;
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	snprintf(what, sizeof(what), "%ld packets, %ld reads, %ld trains and %ld captures at once: no call failed (%ld)", sent, reads,
		 trains, captures, wrong);
	check(!wrong && sent > 100 && trains && captures, what);
	close(fd);
	return finish();
}
