// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* One user can't take all trains, in how many namespaces whatever. */
#define _GNU_SOURCE
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "request.h"

#define ALL 256
#define OF_A_USER (ALL / 4)

static void write_to(const char *file, const char *text)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0) {
		perror(file);
		exit(2);
	}
	close(fd);
}

static void become(uid_t user)
{
	char map[32];

	if (setresgid(user, user, user) || setresuid(user, user, user)) {
		perror("setresuid");
		exit(2);
	}
	/* /proc/self is root's else. */
	prctl(PR_SET_DUMPABLE, 1);
	if (unshare(CLONE_NEWUSER)) {
		perror("a user namespace");
		exit(2);
	}
	snprintf(map, sizeof(map), "0 %u 1", user);
	write_to("/proc/self/uid_map", map);
	write_to("/proc/self/setgroups", "deny");
	write_to("/proc/self/gid_map", map);
	private_loopback();
}

static int refused_at_once(void)
{
	return fills_up_at(open_train_session(64), 0);
}

/* Keeps its trains until told; its exit status is its verdict. */
static pid_t start_user(uid_t user, const int go[2])
{
	int ready[2], good;
	pid_t pid;
	char c;

	if (pipe(ready))
		exit(2);
	pid = fork();
	if (pid) {
		close(ready[1]);
		if (read(ready[0], &c, 1) != 1) {
			fprintf(stderr, "user %u got nowhere\n", user);
			exit(2);
		}
		close(ready[0]);
		return pid;
	}
	close(go[1]);
	become(user);
	good = fills_up_at(open_train_session(64), OF_A_USER);
	if (good) {
		private_loopback();
		good = refused_at_once();
	}
	/* As root of that namespace, in another one within. */
	if (good) {
		if (unshare(CLONE_NEWUSER)) {
			perror("a user namespace within");
			exit(2);
		}
		private_loopback();
		good = refused_at_once();
	}
	if (write(ready[1], "", 1) != 1 || read(go[0], &c, 1) < 0)
		good = 0;
	_exit(!good);
}

static int verdict(pid_t pid)
{
	int status;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) && !WEXITSTATUS(status);
}

int main(void)
{
	int go[2], fd;
	pid_t users[3];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (chmod(TSCOPE_DEVICE, 0666) || pipe(go))
		return 2;
	write_to("/proc/sys/user/max_user_namespaces", "100");
	private_loopback();
	for (int i = 0; i < 3; i++)
		users[i] = start_user(65531 + i, go);
	fd = open_train_session(64);
	check(fills_up_at(fd, ALL - 3 * OF_A_USER), "root gets what three users left, and no more than that");
	close(fd);
	close(go[1]);
	for (int i = 0; i < 3; i++)
		check(verdict(users[i]), "a user gets a quarter, and no more by making namespaces");
	fd = open_train_session(64);
	check(fills_up_at(fd, ALL), "root gets all");
	close(fd);
	return finish();
}
