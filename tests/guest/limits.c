// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug deterministic */
/*
 * Users with a network namespace of their own take what they may, and no more: others can still
 * capture, and packets elsewhere cost nearly what they did. (What they cost is told by virtual time
 * alone.)
 */
#define _GNU_SOURCE
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "messages.h"
#include "session.h"

#define USERS 6
#define OF_ONE_NAMESPACE 8
#define OF_USERS 32
#define OF_ALL 64
#define ALL_TCP_VANTAGES 0xff

struct crowd {
	int started;
	int refused_with; /* errno */
};

static int start_session(int *fd)
{
	struct tscope_config config = usual_config(ALL_TCP_VANTAGES, 0, 16);
	int err;

	*fd = open_device();
	err = try_ioctl(*fd, TSCOPE_IOC_CONFIGURE, &config);
	return err ? err : try_ioctl(*fd, TSCOPE_IOC_START, NULL);
}

/* Sessions until one is refused, which stay until `end` is closed. */
static struct crowd start_many(void)
{
	struct crowd crowd = { 0 };
	int fd;

	while (crowd.started < 2 * OF_ALL && !(crowd.refused_with = start_session(&fd)))
		crowd.started++;
	return crowd;
}

static void be_user(int tell, int end)
{
	struct crowd crowd;
	char nothing;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534) ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNET))
		_exit(3);
	crowd = start_many();
	if (write(tell, &crowd, sizeof(crowd)) != sizeof(crowd))
		_exit(4);
	while (read(end, &nothing, 1) > 0)
		;
	_exit(0);
}

static struct crowd users[USERS];
static int users_total;

/* They stay until the returned descriptor is closed. */
static int let_users_in(void)
{
	int tell[2], end[2];

	if (pipe2(tell, O_CLOEXEC) || pipe2(end, O_CLOEXEC) || chmod(TSCOPE_DEVICE, 0666))
		exit(2);
	for (int i = 0; i < USERS; i++) {
		if (fork() == 0) {
			close(end[1]);
			be_user(tell[1], end[0]);
		}
		if (read(tell[0], &users[i], sizeof(users[i])) != sizeof(users[i]))
			exit(2);
		users_total += users[i].started;
	}
	close(end[0]);
	return end[1];
}

/* As tests/vm/run makes it: of no other guest is a count of ticks one of instructions. */
static int virtual_time(void)
{
	struct tscope_info info;
	int fd = open_device(), err = try_ioctl(fd, TSCOPE_IOC_INFO, &info);

	close(fd);
	return !err && info.tsc_khz > 990000 && info.tsc_khz < 1010000 && info.cpus == 1;
}

int main(void)
{
	int pair[2], end, fd;
	struct crowd crowd;
	double before, beside;
	char cost[100];
	uint16_t port;

	connected_pair(pair, &port);
	fastest_block(pair);
	before = fastest_block(pair);
	end = let_users_in();
	check(users[0].started == OF_ONE_NAMESPACE && users[0].refused_with == EDQUOT,
	      "a user's captures in one namespace are as many as that may have, the next is "
	      "refused");
	check(users_total == OF_USERS, "those of all users are as many as they may have");
	check(users[USERS - 1].started == 0 && users[USERS - 1].refused_with == EDQUOT,
	      "and then a user gets none");
	beside = fastest_block(pair);
	snprintf(cost, sizeof(cost), "a message beside %d captures of others: %.0f ticks, %+.1f %%",
		 users_total, before / MESSAGES, 100 * (beside / before - 1));
	if (virtual_time())
		check(beside < 1.05 * before, cost);
	crowd = start_many();
	check(crowd.started == OF_ALL - OF_USERS && crowd.refused_with == EDQUOT,
	      "the machine's owner finds room for the rest");
	close(end);
	while (wait(NULL) > 0)
		;
	check(start_session(&fd) == 0, "and for more when the users are gone");
	return finish();
}
