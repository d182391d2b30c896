// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* A session outlives neither its network namespace nor pins it; what it recorded stays. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include "session.h"

#define PORT 5301

static void loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (ioctl(fd, SIOCSIFFLAGS, &request)) {
		perror("lo up");
		exit(2);
	}
	close(fd);
}

static void one_connection(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);
	int server;

	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1) ||
	    connect(client, (struct sockaddr *)&address, sizeof(address))) {
		perror("loopback connection");
		exit(2);
	}
	server = accept(listener, NULL, NULL);
	/* Resets, so that no TIME_WAIT socket keeps the namespace. */
	struct linger hard = { .l_onoff = 1 };

	setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(client);
	close(server);
	close(listener);
}

static uint64_t committed(struct mapped *m)
{
	uint64_t sum = 0;

	for (unsigned int cpu = 0; cpu < m->info->cpus; cpu++) {
		struct tscope_record *ring = mmap(NULL, m->info->ring_bytes, PROT_READ, MAP_SHARED,
						  m->fd, TSCOPE_MMAP_DATA + cpu * m->info->ring_bytes);

		for (uint64_t i = 0; i < m->info->rings[cpu].head; i++)
			sum += ring[i].commit == 1 && ring[i].vantage == TSCOPE_DRIVER_RX;
		munmap(ring, m->info->ring_bytes);
	}
	return sum;
}

int main(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX), PORT, 1024);
	int home = open("/proc/self/ns/net", O_RDONLY);
	struct pollfd waiting;
	uint64_t before;

	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		return 2;
	}
	loopback_up();

	int fd = open_device();

	config.watermark = 1024;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		return 2;

	struct mapped m = map_session(fd);

	check(!try_ioctl(fd, TSCOPE_IOC_START, NULL), "START in a namespace of its own");
	one_connection();
	before = committed(&m);
	check(before >= 4, "the connection was recorded");
	waiting = (struct pollfd){ .fd = fd, .events = POLLIN };
	check(poll(&waiting, 1, 0) == 0, "poll has nothing to say yet");

	setns(home, CLONE_NEWNET);
	check(poll(&waiting, 1, 30000) == 1 && waiting.revents & POLLHUP,
	      "POLLHUP when the namespace is gone");
	check(m.info->state == TSCOPE_NETNS_GONE, "the describing page says so");
	check(committed(&m) == before, "what was recorded is still there");
	one_connection();
	check(committed(&m) == before, "traffic elsewhere adds nothing");
	check(!try_ioctl(fd, TSCOPE_IOC_STOP, NULL), "STOP still works");

	int late = open_device();

	close(fd);
	close(late);
	return finish();
}
