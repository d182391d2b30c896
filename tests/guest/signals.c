// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/*
 * Signals by the thousand at every call: only poll() is interrupted. And a process that is killed wherever it happens to
 * be leaves nothing.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "request.h"

#define ALL_VANTAGES ((1U << TSCOPE_VANTAGES) - 1)

static volatile sig_atomic_t signals;
static uint32_t available;
static int rounds = 40, kills = 60;

static void on_signal(int number) { signals += number > 0; }

static void every_us(long us)
{
	const struct itimerval timer = { { 0, us }, { 0, us } };

	setitimer(ITIMER_REAL, &timer, NULL);
}

/* Everything that a session can be asked; says how many calls failed. */
static int whole_life(int polls, int *interrupted)
{
	struct tscope_config config = usual_config(ALL_VANTAGES & available, 9, 64);
	struct tscope_train_status status;
	struct pollfd waiting;
	struct request r;
	int wrong = 0, fd;
	void *ring;

	fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 1;
	wrong += try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) != 0;
	ring = mmap(NULL, page_align(64 * sizeof(struct tscope_record)), PROT_READ, MAP_SHARED, fd, TSCOPE_MMAP_DATA);
	wrong += ring == MAP_FAILED;
	wrong += try_ioctl(fd, TSCOPE_IOC_START, NULL) != 0;
	waiting = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (int i = 0; i < polls; i++) {
		int got = poll(&waiting, 1, 10000);

		*interrupted += got < 0 && errno == EINTR;
		wrong += got == 0 || (got < 0 && errno != EINTR);
	}
	wrong += try_ioctl(fd, TSCOPE_IOC_STOP, NULL) != 0;
	wrong += close(fd) != 0;
	if (ring != MAP_FAILED)
		munmap(ring, page_align(64 * sizeof(struct tscope_record)));

	config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_TX), 0, 64);
	config.flags = TSCOPE_CONFIG_TRAIN;
	fd = open(TSCOPE_DEVICE, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return wrong + 1;
	wrong += try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) != 0;
	wrong += try_ioctl(fd, TSCOPE_IOC_START, NULL) != 0;
	make_good(&r);
	r.probes[PROBES - 1].at_ns = FAR_AWAY_NS;
	wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN, &r.train) != 0;
	status.number = r.train.number;
	wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN_STATUS, &status) != 0;
	wrong += try_ioctl(fd, TSCOPE_IOC_TRAIN_CANCEL, &r.train.number) != 0;
	wrong += close(fd) != 0;
	return wrong;
}

static void interrupted_lives(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	int wrong = 0, interrupted = 0;
	char what[160];

	sigaction(SIGALRM, &action, NULL);
	/* As many as the kernel can bear and still get on. */
	every_us(2000);
	for (int i = 0; i < rounds; i++)
		wrong += whole_life(3, &interrupted);
	every_us(0);
	snprintf(what, sizeof(what), "%d sessions beside %d signals: no call but poll() is interrupted (%d failed)", 2 * rounds,
		 (int)signals, wrong);
	check(!wrong && signals > 3 * rounds, what);
	snprintf(what, sizeof(what), "every poll() is (%d of %d)", interrupted, 3 * rounds);
	check(interrupted == 3 * rounds, what);
}

static void killed_lives(void)
{
	struct tscope_hook hook = { 0 };
	int fd, attached = 0, killed = 0;
	char what[160];

	srand(1);
	for (int i = 0; i < kills; i++) {
		pid_t child = fork();
		int status, unused;

		if (!child) {
			for (;;)
				whole_life(0, &unused);
		}
		usleep(rand() % 150000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		killed += WIFSIGNALED(status);
	}
	fd = open_device();
	for (; !try_ioctl(fd, TSCOPE_IOC_HOOK, &hook); hook.index++)
		attached += hook.state == TSCOPE_HOOK_ATTACHED;
	close(fd);
	snprintf(what, sizeof(what), "%d processes killed wherever they were: no hook stays attached", killed);
	check(killed == kills && !attached, what);
	fd = open_train_session(64);
	check(fills_up_at(fd, 256), "nor a train");
	close(fd);
}

int main(void)
{
	struct tscope_info info;
	struct utsname kernel;
	int fd;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (!uname(&kernel) && strstr(kernel.release, "dbg"))
		rounds = 10, kills = 20; /* a debug kernel is slow */
	private_loopback();
	fd = open_device();
	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	close(fd);
	available = info.vantages;
	interrupted_lives();
	killed_lives();
	return finish();
}
