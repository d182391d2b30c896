// SPDX-License-Identifier: MIT
/* One call at a time, chosen by chance, judged by the model. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "operations.h"

#define PAGE 4096UL
#define TOLD_MOST 20

static const char *const names[OPERATIONS] = { OPERATION_NAMES };

static void tell_wrong(struct fuzzer *fuzzer, enum operation operation, const struct file *file, const char *what)
{
	if (fuzzer->wrong++ < TOLD_MOST)
		fprintf(stderr, "thread %u, call %llu: %s (state %d, flags %#x%s): %s\n", fuzzer->number,
			(unsigned long long)fuzzer->tally[operation].tried, names[operation], file ? (int)file->state : -1,
			file ? file->config.flags : 0, file && file->netns ? ", its namespace may go" : "", what);
}

int judge(struct fuzzer *fuzzer, enum operation operation, struct file *file, int error, errnos expected)
{
	char what[160];
	int at;

	fuzzer->tally[operation].tried++;
	fuzzer->tally[operation].succeeded += !error;
	if (file && file->netns && error == ENXIO)
		file->gone = 1;
	if (expected >> error & 1)
		return error;
	at = snprintf(what, sizeof(what), "got %s, expected", strerrorname_np(error) ? strerrorname_np(error) : "no error");
	for (int i = 0; i < 128 && at < 120; i++) {
		if (expected >> i & 1)
			at += snprintf(what + at, sizeof(what) - at, " %s", i ? strerrorname_np(i) : "0");
	}
	tell_wrong(fuzzer, operation, file, what);
	return error;
}

void demand(struct fuzzer *fuzzer, enum operation operation, const struct file *file, int good, const char *what)
{
	if (!good)
		tell_wrong(fuzzer, operation, file, what);
}

void *put(struct fuzzer *fuzzer, enum place place, const void *bytes, size_t size)
{
	switch (place) {
	case PLACE_NULL:
		return NULL;
	case PLACE_KERNEL:
		return (void *)(UINTPTR_MAX - 4095 - below(&fuzzer->chance, 1 << 20) * PAGE);
	case PLACE_CUT:
		memcpy(fuzzer->page + PAGE - (size - 1), bytes, size - 1);
		return fuzzer->page + PAGE - (size - 1);
	case PLACE_READ_ONLY:
		memcpy(fuzzer->page + PAGE - size, bytes, size);
		return fuzzer->read_only + PAGE - size;
	default:
		memcpy(fuzzer->page + PAGE - size, bytes, size);
		return fuzzer->page + PAGE - size;
	}
}

static int call(const struct file *file, unsigned long command, void *argument)
{
	return ioctl(file->fd, command, argument) < 0 ? errno : 0;
}

/* An argument that is nearly always where it should be. */
static enum place any_place(struct fuzzer *fuzzer)
{
	return one_in(&fuzzer->chance, 6) ? 1 + below(&fuzzer->chance, PLACE_READ_ONLY) : PLACE_GOOD;
}

/* An ioctl that only reads its argument does not mind where it can't be written. */
static int readable(enum place place) { return place == PLACE_GOOD || place == PLACE_READ_ONLY; }

static void do_open(struct fuzzer *fuzzer, struct file *file)
{
	struct file *gift;

	/* A file in a namespace that will go, made by another thread. */
	if (one_in(&fuzzer->chance, 2) && (gift = atomic_exchange(&world.gift, NULL))) {
		*file = *gift;
		free(gift);
		return;
	}
	*file = (struct file){ .fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC) };
	judge(fuzzer, OP_OPEN, NULL, file->fd < 0 ? errno : 0, E(0));
}

void close_file(struct fuzzer *fuzzer, struct file *file)
{
	int fd = file->fd, early = one_in(&fuzzer->chance, 2);

	if (!early)
		judge(fuzzer, OP_CLOSE, file, close(fd) ? errno : 0, E(0));
	for (int i = 0; i < MAPS_PER_FILE; i++) {
		if (file->maps[i].at)
			munmap(file->maps[i].at, file->maps[i].bytes);
	}
	if (early)
		judge(fuzzer, OP_CLOSE, file, close(fd) ? errno : 0, E(0));
	*file = (struct file){ .fd = -1 };
}

static void do_info(struct fuzzer *fuzzer, struct file *file)
{
	enum place place = any_place(fuzzer);
	struct tscope_info nothing = { 0 };
	void *at = put(fuzzer, place, &nothing, sizeof(nothing));

	if (!judge(fuzzer, OP_INFO, file, call(file, TSCOPE_IOC_INFO, at), place ? E(EFAULT) : E(0)))
		demand(fuzzer, OP_INFO, file, !memcmp(at, &world.info, sizeof(world.info)), "another answer than before");
}

static void do_hook(struct fuzzer *fuzzer, struct file *file)
{
	struct tscope_hook hook = { .index = below(&fuzzer->chance, world.info.hooks) };
	enum place place = any_place(fuzzer);
	errnos expected;
	void *at;

	if (one_in(&fuzzer->chance, 8))
		spoil(&fuzzer->chance, &hook, sizeof(hook));
	at = put(fuzzer, place, &hook, sizeof(hook));
	/* A wrong index in an argument that can't be written has two mistakes. */
	expected = readable(place) && hook.index >= world.info.hooks ? E(EINVAL) : place ? E(EFAULT) : E(0);
	if (!judge(fuzzer, OP_HOOK, file, call(file, TSCOPE_IOC_HOOK, at), expected)) {
		struct tscope_hook *got = at;

		demand(fuzzer, OP_HOOK, file, got->vantage <= TSCOPE_VANTAGES && got->state <= TSCOPE_HOOK_UNNEEDED &&
		       got->name[0] && memchr(got->name, 0, sizeof(got->name)), "no sound description");
	}
}

static void do_anchor(struct fuzzer *fuzzer, struct file *file)
{
	enum place place = any_place(fuzzer);
	struct tscope_anchor nothing = { 0 };
	void *at = put(fuzzer, place, &nothing, sizeof(nothing));
	uint64_t before = __builtin_ia32_rdtsc();

	if (!judge(fuzzer, OP_ANCHOR, file, call(file, TSCOPE_IOC_ANCHOR, at), place ? E(EFAULT) : E(0))) {
		struct tscope_anchor *anchor = at;

		demand(fuzzer, OP_ANCHOR, file, anchor->tsc >= before && anchor->tsc <= __builtin_ia32_rdtsc() &&
		       anchor->realtime_ns && anchor->monotonic_raw_ns, "not between the time before and after");
	}
}

static void do_configure(struct fuzzer *fuzzer, struct file *file)
{
	enum place place = any_place(fuzzer);
	struct tscope_config config = make_config(fuzzer);
	void *at = put(fuzzer, place, &config, sizeof(config));
	errnos expected = readable(place) ? expect_configure(file, &config) : E(EFAULT);
	int error = call(file, TSCOPE_IOC_CONFIGURE, at);

	/* Its namespace may have begun to go during the call. */
	if (readable(place))
		expected |= expect_configure(file, &config);
	if (readable(place) && cover_news(fuzzer))
		fuzzer->finds[fuzzer->finds_made++ % FINDS] = (struct find){ .operation = OP_CONFIGURE, .config = config };
	if (!judge(fuzzer, OP_CONFIGURE, file, error, expected)) {
		file->state = TSCOPE_CONFIGURED;
		file->config = config;
	}
}

static void do_start(struct fuzzer *fuzzer, struct file *file)
{
	errnos expected = expect_start(file);
	int error = call(file, TSCOPE_IOC_START, NULL);

	/* Its namespace may have begun to go during the call. */
	expected |= expect_start(file);
	if (!judge(fuzzer, OP_START, file, error, expected))
		file->state = TSCOPE_RUNNING;
}

static void do_stop(struct fuzzer *fuzzer, struct file *file)
{
	if (!judge(fuzzer, OP_STOP, file, call(file, TSCOPE_IOC_STOP, NULL), expect_stop(file)))
		file->state = TSCOPE_STOPPED;
}

static void do_poll(struct fuzzer *fuzzer, struct file *file)
{
	struct pollfd waiting = { .fd = file->fd, .events = POLLIN };
	short must, must_then, may = expect_poll(file, &must);

	judge(fuzzer, OP_POLL, file, poll(&waiting, 1, 0) < 0 ? errno : 0, E(0));
	/* Its namespace may have begun to go during the call. */
	may |= expect_poll(file, &must_then);
	demand(fuzzer, OP_POLL, file, !(waiting.revents & ~may) && (waiting.revents & must) == must, "not what it should say");
	if (file->netns && waiting.revents & POLLHUP && file->state != TSCOPE_STOPPED)
		file->gone = 1;
}

/* Calls that the device does not know. */
static void do_foreign(struct fuzzer *fuzzer, struct file *file)
{
	static const unsigned long known[] = { TSCOPE_IOC_INFO, TSCOPE_IOC_HOOK, TSCOPE_IOC_CONFIGURE, TSCOPE_IOC_ANCHOR,
					       TSCOPE_IOC_TRAIN, TSCOPE_IOC_TRAIN_STATUS, TSCOPE_IOC_TRAIN_CANCEL };
	struct chance *chance = &fuzzer->chance;
	unsigned long command;

	switch (below(chance, 6)) {
	case 0:
		judge(fuzzer, OP_FOREIGN, file, read(file->fd, fuzzer->page, 16) < 0 ? errno : 0, E(EINVAL));
		break;
	case 1:
		judge(fuzzer, OP_FOREIGN, file, write(file->fd, fuzzer->page, 16) < 0 ? errno : 0, E(EINVAL));
		break;
	case 2:
		judge(fuzzer, OP_FOREIGN, file, lseek(file->fd, any_value(chance), SEEK_SET) < 0 ? errno : 0, E(ESPIPE));
		break;
	case 3: /* another size, so another version */
		command = known[below(chance, 7)];
		command ^= (unsigned long)(1 + below(chance, _IOC_SIZEMASK)) << _IOC_SIZESHIFT;
		judge(fuzzer, OP_FOREIGN, file, call(file, command, fuzzer->page), E(ENOTTY));
		break;
	default:
		command = _IOC(below(chance, 4), TSCOPE_IOC_MAGIC, 9 + below(chance, 247), below(chance, _IOC_SIZEMASK));
		judge(fuzzer, OP_FOREIGN, file, call(file, command, fuzzer->page), E(ENOTTY));
	}
}

/* How often each is tried, out of all. What costs the kernel little is tried more often. */
static const struct {
	void (*operate)(struct fuzzer *fuzzer, struct file *file);
	uint32_t weight;
} choices[] = {
	{ do_info, 120 }, { do_hook, 120 }, { do_anchor, 120 }, { do_status, 170 }, { do_poll, 120 }, { do_mmap, 70 },
	{ do_munmap, 40 }, { do_mprotect, 15 }, { do_cancel, 50 }, { do_train, 25 }, { do_foreign, 40 }, { look_at_rings, 30 },
	{ do_configure, 8 }, { do_start, 4 }, { do_stop, 2 },
};

/* A file gets on sooner or later, and another takes its place. */
static void live(struct fuzzer *fuzzer, struct file *file)
{
	if (file->fd < 0)
		return do_open(fuzzer, file);
	/* One whose namespace is gone gets no further. */
	if (file->gone)
		return close_file(fuzzer, file);
	switch ((int)file->state) {
	case 0:
		return do_configure(fuzzer, file);
	case TSCOPE_CONFIGURED:
		return do_start(fuzzer, file);
	case TSCOPE_RUNNING:
		if (one_in(&fuzzer->chance, 4))
			return close_file(fuzzer, file);
		return do_stop(fuzzer, file);
	default:
		close_file(fuzzer, file);
	}
}

void operate(struct fuzzer *fuzzer)
{
	struct file *file = &fuzzer->files[below(&fuzzer->chance, FILES)];
	static uint32_t weights;
	uint32_t at;

	if (!weights) {
		uint32_t sum = 0;

		for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
			sum += choices[i].weight;
		weights = sum;
	}
	cover_news(fuzzer);
	if (file->fd < 0 || one_in(&fuzzer->chance, file->state == TSCOPE_RUNNING ? 800 : 100))
		return live(fuzzer, file);
	at = below(&fuzzer->chance, weights);
	for (size_t i = 0;; at -= choices[i++].weight) {
		if (at < choices[i].weight)
			return choices[i].operate(fuzzer, file);
	}
}
