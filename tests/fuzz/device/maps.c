// SPDX-License-Identifier: MIT
/* The mapped regions: what may be mapped and how, what stands in them, and tails full of nonsense. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "operations.h"

#define PAGE 4096UL

static struct map *any_map(struct fuzzer *fuzzer, struct file *file)
{
	struct map *map = &file->maps[below(&fuzzer->chance, MAPS_PER_FILE)];

	return map->at ? map : NULL;
}

static uint64_t any_offset(struct fuzzer *fuzzer, const struct file *file)
{
	switch (below(&fuzzer->chance, 3)) {
	case 0:
		return TSCOPE_MMAP_INFO;
	case 1:
		return TSCOPE_MMAP_TAIL;
	default:
		return TSCOPE_MMAP_DATA + below(&fuzzer->chance, world.info.cpus) * ring_bytes_of(&file->config);
	}
}

void do_mmap(struct fuzzer *fuzzer, struct file *file)
{
	struct chance *chance = &fuzzer->chance;
	uint64_t offset = any_offset(fuzzer, file);
	int writable, flags = MAP_SHARED, prot = PROT_READ;
	size_t bytes = region_bytes(file, offset, &writable);
	struct map *map = NULL;
	errnos expected;
	void *at;

	for (int i = 0; i < MAPS_PER_FILE && !map; i++)
		map = file->maps[i].at ? NULL : &file->maps[i];
	if (!map)
		return do_munmap(fuzzer, file);
	if (!bytes)
		bytes = PAGE;
	if (writable)
		prot |= PROT_WRITE;
	if (one_in(chance, 3)) {
		switch (below(chance, 5)) {
		case 0:
			offset = any_value(chance) & ~(uint64_t)(one_in(chance, 4) ? 0 : PAGE - 1);
			break;
		case 1:
			bytes += PAGE;
			break;
		case 2:
			bytes = any_value(chance);
			break;
		case 3:
			prot |= PROT_WRITE;
			break;
		default:
			flags = MAP_PRIVATE;
		}
	}
	expected = expect_mmap(file, bytes, prot, flags, offset);
	at = mmap(NULL, bytes, prot, flags, file->fd, offset);
	if (judge(fuzzer, OP_MMAP, file, at == MAP_FAILED ? errno : 0, expected))
		return;
	*map = (struct map){ .at = at, .bytes = (bytes + PAGE - 1) / PAGE * PAGE, .offset = offset, .writable = prot & PROT_WRITE };
}

void do_munmap(struct fuzzer *fuzzer, struct file *file)
{
	struct map *map = any_map(fuzzer, file);

	if (!map)
		return;
	judge(fuzzer, OP_MUNMAP, file, munmap(map->at, map->bytes) ? errno : 0, E(0));
	map->at = NULL;
}

void do_mprotect(struct fuzzer *fuzzer, struct file *file)
{
	struct map *map = any_map(fuzzer, file);

	if (!map)
		return;
	if (one_in(&fuzzer->chance, 2)) {
		judge(fuzzer, OP_MPROTECT, file, mprotect(map->at, map->bytes, PROT_READ) ? errno : 0, E(0));
		map->writable = 0;
	} else if (map->offset != TSCOPE_MMAP_TAIL) {
		judge(fuzzer, OP_MPROTECT, file, mprotect(map->at, map->bytes, PROT_READ | PROT_WRITE) ? errno : 0, E(EACCES));
	} else {
		/* Of pages that are there, growing has no more to show. */
		void *at = mremap(map->at, map->bytes, map->bytes + PAGE, MREMAP_MAYMOVE);

		judge(fuzzer, OP_MPROTECT, file, at == MAP_FAILED ? errno : 0, E(EFAULT));
		if (at != MAP_FAILED)
			map->at = NULL;
	}
}

static void scribble(struct fuzzer *fuzzer, struct map *map)
{
	uint64_t value = any_value(&fuzzer->chance);
	volatile uint64_t *tail = (void *)(map->at + below(&fuzzer->chance, map->bytes / 8) * 8);

	*tail = value;
}

static void look_at_info(struct fuzzer *fuzzer, struct file *file, const struct map *map)
{
	const volatile struct tscope_map_info *info = (void *)map->at;
	uint32_t state = info->state;

	if (file->netns && state == TSCOPE_NETNS_GONE && atomic_load(&file->netns->leaving))
		file->gone = 1;
	/* A call may have heard of it a moment before it stands here. */
	demand(fuzzer, OP_MMAP, file, state == file->state || (file->gone && state == TSCOPE_NETNS_GONE),
	       "another state in the describing page");
	demand(fuzzer, OP_MMAP, file, info->cpus == world.info.cpus && info->slots == file->config.slots &&
	       info->ring_bytes == ring_bytes_of(&file->config) && info->tail_bytes == tail_bytes_of(),
	       "another size in the describing page");
}

/* What was committed is a record of what was asked for. */
static void look_at_records(struct fuzzer *fuzzer, struct file *file, const struct map *map)
{
	const uint32_t senders = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX) | TSCOPE_VANTAGE_BIT(TSCOPE_QDISC_TX);
	uint32_t vantages = config_is_train(&file->config) ? senders : file->config.vantages;

	for (int tries = 0; tries < 8; tries++) {
		const volatile struct tscope_record *record =
			(const struct tscope_record *)map->at + below(&fuzzer->chance, file->config.slots);
		uint32_t commit = __atomic_load_n(&record->commit, __ATOMIC_ACQUIRE);
		uint8_t vantage = record->vantage, kind = record->kind;
		uint16_t header_len = record->header_len;

		/* With scribbled tails it may be written anew meanwhile. */
		if (!commit || __atomic_load_n(&record->commit, __ATOMIC_ACQUIRE) != commit || file->state == TSCOPE_RUNNING)
			continue;
		demand(fuzzer, OP_MMAP, file, vantage < TSCOPE_VANTAGES && kind >= TSCOPE_PACKET && kind <= TSCOPE_PROBE &&
		       header_len <= TSCOPE_HEADER_MAX && vantages >> vantage & 1, "no sound record");
	}
}

void look_at_rings(struct fuzzer *fuzzer, struct file *file)
{
	struct map *map = any_map(fuzzer, file);

	if (!map)
		return;
	if (map->offset == TSCOPE_MMAP_TAIL && map->writable)
		scribble(fuzzer, map);
	else if (map->offset == TSCOPE_MMAP_INFO)
		look_at_info(fuzzer, file, map);
	else if (map->offset >= TSCOPE_MMAP_DATA)
		look_at_records(fuzzer, file, map);
}
