// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 */
/*
 * Others that send by the same queue need not wait for the end of a spin: right before a probe
 * leaves they are about as busy there as long before.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "request.h"

#define COUNT 600
#define SLOTS (1U << 17)
#define GAP 500000
#define PORT 7
#define WINDOW_US 4	/* interrupts are off for longer than that before a probe */
#define LONG_BEFORE_US 100
#define AHEAD_US 40	/* probes that had no proper spin don't count */

static uint32_t tsc_khz;

static uint64_t us(uint64_t number)
{
	return number * tsc_khz / 1000;
}

static void pin(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	sched_setaffinity(0, sizeof(set), &set);
}

static pid_t start_sending(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	pid_t pid = fork();
	int fd;

	if (pid)
		return pid;
	pin(0);
	inet_pton(AF_INET, "10.8.0.2", &to.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	for (;;)
		sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to));
}

static struct mapped start_capture(uint32_t slots)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX), PORT, slots);
	int fd = open_device();
	struct mapped m;

	config.filter.protocols = TSCOPE_PROTO_UDP;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config)) {
		perror("a capture");
		exit(2);
	}
	m = map_session(fd);
	if (try_ioctl(fd, TSCOPE_IOC_START, NULL)) {
		perror("starting a capture");
		exit(2);
	}
	return m;
}

/* How many of them lie in the ticks up to `end`, `width` of them. Ascending. */
static size_t within(const struct tscope_record *sent, size_t count, uint64_t end, uint64_t width)
{
	size_t low = 0, high = count, found = 0;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (sent[middle].tsc < end - width)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < count && sent[low].tsc < end; low++)
		found++;
	return found;
}

static int by_time(const void *a, const void *b)
{
	const struct tscope_record *left = a, *right = b;

	return (left->tsc > right->tsc) - (left->tsc < right->tsc);
}

static void judge(const struct tscope_record *probes, size_t count, const struct tscope_record *sent, size_t others)
{
	size_t before = 0, long_before = 0, judged = 0;
	char what[200];

	for (size_t i = 0; i < count; i++) {
		struct tscope_probe times = times_of(&probes[i]);

		if ((int64_t)(times.scheduled - times.woken) < (int64_t)us(AHEAD_US) || times.spun - times.scheduled > us(1))
			continue;
		judged++;
		before += within(sent, others, times.spun, us(WINDOW_US));
		long_before += within(sent, others, times.spun - us(LONG_BEFORE_US), us(WINDOW_US));
	}
	snprintf(what, sizeof(what), "in the last %d us of %zu spins others sent %zu packets by that queue, %d us earlier %zu", WINDOW_US, judged,
		 before, LONG_BEFORE_US, long_before);
	if (long_before < 20)
		printf("skip %s: too few to tell\n", what);
	else
		check(before * 4 >= long_before, what);
}

int main(void)
{
	static struct tscope_train_probe plan[COUNT];
	static struct tscope_record probes[COUNT];
	struct tscope_record *sent;
	struct tscope_train train;
	struct mapped capture, trains;
	struct tscope_info info;
	uint8_t frame[FRAME];
	size_t others;
	pid_t sending;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		printf("skip others on the queue # it takes two CPUs\n");
		return 0;
	}
	private_loopback();
	/* A device with one queue and a lock for it, which most virtual ones have not. */
	if (system("modprobe ifb numifbs=0; ip link add one numtxqueues 1 type ifb && ip link set one up && "
		   "ip addr add 10.8.0.1/24 dev one && ip neigh add 10.8.0.2 lladdr 02:00:00:00:00:02 dev one nud permanent"))
		return 2;
	trains = map_session(open_train_session(1024));
	if (try_ioctl(trains.fd, TSCOPE_IOC_INFO, &info))
		return 2;
	tsc_khz = info.tsc_khz;
	capture = start_capture(SLOTS);
	sent = calloc(SLOTS, sizeof(*sent));
	sending = start_sending();
	periodic(plan, COUNT, 0, GAP);
	make_frame(frame, "10.8.0.1", "10.8.0.2");
	train = train_of(frame, plan, COUNT, if_nametoindex("one"), 1);
	if (try_ioctl(trains.fd, TSCOPE_IOC_TRAIN, &train)) {
		perror("a train");
		return 2;
	}
	while (status_of(trains.fd, train.number).state == TSCOPE_TRAIN_RUNNING)
		usleep(50000);
	kill(sending, SIGKILL);
	waitpid(sending, NULL, 0);
	try_ioctl(capture.fd, TSCOPE_IOC_STOP, NULL);
	others = read_records(&capture, sent, SLOTS);
	qsort(sent, others, sizeof(*sent), by_time);
	judge(probes, read_records(&trains, probes, COUNT), sent, others);
	return finish();
}
