// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/*
 * A CPU that goes off-line in mid-capture and in mid-train: what it recorded stays, what others and it itself record
 * afterwards comes on top, its train ends and says why, and it takes trains again when it is back.
 */
#define _GNU_SOURCE
#include "request.h"

#define SENDS 200
#define PORT 5307
#define THE_CPU 1

static void set_online(int online)
{
	int fd = open("/sys/devices/system/cpu/cpu1/online", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, online ? "1" : "0", 1) != 1) {
		perror("cpu1/online");
		exit(2);
	}
	close(fd);
}

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(2);
	}
}

static void send_some(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	for (int i = 0; i < SENDS; i++)
		sendto(fd, "x", 1, 0, (struct sockaddr *)&address, sizeof(address));
	close(fd);
}

static int heads_are(struct mapped *m, uint64_t first, uint64_t second)
{
	if (m->info->rings[0].head == first && m->info->rings[THE_CPU].head == second)
		return 1;
	fprintf(stderr, "heads are %llu and %llu, not %llu and %llu\n", (unsigned long long)m->info->rings[0].head,
		(unsigned long long)m->info->rings[THE_CPU].head, (unsigned long long)first, (unsigned long long)second);
	return 0;
}

static void in_capture(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX), PORT, 1024);
	static struct tscope_record records[4 * SENDS];
	int fd = open_device(), committed = 1;
	struct mapped m;
	size_t count;

	config.filter.protocols = TSCOPE_PROTO_UDP;
	config.watermark = 1024;
	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		exit(2);
	m = map_session(fd);
	if (try_ioctl(fd, TSCOPE_IOC_START, NULL))
		exit(2);
	run_on(THE_CPU);
	send_some();
	run_on(0);
	set_online(0);
	check(heads_are(&m, 0, SENDS), "what the CPU recorded is there when it is gone");
	send_some();
	check(heads_are(&m, SENDS, SENDS), "another records in its own ring");
	set_online(1);
	run_on(THE_CPU);
	send_some();
	run_on(0);
	check(heads_are(&m, SENDS, 2 * SENDS), "back again, the CPU goes on in its ring");
	check(!try_ioctl(fd, TSCOPE_IOC_STOP, NULL), "STOP");
	count = read_records(&m, records, 4 * SENDS);
	for (size_t i = 0; i < count; i++)
		committed &= records[i].commit == 1 && records[i].vantage == TSCOPE_APP_TX;
	check(count == 3 * SENDS && committed, "every record is whole");
	close(fd);
}

/* Hooks are attached and taken off while the CPU is away, or comes, or goes. */
static void starts_and_stops(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_APP_TX) | TSCOPE_VANTAGE_BIT(TSCOPE_SOCKET_RX), 0, 64);
	int good = 0;

	for (int i = 0; i < 4; i++) {
		int fd = open_device();

		set_online(i % 2);
		good += !try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) && !try_ioctl(fd, TSCOPE_IOC_START, NULL);
		set_online(!(i % 2));
		send_some();
		good += !try_ioctl(fd, TSCOPE_IOC_STOP, NULL);
		close(fd);
	}
	set_online(1);
	check(good == 8, "captures start without the CPU and stop with it, and the other way round");
}

/* A train's CPU must be one that its sender may run on. */
static void run_on_both(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(0, &set);
	CPU_SET(THE_CPU, &set);
	if (sched_setaffinity(0, sizeof(set), &set)) {
		perror("sched_setaffinity");
		exit(2);
	}
}

static void in_train(void)
{
	int fd = open_train_session(4096);
	struct mapped m = map_session(fd);
	static struct tscope_record records[4096];
	struct tscope_train_status status;
	struct request r;

	run_on_both();
	make_good(&r);
	r.train.cpu = THE_CPU;
	periodic(r.probes, PROBES, 0, 20000000);
	r.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train), "a train on the CPU");
	for (int tries = 0; tries < 1000 && status_of(fd, r.train.number).sent < 3; tries++)
		usleep(10000);
	set_online(0);
	status = status_of(fd, r.train.number);
	check(status.state == TSCOPE_TRAIN_ENDED && status.reason == EHOSTDOWN, "ends with EHOSTDOWN when the CPU goes");
	check(status.sent >= 3 && status.left && status.sent + status.failed + status.left == PROBES, "with every probe accounted for");
	check(read_records(&m, records, 4096) == status.sent + status.failed, "and recorded");
	make_good(&r);
	r.train.cpu = THE_CPU;
	check(submit_errno(fd, r.train) == EHOSTDOWN, "another is EHOSTDOWN");
	r.train.cpu = 0;
	check(!submit_errno(fd, r.train), "the other CPU takes one");
	set_online(1);
	r.train.cpu = THE_CPU;
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train), "back again, the CPU does too");
	do {
		usleep(10000);
		status = status_of(fd, r.train.number);
	} while (status.state == TSCOPE_TRAIN_RUNNING);
	check(status.state == TSCOPE_TRAIN_DONE && status.sent == PROBES, "and sends all of it");
	close(fd);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (access("/sys/devices/system/cpu/cpu1/online", W_OK)) {
		printf("skip a CPU goes # there is none that could\n");
		return 0;
	}
	private_loopback();
	in_capture();
	starts_and_stops();
	in_train();
	return finish();
}
