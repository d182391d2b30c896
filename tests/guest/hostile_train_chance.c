// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* Trains made up by chance, trains under a changing device, and trains from many threads at once. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sys/wait.h>

#include "request.h"

#define FUZZ_TRIES 3000

static uint64_t anything(void)
{
	static const uint64_t edges[] = { 0, 1, 2, 13, 14, 15, 18, 42, 255, 256, 65535, 65536, 1 << 22, INT32_MAX,
					  UINT32_MAX, INT64_MAX, UINT64_MAX };
	uint64_t random = (uint64_t)rand() << 33 ^ (uint64_t)rand() << 11 ^ rand();

	if (rand() % 2)
		return edges[rand() % (sizeof(edges) / sizeof(edges[0]))];
	return random >> rand() % 64;
}

static int known_errno(int error)
{
	static const int known[] = { 0, EFAULT, EINVAL, EDQUOT, EMSGSIZE, EHOSTDOWN, ENODEV, ENETDOWN,
				     EAFNOSUPPORT, ENOMEM, EAGAIN };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (error == known[i])
			return 1;
	}
	return 0;
}

static void spoil(struct request *r)
{
	static const size_t fields[][2] = {
#define FIELD(name) { offsetof(struct tscope_train, name), sizeof(((struct tscope_train *)0)->name) }
		FIELD(probes), FIELD(frame), FIELD(start_tsc), FIELD(count), FIELD(frame_len), FIELD(ifindex), FIELD(cpu),
		FIELD(flags), FIELD(late_ns), FIELD(ip_at), FIELD(seq_at), FIELD(time_at), FIELD(pad), FIELD(number), FIELD(pad2),
#undef FIELD
	};
	uint64_t value = anything();
	size_t which;

	switch (rand() % 4) {
	case 0:
		((uint8_t *)r->frame)[rand() % FRAME] = value;
		break;
	case 1:
		memcpy((char *)r->probes + rand() % (sizeof(r->probes) - 8), &value, 1 + rand() % 8);
		break;
	default:
		which = rand() % (sizeof(fields) / sizeof(fields[0]));
		memcpy((char *)&r->train + fields[which][0], &value, fields[which][1]);
	}
}

static void fuzz(void)
{
	int strange = 0, taken = 0, unaccounted = 0, keeper = open_train_session(64);
	int fd = open_train_session(64);
	struct request far;
	char what[160];

	/* As long as it waits for its train, the CPU's thread need not be made anew each time. */
	make_good(&far);
	far.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
	check(!submit_errno(keeper, far.train), "a train for later");
	srand(1);
	for (int i = 0; i < FUZZ_TRIES; i++) {
		struct tscope_train_status status;
		struct request r;
		int error;

		/* Ended trains are kept until their session is closed. */
		if (taken % 100 == 99) {
			close(fd);
			fd = open_train_session(64);
			taken++;
		}
		make_good(&r);
		for (int times = 1 + rand() % 3; times > 0; times--)
			spoil(&r);
		error = try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train);
		if (!known_errno(error)) {
			fprintf(stderr, "try %d: got %s\n", i, strerror(error));
			strange++;
		}
		if (error)
			continue;
		taken++;
		if (rand() % 16 == 0)
			usleep(rand() % 30000);
		cancel_all(fd);
		status = status_of(fd, r.train.number);
		unaccounted += status.sent + status.failed + status.left != r.train.count ||
			       status.state == TSCOPE_TRAIN_RUNNING;
	}
	snprintf(what, sizeof(what), "%d trains made up by chance: each taken (%d) or refused as documented (%d not)", FUZZ_TRIES,
		 taken, strange);
	check(!strange && taken > 100 && taken < FUZZ_TRIES, what);
	snprintf(what, sizeof(what), "each probe of those taken is accounted for (%d trains not)", unaccounted);
	check(!unaccounted, what);
	close(fd);
	close(keeper);
}

static int shared = -1;
static volatile int over;

static void *submit_and_cancel(void *seed)
{
	unsigned int random = (uintptr_t)seed;

	while (!over) {
		struct request r;

		make_good(&r);
		r.train.ifindex = rand_r(&random) % 2 ? lo : if_nametoindex("t0");
		r.train.cpu = rand_r(&random) % sysconf(_SC_NPROCESSORS_ONLN);
		r.train.flags = rand_r(&random) % 8;
		if (try_ioctl(shared, TSCOPE_IOC_TRAIN, &r.train) == 0) {
			uint32_t number = rand_r(&random) % 3 ? r.train.number : 0;

			usleep(rand_r(&random) % 25000);
			try_ioctl(shared, TSCOPE_IOC_TRAIN_CANCEL, &number);
		} else {
			usleep(1000);
		}
	}
	return NULL;
}

static void *ask(void *unused)
{
	for (uint32_t number = 1; !over; number++) {
		struct tscope_train_status status = { .number = number % 4096 };

		try_ioctl(shared, TSCOPE_IOC_TRAIN_STATUS, &status);
		if (number % 256 == 0)
			usleep(1000);
	}
	return unused;
}

/* Others may use the descriptor meanwhile: it is replaced in one step. */
static void *replace_session(void *unused)
{
	while (!over) {
		int fd = open_train_session(64);

		usleep(100000);
		if (fd % 2)
			try_ioctl(shared, TSCOPE_IOC_STOP, NULL);
		dup2(fd, shared);
		close(fd);
	}
	return unused;
}

static int shell(const char *command)
{
	int status = system(command);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void smaller_mtu(void)
{
	int fd = open_train_session(64);
	struct tscope_train_status status;
	struct request r;
	char what[80];

	make_good(&r);
	periodic(r.probes, PROBES, 5000000000, GAP_NS);
	check(!try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train) && !shell("ip link set lo mtu 68"), "a train that no longer fits its device");
	do {
		usleep(50000);
		status = status_of(fd, r.train.number);
	} while (status.state == TSCOPE_TRAIN_RUNNING);
	snprintf(what, sizeof(what), "is not sent (%u of %d probes failed)", status.failed, PROBES);
	check(status.failed == PROBES && !status.sent, what);
	shell("ip link set lo mtu 65536");
	close(fd);
}

static void races(void)
{
	pthread_t threads[5];
	int rounds, devices = 0;

	shared = open_train_session(64);
	pthread_create(&threads[0], NULL, submit_and_cancel, (void *)1);
	pthread_create(&threads[1], NULL, submit_and_cancel, (void *)2);
	pthread_create(&threads[2], NULL, submit_and_cancel, (void *)3);
	pthread_create(&threads[3], NULL, ask, NULL);
	pthread_create(&threads[4], NULL, replace_session, NULL);
	for (rounds = 0; rounds < 6; rounds++) {
		devices += shell("ip link add t0 type veth peer name t1 && ip link set t0 up && ip link set t1 up") == 0;
		usleep(200000);
		if (rounds % 3 == 0)
			shell("ip link set t1 down");
		if (rounds % 3 == 1)
			shell("ip link set t0 down; ip link set t0 up");
		shell("ip link del t0");
	}
	over = 1;
	for (int i = 0; i < 5; i++)
		pthread_join(threads[i], NULL);
	close(shared);
	check(devices == rounds, "devices came and went under trains of three threads, sessions too");
	shared = open_train_session(64);
	check(fills_up_at(shared, 256), "and nothing of all that is left in the module");
	close(shared);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	private_loopback();
	fuzz();
	smaller_mtu();
	races();
	return finish();
}
