// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 */
/*
 * The device from a 32-bit process. Built with -m32 and without a C library, which this machine has
 * for 64 bits only; system calls go by interrupt 0x80.
 */
#include <stddef.h>

#include "uapi/tscope.h"

enum { CALL_EXIT = 1, CALL_WRITE = 4, CALL_OPEN = 5, CALL_IOCTL = 54, CALL_MMAP2 = 192 };
enum { READABLE = 1, WRITABLE = 2, SHARED = 1, READ_WRITE = 2, NO_SUCH_IOCTL = 25, PAGE_BITS = 12 };

static int failed;

static long call(long number, long a, long b, long c, long d, long e, long f)
{
	/* The sixth argument goes by the frame pointer, which can't be named as an operand. */
	const long rest[] = { number, f };
	long result;

	__asm__ volatile("push %%ebp; mov 4(%%eax), %%ebp; mov (%%eax), %%eax; int $0x80; pop %%ebp"
			 : "=a"(result)
			 : "a"(rest), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
			 : "memory");
	return result;
}

static void say(const char *text)
{
	long length = 0;

	while (text[length])
		length++;
	call(CALL_WRITE, 1, (long)text, length, 0, 0, 0);
}

static void check(int good, const char *name)
{
	say(good ? "ok " : "not ok ");
	say(name);
	say("\n");
	failed += !good;
}

static long try_ioctl(long fd, unsigned long command, const void *argument)
{
	return call(CALL_IOCTL, fd, (long)command, (long)argument, 0, 0, 0);
}

static void *map(long fd, __u64 offset, long bytes, long access)
{
	long at = call(CALL_MMAP2, 0, bytes, access, SHARED, fd, (long)(offset >> PAGE_BITS));

	/* The last page's addresses are errors. */
	return (unsigned long)at > -4096UL ? NULL : (void *)at;
}

static void session(long fd, __u32 cpus)
{
	const long page = 1L << PAGE_BITS;
	const long describing = (long)(sizeof(struct tscope_map_info) + cpus * sizeof(struct tscope_ring_info));
	struct tscope_config config = {
		.interface_version = TSCOPE_INTERFACE_VERSION,
		.vantages = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX),
		.slots = 64,
		.watermark = 1,
		.filter.protocols = TSCOPE_PROTO_TCP,
	};
	const struct tscope_map_info *info;

	check(try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) == 0, "a 32-bit process configures a session");
	info = map(fd, TSCOPE_MMAP_INFO, (describing + page - 1) / page * page, READABLE);
	check(info && info->record_size == sizeof(struct tscope_record) && info->slots == 64,
	      "maps what describes the rings");
	if (info) {
		check(map(fd, TSCOPE_MMAP_TAIL, (long)info->tail_bytes, READABLE | WRITABLE) != NULL, "and the tails");
		check(map(fd, TSCOPE_MMAP_DATA, (long)info->ring_bytes, READABLE) != NULL, "and a ring");
		check(try_ioctl(fd, TSCOPE_IOC_START, NULL) == 0 && info->state == TSCOPE_RUNNING, "starts it");
	}
	check(try_ioctl(fd, TSCOPE_IOC_STOP, NULL) == 0, "and stops it");
}

static int run(void)
{
	long fd = call(CALL_OPEN, (long)TSCOPE_DEVICE, READ_WRITE, 0, 0, 0, 0);
	struct tscope_anchor anchor = { 0 };
	struct tscope_hook hook = { .index = 1 };
	struct tscope_info info = { 0 };

	check(fd >= 0, "a 32-bit process opens the device");
	check(try_ioctl(fd, TSCOPE_IOC_INFO, &info) == 0 && info.interface_version == TSCOPE_INTERFACE_VERSION &&
	      info.record_size == sizeof(struct tscope_record), "learns the geometry");
	check(try_ioctl(fd, TSCOPE_IOC_HOOK, &hook) == 0 && hook.name[0] && !hook.pad, "is told of a hook");
	check(try_ioctl(fd, TSCOPE_IOC_ANCHOR, &anchor) == 0 && anchor.tsc && anchor.realtime_ns, "gets an anchor");
	check(try_ioctl(fd, TSCOPE_IOC_ANCHOR + 64, &anchor) == -NO_SUCH_IOCTL, "and is refused what there is not");
	session(fd, info.cpus);
	return failed != 0;
}

__attribute__((force_align_arg_pointer)) void _start(void)
{
	call(CALL_EXIT, run(), 0, 0, 0, 0, 0);
	__builtin_unreachable();
}
