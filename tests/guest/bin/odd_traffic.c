// SPDX-License-Identifier: MIT
// Traffic that is not one call, one packet, one call:
//
//	odd_traffic receive ADDRESS PORT COUNT [gro|burst|group]...	reads COUNT datagrams; with gro merged
//		ones, with burst only when a byte comes on standard input, with group of 239.1.1.1
//	odd_traffic send ADDRESS PORT COUNT SIZE [gso|more]	COUNT datagrams of SIZE bytes: with gso ten
//		a call, with more each by two calls
//	odd_traffic serve ADDRESS PORT COUNT [splice|mptcp]	COUNT connections, one after the other, read to their end
//	odd_traffic connect ADDRESS PORT COUNT SIZE [fastopen|mptcp]	each sends SIZE bytes twice
//
// What receives and serves says "ready" first and, at the end, how many bytes it got.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <err.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif
#define GSO_CALL 10 /* datagrams by one call */

static char buffer[65536];
static struct sockaddr_in peer = {.sin_family = AF_INET};
static char **words;

static bool has(const char *word)
{
	for (char **at = words; *at; at++)
		if (strcmp(*at, word) == 0)
			return true;
	return false;
}

static void ready(void)
{
	puts("ready");
	fflush(stdout);
}

static void option(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)))
		err(1, "socket option %d", name);
}

static int opened(int type)
{
	int fd = socket(AF_INET, type, has("mptcp") ? IPPROTO_MPTCP : 0);

	if (fd < 0)
		err(1, "socket");
	option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	return fd;
}

static void receive(int count)
{
	int fd = opened(SOCK_DGRAM);
	ssize_t got = 0, one;

	if (has("gro"))
		option(fd, SOL_UDP, UDP_GRO, 1);
	if (has("group")) {
		struct ip_mreq group = {.imr_interface = peer.sin_addr};

		inet_aton("239.1.1.1", &group.imr_multiaddr);
		if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group, sizeof(group)))
			err(1, "group");
		peer.sin_addr = group.imr_multiaddr;
	}
	if (has("burst"))
		option(fd, SOL_SOCKET, SO_RCVBUF, 4096);
	if (bind(fd, (void *)&peer, sizeof(peer)))
		err(1, "bind");
	ready();
	if (has("burst") && read(STDIN_FILENO, buffer, 1) < 0)
		err(1, "standard input");
	while (count > 0) {
		one = recv(fd, buffer, sizeof(buffer), has("burst") ? MSG_DONTWAIT : 0);
		if (one < 0)
			break;
		got += one;
		count -= has("gro") ? GSO_CALL : 1;
	}
	printf("%zd\n", got);
	fflush(stdout);
	if (has("burst")) // the socket stays open
		pause();
}

static void send_datagrams(int count, int size)
{
	int fd = opened(SOCK_DGRAM);

	if (connect(fd, (void *)&peer, sizeof(peer)))
		err(1, "connect");
	if (has("gso"))
		option(fd, SOL_UDP, UDP_SEGMENT, size);
	for (int i = 0; i < count; i += has("gso") ? GSO_CALL : 1) {
		memcpy(buffer, &i, sizeof(i));
		if (has("more") && send(fd, buffer, size / 3, MSG_MORE) < 0)
			err(1, "send");
		if (send(fd, buffer, has("more") ? size - size / 3 : has("gso") ? GSO_CALL * size : size, 0) < 0)
			err(1, "send");
		usleep(2000);
	}
}

static void serve(int count)
{
	int fd = opened(SOCK_STREAM), one, ends[2], null = open("/dev/null", O_WRONLY);
	ssize_t got = 0, part;

	if (!has("mptcp"))
		option(fd, SOL_TCP, TCP_FASTOPEN, 16);
	if (pipe(ends) || null < 0 || bind(fd, (void *)&peer, sizeof(peer)) || listen(fd, 16))
		err(1, "listen");
	ready();
	while (count-- > 0) {
		one = accept(fd, NULL, NULL);
		if (one < 0)
			err(1, "accept");
		for (;;) {
			part = has("splice") ? splice(one, NULL, ends[1], NULL, 65536, 0)
					     : read(one, buffer, sizeof(buffer));
			if (part <= 0)
				break;
			got += part;
			if (has("splice") && splice(ends[0], NULL, null, NULL, part, 0) < 0)
				err(1, "splice");
		}
		close(one);
	}
	printf("%zd\n", got);
}

static void connect_often(int count, int size)
{
	for (int i = 0; i < count; i++) {
		int fd = opened(SOCK_STREAM);

		if (has("fastopen")) {
			if (sendto(fd, buffer, size, MSG_FASTOPEN, (void *)&peer, sizeof(peer)) < 0)
				err(1, "fast open");
		} else if (connect(fd, (void *)&peer, sizeof(peer)) || send(fd, buffer, size, 0) < 0) {
			err(1, "connect");
		}
		usleep(5000);
		if (send(fd, buffer, size, 0) < 0)
			err(1, "send");
		usleep(5000);
		close(fd);
	}
}

int main(int argc, char **argv)
{
	if (argc < 5)
		errx(2, "odd_traffic receive|send|serve|connect ADDRESS PORT COUNT ...");
	words = argv + 5;
	inet_aton(argv[2], &peer.sin_addr);
	peer.sin_port = htons(atoi(argv[3]));
	if (strcmp(argv[1], "receive") == 0)
		receive(atoi(argv[4]));
	else if (strcmp(argv[1], "send") == 0 && argc > 5)
		send_datagrams(atoi(argv[4]), atoi(argv[5]));
	else if (strcmp(argv[1], "serve") == 0)
		serve(atoi(argv[4]));
	else if (strcmp(argv[1], "connect") == 0 && argc > 5)
		connect_often(atoi(argv[4]), atoi(argv[5]));
	else
		errx(2, "what?");
	return 0;
}
