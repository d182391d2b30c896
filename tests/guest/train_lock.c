// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 */
/*
 * Others that send by the same queue need not wait for the end of a spin: right before a probe
 * leaves they are about as busy there as earlier in the spin.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/wait.h>

#include "request.h"

#define COUNT 1000	/* a round; as many of those as needed */
#define ROUNDS 30
#define ENOUGH 60
#define SLOTS (1U << 17)
#define GAP 500000
#define PORT 7
#define WINDOW_US 4	/* interrupts are off for longer than that before a probe */
#define LONGER_BEFORE_US 30	/* and never for so long, while the thread spins already */
#define ASLEEP_US 250	/* before a probe the thread sleeps still */
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

/* The file is closed when its memory is no longer mapped either. */
static void unmap(struct mapped *m)
{
	munmap(m->tails, m->info->tail_bytes);
	munmap((void *)m->info, m->info_bytes);
	close(m->fd);
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

struct counts {
	size_t spins, before, longer_before, asleep;
};

static void judge(const struct tscope_record *probes, size_t count, const struct tscope_record *sent, size_t others,
		  struct counts *counts)
{
	for (size_t i = 0; i < count; i++) {
		struct tscope_probe times = times_of(&probes[i]);

		if ((int64_t)(times.scheduled - times.woken) < (int64_t)us(AHEAD_US) || times.spun - times.scheduled > us(1))
			continue;
		counts->spins++;
		counts->before += within(sent, others, times.spun, us(WINDOW_US));
		counts->longer_before += within(sent, others, times.spun - us(LONGER_BEFORE_US), us(WINDOW_US));
		counts->asleep += within(sent, others, times.spun - us(ASLEEP_US), us(WINDOW_US));
	}
}

static void round_of(struct counts *counts)
{
	static struct tscope_train_probe plan[COUNT];
	static struct tscope_record probes[COUNT], sent[SLOTS];
	struct mapped capture = start_capture(SLOTS), trains = map_session(open_train_session(1024));
	struct tscope_train train;
	uint8_t frame[FRAME];
	size_t others;

	periodic(plan, COUNT, 0, GAP);
	make_frame(frame, "10.8.0.1", "10.8.0.2");
	train = train_of(frame, plan, COUNT, if_nametoindex("one"), 1);
	if (try_ioctl(trains.fd, TSCOPE_IOC_TRAIN, &train)) {
		perror("a train");
		exit(2);
	}
	while (status_of(trains.fd, train.number).state == TSCOPE_TRAIN_RUNNING)
		usleep(50000);
	try_ioctl(capture.fd, TSCOPE_IOC_STOP, NULL);
	others = read_records(&capture, sent, SLOTS);
	qsort(sent, others, sizeof(*sent), by_time);
	judge(probes, read_records(&trains, probes, COUNT), sent, others, counts);
	unmap(&capture);
	unmap(&trains);
}

int main(void)
{
	struct counts counts = { 0 };
	struct tscope_info info;
	char what[200];
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
	sending = start_sending();
	if (try_ioctl(open_device(), TSCOPE_IOC_INFO, &info))
		return 2;
	tsc_khz = info.tsc_khz;
	for (int i = 0; i < ROUNDS && counts.asleep < ENOUGH; i++)
		round_of(&counts);
	kill(sending, SIGKILL);
	waitpid(sending, NULL, 0);
	snprintf(what, sizeof(what), "others sent %zu packets by that queue in the last %d us of %zu spins, %zu %d us earlier, %zu before them",
		 counts.before, WINDOW_US, counts.spins, counts.longer_before, LONGER_BEFORE_US, counts.asleep);
	/* On a busy machine spins are late, or the other sender has no CPU. */
	if (counts.asleep < ENOUGH)
		printf("skip others on the queue # too few packets to compare: %s\n", what);
	else
		check(counts.longer_before * 4 >= counts.asleep && counts.before * 4 >= counts.longer_before, what);
	return finish();
}
