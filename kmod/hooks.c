// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>
#include <linux/nospec.h>
#include <linux/string.h>

#include "functions.h"
#include "hooks.h"
#include "lookup.h"
#include "prototypes.h"

/* Blocked receivers each hold one; beyond that a return is missed and counted. */
#define RETURN_INSTANCES 1024

static const struct tscope_layer *const layers[] = {
	&tscope_driver_layer, &tscope_qdisc_layer, &tscope_socket_layer,
	&tscope_app_layer,    &tscope_session_layer, &tscope_datagram_layer,
};

#define PROTOCOLS 3 /* bits of TSCOPE_PROTO_ALL */

#define for_each_place(layer, place)						\
	for ((layer) = layers; (layer) < layers + ARRAY_SIZE(layers); (layer)++)	\
		for ((place) = (*(layer))->places;					\
		     (place) < (*(layer))->places + (*(layer))->count; (place)++)

static DEFINE_MUTEX(hooks_lock);
static u32 available_vantages[PROTOCOLS];	/* set at load, then only read */
static u32 wanted_functions;			/* hooks_lock */
static unsigned int protocol_users[PROTOCOLS];	/* sessions; hooks_lock */

u8 tscope_wanted_protocols __read_mostly;	/* hooks_lock to change */

static void match_tracepoint(struct tracepoint *tracepoint, void *data)
{
	const struct tscope_layer *const *layer;
	struct tscope_place *place;

	for_each_place(layer, place) {
		if (place->kind == TSCOPE_HOOK_TRACEPOINT && !strcmp(place->name, tracepoint->name))
			place->tracepoint = tracepoint;
	}
}

static int register_return(struct tscope_place *place)
{
	place->kretprobe = (struct kretprobe) {
		.kp.symbol_name = place->name,
		.entry_handler = place->on_entry,
		.handler = place->on_return,
		.data_size = place->return_data,
		.maxactive = RETURN_INSTANCES,
	};
	return register_kretprobe(&place->kretprobe);
}

static u64 missed_now(const struct tscope_place *place)
{
	return place->missed_before + place->kretprobe.nmissed + place->kretprobe.kp.nmissed;
}

static void unregister_return(struct tscope_place *place)
{
	unregister_kretprobe(&place->kretprobe);
	place->missed_before = missed_now(place);
	place->kretprobe.nmissed = 0;
	place->kretprobe.kp.nmissed = 0;
}

static bool function_present(struct tscope_place *place)
{
	int number = tscope_functions_find(place->name, place->function);

	if (number < 0)
		return false;
	place->function_bit = BIT(number);
	return true;
}

static bool there(struct tscope_place *place)
{
	switch (place->kind) {
	case TSCOPE_HOOK_TRACEPOINT:
		return place->tracepoint;
	case TSCOPE_HOOK_FUNCTION:
		return function_present(place);
	default:
		if (register_return(place))
			return false;
		unregister_return(place);
		return true;
	}
}

static enum tscope_hook_state look_up(struct tscope_place *place)
{
	unsigned long address;

	/*
	 * A handler would take what is something else for a pointer. What a name does not tell apart,
	 * its prototype does not either.
	 */
	if (place->takes && !tscope_lookup(place->name, &address) &&
	    tscope_prototype_of(place->name, place->takes) == TSCOPE_PROTOTYPE_DIFFERS)
		return TSCOPE_HOOK_DIFFERS;
	return there(place) ? TSCOPE_HOOK_PRESENT : TSCOPE_HOOK_ABSENT;
}

static bool has_first_choice(u8 vantage)
{
	const struct tscope_layer *const *layer;
	struct tscope_place *place;

	for_each_place(layer, place) {
		if (place->vantage == vantage && place->need == TSCOPE_FIRST_CHOICE)
			return place->state == TSCOPE_HOOK_PRESENT;
	}
	return false;
}

/* For each protocol that passes `place`, the bit of its vantage point. */
static void mark(u32 *vantages, const struct tscope_place *place)
{
	int i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (place->protocols & BIT(i))
			vantages[i] |= TSCOPE_VANTAGE_BIT(place->vantage);
	}
}

int tscope_hooks_init(void)
{
	const struct tscope_layer *const *layer;
	u32 lacking[PROTOCOLS] = {};
	struct tscope_place *place;
	int i;

	for_each_kernel_tracepoint(match_tracepoint, NULL);
	tscope_prototypes_read();
	for_each_place(layer, place) {
		if (place->need == TSCOPE_SECOND_CHOICE && has_first_choice(place->vantage)) {
			place->state = TSCOPE_HOOK_UNNEEDED;
			continue;
		}
		place->state = look_up(place);
		if (place->state == TSCOPE_HOOK_PRESENT)
			mark(available_vantages, place);
		else if (place->need == TSCOPE_REQUIRED)
			mark(lacking, place);
	}
	tscope_prototypes_forget();
	tscope_functions_found();
	for (i = 0; i < PROTOCOLS; i++)
		available_vantages[i] &= ~lacking[i];
	return 0;
}

void tscope_hooks_exit(void)
{
	/* No session is left, so nothing is attached; a probe may still be on its way out. */
	tracepoint_synchronize_unregister();
	tscope_functions_exit();
}

u32 tscope_hooks_available(u8 protocols)
{
	u32 vantages = 0;
	int i;

	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols & BIT(i))
			vantages |= available_vantages[i];
	}
	return vantages;
}

u32 tscope_hooks_count(void)
{
	u32 i, count = 0;

	for (i = 0; i < ARRAY_SIZE(layers); i++)
		count += layers[i]->count;
	return count;
}

int tscope_hooks_describe(u32 index, struct tscope_hook *hook)
{
	const struct tscope_layer *const *layer;
	struct tscope_place *place;
	u32 i = 0;

	for_each_place(layer, place) {
		if (i++ != index)
			continue;
		memset(hook, 0, sizeof(*hook));
		hook->index = index;
		hook->vantage = place->vantage;
		hook->kind = place->kind;
		hook->protocols = place->protocols;
		strscpy(hook->name, place->name, sizeof(hook->name));
		mutex_lock(&hooks_lock);
		hook->state = place->state;
		hook->missed = missed_now(place);
		mutex_unlock(&hooks_lock);
		return 0;
	}
	return -EINVAL;
}

/* Functions only take effect with tscope_functions_hook(). */
static int attach(struct tscope_place *place)
{
	switch (place->kind) {
	case TSCOPE_HOOK_TRACEPOINT:
		return tracepoint_probe_register(place->tracepoint, place->probe, NULL);
	case TSCOPE_HOOK_FUNCTION:
		wanted_functions |= place->function_bit;
		return 0;
	default:
		return register_return(place);
	}
}

static void detach(struct tscope_place *place)
{
	switch (place->kind) {
	case TSCOPE_HOOK_TRACEPOINT:
		tracepoint_probe_unregister(place->tracepoint, place->probe, NULL);
		break;
	case TSCOPE_HOOK_FUNCTION:
		wanted_functions &= ~place->function_bit;
		break;
	default:
		unregister_return(place);
	}
}

static bool serves(const struct tscope_place *place, u32 vantages, u8 protocols)
{
	return vantages & TSCOPE_PLACE_SERVES(place->vantage, place->need) &&
	       protocols & place->protocols &&
	       (place->state == TSCOPE_HOOK_PRESENT || place->state == TSCOPE_HOOK_ATTACHED);
}

static void put(struct tscope_place *place)
{
	if (--place->users)
		return;
	detach(place);
	place->state = TSCOPE_HOOK_PRESENT;
}

/* Puts every place that serves these before `end`; NULL: all. */
static void put_until(u32 vantages, u8 protocols, const struct tscope_place *end)
{
	const struct tscope_layer *const *layer;
	struct tscope_place *place;

	lockdep_assert_held(&hooks_lock);
	for_each_place(layer, place) {
		if (place == end)
			return;
		if (serves(place, vantages, protocols))
			put(place);
	}
}

static int get_all(u32 vantages, u8 protocols)
{
	const struct tscope_layer *const *layer;
	struct tscope_place *place;
	int err;

	lockdep_assert_held(&hooks_lock);
	for_each_place(layer, place) {
		if (!serves(place, vantages, protocols))
			continue;
		if (!place->users) {
			err = attach(place);
			if (err) {
				put_until(vantages, protocols, place);
				return err;
			}
			place->state = TSCOPE_HOOK_ATTACHED;
		}
		place->users++;
	}
	err = tscope_functions_hook(wanted_functions);
	if (err)
		put_until(vantages, protocols, NULL);
	return err;
}

static void count_protocols(u8 protocols, int sessions)
{
	u8 wanted = 0;
	int i;

	lockdep_assert_held(&hooks_lock);
	for (i = 0; i < PROTOCOLS; i++) {
		if (protocols & BIT(i))
			protocol_users[i] += sessions;
		if (protocol_users[i])
			wanted |= BIT(i);
	}
	WRITE_ONCE(tscope_wanted_protocols, wanted);
}

int tscope_hooks_attach(u32 vantages, u8 protocols)
{
	int err;

	mutex_lock(&hooks_lock);
	err = get_all(vantages, protocols);
	if (!err)
		count_protocols(protocols, 1);
	mutex_unlock(&hooks_lock);
	return err;
}

void tscope_hooks_detach(u32 vantages, u8 protocols)
{
	mutex_lock(&hooks_lock);
	count_protocols(protocols, -1);
	put_until(vantages, protocols, NULL);
	/*
	 * Without the memory to take some functions off while others stay, all stay till the last
	 * goes: sessions see the vantage points that they asked for, as ever.
	 */
	tscope_functions_hook(wanted_functions);
	mutex_unlock(&hooks_lock);
}
