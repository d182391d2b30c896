/* SPDX-License-Identifier: MIT */
/* What one-byte messages over loopback cost: timed in blocks, of which the fastest counts. What
 * disturbs a block only adds to it. */
#ifndef TEST_MESSAGES_H
#define TEST_MESSAGES_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include <x86intrin.h>

#define BLOCKS 25
#define MESSAGES 1000

static inline uint64_t ordered_tsc(void)
{
	_mm_lfence();
	return __rdtsc();
}

static inline double fastest(const double *values, int count)
{
	double least = values[0];

	for (int i = 1; i < count; i++)
		least = values[i] < least ? values[i] : least;
	return least;
}

static inline void connected_pair(int pair[2], uint16_t *port)
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

static inline double block_ticks(int pair[2])
{
	uint64_t begun = ordered_tsc();
	char byte = 'x';

	for (int i = 0; i < MESSAGES; i++) {
		if (write(pair[0], &byte, 1) != 1 || read(pair[1], &byte, 1) != 1)
			exit(2);
	}
	return ordered_tsc() - begun;
}

/* Ticks of MESSAGES messages. */
static inline double fastest_block(int pair[2])
{
	double blocks[BLOCKS];

	for (int block = 0; block < BLOCKS; block++)
		blocks[block] = block_ticks(pair);
	return fastest(blocks, BLOCKS);
}

#endif
