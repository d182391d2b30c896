// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* Records at hw-rx and hw-tx by the bare ABI, where no NIC stamps: on the loopback device. */
#include <arpa/inet.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "session.h"

#define PORT 5302
#define DATAGRAMS 50
#define PAYLOAD 100
#define OPTIONS 64	/* so that IPv6 header, options, UDP header and payload fill header[] */

struct seen {
	unsigned int driver_rx, hw_rx, hw_tx;
	unsigned int stamped, long_header, cut, whole;
};

static int bound_socket(void)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(PORT),
					.sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int stamps = SOF_TIMESTAMPING_TX_HARDWARE | SOF_TIMESTAMPING_RX_HARDWARE |
		     SOF_TIMESTAMPING_RAW_HARDWARE;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPING, &stamps, sizeof(stamps))) {
		perror("socket");
		exit(2);
	}
	return fd;
}

static void send_all(int fd)
{
	char payload[PAYLOAD] = "";

	for (int i = 0; i < DATAGRAMS; i++)
		if (send(fd, payload, sizeof(payload), 0) != PAYLOAD)
			perror("send");
}

static void look_at(const volatile struct tscope_record *record, struct seen *seen)
{
	uint64_t nic_ns = 0;

	switch (record->vantage) {
	case TSCOPE_DRIVER_RX:
		seen->driver_rx++;
		seen->whole += record->header_len == TSCOPE_HEADER_MAX &&
			       !(record->flags & TSCOPE_F_CUT);
		break;
	case TSCOPE_HW_RX:
		seen->hw_rx++;
		memcpy(&nic_ns, (const char *)record->header + TSCOPE_NIC_TIME_AT, sizeof(nic_ns));
		seen->stamped += nic_ns != 0;
		seen->long_header += record->header_len > TSCOPE_NIC_TIME_AT;
		seen->cut += (record->flags & TSCOPE_F_CUT) != 0;
		break;
	default:
		seen->hw_tx++;
	}
}

static struct seen look(struct mapped *m)
{
	struct seen seen = { 0 };

	for (unsigned int cpu = 0; cpu < m->info->cpus; cpu++) {
		struct tscope_record *ring = mmap(NULL, m->info->ring_bytes, PROT_READ, MAP_SHARED,
						  m->fd, TSCOPE_MMAP_DATA + cpu * m->info->ring_bytes);

		for (uint64_t i = 0; i < m->info->rings[cpu].head; i++)
			look_at(&ring[i], &seen);
		munmap(ring, m->info->ring_bytes);
	}
	return seen;
}

int main(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX) |
						   TSCOPE_VANTAGE_BIT(TSCOPE_HW_RX) |
						   TSCOPE_VANTAGE_BIT(TSCOPE_HW_TX), PORT, 1024);
	unsigned char options[OPTIONS] = { 0, OPTIONS / 8 - 1, 1 /* PadN */, OPTIONS - 4 };
	int fd = open_device(), socket = bound_socket();
	struct mapped m;
	struct seen seen;

	config.filter.protocols = TSCOPE_PROTO_UDP;
	check(!try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config), "hw-rx and hw-tx can be had");
	m = map_session(fd);
	check(!try_ioctl(fd, TSCOPE_IOC_START, NULL), "START");
	send_all(socket);
	check(!setsockopt(socket, IPPROTO_IPV6, IPV6_DSTOPTS, options, sizeof(options)),
	      "destination options");
	send_all(socket);
	check(!try_ioctl(fd, TSCOPE_IOC_STOP, NULL), "STOP");

	seen = look(&m);
	check(seen.driver_rx == 2 * DATAGRAMS, "every datagram at driver-rx");
	check(seen.hw_rx == seen.driver_rx, "and at hw-rx");
	check(seen.stamped == 0, "with no stamp: nothing here gives one");
	check(seen.whole == DATAGRAMS, "headers that fill the record at driver-rx");
	check(seen.long_header == 0 && seen.cut == DATAGRAMS, "are cut before the NIC's time");
	check(seen.hw_tx == 0, "no NIC reported a stamp of a sent one");
	return finish();
}
