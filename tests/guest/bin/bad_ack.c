// SPDX-License-Identifier: MIT
/*
 * A handshake whose third segment acknowledges what was never sent: bad_ack SOURCE DESTINATION PORT.
 * Nobody should have the source address, or its host would reset the connection before.
 */
#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOURCE_PORT 40000
#define FIRST_SEQUENCE 1000

static struct {
	struct iphdr ip;
	struct tcphdr tcp;
} packet;

static uint16_t checksum(void)
{
	struct {
		uint32_t from, to;
		uint16_t protocol, length;
		struct tcphdr tcp;
	} summed = { packet.ip.saddr, packet.ip.daddr, htons(IPPROTO_TCP), htons(sizeof(packet.tcp)), packet.tcp };
	uint16_t words[sizeof(summed) / 2];
	uint32_t sum = 0;

	memcpy(words, &summed, sizeof(words));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static void send_one(int fd)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = packet.ip.daddr };

	packet.tcp.check = 0;
	packet.tcp.check = checksum();
	if (sendto(fd, &packet, sizeof(packet), 0, (struct sockaddr *)&to, sizeof(to)) < 0) {
		perror("bad_ack: sendto");
		exit(1);
	}
	usleep(200 * 1000);
}

int main(int count, char **arguments)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);

	if (count != 4 || fd < 0) {
		fprintf(stderr, "bad_ack SOURCE DESTINATION PORT, as root\n");
		return 2;
	}
	packet.ip = (struct iphdr) {
		.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_TCP,
		.saddr = inet_addr(arguments[1]), .daddr = inet_addr(arguments[2]),
	};
	packet.tcp = (struct tcphdr) {
		.source = htons(SOURCE_PORT), .dest = htons((uint16_t)atoi(arguments[3])),
		.seq = htonl(FIRST_SEQUENCE), .doff = sizeof(packet.tcp) / 4, .window = htons(1000), .syn = 1,
	};
	send_one(fd);
	packet.tcp.syn = 0;
	packet.tcp.ack = 1;
	packet.tcp.seq = htonl(FIRST_SEQUENCE + 1);
	packet.tcp.ack_seq = htonl(0x12345678);
	send_one(fd);
	return 0;
}
