/* SPDX-License-Identifier: MIT */
/* Trains by the bare ABI. */
#ifndef TEST_TRAIN_H
#define TEST_TRAIN_H

#include <arpa/inet.h>
#include <linux/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>

#include "session.h"

#define ETHERNET 14
#define HEADERS (ETHERNET + 20 + 8)
#define FRAME (HEADERS + 44)

static inline int open_train_session(uint32_t slots)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX), 0, slots);
	int fd = open_device();

	config.flags = TSCOPE_CONFIG_TRAIN;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) || try_ioctl(fd, TSCOPE_IOC_START, NULL)) {
		perror("a session for trains");
		exit(2);
	}
	return fd;
}

/* IPv4 and UDP, with what the module leaves alone. */
static inline void make_frame(uint8_t frame[FRAME], const char *from, const char *to)
{
	uint8_t *ip = frame + ETHERNET, *udp = ip + 20;

	memset(frame, 0, FRAME);
	frame[12] = 8;
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	inet_pton(AF_INET, from, ip + 12);
	inet_pton(AF_INET, to, ip + 16);
	udp[1] = udp[3] = 9;
}

static inline struct tscope_train train_of(const uint8_t *frame, const struct tscope_train_probe *probes,
					   uint32_t count, uint32_t ifindex, uint32_t cpu)
{
	struct tscope_train train = {
		.probes = (uintptr_t)probes,
		.frame = (uintptr_t)frame,
		.count = count,
		.frame_len = FRAME,
		.ifindex = ifindex,
		.cpu = cpu,
		.late_ns = 50000,
		.ip_at = ETHERNET,
		.seq_at = HEADERS,
		.time_at = HEADERS + 4,
	};
	return train;
}

static inline void periodic(struct tscope_train_probe *probes, uint32_t count, uint64_t from_ns, uint64_t gap_ns)
{
	for (uint32_t i = 0; i < count; i++)
		probes[i] = (struct tscope_train_probe){ .at_ns = from_ns + i * gap_ns, .len = FRAME };
}

static inline struct tscope_train_status status_of(int fd, uint32_t number)
{
	struct tscope_train_status status = { .number = number };

	if (try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, &status)) {
		perror("a train's status");
		exit(2);
	}
	return status;
}

static inline void interface_up(const char *name)
{
	struct ifreq request = { .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	strncpy(request.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(fd, SIOCSIFFLAGS, &request)) {
		perror(name);
		exit(2);
	}
	close(fd);
}

/* The unread records of all CPUs, oldest first in each; as many as stand in `records`. */
static inline size_t read_records(struct mapped *m, struct tscope_record *records, size_t most)
{
	size_t count = 0;

	for (unsigned int cpu = 0; cpu < m->info->cpus; cpu++) {
		const struct tscope_record *ring = mmap(NULL, m->info->ring_bytes, PROT_READ, MAP_SHARED, m->fd,
							TSCOPE_MMAP_DATA + cpu * m->info->ring_bytes);

		if (ring == MAP_FAILED) {
			perror("mmap of a ring");
			exit(2);
		}
		for (uint64_t i = 0; i < m->info->rings[cpu].head && i < m->info->slots && count < most; i++)
			records[count++] = ring[i];
		munmap((void *)ring, m->info->ring_bytes);
	}
	return count;
}

static inline struct tscope_probe times_of(const struct tscope_record *record)
{
	struct tscope_probe times;

	memcpy(&times, record->header + TSCOPE_PROBE_AT, sizeof(times));
	return times;
}

#endif
