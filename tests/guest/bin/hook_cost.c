// SPDX-License-Identifier: MIT
/*
 * What a record costs at each vantage point, as a multiple of an ordered TSC read in the same guest: one-byte messages over
 * loopback, timed in blocks without and with a session. The fastest blocks are compared: what disturbs a block, the emulator's
 * own translation first of all, only adds to it.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <x86intrin.h>

#include "session.h"

#define BLOCKS 25
#define MESSAGES 1000
#define READS 20000

static uint64_t ordered_tsc(void)
{
	_mm_lfence();
	return __rdtsc();
}

static double fastest(const double *values, int count)
{
	double least = values[0];

	for (int i = 1; i < count; i++)
		least = values[i] < least ? values[i] : least;
	return least;
}

static double tsc_read_ticks(void)
{
	double blocks[BLOCKS];

	for (int block = 0; block < BLOCKS; block++) {
		uint64_t begun = ordered_tsc(), last = begun;

		for (int i = 0; i < READS; i++)
			last = ordered_tsc();
		blocks[block] = (double)(last - begun) / READS;
	}
	return fastest(blocks, BLOCKS);
}

static void connected_pair(int pair[2], uint16_t *port)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t length = sizeof(address);
	int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, length) || listen(listener, 1) ||
	    getsockname(listener, (struct sockaddr *)&address, &length) ||
	    connect(pair[0], (struct sockaddr *)&address, length)) {
		perror("loopback connection");
		exit(2);
	}
	pair[1] = accept(listener, NULL, NULL);
	close(listener);
	setsockopt(pair[0], IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	*port = ntohs(address.sin_port);
}

static double block_ticks(int pair[2])
{
	uint64_t begun = ordered_tsc();
	char byte = 'x';

	for (int i = 0; i < MESSAGES; i++) {
		if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1)
			exit(2);
	}
	return ordered_tsc() - begun;
}

static double fastest_block(int pair[2])
{
	double blocks[BLOCKS];

	for (int block = 0; block < BLOCKS; block++)
		blocks[block] = block_ticks(pair);
	return fastest(blocks, BLOCKS);
}

/* Ticks a record; rings that nobody reads would fill, so they are large enough for all. */
static double record_ticks(int pair[2], uint16_t port, int vantage, double *messages_ticks)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(vantage), port, 1 << 16);
	double without = fastest_block(pair), with;
	uint64_t records = 0, lost = 0;
	int fd = open_device();

	config.watermark = config.slots;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		exit(2);

	struct mapped m = map_session(fd);

	if (try_ioctl(fd, TSCOPE_IOC_START, NULL))
		exit(2);
	with = fastest_block(pair);
	ioctl(fd, TSCOPE_IOC_STOP);
	for (unsigned int cpu = 0; cpu < m.info->cpus; cpu++) {
		records += m.info->rings[cpu].head;
		lost += m.info->rings[cpu].lost[vantage][TSCOPE_LOST_FULL].records;
	}
	close(fd);
	munmap((void *)m.info, m.info_bytes);
	if (lost || !records) {
		fprintf(stderr, "%llu records, %llu lost: no figure\n", (unsigned long long)records,
			(unsigned long long)lost);
		exit(2);
	}
	double again = fastest_block(pair);

	if (again < without)
		without = again;
	*messages_ticks = without / MESSAGES;
	return (with - without) / ((double)records / BLOCKS);
}

int main(void)
{
	static const struct {
		int vantage;
		const char *name;
	} points[] = {
		{ TSCOPE_APP_TX, "app-tx" },	   { TSCOPE_SOCKET_TX, "socket-tx" },
		{ TSCOPE_QDISC_TX, "qdisc-tx" },   { TSCOPE_DRIVER_TX, "driver-tx" },
		{ TSCOPE_DRIVER_RX, "driver-rx" }, { TSCOPE_SOCKET_RX, "socket-rx" },
		{ TSCOPE_APP_RX, "app-rx" },
	};
	double read = tsc_read_ticks();
	uint16_t port;
	int pair[2];

	connected_pair(pair, &port);
	fastest_block(pair);
	printf("ordered TSC read: %.0f ticks\n", read);
	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		double message, ticks = record_ticks(pair, port, points[i].vantage, &message);

		printf("%-10s %6.0f ticks a record = %5.1f TSC reads; a one-byte message takes %.0f\n",
		       points[i].name, ticks, ticks / read, message / read);
	}
	return 0;
}
