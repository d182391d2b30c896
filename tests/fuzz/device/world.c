// SPDX-License-Identifier: MIT
/* What goes on around the files: packets, a device that comes and goes, namespaces that do. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "fuzz.h"
#include "links.h"

#define PORT 9009

struct world world;
static pthread_t threads[3];
static int home = -1;

static void give_up(const char *what)
{
	perror(what);
	exit(2);
}

/* Which vantage points each protocol has, by asking for one at a time. */
static void learn(void)
{
	struct tscope_config config = { .interface_version = TSCOPE_INTERFACE_VERSION, .slots = 16, .watermark = 1 };
	int fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);

	if (fd < 0 || ioctl(fd, TSCOPE_IOC_INFO, &world.info))
		give_up(TSCOPE_DEVICE);
	close(fd);
	for (int protocol = 0; protocol < 3; protocol++) {
		for (int vantage = 0; vantage < TSCOPE_VANTAGES; vantage++) {
			fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
			config.vantages = TSCOPE_VANTAGE_BIT(vantage);
			config.filter.protocols = 1 << protocol;
			if (!ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
				world.available[protocol] |= config.vantages;
			close(fd);
		}
	}
}

static struct sockaddr_in local_port(uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
}

static void connect_tcp(int pair[2])
{
	struct sockaddr_in address = local_port(PORT);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	pair[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (void *)&address, sizeof(address)) || listen(listener, 1) ||
	    connect(pair[0], (void *)&address, sizeof(address)))
		give_up("a connection over loopback");
	pair[1] = accept(listener, NULL, NULL);
	close(listener);
}

/* TCP there and back, a datagram by IPv4 and one by IPv6, an echo; a new connection now and then. */
static void *make_traffic(void *unused)
{
	static const char echo[8] = { 8, 0, (char)0xf7, (char)0xff };
	struct sockaddr_in address = local_port(PORT);
	struct sockaddr_in6 address6 = { .sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int udp = socket(AF_INET, SOCK_DGRAM, 0), udp6 = socket(AF_INET6, SOCK_DGRAM, 0);
	int icmp = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), pair[2] = { -1, -1 };
	char bytes[256] = "";

	bind(udp, (void *)&address, sizeof(address));
	bind(udp6, (void *)&address6, sizeof(address6));
	for (unsigned int round = 0; !atomic_load(&world.over); round++) {
		if (round % 64 == 0)
			connect_tcp(pair);
		for (int i = 0; i < 2; i++) {
			if (write(pair[i], bytes, 100) < 0 || read(pair[!i], bytes, 100) < 0)
				give_up("traffic");
		}
		sendto(udp, bytes, 64, 0, (void *)&address, sizeof(address));
		recv(udp, bytes, sizeof(bytes), MSG_DONTWAIT);
		sendto(udp6, bytes, 64, 0, (void *)&address6, sizeof(address6));
		recv(udp6, bytes, sizeof(bytes), MSG_DONTWAIT);
		sendto(icmp, echo, sizeof(echo), 0, (void *)&address, sizeof(address));
		while (recv(icmp, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			;
		if (round % 64 == 63) {
			close(pair[0]);
			close(pair[1]);
		}
		atomic_fetch_add(&world.packets, 8);
		usleep(5000);
	}
	return unused;
}

static void *pass_devices(void *seed)
{
	struct chance chance = { (uintptr_t)seed };

	while (!atomic_load(&world.over)) {
		if (!link_add_veth("p0", "p1") || !link_up("p0", 1) || !link_up("p1", 1))
			give_up("a device that comes and goes");
		atomic_store(&world.passing, if_nametoindex("p0"));
		usleep(1000 * (20 + below(&chance, 400)));
		if (one_in(&chance, 3))
			link_up(one_in(&chance, 2) ? "p0" : "p1", 0);
		usleep(1000 * below(&chance, 100));
		link_delete("p0");
		atomic_store(&world.passing, 0);
		atomic_fetch_add(&world.devices, 1);
		usleep(1000 * below(&chance, 200));
	}
	return NULL;
}

static void give_file(struct netns *netns)
{
	struct file *file = calloc(1, sizeof(*file)), *none = NULL;

	file->fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	file->netns = netns;
	if (file->fd < 0)
		give_up(TSCOPE_DEVICE);
	while (!atomic_compare_exchange_weak(&world.gift, &none, file)) {
		none = NULL;
		if (atomic_load(&world.over))
			return;
		usleep(1000);
	}
}

static void *pass_namespaces(void *seed)
{
	struct chance chance = { (uintptr_t)seed };

	while (!atomic_load(&world.over)) {
		struct netns *netns = calloc(1, sizeof(*netns));

		if (unshare(CLONE_NEWNET) || !link_up("lo", 1) || !link_add_veth("n0", "n1") || !link_up("n0", 1) ||
		    !link_up("n1", 1))
			give_up("a namespace that will go");
		netns->pair = (struct pair){ if_nametoindex("n0"), if_nametoindex("n1") };
		for (uint32_t files = 1 + below(&chance, 4); files; files--)
			give_file(netns);
		usleep(1000 * below(&chance, 500));
		atomic_store(&netns->leaving, 1);
		if (setns(home, CLONE_NEWNET))
			give_up("setns");
		atomic_fetch_add(&world.namespaces, 1);
		usleep(1000 * below(&chance, 500));
	}
	return NULL;
}

void world_begin(uint64_t seed)
{
	struct sysinfo memory;

	if (unshare(CLONE_NEWNET) || !link_up("lo", 1) || !link_add_veth("w0", "w1") || !link_up("w0", 1) || !link_up("w1", 1))
		give_up("a network namespace");
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	world.lo = if_nametoindex("lo");
	world.pair = (struct pair){ if_nametoindex("w0"), if_nametoindex("w1") };
	sysinfo(&memory);
	world.ring_limit = (uint64_t)memory.totalram * memory.mem_unit / 4;
	learn();
	pthread_create(&threads[0], NULL, make_traffic, NULL);
	pthread_create(&threads[1], NULL, pass_devices, (void *)(uintptr_t)(seed + 1));
	pthread_create(&threads[2], NULL, pass_namespaces, (void *)(uintptr_t)(seed + 2));
}

void world_end(void)
{
	struct file *gift;

	atomic_store(&world.over, 1);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	gift = atomic_exchange(&world.gift, NULL);
	if (gift)
		close(gift->fd);
	free(gift);
}
