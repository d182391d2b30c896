// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 debug */
/* The module's hooks are the list's places, and a session has just those attached that its packets pass. */
#include "session.h"
#include "uapi/places.h"

#define PROTOCOLS 3

struct place {
	const char *name;
	uint32_t kind, vantage, protocols;
	enum tscope_need need;
};

#define PLACE(id, kind, vantage, protocols, need, name) \
	{ name, TSCOPE_HOOK_##kind, TSCOPE_##vantage, TSCOPE_PROTO_##protocols, TSCOPE_##need },
static const struct place places[] = { TSCOPE_PLACES(PLACE) };
#undef PLACE

#define COUNT (sizeof(places) / sizeof(places[0]))

static struct tscope_hook hook_of(int fd, uint32_t index)
{
	struct tscope_hook hook = { .index = index };

	if (try_ioctl(fd, TSCOPE_IOC_HOOK, &hook)) {
		perror("a hook");
		exit(2);
	}
	return hook;
}

static void same_as_listed(int fd)
{
	int others = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		const struct place *place = &places[i];
		struct tscope_hook hook = hook_of(fd, i);

		if (strcmp(hook.name, place->name) == 0 && hook.index == i && hook.vantage == place->vantage &&
		    hook.kind == place->kind && hook.protocols == place->protocols && !hook.pad)
			continue;
		fprintf(stderr, "hook %u is %s at vantage point %u, not %s at %u\n", i, hook.name, hook.vantage,
			place->name, place->vantage);
		others++;
	}
	check(!others, "each hook is the list's place of that number");
}

static int here(const struct tscope_hook *hook)
{
	return hook->state == TSCOPE_HOOK_PRESENT || hook->state == TSCOPE_HOOK_ATTACHED;
}

/* Bits of the vantage points that can be had of these protocols, by the states of the hooks. */
static uint32_t can_be_had(int fd, uint32_t protocols)
{
	uint32_t had = 0, lacking = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct tscope_hook hook = hook_of(fd, i);

		if (!(places[i].protocols & protocols))
			continue;
		if (here(&hook))
			had |= TSCOPE_VANTAGE_BIT(hook.vantage);
		else if (places[i].need == TSCOPE_REQUIRED)
			lacking |= TSCOPE_VANTAGE_BIT(hook.vantage);
	}
	return had & ~lacking;
}

static void one_choice(int fd)
{
	int first = 0, second = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct tscope_hook hook = hook_of(fd, i);

		first += places[i].need == TSCOPE_FIRST_CHOICE && here(&hook);
		second += places[i].need == TSCOPE_SECOND_CHOICE && here(&hook);
	}
	check(first + second == 1, "of the places that may be chosen among one is used");
}

/* Hooks in another state than a session of `vantage` and `protocols` leaves them in; 0 and 0: no session. */
static int out_of_state(int fd, uint32_t vantage, uint32_t protocols)
{
	int wrong = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct tscope_hook hook = hook_of(fd, i);
		int passes = protocols & places[i].protocols &&
			     TSCOPE_PLACE_SERVES(places[i].vantage, places[i].need) & TSCOPE_VANTAGE_BIT(vantage);

		if (!here(&hook) || (hook.state == TSCOPE_HOOK_ATTACHED) == passes)
			continue;
		fprintf(stderr, "%s is in state %u with vantage point %u and protocols %u\n", hook.name, hook.state,
			vantage, protocols);
		wrong++;
	}
	return wrong;
}

static void attached_as_listed(int asker)
{
	int sessions = 0, refused = 0, wrong = 0;

	for (uint32_t at = 0; at < TSCOPE_VANTAGES * PROTOCOLS; at++) {
		uint32_t vantage = at / PROTOCOLS, protocols = 1U << at % PROTOCOLS;
		struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(vantage), 0, 16);
		int can = (can_be_had(asker, protocols) & config.vantages) != 0, fd = open_device(), error;

		config.filter.protocols = protocols;
		error = try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config);
		if (error != (can ? 0 : ENODEV)) {
			fprintf(stderr, "vantage point %u, protocols %u: %s\n", vantage, protocols, strerror(error));
			wrong++;
		}
		if (!error) {
			wrong += try_ioctl(fd, TSCOPE_IOC_START, NULL) != 0;
			wrong += out_of_state(asker, vantage, protocols);
		}
		error ? refused++ : sessions++;
		close(fd);
		wrong += out_of_state(asker, 0, 0);
	}
	/* No datagram opens a connection. */
	check(refused == 2 && sessions == TSCOPE_VANTAGES * PROTOCOLS - 2,
	      "each vantage point can be had of each protocol that passes there");
	check(!wrong, "and a session has those attached that its packets pass, no others, and none when it is closed");
}

int main(void)
{
	int fd = open_device();
	struct tscope_info info;

	if (try_ioctl(fd, TSCOPE_IOC_INFO, &info))
		return 2;
	check(info.hooks == COUNT, "as many hooks as the list has places");
	if (info.hooks != COUNT)
		return finish();
	same_as_listed(fd);
	one_choice(fd);
	check(info.vantages == can_be_had(fd, TSCOPE_PROTO_TCP), "the vantage points of TCP are those that no place is lacking for");
	attached_as_listed(fd);
	close(fd);
	return finish();
}
