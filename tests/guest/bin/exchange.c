// SPDX-License-Identifier: MIT
/*
 * One TCP connection of known calls and bytes, for tests that compare records with counters.
 *
 *	exchange server ADDRESS PORT BYTES CHUNK
 *	exchange client ADDRESS PORT BYTES CHUNK [GAP_US [LOCAL_PORT]]
 *
 * RECEIVE_NAP_US in the environment: once data is there, sleep as long before each receive call.
 *
 * The client sends BYTES in calls of CHUNK (a gap of GAP_US between them), the server reads them all and
 * answers one byte. Then each prints a line of JSON with its own counts and the kernel's (TCP_INFO)
 * and holds the connection open until SIGTERM.
 */
#define _GNU_SOURCE
#include <linux/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include "address.h"

static long sends, receives;

static int listen_and_accept(const struct sockaddr_storage *address, socklen_t length)
{
	int one = 1, fd, listener = socket(address->ss_family, SOCK_STREAM, 0);

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(listener, (const struct sockaddr *)address, length) || listen(listener, 1))
		die("listen");
	fd = accept(listener, NULL, NULL);
	if (fd < 0)
		die("accept");
	close(listener);
	return fd;
}

static int connect_to(const struct sockaddr_storage *address, socklen_t length, const char *port)
{
	int fd = socket(address->ss_family, SOCK_STREAM, 0);

	if (port) {
		struct sockaddr_storage local;
		int one = 1;

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		length = parse(address->ss_family == AF_INET ? "0.0.0.0" : "::", port, &local);
		if (bind(fd, (struct sockaddr *)&local, length))
			die("bind");
	}
	if (connect(fd, (const struct sockaddr *)address, length))
		die("connect");
	return fd;
}

static void send_all(int fd, long bytes, long chunk, long gap_us)
{
	char *buffer = calloc(1, chunk);
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (bytes > 0) {
		ssize_t sent = send(fd, buffer, bytes < chunk ? bytes : chunk, 0);

		if (sent <= 0)
			die("send");
		sends++;
		bytes -= sent;
		if (gap_us) {
			next.tv_nsec += gap_us * 1000;
			next.tv_sec += next.tv_nsec / 1000000000;
			next.tv_nsec %= 1000000000;
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		}
	}
	free(buffer);
}

static void receive_all(int fd, long bytes, long chunk)
{
	const char *nap = getenv("RECEIVE_NAP_US");
	char *buffer = malloc(chunk);

	while (bytes > 0) {
		struct pollfd readable = { .fd = fd, .events = POLLIN };
		ssize_t got;

		if (nap && poll(&readable, 1, -1) == 1)
			usleep(atol(nap));
		got = recv(fd, buffer, chunk, 0);
		if (got <= 0)
			die("recv");
		receives++;
		bytes -= got;
	}
	free(buffer);
}

static void report(int fd)
{
	struct tcp_info info;
	socklen_t length = sizeof(info);

	/* The last delayed ACK of either side should be out before we count. */
	sleep(1);
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		die("TCP_INFO");
	printf("{\"sends\": %ld, \"receives\": %ld, \"segs_in\": %u, \"segs_out\": %u, \"retransmits\": %u}\n",
	       sends, receives, info.tcpi_segs_in, info.tcpi_segs_out, info.tcpi_total_retrans);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct sockaddr_storage address;
	socklen_t length;
	int fd;

	if (argc < 6) {
		fprintf(stderr, "usage: exchange server|client ADDRESS PORT BYTES CHUNK [GAP_US [LOCAL_PORT]]\n");
		return 2;
	}
	length = parse(argv[2], argv[3], &address);
	if (!strcmp(argv[1], "server")) {
		fd = listen_and_accept(&address, length);
		receive_all(fd, atol(argv[4]), atol(argv[5]));
		send_all(fd, 1, 1, 0);
	} else {
		fd = connect_to(&address, length, argc > 7 ? argv[7] : NULL);
		send_all(fd, atol(argv[4]), atol(argv[5]), argc > 6 ? atol(argv[6]) : 0);
		receive_all(fd, 1, 1);
	}
	report(fd);
	pause();
	return 0;
}
