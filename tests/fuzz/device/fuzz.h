/* SPDX-License-Identifier: MIT */
/* What the fuzzer's parts share: files as the model sees them, threads and what they counted. */
#ifndef FUZZ_H
#define FUZZ_H

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "chance.h"
#include "uapi/tscope.h"

/* A set of errnos, 0 among them. */
typedef unsigned __int128 errnos;
#define E(error) ((errnos)1 << (error))

enum operation {
	OP_OPEN, OP_CLOSE, OP_INFO, OP_HOOK, OP_CONFIGURE, OP_START, OP_STOP, OP_ANCHOR, OP_TRAIN, OP_STATUS,
	OP_CANCEL, OP_MMAP, OP_MUNMAP, OP_MPROTECT, OP_POLL, OP_FOREIGN, OPERATIONS
};

#define FRAME_BYTES 256
#define PLAN_PROBES 16
#define TRAINS_PER_FILE 6
#define MAPS_PER_FILE 4
#define FILES 6

/* The two ends of a veth, by their indices. */
struct pair {
	uint32_t one, other;
};

/* A network namespace that will go; a thread holds it open until `leaving`. */
struct netns {
	atomic_int leaving;	/* it may be gone by now */
	struct pair pair;	/* which goes with it */
};

/* Where an argument lies. */
enum place { PLACE_GOOD, PLACE_NULL, PLACE_KERNEL, PLACE_CUT, PLACE_READ_ONLY };

struct plan {
	struct tscope_train train;	/* its pointers are filled in at the call */
	struct tscope_train_probe probes[PLAN_PROBES];
	uint8_t frame[FRAME_BYTES];
	uint8_t probes_at, frame_at;	/* enum place */
};

struct map {
	char *at;
	size_t bytes;
	uint64_t offset;
	int writable;
};

/* One open file, of which one thread alone knows. */
struct file {
	int fd;				/* -1: none */
	enum tscope_state state;	/* 0 until configured */
	struct tscope_config config;
	struct netns *netns;		/* NULL: the one that stays */
	int gone;			/* the file said that its namespace is */
	struct map maps[MAPS_PER_FILE];
	struct {
		uint32_t number;
		uint32_t count;
	} trains[TRAINS_PER_FILE];
	uint32_t trains_made;
};

struct tally {
	uint64_t tried, succeeded;
};

/* What a call was given, worth a mutation: it reached code that no call before had reached. */
struct find {
	enum operation operation;
	union {
		struct tscope_config config;
		struct plan plan;
	};
};

#define FINDS 256

struct fuzzer {
	unsigned int number;
	struct chance chance;
	struct file files[FILES];
	struct tally tally[OPERATIONS];
	uint64_t wrong;
	uint64_t *cover;		/* KCOV's; NULL without it */
	struct find finds[FINDS];
	unsigned int finds_made;
	char *page, *read_only;		/* one page, twice; an inaccessible one behind each */
	char *probes_end, *frame_end;	/* accessible before, not behind */
};

/* --- world.c: what is around the files --- */

struct world {
	struct tscope_info info;
	uint32_t available[3];		/* vantage points by protocol: TCP, UDP, ICMP */
	uint64_t ring_limit;
	uint32_t lo;			/* in every namespace */
	struct pair pair;		/* which stays */
	_Atomic uint32_t passing;	/* index of a device that comes and goes */
	_Atomic(struct file *) gift;	/* a file in a namespace that will go, for whoever takes it */
	atomic_int over;
	atomic_ullong packets, devices, namespaces;
};

extern struct world world;

void world_begin(uint64_t seed);
void world_end(void);

/* --- model.c --- */

/* Vantage points that some of these protocols pass. */
uint32_t available_to(uint32_t protocols);
int config_is_train(const struct tscope_config *config);
size_t ring_bytes_of(const struct tscope_config *config);
size_t info_bytes_of(void);
size_t tail_bytes_of(void);
/* The length of the region at `offset`; 0: there is none. */
size_t region_bytes(const struct file *file, uint64_t offset, int *writable);

errnos expect_configure(const struct file *file, const struct tscope_config *config);
errnos expect_start(const struct file *file);
errnos expect_stop(const struct file *file);
errnos expect_train(const struct file *file, const struct plan *plan, uint64_t now);
errnos expect_mmap(const struct file *file, size_t bytes, int prot, int flags, uint64_t offset);
/* What poll() may say. */
short expect_poll(const struct file *file, short *must);

/* --- inputs.c --- */

struct tscope_config make_config(struct fuzzer *fuzzer);
struct plan make_plan(struct fuzzer *fuzzer, const struct file *file);

/* --- operations.c --- */

/* One call; counts it, and compares with the model. */
void operate(struct fuzzer *fuzzer);
void close_file(struct fuzzer *fuzzer, struct file *file);

/* --- cover.c --- */

/* Where the module's functions are; before any thread. */
void cover_functions(void);
/* Of the calling thread; true if there is KCOV. */
int cover_begin(struct fuzzer *fuzzer);
/* True if the last call reached code that none had reached; what it reached is noted. */
int cover_news(struct fuzzer *fuzzer);
/* Each function of the module, with the number of places in it that calls reached, into the file `name`. */
void cover_report(const char *name);

#endif
