// SPDX-License-Identifier: MIT
/*
 * What a record costs at each vantage point, as a multiple of an ordered TSC read in the same
 * guest: one-byte messages over loopback, timed in blocks without and with a session. The fastest
 * blocks are compared: what disturbs a block, the emulator's own translation first of all, only
 * adds to it.
 */
#define _GNU_SOURCE
#include <sched.h>

#include "messages.h"
#include "session.h"

#define READS 20000

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

/* A session on all of the caller's network namespace; rings that nobody reads would fill, so they
 * are large enough for all. */
static struct mapped start_session(int vantage, uint16_t port)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(vantage), port, 1 << 16);
	int fd = open_device();

	config.watermark = config.slots;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		exit(2);

	struct mapped m = map_session(fd);

	if (try_ioctl(fd, TSCOPE_IOC_START, NULL))
		exit(2);
	return m;
}

static double end_session(struct mapped m, int vantage)
{
	uint64_t records = 0, lost = 0;

	ioctl(m.fd, TSCOPE_IOC_STOP);
	for (unsigned int cpu = 0; cpu < m.info->cpus; cpu++) {
		records += m.info->rings[cpu].head;
		lost += m.info->rings[cpu].lost[vantage][TSCOPE_LOST_FULL].records;
	}
	close(m.fd);
	munmap((void *)m.info, m.info_bytes);
	if (lost) {
		fprintf(stderr, "%llu records lost: no figure\n", (unsigned long long)lost);
		exit(2);
	}
	return records;
}

struct cost {
	double records;		   /* a message */
	double message;		   /* ticks, without a session */
	double recorded, unwanted; /* ticks a record, and where the packet is another namespace's */
};

static int here, elsewhere; /* network namespaces */

static struct cost cost_at(int pair[2], uint16_t port, int vantage)
{
	struct cost cost;
	struct mapped m;
	double with, beside, again;

	cost.message = fastest_block(pair);
	m = start_session(vantage, port);
	with = fastest_block(pair);
	cost.records = end_session(m, vantage) / BLOCKS / MESSAGES;
	setns(elsewhere, CLONE_NEWNET);
	m = start_session(vantage, 0);
	setns(here, CLONE_NEWNET);
	beside = fastest_block(pair);
	if (end_session(m, vantage) > 0 || cost.records == 0)
		exit(2);
	again = fastest_block(pair);
	if (again < cost.message)
		cost.message = again;
	cost.recorded = (with - cost.message) / MESSAGES / cost.records;
	cost.unwanted = (beside - cost.message) / MESSAGES / cost.records;
	cost.message /= MESSAGES;
	return cost;
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
	here = open("/proc/self/ns/net", O_RDONLY);
	if (unshare(CLONE_NEWNET))
		exit(2);
	elsewhere = open("/proc/self/ns/net", O_RDONLY);
	setns(here, CLONE_NEWNET);
	fastest_block(pair);
	printf("ordered TSC read: %.0f ticks\n", read);
	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct cost cost = cost_at(pair, port, points[i].vantage);

		printf("%-10s %6.0f ticks a record = %5.1f TSC reads; unwanted %4.0f = %4.1f; %.2f "
		       "records a message of %.0f\n",
		       points[i].name, cost.recorded, cost.recorded / read, cost.unwanted,
		       cost.unwanted / read, cost.records, cost.message / read);
	}
	return 0;
}
