/* SPDX-License-Identifier: MIT */
/* A small train to be spoilt, for tests that say wrong things about trains. */
#ifndef TEST_REQUEST_H
#define TEST_REQUEST_H

#include <net/if.h>
#include <sched.h>

#include "train.h"

#define PROBES 20
#define GAP_NS 50000
#define FAR_AWAY_NS (1000ULL * 1000000000)

static uint32_t lo;

struct request {
	struct tscope_train train;
	struct tscope_train_probe probes[PROBES];
	uint8_t frame[FRAME];
};

static inline void make_good(struct request *good)
{
	memset(good, 0, sizeof(*good));
	make_frame(good->frame, "127.0.0.1", "127.0.0.1");
	periodic(good->probes, PROBES, 0, GAP_NS);
	good->train = train_of(good->frame, good->probes, PROBES, lo, 0);
}

static inline int submit_errno(int fd, struct tscope_train train)
{
	return try_ioctl(fd, TSCOPE_IOC_TRAIN, &train);
}

static inline void cancel_all(int fd)
{
	uint32_t every = 0;

	try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &every);
}

/* All that the module holds at once; 0 if it is full before that. */
static inline int fills_up_at(int fd, uint32_t trains)
{
	struct request r;
	uint32_t i;

	make_good(&r);
	r.train.count = 1;
	r.probes[0].at_ns = FAR_AWAY_NS;
	for (i = 0; i < trains; i++) {
		if (submit_errno(fd, r.train))
			return 0;
	}
	return submit_errno(fd, r.train) == EDQUOT;
}

/* A network namespace with nothing but loopback; sets `lo`. */
static inline void private_loopback(void)
{
	if (unshare(CLONE_NEWNET)) {
		perror("unshare");
		exit(2);
	}
	interface_up("lo");
	lo = if_nametoindex("lo");
}

#endif
