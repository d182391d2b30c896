/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_OPERATIONS_H
#define FUZZ_OPERATIONS_H

#include "fuzz.h"

#define OPERATION_NAMES                                                                                          \
	"open", "close", "INFO", "HOOK", "CONFIGURE", "START", "STOP", "ANCHOR", "TRAIN", "TRAIN_STATUS",        \
		"TRAIN_CANCEL", "mmap", "munmap", "mprotect", "poll", "foreign calls"

/* Counts the call and returns `error`, which is wrong if it is none of those expected. */
int judge(struct fuzzer *fuzzer, enum operation operation, struct file *file, int error, errnos expected);
void demand(struct fuzzer *fuzzer, enum operation operation, const struct file *file, int good, const char *what);
/* Puts an argument where it shall lie. */
void *put(struct fuzzer *fuzzer, enum place place, const void *bytes, size_t size);

/* trains.c */
void do_train(struct fuzzer *fuzzer, struct file *file);
void do_status(struct fuzzer *fuzzer, struct file *file);
void do_cancel(struct fuzzer *fuzzer, struct file *file);

/* maps.c */
void do_mmap(struct fuzzer *fuzzer, struct file *file);
void do_munmap(struct fuzzer *fuzzer, struct file *file);
void do_mprotect(struct fuzzer *fuzzer, struct file *file);
/* Reads what is mapped, and writes nonsense into tails. */
void look_at_rings(struct fuzzer *fuzzer, struct file *file);

#endif
