// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* Everything wrong that a program can say about trains, and the exact errno it must get. */
#define _GNU_SOURCE

#include "request.h"

static uint32_t tsc_khz;

static void wrong_trains(int fd)
{
	struct request good, r;
	struct tscope_train *t = &r.train;

	make_good(&good);
#define REFUSED(wanted, change, name)                                              \
	do {                                                                       \
		r = good;                                                          \
		t->probes = (uintptr_t)r.probes;                                   \
		t->frame = (uintptr_t)r.frame;                                     \
		change;                                                            \
		int got = submit_errno(fd, *t);                                    \
		if (got != (wanted))                                               \
			fprintf(stderr, "%s: got %s\n", name, strerror(got));      \
		check(got == (wanted), name " is " #wanted);                       \
	} while (0)
	REFUSED(0, , "a train as it should be");
	REFUSED(EFAULT, t->probes = 0, "probes at NULL");
	REFUSED(EFAULT, t->probes = -4096ULL, "probes at a kernel address");
	REFUSED(EFAULT, t->frame = 0, "frame at NULL");
	REFUSED(EFAULT, t->frame = 1ULL << 63, "frame beyond the address space");
	REFUSED(EINVAL, t->count = 0, "no probe");
	REFUSED(EDQUOT, t->count = (1 << 22) + 1, "a probe too many");
	REFUSED(EDQUOT, t->count = UINT32_MAX, "2^32 - 1 probes");
	REFUSED(EFAULT, t->count = 1 << 22, "more probes than there are in memory");
	REFUSED(EINVAL, t->frame_len = 0, "an empty frame");
	REFUSED(EMSGSIZE, t->frame_len = 65537, "a frame above 64 KiB");
	REFUSED(EMSGSIZE, t->frame_len = UINT32_MAX, "a frame of 2^32 - 1 bytes");
	REFUSED(EINVAL, t->flags = 8, "an unknown flag");
	REFUSED(EINVAL, t->pad = 1, "padding in use");
	REFUSED(EINVAL, t->pad2 = 1, "the other padding in use");
	REFUSED(EINVAL, t->late_ns = 1000000001, "lateness above a second");
	REFUSED(EINVAL, t->start_tsc = 1, "a start long ago");
	REFUSED(EINVAL, t->start_tsc = UINT64_MAX, "a start at the end of time");
	REFUSED(EINVAL, t->start_tsc = __builtin_ia32_rdtsc() + 3601000ULL * tsc_khz, "a start in more than an hour");
	REFUSED(EHOSTDOWN, t->cpu = 4096, "a CPU that is not there");
	REFUSED(EHOSTDOWN, t->cpu = UINT32_MAX, "CPU 2^32 - 1");
	REFUSED(ENODEV, t->ifindex = 0, "interface 0");
	REFUSED(ENODEV, t->ifindex = 9999, "an interface that is not there");
	REFUSED(ENODEV, t->ifindex = UINT32_MAX, "interface 2^32 - 1");

	REFUSED(EINVAL, r.probes[3].at_ns = r.probes[2].at_ns, "two probes at one time");
	REFUSED(EINVAL, r.probes[3].at_ns = 0, "a time before the one before");
	REFUSED(EINVAL, r.probes[PROBES - 1].at_ns = UINT64_MAX, "a time at the end of time");
	REFUSED(EINVAL, r.probes[PROBES - 1].at_ns = 8ULL * 86400 * 1000000000, "a train of eight days");
	REFUSED(EINVAL, r.probes[5].len = 0, "a probe of no length");
	REFUSED(EINVAL, r.probes[5].len = FRAME + 1, "a probe longer than the frame");
	REFUSED(EINVAL, r.probes[5].len = UINT32_MAX, "a probe of 2^32 - 1 bytes");
	REFUSED(EINVAL, r.probes[5].len = HEADERS - 1, "a probe shorter than its headers");
	REFUSED(EINVAL, r.probes[5].len = HEADERS + 3, "a probe too short for its number");
	REFUSED(EINVAL, r.probes[5].len = HEADERS + 11, "a probe too short for its time");
	REFUSED(EINVAL, r.probes[5].pad = 1, "a probe's padding in use");

	REFUSED(EINVAL, t->ip_at = 0, "IP header at 0");
	REFUSED(EINVAL, t->ip_at = 13, "IP header at 13");
	REFUSED(EINVAL, t->ip_at = 18, "IP header at 18 without a VLAN tag");
	REFUSED(EINVAL, t->ip_at = UINT16_MAX, "IP header at 65535");
	REFUSED(EINVAL, t->seq_at = HEADERS - 1, "the number in the UDP header");
	REFUSED(EINVAL, t->seq_at = FRAME - 3, "the number over the frame's end");
	REFUSED(EINVAL, t->seq_at = UINT16_MAX, "the number at 65535");
	REFUSED(EINVAL, t->time_at = ETHERNET, "the time in the IP header");
	REFUSED(EINVAL, t->time_at = HEADERS + 5, "the time at an odd place");
	REFUSED(EINVAL, t->time_at = FRAME - 6, "the time over the frame's end");
	REFUSED(EINVAL, t->time_at = UINT16_MAX - 1, "the time at 65534");
	REFUSED(EINVAL, t->frame_len = ETHERNET, "a frame without IP");
	REFUSED(EINVAL, t->ip_at = 18; t->frame_len = 1; t->count = 1; r.probes[0].len = 1,
		"a frame of one byte with its IP header behind a VLAN tag");
	REFUSED(EINVAL, r.frame[12] = 6, "another Ethernet type");
	REFUSED(EINVAL, r.frame[12] = 0x86; r.frame[13] = 0xdd, "IPv4 by an IPv6 type");
	REFUSED(EINVAL, r.frame[ETHERNET] = 0x46, "IP options");
	REFUSED(EINVAL, r.frame[ETHERNET] = 0x65, "IP version 6 in an IPv4 frame");
	REFUSED(EINVAL, r.frame[ETHERNET + 6] = 0x20, "a fragment");
	REFUSED(EINVAL, r.frame[ETHERNET + 9] = 6, "TCP");
#undef REFUSED
	cancel_all(fd);
}

/* One's own affinity holds for the thread in the kernel too. */
static void foreign_cpu(int fd)
{
	cpu_set_t all, first;
	struct request r;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skip a CPU of others # there is one CPU\n");
		return;
	}
	make_good(&r);
	r.train.cpu = 1;
	sched_getaffinity(0, sizeof(all), &all);
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	check(submit_errno(fd, r.train) == EPERM, "a CPU that the caller may not use itself is EPERM");
	sched_setaffinity(0, sizeof(all), &all);
	check(!submit_errno(fd, r.train), "and is taken when it may");
	cancel_all(fd);
}

/* The last probe lies on a page that is not there. */
static void half_a_plan(int fd)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct request r;

	make_good(&r);
	munmap(pages + page, page);
	r.train.probes = (uintptr_t)(pages + page - (PROBES - 1) * sizeof(r.probes[0]));
	memcpy((void *)(uintptr_t)r.train.probes, r.probes, (PROBES - 1) * sizeof(r.probes[0]));
	check(submit_errno(fd, r.train) == EFAULT, "probes that reach into nowhere are EFAULT");
	munmap(pages, page);
}

static void wrong_order(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX), 0, 64);
	int fd = open_device(), capture = open_device(), other = open_train_session(64);
	struct tscope_train_status status = { 0 };
	uint32_t number = 12345;
	struct request r;

	make_good(&r);
	check(submit_errno(fd, r.train) == EINVAL, "a train before CONFIGURE is EINVAL");
	config.flags = TSCOPE_CONFIG_TRAIN | TSCOPE_CONFIG_ALL_NETNS;
	check(try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) == EINVAL, "trains for all namespaces are EINVAL");
	config.flags = TSCOPE_CONFIG_TRAIN;
	config.vantages |= TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX);
	check(try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) == EINVAL, "trains that receive are EINVAL");
	config.vantages = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX);
	check(!try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config), "CONFIGURE for trains");
	check(submit_errno(fd, r.train) == EINVAL, "a train before START is EINVAL");
	check(!try_ioctl(fd, TSCOPE_IOC_START, NULL), "START for trains");
	check(try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, &status) == ENOENT, "status of no train is ENOENT");
	check(try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &number) == ENOENT, "cancelling no train is ENOENT");
	check(try_ioctl(fd, TSCOPE_IOC_TRAIN, NULL) == EFAULT, "a train at NULL is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, NULL) == EFAULT, "status at NULL is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, (void *)1) == EFAULT, "cancelling at 1 is EFAULT");

	r.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train), "a train");
	status.number = r.train.number;
	check(try_ioctl(other, TSCOPE_IOC_TRAIN_STATUS, &status) == ENOENT, "another session's train is ENOENT");
	check(try_ioctl(other, TSCOPE_IOC_TRAIN_CANCEL, &r.train.number) == ENOENT, "and can't be cancelled");
	cancel_all(other);
	check(status_of(fd, r.train.number).state == TSCOPE_TRAIN_RUNNING, "nor with all of that session");
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &r.train.number), "its owner cancels it");
	status = status_of(fd, r.train.number);
	check(status.state == TSCOPE_TRAIN_ENDED && status.reason == ECANCELED &&
	      status.sent + status.failed + status.left == PROBES, "and every probe is accounted for");
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &r.train.number), "cancelling twice is no harm");
	check(!try_ioctl(fd, TSCOPE_IOC_STOP, NULL), "STOP");
	check(submit_errno(fd, r.train) == EINVAL, "a train after STOP is EINVAL");

	config.flags = 0;
	config.filter.port = 9;
	check(!try_ioctl(capture, TSCOPE_IOC_CONFIGURE, &config) && !try_ioctl(capture, TSCOPE_IOC_START, NULL) &&
	      submit_errno(capture, r.train) == EINVAL, "a capture's session takes no train");
	close(fd);
	close(capture);
	close(other);
}

static void set_limit(const char *mib)
{
	int fd = open("/sys/module/tscope/parameters/train_limit_mib", O_WRONLY);

	if (fd < 0 || write(fd, mib, strlen(mib)) < 0) {
		perror("train_limit_mib");
		exit(2);
	}
	close(fd);
}

static void too_much(void)
{
	enum { MANY = 70000 };
	struct tscope_train_probe *probes = calloc(MANY, sizeof(*probes));
	int fd = open_train_session(64), other = open_train_session(64);
	struct request r;

	make_good(&r);
	check(fills_up_at(fd, 256), "the 257th train is EDQUOT");
	check(submit_errno(other, r.train) == EDQUOT, "in another session too");
	close(fd);
	check(fills_up_at(other, 256), "and they are back when the session is closed");
	close(other);

	fd = open_train_session(64);
	periodic(probes, MANY, FAR_AWAY_NS, 1);
	r.train.probes = (uintptr_t)probes;
	r.train.count = MANY;
	set_limit("1");
	check(submit_errno(fd, r.train) == EDQUOT, "a train above the limit on memory is EDQUOT");
	set_limit("256");
	check(!submit_errno(fd, r.train), "below it, it is taken");
	close(fd);
	free(probes);
}

int main(void)
{
	struct tscope_info info;
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	private_loopback();
	fd = open_train_session(64);
	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	tsc_khz = info.tsc_khz;
	wrong_trains(fd);
	foreign_cpu(fd);
	half_a_plan(fd);
	close(fd);
	wrong_order();
	too_much();
	return finish();
}
