/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reading the kernel's memory. A call of bpf_probe_read_kernel() takes 25 ns and more, a load by
 * a pointer to a kernel type next to nothing: where the kernel casts any address to such a pointer
 * (Linux 6.2 and later), all is read by loads. An address that can't be read gives zeros.
 */
#ifndef TSCOPE_READ_BPF_H
#define TSCOPE_READ_BPF_H

#include "clock.bpf.h"

/*
 * Weak, as all functions of the kernel here: the loader says in `config` what there is, and the
 * verifier takes the other calls out. Before Linux 5.16 it would not: TSCOPE_NO_KFUNCS is for those.
 */
#ifndef TSCOPE_NO_KFUNCS
extern void *bpf_rdonly_cast(const void *address, __u32 type) __ksym __weak;
extern int bpf_dynptr_from_skb(struct sk_buff *skb, __u64 flags, struct bpf_dynptr *bytes)
	__ksym __weak;
#define CASTS (config.casts)
#define PAGES (config.pages)
#else
#define bpf_rdonly_cast(address, type) ((void *)(address))
#define bpf_dynptr_from_skb(skb, flags, bytes) (-1)
#define CASTS 0
#define PAGES 0
#endif

/* read_field(TYPE, POINTER, FIELD): POINTER is any address where the kernel has a TYPE. */
#define read_field(type, pointer, field)						\
	({										\
		__typeof__(((type *)0)->field) read_value;				\
		if (CASTS) {								\
			const type *read_from = bpf_rdonly_cast(			\
				pointer, bpf_core_type_id_kernel(type));		\
			read_value = read_from->field;					\
		} else {								\
			read_value = BPF_CORE_READ((const type *)(pointer), field);	\
		}									\
		read_value;								\
	})

/* Of an IPv4 and a TCP header without options. */
#define FIRST_WORDS_V4 5

/* A type of the kernel's that begins with 16 words, none of them a pointer. */
static __always_inline const __u64 *words_at(const void *address)
{
	return bpf_rdonly_cast(address, bpf_core_type_id_kernel(struct pt_regs));
}

/* `words`: a constant. */
static __always_inline void read_words(__u64 *to, __u32 words, const void *from)
{
	__u32 i;

	if (CASTS) {
		const __u64 *word = words_at(from);

#pragma unroll
		for (i = 0; i < words; i++)
			to[i] = word[i];
	} else {
		bpf_probe_read_kernel(to, words * sizeof(*to), from);
	}
}

#define COPY_WORD(i, source)							\
	if ((i) * sizeof(*to) >= length)					\
		return;								\
	to[i] = source[i];
#define COPY_5_WORDS(i, source)							\
	COPY_WORD(i, source)							\
	COPY_WORD((i) + 1, source)						\
	COPY_WORD((i) + 2, source)						\
	COPY_WORD((i) + 3, source)						\
	COPY_WORD((i) + 4, source)

/*
 * `length` bytes, rounded up to words, no more than TSCOPE_HEADER_MAX. The first FIRST_WORDS_V4 words
 * were read already.
 */
static __always_inline void copy_header(__u8 *header, const __u64 *first, const void *from,
					__u32 length)
{
	__u64 *to = (void *)header;

	if (CASTS) {
		const __u64 *word = words_at(from);

		COPY_5_WORDS(0, first)
		COPY_5_WORDS(5, word)
		COPY_5_WORDS(10, word)
		COPY_WORD(15, word)
		return;
	}
	/* Older verifiers lose sight of a bound that the compiler checks on a copy. */
	barrier_var(length);
	if (length > TSCOPE_HEADER_MAX)
		length = TSCOPE_HEADER_MAX;
	barrier_var(length);
	bpf_probe_read_kernel(header, length, from);
}

/*
 * From a packet's page fragments too, where programs may (Linux 6.12 and later, tracepoints); no
 * more than TSCOPE_HEADER_MAX bytes, which are there.
 */
static __always_inline bool read_pages(const struct sk_buff *skb, __u32 offset, void *to,
				       __u32 length)
{
	struct bpf_dynptr bytes;

	if (!PAGES)
		return false;
	if (bpf_dynptr_from_skb((struct sk_buff *)skb, 0, &bytes))
		return false;
	barrier_var(length);
	if (length > TSCOPE_HEADER_MAX)
		length = TSCOPE_HEADER_MAX;
	barrier_var(length);
	return !bpf_dynptr_read(to, length, &bytes, offset, 0);
}

#endif
