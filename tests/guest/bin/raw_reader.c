// SPDX-License-Identifier: MIT
/*
 * Reads every TCP packet of its namespace from a raw socket until SIGTERM, then prints how many
 * receive calls got one: raw_reader
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

int main(void)
{
	struct sigaction action = { .sa_handler = end };
	struct timeval second = { .tv_sec = 1 };	/* a signal between test and call is seen then */
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_TCP);
	unsigned long packets = 0;
	char buffer[2048];

	if (fd < 0) {
		perror("raw_reader: socket");
		return 1;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, sizeof(second));
	sigaction(SIGTERM, &action, NULL);
	fprintf(stderr, "reading\n");
	while (!ended) {
		if (recv(fd, buffer, sizeof(buffer), 0) > 0)
			packets++;
	}
	printf("%lu\n", packets);
	return 0;
}
