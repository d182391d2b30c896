/* SPDX-License-Identifier: GPL-2.0-only */
/* What a user may ask for, and the train that is made of it. */
#ifndef TSCOPE_TRAIN_REQUEST_H
#define TSCOPE_TRAIN_REQUEST_H

#include <linux/types.h>

struct tscope_probe_train;
struct tscope_train;

/* 0 or a negative errno, by the request's own fields. */
int tscope_train_check(const struct tscope_train *request);

/* How much memory it takes. */
size_t tscope_train_bytes(const struct tscope_train *request);

/* Without its probes and its frame, in no queue; NULL without memory. */
struct tscope_probe_train *tscope_train_new(void);
/* With everything checked that can be checked without the device; or a negative errno. Reads user memory. */
int tscope_train_fill(struct tscope_probe_train *train, const struct tscope_train *request);
/* In no queue, and its device let go. */
void tscope_train_free(struct tscope_probe_train *train);

#endif
