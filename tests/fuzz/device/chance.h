/* SPDX-License-Identifier: MIT */
/* Chance that a seed repeats. */
#ifndef FUZZ_CHANCE_H
#define FUZZ_CHANCE_H

#include <stdint.h>
#include <string.h>

struct chance {
	uint64_t state;
};

/* SplitMix64 */
static inline uint64_t chance_next(struct chance *chance)
{
	uint64_t z = chance->state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static inline uint32_t below(struct chance *chance, uint32_t limit)
{
	return chance_next(chance) % limit;
}

static inline int one_in(struct chance *chance, uint32_t n)
{
	return !below(chance, n);
}

/* Small, large, and the borders of types and pages. */
static inline uint64_t any_value(struct chance *chance)
{
	static const uint64_t edges[] = { 0, 1, 2, 3, 8, 13, 14, 15, 16, 17, 18, 32, 63, 64, 65, 128, 255, 256,
					  4095, 4096, 65535, 65536, 1 << 20, (1 << 20) + 1, 1 << 22, INT32_MAX,
					  1ULL << 31, UINT32_MAX, 1ULL << 32, INT64_MAX, 1ULL << 63, UINT64_MAX };

	if (one_in(chance, 2))
		return edges[below(chance, sizeof(edges) / sizeof(edges[0]))];
	return chance_next(chance) >> below(chance, 64);
}

/* One to three places of `bytes` get another value. */
static inline void spoil(struct chance *chance, void *bytes, size_t size)
{
	for (uint32_t times = 1 + below(chance, 3); times; times--) {
		static const size_t widths[] = { 1, 2, 4, 8 };
		size_t width = widths[below(chance, 4)];
		uint64_t value = any_value(chance);

		if (width <= size)
			memcpy((char *)bytes + below(chance, size / width) * width, &value, width);
	}
}

#endif
