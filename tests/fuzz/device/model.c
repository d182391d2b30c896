// SPDX-License-Identifier: MIT
/*
 * What each call must answer, by uapi/tscope.h. Which of several mistakes is told the interface does not promise: each
 * of them is then right.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>

#include "fuzz.h"

#define PAGE 4096UL
#define PROTOCOLS (TSCOPE_PROTO_TCP | TSCOPE_PROTO_UDP | TSCOPE_PROTO_ICMP)
#define MIN_SLOTS 16
#define TAIL_STRIDE 64
#define PROBES_MAX (1U << 22)
#define FRAME_MAX (64U << 10)
#define SECOND 1000000000ULL
#ifdef TSCOPE_TRAIN_NORMAL
#define TRAIN_FLAGS (TSCOPE_TRAIN_QDISC | TSCOPE_TRAIN_TIMER | TSCOPE_TRAIN_NORMAL)
#else
#define TRAIN_FLAGS (TSCOPE_TRAIN_QDISC | TSCOPE_TRAIN_TIMER)
#endif

static size_t whole_pages(size_t bytes) { return (bytes + PAGE - 1) / PAGE * PAGE; }

int config_is_train(const struct tscope_config *config) { return config->flags & TSCOPE_CONFIG_TRAIN; }

size_t ring_bytes_of(const struct tscope_config *config)
{
	return whole_pages((size_t)config->slots * sizeof(struct tscope_record));
}

size_t info_bytes_of(void)
{
	return whole_pages(sizeof(struct tscope_map_info) + world.info.cpus * sizeof(struct tscope_ring_info));
}

size_t tail_bytes_of(void) { return whole_pages(world.info.cpus * TAIL_STRIDE); }

static errnos or_success(errnos wrong) { return wrong ? wrong : E(0); }

/* Once its namespace has begun to go a file may be told so; once one was told so all must be. */
static errnos with_netns(const struct file *file, errnos wrong)
{
	if (!file->netns || !atomic_load(&file->netns->leaving))
		return or_success(wrong);
	if (file->gone)
		return wrong | E(ENXIO);
	return or_success(wrong) | E(ENXIO);
}

static int filter_valid(const struct tscope_filter *filter)
{
	for (size_t i = 0; i < sizeof(filter->pad); i++) {
		if (filter->pad[i])
			return 0;
	}
	if (filter->family && filter->family != AF_INET && filter->family != AF_INET6)
		return 0;
	if (filter->prefix_len > (filter->family == AF_INET ? 32 : 128) || (filter->prefix_len && !filter->family))
		return 0;
	return filter->port_side <= TSCOPE_PORT_DESTINATION && !(filter->protocols & ~PROTOCOLS);
}

static int config_valid(const struct tscope_config *config)
{
	const uint32_t senders = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX) | TSCOPE_VANTAGE_BIT(TSCOPE_QDISC_TX);

	if (config->interface_version != TSCOPE_INTERFACE_VERSION || config->pad || !config->vantages ||
	    config->vantages >> TSCOPE_VANTAGES)
		return 0;
	if (config->slots < MIN_SLOTS || config->slots > world.info.max_slots || config->slots & (config->slots - 1) ||
	    !config->watermark || config->watermark > config->slots || !filter_valid(&config->filter))
		return 0;
	if (config_is_train(config))
		return config->flags == TSCOPE_CONFIG_TRAIN && !(config->vantages & ~senders);
	return !(config->flags & ~TSCOPE_CONFIG_ALL_NETNS);
}

uint32_t available_to(uint32_t protocols)
{
	uint32_t vantages = 0;

	/* None means all. */
	for (int i = 0; i < 3; i++) {
		if (!protocols || protocols >> i & 1)
			vantages |= world.available[i];
	}
	return vantages;
}

errnos expect_configure(const struct file *file, const struct tscope_config *config)
{
	errnos wrong = 0;

	if (!config_valid(config))
		return E(EINVAL);
	if (!config_is_train(config) && config->vantages & ~available_to(config->filter.protocols))
		wrong |= E(ENODEV);
	if (file->state)
		wrong |= E(EBUSY);
	else if (world.info.cpus * ring_bytes_of(config) > world.ring_limit)
		wrong |= E(ENOMEM);
	return with_netns(file, wrong);
}

errnos expect_start(const struct file *file)
{
	if (file->state != TSCOPE_CONFIGURED)
		return file->state ? E(EBUSY) : E(EINVAL);
	/* A session for trains hears of it at its first train. */
	return config_is_train(&file->config) ? E(0) : with_netns(file, 0);
}

errnos expect_stop(const struct file *file)
{
	return file->state == TSCOPE_RUNNING ? E(0) : E(EINVAL);
}

/* --- trains --- */

static int in_frame(uint32_t at, uint32_t bytes, uint32_t from, uint32_t shortest)
{
	return !at || (at >= from && at + bytes <= shortest);
}

static int frame_valid(const struct plan *plan, uint32_t shortest)
{
	const struct tscope_train *train = &plan->train;
	uint32_t ip_at = train->ip_at, udp_at = ip_at + 20;
	const uint8_t *frame = plan->frame, *ip = frame + ip_at;

	if (ip_at != 14 && ip_at != 18)
		return 0;
	if (shortest < udp_at + 8)
		return 0;
	if (ip_at == 18 && !((frame[12] == 0x81 && frame[13] == 0) || (frame[12] == 0x88 && frame[13] == 0xa8)))
		return 0;
	if (ip[-2] == 8 && ip[-1] == 0) {
		if (ip[0] != 0x45 || ip[9] != IPPROTO_UDP || ip[6] & 0x3f || ip[7])
			return 0;
	} else if (ip[-2] == 0x86 && ip[-1] == 0xdd) {
		udp_at = ip_at + 40;
		if (shortest < udp_at + 8 || ip[0] >> 4 != 6 || ip[6] != IPPROTO_UDP)
			return 0;
	} else {
		return 0;
	}
	return in_frame(train->seq_at, 4, udp_at + 8, shortest) && in_frame(train->time_at, 8, udp_at + 8, shortest) &&
	       !(train->time_at && (train->time_at - udp_at) % 2);
}

static int probes_valid(const struct plan *plan)
{
	const struct tscope_train *train = &plan->train;
	uint32_t shortest = train->frame_len;

	for (uint32_t i = 0; i < train->count; i++) {
		const struct tscope_train_probe *probe = &plan->probes[i];

		if (probe->pad || !probe->len || probe->len > train->frame_len || probe->at_ns > 7ULL * 86400 * SECOND ||
		    (i && probe->at_ns <= plan->probes[i - 1].at_ns))
			return 0;
		if (probe->len < shortest)
			shortest = probe->len;
	}
	return frame_valid(plan, shortest);
}

static errnos expect_device(const struct file *file, const struct tscope_train *train)
{
	const struct pair *pair = file->netns ? &file->netns->pair : &world.pair;
	/* A namespace that goes takes its devices down, and away, before it says so. */
	errnos going = file->netns && atomic_load(&file->netns->leaving) ? E(0) | E(ENETDOWN) | E(ENODEV) : 0;
	uint32_t length = train->frame_len - train->ip_at;

	if (train->ifindex == world.lo)
		return going | (length > 65536 ? E(EMSGSIZE) : 0);
	if (train->ifindex == pair->one || train->ifindex == pair->other)
		return going | (length > 1500 ? E(EMSGSIZE) : 0);
	/* It may be one that comes and goes, or that the kernel made with the namespace. */
	if (train->ifindex && train->ifindex < 1U << 30)
		return E(0) | E(ENODEV) | E(ENETDOWN) | E(EAFNOSUPPORT) | E(EMSGSIZE);
	return E(ENODEV);
}

errnos expect_train(const struct file *file, const struct plan *plan, uint64_t now)
{
	const uint64_t hour = 3600ULL * 1000 * world.info.tsc_khz, second = 1000ULL * world.info.tsc_khz;
	const struct tscope_train *train = &plan->train;
	errnos wrong = 0, device;

	if (train->pad || train->pad2 || !train->count || !train->frame_len ||
	    train->flags & ~TRAIN_FLAGS || train->late_ns > SECOND)
		wrong |= E(EINVAL);
	if (train->frame_len > FRAME_MAX)
		wrong |= E(EMSGSIZE);
	if (train->count > PROBES_MAX)
		wrong |= E(EDQUOT);
	if (file->state != TSCOPE_RUNNING || !config_is_train(&file->config))
		wrong |= E(EINVAL);
	if (plan->probes_at || plan->frame_at || train->count > PLAN_PROBES || train->frame_len > FRAME_BYTES)
		wrong |= E(EFAULT);
	if (wrong)
		return train->count > 1 << 16 ? wrong | E(ENOMEM) : wrong;
	if (!probes_valid(plan))
		return E(EINVAL);
	device = expect_device(file, train);
	if (train->start_tsc) {
		uint64_t ahead = train->start_tsc - now;

		if (train->start_tsc <= now || ahead > hour + second)
			wrong |= E(EINVAL);
		else if (ahead < second || ahead > hour - second)
			device |= E(EINVAL) | E(0);
	}
	if (train->cpu >= world.info.cpus)
		wrong |= E(EHOSTDOWN);
	return with_netns(file, wrong ? wrong | (device & ~E(0)) : device);
}

/* --- mmap and poll --- */

size_t region_bytes(const struct file *file, uint64_t offset, int *writable)
{
	size_t ring = ring_bytes_of(&file->config);

	*writable = offset == TSCOPE_MMAP_TAIL;
	if (!file->state)
		return 0;
	if (offset == TSCOPE_MMAP_INFO)
		return info_bytes_of();
	if (offset == TSCOPE_MMAP_TAIL)
		return tail_bytes_of();
	if (offset < TSCOPE_MMAP_DATA || (offset - TSCOPE_MMAP_DATA) % ring ||
	    (offset - TSCOPE_MMAP_DATA) / ring >= world.info.cpus)
		return 0;
	return ring;
}

errnos expect_mmap(const struct file *file, size_t bytes, int prot, int flags, uint64_t offset)
{
	int writable;
	size_t region = region_bytes(file, offset, &writable);
	errnos wrong = 0;

	/* The kernel's own checks come first: the address space's end, and the offset's. */
	if (!bytes || offset % PAGE)
		return E(EINVAL);
	if (bytes > 1ULL << 46)
		return E(ENOMEM) | E(EINVAL) | E(EOVERFLOW);
	if (offset + bytes < offset || offset + bytes > 1ULL << 62)
		return E(EOVERFLOW) | E(EINVAL);
	if (!region || whole_pages(bytes) != region)
		return E(EINVAL);
	if (prot & PROT_WRITE && !writable)
		wrong |= E(EPERM);
	/* Whether a private copy of the tails makes sense is not said. */
	if (!wrong && writable && flags & MAP_PRIVATE)
		return E(0) | E(EINVAL) | E(EPERM);
	return or_success(wrong);
}

short expect_poll(const struct file *file, short *must)
{
	int may_be_gone = file->netns && atomic_load(&file->netns->leaving);

	*must = 0;
	if (file->state == TSCOPE_STOPPED || (may_be_gone && file->gone)) {
		*must = POLLHUP;
		return POLLHUP;
	}
	return (file->state ? POLLIN : 0) | (may_be_gone ? POLLHUP : 0);
}
