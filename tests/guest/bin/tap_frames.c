// SPDX-License-Identifier: MIT
/*
 * tap_frames NAME NUMBER: makes a tap device of this name whose driver hands in frames by
 * napi_gro_frags(), all but the Ethernet header of each in page fragments. Prints "ready"; told a line,
 * it sends as many TCP segments over IPv4, over IPv6 and UDP datagrams, prints "sent" and goes with the
 * device when told another.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_tun.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#define PAYLOAD 100
#define SPORT 4000
#define DPORT 5001

struct frame {
	struct ethhdr ethernet;
	unsigned char rest[sizeof(struct ipv6hdr) + sizeof(struct tcphdr) + PAYLOAD];
	size_t length;		/* of the rest */
};

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void address_frame(struct frame *frame, const char *device_mac, unsigned short protocol)
{
	memset(frame, 0, sizeof(*frame));
	memcpy(frame->ethernet.h_dest, device_mac, ETH_ALEN);
	frame->ethernet.h_source[0] = 2;
	frame->ethernet.h_proto = htons(protocol);
}

static void put_tcp(void *at, unsigned int seq)
{
	struct tcphdr tcp = { .source = htons(SPORT), .dest = htons(DPORT), .seq = htonl(seq),
			      .doff = sizeof(tcp) / 4, .ack = 1 };

	memcpy(at, &tcp, sizeof(tcp));
}

static void put_v4(struct frame *frame, unsigned char protocol, size_t transport)
{
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = protocol };

	frame->length = sizeof(ip) + transport + PAYLOAD;
	ip.tot_len = htons(frame->length);
	inet_pton(AF_INET, "10.8.0.1", &ip.saddr);
	inet_pton(AF_INET, "10.8.0.2", &ip.daddr);
	memcpy(frame->rest, &ip, sizeof(ip));
}

static void put_v6(struct frame *frame)
{
	struct ipv6hdr ip = { .version = 6, .hop_limit = 64, .nexthdr = IPPROTO_TCP };

	frame->length = sizeof(ip) + sizeof(struct tcphdr) + PAYLOAD;
	ip.payload_len = htons(frame->length - sizeof(ip));
	inet_pton(AF_INET6, "fd08::1", &ip.saddr);
	inet_pton(AF_INET6, "fd08::2", &ip.daddr);
	memcpy(frame->rest, &ip, sizeof(ip));
}

/* Of several pieces the driver makes a linear part of the first, and fragments of the others. */
static void send_frame(int fd, struct frame *frame)
{
	struct iovec pieces[] = {
		{ &frame->ethernet, sizeof(frame->ethernet) },
		{ frame->rest, 60 },
		{ frame->rest + 60, frame->length - 60 },
	};

	if (writev(fd, pieces, 3) < 0)
		die("writev");
}

int main(int argc, char **argv)
{
	struct ifreq device = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_NAPI | IFF_NAPI_FRAGS };
	int fd = open("/dev/net/tun", O_RDWR), i, number = argc > 2 ? atoi(argv[2]) : 1;
	struct frame frame;
	char line[8];

	strncpy(device.ifr_name, argc > 1 ? argv[1] : "tap", IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &device))
		die("/dev/net/tun");
	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin) || ioctl(fd, SIOCGIFHWADDR, &device))
		return 1;
	for (i = 0; i < number; i++) {
		address_frame(&frame, device.ifr_hwaddr.sa_data, ETH_P_IP);
		put_v4(&frame, IPPROTO_TCP, sizeof(struct tcphdr));
		put_tcp(frame.rest + sizeof(struct iphdr), i * PAYLOAD);
		send_frame(fd, &frame);

		address_frame(&frame, device.ifr_hwaddr.sa_data, ETH_P_IPV6);
		put_v6(&frame);
		put_tcp(frame.rest + sizeof(struct ipv6hdr), i * PAYLOAD);
		send_frame(fd, &frame);

		struct udphdr udp = { .source = htons(SPORT), .dest = htons(DPORT), .len = htons(sizeof(udp) + PAYLOAD) };

		address_frame(&frame, device.ifr_hwaddr.sa_data, ETH_P_IP);
		put_v4(&frame, IPPROTO_UDP, sizeof(udp));
		memcpy(frame.rest + sizeof(struct iphdr), &udp, sizeof(udp));
		snprintf((char *)frame.rest + sizeof(struct iphdr) + sizeof(udp), PAYLOAD, "datagram %06d", i);
		send_frame(fd, &frame);
	}
	puts("sent");
	fflush(stdout);
	return !fgets(line, sizeof(line), stdin);
}
