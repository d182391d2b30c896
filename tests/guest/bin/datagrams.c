// SPDX-License-Identifier: MIT
/*
 * UDP datagrams of known number and content, for tests that compare records with what was sent.
 *
 *	datagrams answer ADDRESS PORT NUMBER
 *	datagrams ask ADDRESS PORT NUMBER SIZE
 *
 * Asks NUMBER times with SIZE bytes, "tscope" and the question's number first, and waits for each answer, which is the
 * same bytes. The first half goes by an unconnected socket. Before it takes the first answer it looks at it with
 * MSG_PEEK. At last three questions go out by one call (UDP_SEGMENT). The answering side ends after NUMBER and three.
 */
#include <netinet/udp.h>
#include <sys/time.h>
#include <unistd.h>

#include "address.h"

#define SIZE_MAX_ 1400
#define AT_ONCE 3

static void answer(int fd, int number)
{
	struct sockaddr_storage from;
	char buffer[SIZE_MAX_];
	int i;

	for (i = 0; i < number + AT_ONCE; i++) {
		socklen_t length = sizeof(from);
		ssize_t got = recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&from, &length);

		if (got < 0 || sendto(fd, buffer, got, 0, (struct sockaddr *)&from, length) != got)
			die("answer");
	}
}

static void take_answer(int fd, const char *question, int size)
{
	char buffer[SIZE_MAX_];

	if (recv(fd, buffer, sizeof(buffer), 0) != size || memcmp(buffer, question, size))
		die("no answer, or another");
}

static void number_it(char *question, int i)
{
	memcpy(question, "tscope", 6);
	memcpy(question + 6, &i, sizeof(i));
}

static void ask(int fd, const struct sockaddr_storage *to, socklen_t length, int number, int size)
{
	char questions[AT_ONCE * SIZE_MAX_] = "";
	int i;

	for (i = 0; i < number; i++) {
		ssize_t sent;

		number_it(questions, i);
		if (i == number / 2 && connect(fd, (const struct sockaddr *)to, length))
			die("connect");
		if (i < number / 2)
			sent = sendto(fd, questions, size, 0, (const struct sockaddr *)to, length);
		else
			sent = send(fd, questions, size, 0);
		if (sent != size)
			die("ask");
		if (i == 0) {
			char peeked[SIZE_MAX_];

			if (recv(fd, peeked, sizeof(peeked), MSG_PEEK) != size)
				die("peek");
		}
		take_answer(fd, questions, size);
	}
	if (setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &size, sizeof(size)))
		die("UDP_SEGMENT");
	for (i = 0; i < AT_ONCE; i++)
		number_it(questions + i * size, number + i);
	if (send(fd, questions, AT_ONCE * size, 0) != AT_ONCE * size)
		die("ask at once");
	for (i = 0; i < AT_ONCE; i++)
		take_answer(fd, questions + i * size, size);
}

int main(int argc, char **argv)
{
	const struct timeval limit = { .tv_sec = 20 };
	struct sockaddr_storage address;
	socklen_t length;
	int fd;

	if (argc < 5) {
		fprintf(stderr, "usage: datagrams answer ADDRESS PORT NUMBER | ask ADDRESS PORT NUMBER SIZE\n");
		return 2;
	}
	length = parse(argv[2], argv[3], &address);
	fd = socket(address.ss_family, SOCK_DGRAM, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		die("socket");
	if (!strcmp(argv[1], "answer")) {
		if (bind(fd, (struct sockaddr *)&address, length))
			die("bind");
		answer(fd, atoi(argv[4]));
	} else {
		ask(fd, &address, length, atoi(argv[4]), argc > 5 ? atoi(argv[5]) : 100);
	}
	return 0;
}
