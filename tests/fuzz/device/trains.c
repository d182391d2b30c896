// SPDX-License-Identifier: MIT
#include <sys/ioctl.h>

#include "operations.h"

static int call(const struct file *file, unsigned long command, void *argument)
{
	return ioctl(file->fd, command, argument) < 0 ? errno : 0;
}

/* Its end is the end of what can be read, so that one more is one too many. */
static uint64_t put_before(enum place place, const void *bytes, size_t size, char *end)
{
	switch (place) {
	case PLACE_NULL:
		return 0;
	case PLACE_KERNEL:
		return UINT64_MAX - 4095;
	default:
		memcpy(end - size, bytes, size);
		/* Cut: even the first byte is behind the end. */
		return (uintptr_t)(place == PLACE_CUT ? end : end - size);
	}
}

/* The train's number can't be written where only reading is allowed. */
static errnos expect_train_at(enum place place, const struct file *file, const struct plan *plan, uint64_t now)
{
	errnos expected = expect_train(file, plan, now);

	if (place == PLACE_READ_ONLY)
		return (expected & ~E(0)) | (expected & E(0) ? E(EFAULT) : 0);
	return place ? E(EFAULT) : expected;
}

void do_train(struct fuzzer *fuzzer, struct file *file)
{
	struct plan plan = make_plan(fuzzer, file);
	enum place place = PLACE_GOOD;
	struct tscope_train *train;
	errnos expected;
	uint64_t now;
	int error;
	void *at;

	/* As many as a file may have: all of all files are fewer than the module takes. */
	if (file->trains_made == TRAINS_PER_FILE) {
		plan.train.pad2 = 1;
	} else if (one_in(&fuzzer->chance, 16)) {
		place = 1 + below(&fuzzer->chance, PLACE_READ_ONLY);
	}
	plan.train.probes = put_before(plan.probes_at, plan.probes, sizeof(plan.probes), fuzzer->probes_end);
	plan.train.frame = put_before(plan.frame_at, plan.frame, sizeof(plan.frame), fuzzer->frame_end);
	at = put(fuzzer, place, &plan.train, sizeof(plan.train));
	now = __builtin_ia32_rdtsc();
	expected = expect_train_at(place, file, &plan, now);
	error = call(file, TSCOPE_IOC_TRAIN, at);
	/* Its namespace may have begun to go during the call. */
	expected |= expect_train_at(place, file, &plan, now);
	if (cover_news(fuzzer))
		fuzzer->finds[fuzzer->finds_made++ % FINDS] = (struct find){ .operation = OP_TRAIN, .plan = plan };
	/* A train whose number could not be told is under way all the same. */
	if (error == EFAULT && place == PLACE_READ_ONLY && file->trains_made < TRAINS_PER_FILE)
		file->trains[file->trains_made++].number = 0;
	if (judge(fuzzer, OP_TRAIN, file, error, expected))
		return;
	train = at;
	demand(fuzzer, OP_TRAIN, file, train->number && train->start_tsc, "no number or start");
	file->trains[file->trains_made].number = train->number;
	file->trains[file->trains_made++].count = plan.train.count;
}

/* One of the file's trains, or none: number 0 is never one. */
static uint32_t any_train(struct fuzzer *fuzzer, const struct file *file, uint32_t *count)
{
	uint32_t which;

	*count = 0;
	if (!file->trains_made || one_in(&fuzzer->chance, 8))
		return 0;
	which = below(&fuzzer->chance, file->trains_made);
	*count = file->trains[which].count;
	return file->trains[which].number;
}

void do_status(struct fuzzer *fuzzer, struct file *file)
{
	struct tscope_train_status status = { 0 };
	enum place place = one_in(&fuzzer->chance, 8) ? 1 + below(&fuzzer->chance, PLACE_READ_ONLY) : PLACE_GOOD;
	struct tscope_train_status *got;
	uint32_t count;
	errnos expected;

	status.number = any_train(fuzzer, file, &count);
	expected = status.number ? E(0) : E(ENOENT);
	if (place == PLACE_READ_ONLY)
		expected = status.number ? E(EFAULT) : E(ENOENT);
	else if (place)
		expected = E(EFAULT);
	got = put(fuzzer, place, &status, sizeof(status));
	if (judge(fuzzer, OP_STATUS, file, call(file, TSCOPE_IOC_TRAIN_STATUS, got), expected))
		return;
	demand(fuzzer, OP_STATUS, file, got->sent + got->failed + got->left == count, "probes are unaccounted for");
	demand(fuzzer, OP_STATUS, file, got->state == TSCOPE_TRAIN_RUNNING ? file->state == TSCOPE_RUNNING :
	       got->state == TSCOPE_TRAIN_DONE ? !got->left : got->state == TSCOPE_TRAIN_ENDED && got->reason,
	       "a state that can't be");
}

void do_cancel(struct fuzzer *fuzzer, struct file *file)
{
	uint32_t count, number = any_train(fuzzer, file, &count);
	enum place place = one_in(&fuzzer->chance, 8) ? 1 + below(&fuzzer->chance, PLACE_READ_ONLY) : PLACE_GOOD;
	errnos expected = E(0);

	/* 0 is all of them, be there any or not. */
	if (one_in(&fuzzer->chance, 16)) {
		number = 1U << 31 | chance_next(&fuzzer->chance);
		expected = E(ENOENT);
	}
	if (place != PLACE_GOOD && place != PLACE_READ_ONLY)
		expected = E(EFAULT);
	judge(fuzzer, OP_CANCEL, file, call(file, TSCOPE_IOC_TRAIN_CANCEL, put(fuzzer, place, &number, sizeof(number))), expected);
}
