// SPDX-License-Identifier: MIT
/* guests: debug */
/*
 * Every allocation on the way of each system call fails once, and every copy from and to user memory: the call then
 * fails cleanly or does without, works when it is made again, and in the end nothing is left.
 */
#define _GNU_SOURCE
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#include "fail_nth.h"
#include "request.h"

#define ALL_VANTAGES ((1U << TSCOPE_VANTAGES) - 1)
#define SLOTS 64

static uint32_t available, veth;
static int own_faults, fd = -1;
static struct request request;
static struct tscope_config config;
static void *mapping = MAP_FAILED;
static size_t mapped_bytes, describing_bytes;

/* --- what is called with a fault, and what makes ready for it --- */

static void open_it(void) { fd = open_device(); }

static void configured(void)
{
	open_it();
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config)) {
		perror("CONFIGURE");
		exit(2);
	}
}

static void started(void)
{
	configured();
	if (try_ioctl(fd, TSCOPE_IOC_START, NULL)) {
		perror("START");
		exit(2);
	}
}

static int call_open(void)
{
	fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

static int call_configure(void) { return try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config); }
static int call_start(void) { return try_ioctl(fd, TSCOPE_IOC_START, NULL); }
static int call_stop(void) { return try_ioctl(fd, TSCOPE_IOC_STOP, NULL); }

static int call_train(void)
{
	request.train.start_tsc = 0; /* the last call wrote there */
	return try_ioctl(fd, TSCOPE_IOC_TRAIN, &request.train);
}

static void train_under_way(void)
{
	started();
	request.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
	if (call_train()) {
		perror("TRAIN");
		exit(2);
	}
}

static int call_status(void)
{
	struct tscope_train_status status = { .number = request.train.number };

	return try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, &status);
}

static int call_cancel(void) { return try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &request.train.number); }

static int call_info(void)
{
	struct tscope_info info;

	return try_ioctl(fd, TSCOPE_IOC_INFO, &info);
}

static int call_hook(void)
{
	struct tscope_hook hook = { .index = 0 };

	return try_ioctl(fd, TSCOPE_IOC_HOOK, &hook);
}

static int call_anchor(void)
{
	struct tscope_anchor anchor;

	return try_ioctl(fd, TSCOPE_IOC_ANCHOR, &anchor);
}

static int call_poll(void)
{
	struct pollfd waiting = { .fd = fd, .events = POLLIN };

	return poll(&waiting, 1, 0) < 0 ? errno : 0;
}

static int map(size_t bytes, int prot, uint64_t offset)
{
	mapped_bytes = bytes;
	mapping = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);
	return mapping == MAP_FAILED ? errno : 0;
}

static int call_map_info(void) { return map(describing_bytes, PROT_READ, TSCOPE_MMAP_INFO); }
static int call_map_tail(void) { return map(page_align(1), PROT_READ | PROT_WRITE, TSCOPE_MMAP_TAIL); }
static int call_map_ring(void) { return map(page_align(SLOTS * sizeof(struct tscope_record)), PROT_READ, TSCOPE_MMAP_DATA); }

static int call_close(void)
{
	int error = close(fd) ? errno : 0;

	fd = -1;
	return error;
}

/* --- the paths --- */

static void capture(uint32_t vantages, uint8_t protocols)
{
	config = usual_config(vantages & available, protocols == TSCOPE_PROTO_TCP ? 9 : 0, SLOTS);
	config.filter.protocols = protocols;
}

static void capture_tcp(void) { capture(ALL_VANTAGES, TSCOPE_PROTO_TCP); }
static void capture_all(void) { capture(ALL_VANTAGES, TSCOPE_PROTO_ALL); }

static void train_on(uint32_t device)
{
	config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX), 0, SLOTS);
	config.flags = TSCOPE_CONFIG_TRAIN;
	make_good(&request);
	request.train.ifindex = device;
}

static void train_on_lo(void) { train_on(lo); }
static void train_on_veth(void) { train_on(veth); }
static void nothing(void) {}

static const struct path {
	const char *name;
	void (*setting)(void);
	void (*ready)(void);
	int (*call)(void);
	int never_fails;
} paths[] = {
	{ "open", capture_tcp, nothing, call_open, 0 },
	{ "CONFIGURE, capture", capture_tcp, open_it, call_configure, 0 },
	{ "CONFIGURE, trains", train_on_lo, open_it, call_configure, 0 },
	{ "mmap of the describing page", capture_tcp, configured, call_map_info, 0 },
	{ "mmap of the tails", capture_tcp, configured, call_map_tail, 0 },
	{ "mmap of a ring", capture_tcp, configured, call_map_ring, 0 },
	{ "START, capture of TCP", capture_tcp, configured, call_start, 0 },
	{ "START, capture of everything", capture_all, configured, call_start, 0 },
	{ "STOP, capture of everything", capture_all, started, call_stop, 1 },
	{ "close, capture of everything", capture_all, started, call_close, 1 },
	{ "START, trains", train_on_lo, configured, call_start, 0 },
	{ "TRAIN on loopback", train_on_lo, started, call_train, 0 },
	{ "TRAIN on a veth", train_on_veth, started, call_train, 0 },
	{ "TRAIN_STATUS", train_on_lo, train_under_way, call_status, 0 },
	{ "TRAIN_CANCEL", train_on_lo, train_under_way, call_cancel, 0 },
	{ "STOP, trains", train_on_veth, train_under_way, call_stop, 1 },
	{ "close, trains", train_on_veth, train_under_way, call_close, 1 },
	{ "INFO", train_on_lo, open_it, call_info, 0 },
	{ "HOOK", train_on_lo, open_it, call_hook, 0 },
	{ "ANCHOR", train_on_lo, open_it, call_anchor, 0 },
	{ "poll", capture_tcp, started, call_poll, 0 },
};

static void clean(void)
{
	if (mapping != MAP_FAILED)
		munmap(mapping, mapped_bytes);
	mapping = MAP_FAILED;
	if (fd >= 0)
		close(fd);
	fd = -1;
}

static void walk(const struct path *path, int faults, const char *whose)
{
	unsigned int n, refused = 0, strange = 0, broken = 0;
	char what[200];
	int error = 0, again;

	path->setting();
	for (n = 1;; n++) {
		int fired;

		path->ready();
		arm(faults, n);
		error = path->call();
		fired = disarm(faults);
		if (!fired)
			break;
		refused += error != 0;
		/* A thread that can't be made may be EAGAIN, as with fork(). */
		if (error && (path->never_fails ||
			      (error != ENOMEM && error != EFAULT && (faults == own_faults || error != EAGAIN)))) {
			fprintf(stderr, "%s: fault %u: %s\n", path->name, n, strerror(error));
			strange++;
		}
		again = error ? path->call() : 0;
		if (again) {
			fprintf(stderr, "%s: after fault %u: %s\n", path->name, n, strerror(again));
			broken++;
		}
		clean();
	}
	clean();
	snprintf(what, sizeof(what), "%s: %u faults%s, %u calls refused%s%s", path->name, n - 1, whose, refused,
		 path->never_fails ? ": never" : " for want of memory", ", and each works when called again");
	check(!error && !strange && !broken, what);
}

/* Each allocation of the thread that sends: a probe goes or is counted as failed, and the train goes on. */
static void walk_sender(uint32_t device, const char *name)
{
	unsigned int n, failed = 0, strange = 0;
	struct tscope_train_status status;
	char what[160];
	int fired = 1;

	train_on(device);
	started();
	for (n = 1; fired && n < 1000; n++) {
		struct request far;
		int faults;

		make_good(&far);
		far.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
		far.probes[0].at_ns = FAR_AWAY_NS - 1000000000;
		far.train.count = 1;
		if (submit_errno(fd, far.train))
			exit(2);
		faults = open_fail_nth(find_task("tscope/0"));
		arm(faults, n);
		make_good(&request);
		request.train.ifindex = device;
		if (try_ioctl(fd, TSCOPE_IOC_TRAIN, &request.train))
			exit(2);
		do {
			usleep(5000);
			status = status_of(fd, request.train.number);
		} while (status.state == TSCOPE_TRAIN_RUNNING);
		fired = disarm(faults);
		close(faults);
		failed += status.failed;
		if (status.sent + status.failed != PROBES || status.left) {
			fprintf(stderr, "%s: fault %u: %u sent, %u failed, %u left\n", name, n, status.sent,
				status.failed, status.left);
			strange++;
		}
		if (n % 50 == 0) {
			clean();
			started();
		}
	}
	clean();
	snprintf(what, sizeof(what), "sending on %s: %u faults, %u probes failed, all others were sent", name, n - 2, failed);
	check(!strange && failed && !fired, what);
}

static uint32_t attached(void)
{
	uint32_t count = 0;
	struct tscope_hook hook;

	open_it();
	for (hook.index = 0; !try_ioctl(fd, TSCOPE_IOC_HOOK, &hook); hook.index++)
		count += hook.state == TSCOPE_HOOK_ATTACHED;
	clean();
	return count;
}

/* In a network namespace of its own, whose end shows that nobody holds it. */
static int in_namespace(int enabled_before)
{
	struct tscope_info info;
	struct request r;
	int thread_faults;

	own_faults = open_fail_nth(0);
	thread_faults = open_fail_nth(find_task("kthreadd"));
	open_it();
	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	available = info.vantages;
	describing_bytes = info_bytes(fd);
	clean();
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		walk(&paths[i], own_faults, "");
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (paths[i].call == call_train)
			walk(&paths[i], thread_faults, " of the thread that makes threads");
	}
	walk_sender(lo, "loopback");
	walk_sender(veth, "a veth");

	check(!attached(), "afterwards no hook is attached");
	check(system("exit $(grep -cE 'tscope|dispatch' /sys/kernel/tracing/enabled_functions)") == enabled_before,
	      "nor any function traced");
	write_file("/sys/module/tscope/parameters/ring_limit_mib", "1");
	capture_tcp();
	config.slots = 2048;
	open_it();
	check(!call_configure(), "the memory for rings is there to the last ring");
	clean();
	write_file("/sys/module/tscope/parameters/ring_limit_mib", "0");
	train_on_lo();
	started();
	make_good(&r);
	check(fills_up_at(fd, 256), "so are all trains");
	clean();
	return failed != 0;
}

int main(void)
{
	int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), tries, status = 0;
	char command[128];

	setvbuf(stdout, NULL, _IOLBF, 0);
	private_loopback();
	snprintf(command, sizeof(command),
		 "ip link add v0 type veth peer name v1 netns %d && ip link set v0 up && ip link add e0 type veth peer name e1 netns 1",
		 getpid());
	if (system(command))
		return 2;
	interface_up("v1");
	veth = if_nametoindex("v0");
	if (enable_faults()) {
		printf("skip allocations that fail # this kernel injects no faults\n");
		return 0;
	}
	status = in_namespace(0);
	if (setns(home, CLONE_NEWNET))
		return 2;
	for (tries = 0; tries < 600 && if_nametoindex("e1"); tries++)
		usleep(100000);
	check(!if_nametoindex("e1"), "and the network namespace goes when its last process does");
	return finish() || status;
}
