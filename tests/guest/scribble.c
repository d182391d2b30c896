// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/*
 * Runs a session under traffic on loopback while another thread writes nonsense into the tail
 * page: the kernel must neither crash nor lose count.
 * After that a ring of 16 slots with a reader that never reads: records delivered plus records
 * lost is what passed.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/utsname.h>

#include "session.h"

static unsigned int round_trips = 20000;
static atomic_int done;

static void *scribbler(void *argument)
{
	struct mapped *m = argument;
	unsigned int seed = 1;

	while (!done) {
		unsigned int cpu = rand_r(&seed) % m->info->cpus;
		uint64_t value = ((uint64_t)rand_r(&seed) << 32) ^ rand_r(&seed);

		*(volatile uint64_t *)tail_of(m, cpu) = seed % 2 ? value : value % 64;
	}
	return NULL;
}

static int connected_pair(int pair[2], uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length))
		return -1;
	*port = ntohs(address.sin_port);
	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(pair[0], (struct sockaddr *)&address, length))
		return -1;
	pair[1] = accept(listener, NULL, NULL);
	close(listener);
	return pair[1] < 0 ? -1 : 0;
}

static void traffic(int pair[2])
{
	char byte = 'x';
	unsigned int i;

	for (i = 0; i < round_trips; i++) {
		if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1 ||
		    write(pair[1], &byte, 1) != 1 || read(pair[0], &byte, 1) != 1) {
			perror("loopback traffic");
			exit(2);
		}
	}
}

static struct mapped start(uint32_t vantages, uint16_t port, uint32_t slots)
{
	struct tscope_config config = usual_config(vantages, port, slots);
	int fd = open_device();
	int error = try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config);

	if (error) {
		fprintf(stderr, "CONFIGURE: %s\n", strerror(error));
		exit(2);
	}

	struct mapped m = map_session(fd);

	error = try_ioctl(fd, TSCOPE_IOC_START, NULL);
	if (error) {
		fprintf(stderr, "START: %s\n", strerror(error));
		exit(2);
	}
	return m;
}

static uint64_t taken(struct mapped *m)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < m->info->cpus; cpu++)
		sum += m->info->rings[cpu].head;
	return sum;
}

static uint64_t lost(struct mapped *m, int vantage)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < m->info->cpus; cpu++)
		for (int cause = 0; cause < TSCOPE_LOST_CAUSES; cause++)
			sum += m->info->rings[cpu].lost[vantage][cause].records;
	return sum;
}

static void scribbled(int pair[2], uint16_t port)
{
	struct mapped m = start(TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX) |
				TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX), port, 64);
	pthread_t thread;

	pthread_create(&thread, NULL, scribbler, &m);
	traffic(pair);
	done = 1;
	pthread_join(thread, NULL);
	ioctl(m.fd, TSCOPE_IOC_STOP);
	check(taken(&m) + lost(&m, TSCOPE_APP_TX) + lost(&m, TSCOPE_DRIVER_RX) >=
	      2 * round_trips * 2, "a scribbled tail: every hit was taken or counted as lost");
	close(m.fd);
}

static void never_read(int pair[2], uint16_t port)
{
	struct mapped m = start(TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX), port, 16);

	traffic(pair);
	ioctl(m.fd, TSCOPE_IOC_STOP);
	check(taken(&m) == 16ull * m.info->cpus || taken(&m) == 16,
	      "a ring that nobody reads takes its 16 records a CPU in use");
	check(taken(&m) + lost(&m, TSCOPE_APP_TX) == 2 * round_trips,
	      "taken plus lost is the exact number of send calls");
	close(m.fd);
}

int main(void)
{
	struct utsname kernel;
	uint16_t port;
	int pair[2];

	if (!uname(&kernel) && strstr(kernel.release, "dbg"))
		round_trips = 4000; /* a debug kernel is slow */

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (connected_pair(pair, &port)) {
		perror("loopback connection");
		return 2;
	}
	scribbled(pair, port);
	never_read(pair, port);
	return finish();
}
