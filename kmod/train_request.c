// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "clock.h"
#include "train.h"
#include "train_frame.h"
#include "train_request.h"

#define PROBES_MAX	(1U << 22)
#define FRAME_MAX	(64U << 10)
#define LENGTH_MAX_NS	(7ULL * 24 * 3600 * NSEC_PER_SEC)
#define LATE_MAX_NS	NSEC_PER_SEC

int tscope_train_check(const struct tscope_train *request)
{
	if (request->pad || request->pad2 || !request->count || !request->frame_len ||
	    request->flags & ~(TSCOPE_TRAIN_QDISC | TSCOPE_TRAIN_TIMER | TSCOPE_TRAIN_NORMAL) ||
	    request->late_ns > LATE_MAX_NS)
		return -EINVAL;
	if (request->frame_len > FRAME_MAX)
		return -EMSGSIZE;
	return request->count > PROBES_MAX ? -EDQUOT : 0;
}

static int check_probes(const struct tscope_train_probe *probes, const struct tscope_train *request)
{
	u32 i;

	for (i = 0; i < request->count; i++) {
		if (probes[i].pad || !probes[i].len || probes[i].len > request->frame_len ||
		    probes[i].at_ns > LENGTH_MAX_NS || (i && probes[i].at_ns <= probes[i - 1].at_ns))
			return -EINVAL;
		if (i % (1 << 16) == 0)
			cond_resched();
	}
	return 0;
}

void tscope_train_free(struct tscope_probe_train *train)
{
	/* Its device may be gone. */
	if (train->skb)
		train->skb->dev = NULL;
	kfree_skb(train->skb);
	kvfree(train->probes);
	kvfree(train->frame);
	kfree(train);
}

static void *copy_in(u64 user, size_t bytes)
{
	/* RETRY_MAYFAIL: a control group's limit refuses it, and nobody is killed for it. */
	void *copy = kvmalloc(bytes, GFP_KERNEL_ACCOUNT | __GFP_RETRY_MAYFAIL | __GFP_NOWARN);

	if (!copy)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(copy, u64_to_user_ptr(user), bytes)) {
		kvfree(copy);
		return ERR_PTR(-EFAULT);
	}
	return copy;
}

size_t tscope_train_bytes(const struct tscope_train *request)
{
	return request->frame_len + array_size(request->count, sizeof(struct tscope_train_probe));
}

struct tscope_probe_train *tscope_train_new(void)
{
	struct tscope_probe_train *train = kzalloc(sizeof(*train), GFP_KERNEL_ACCOUNT);

	if (!train)
		return NULL;
	INIT_LIST_HEAD(&train->all);
	RB_CLEAR_NODE(&train->node);
	return train;
}

int tscope_train_fill(struct tscope_probe_train *train, const struct tscope_train *request)
{
	void *copy;
	int err;

	copy = copy_in(request->probes, array_size(request->count, sizeof(*train->probes)));
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	train->probes = copy;
	copy = copy_in(request->frame, request->frame_len);
	if (IS_ERR(copy))
		return PTR_ERR(copy);
	train->frame = copy;
	err = check_probes(train->probes, request);
	if (err)
		return err;
	err = tscope_frame_parse(train, request);
	if (err)
		return err;
	train->count = request->count;
	train->flags = request->flags;
	train->cpu = request->cpu;
	train->ifindex = request->ifindex;
	train->late_ticks = tscope_ns_to_ticks(request->late_ns);
	train->status.left = request->count;
	return 0;
}
