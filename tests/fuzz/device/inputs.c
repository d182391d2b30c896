// SPDX-License-Identifier: MIT
/* What calls are given: most of it right, the rest a right one spoilt, or one that reached new code spoilt further. */
#include <netinet/in.h>

#include "fuzz.h"

#define ALL_VANTAGES ((1U << TSCOPE_VANTAGES) - 1)

static const struct find *any_find(struct fuzzer *fuzzer, enum operation operation)
{
	uint32_t made = fuzzer->finds_made < FINDS ? fuzzer->finds_made : FINDS;

	for (int tries = 0; made && tries < 4; tries++) {
		const struct find *find = &fuzzer->finds[below(&fuzzer->chance, made)];

		if (find->operation == operation)
			return find;
	}
	return NULL;
}

static void good_filter(struct chance *chance, struct tscope_filter *filter)
{
	if (one_in(chance, 3))
		filter->protocols = below(chance, TSCOPE_PROTO_ALL + 1);
	if (one_in(chance, 3)) {
		filter->port = below(chance, 65536);
		filter->port_side = below(chance, 3);
	}
	if (one_in(chance, 4)) {
		filter->family = one_in(chance, 2) ? AF_INET : AF_INET6;
		filter->prefix_len = below(chance, filter->family == AF_INET ? 33 : 129);
		filter->address[0] = 127;
	}
	if (one_in(chance, 8))
		filter->ifindex = world.lo;
}

static struct tscope_config good_config(struct chance *chance)
{
	struct tscope_config config = {
		.interface_version = TSCOPE_INTERFACE_VERSION,
		.slots = 16U << below(chance, 7),
	};

	/* Hooks cost the kernel much: sessions for trains are the more common. */
	if (!one_in(chance, 8)) {
		config.flags = TSCOPE_CONFIG_TRAIN;
		config.vantages = TSCOPE_VANTAGE_BIT(one_in(chance, 2) ? TSCOPE_DRIVER_TX : TSCOPE_QDISC_TX);
	} else {
		uint32_t available;

		good_filter(chance, &config.filter);
		available = available_to(config.filter.protocols);
		config.vantages = available & (one_in(chance, 4) ? ALL_VANTAGES : chance_next(chance));
		if (!config.vantages)
			config.vantages = available & -available;
		if (one_in(chance, 8))
			config.flags = TSCOPE_CONFIG_ALL_NETNS;
	}
	config.watermark = 1 + below(chance, config.slots);
	return config;
}

struct tscope_config make_config(struct fuzzer *fuzzer)
{
	struct chance *chance = &fuzzer->chance;
	struct tscope_config config = good_config(chance);
	const struct find *find;

	if (!one_in(chance, 3))
		return config;
	find = any_find(fuzzer, OP_CONFIGURE);
	if (find && one_in(chance, 2))
		config = find->config;
	spoil(chance, &config, sizeof(config));
	/* Large rings would be most of the run's time. */
	if (config.slots > 4096 && config.slots < world.info.max_slots && !one_in(chance, 64))
		config.slots = 1 + (config.slots | 1);
	return config;
}

static void good_frame(struct chance *chance, struct plan *plan)
{
	int ipv6 = one_in(chance, 3), tagged = one_in(chance, 4);
	uint32_t ip_at = tagged ? 18 : 14, udp_at = ip_at + (ipv6 ? 40 : 20);
	uint8_t *ip = plan->frame + ip_at;

	if (tagged)
		plan->frame[12] = 0x81;
	ip[-2] = ipv6 ? 0x86 : 8;
	ip[-1] = ipv6 ? 0xdd : 0;
	if (ipv6) {
		ip[0] = 0x60;
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		ip[23] = ip[39] = 1; /* ::1 */
	} else {
		ip[0] = 0x45;
		ip[8] = 64;
		ip[9] = IPPROTO_UDP;
		ip[12] = ip[16] = 127;
		ip[15] = ip[19] = 1;
	}
	plan->frame[udp_at + 1] = plan->frame[udp_at + 3] = 9;
	plan->train.ip_at = ip_at;
	plan->train.frame_len = udp_at + 8 + 14 + below(chance, 64);
	if (!one_in(chance, 4)) {
		plan->train.seq_at = udp_at + 8;
		plan->train.time_at = udp_at + 12;
	}
}

static struct plan good_plan(struct chance *chance, const struct file *file)
{
	uint64_t at = 0;
	/* One that is to be cancelled, or ends with its session. */
	int far = one_in(chance, 4);
	struct plan plan = { .train = {
		.count = 1 + below(chance, one_in(chance, 4) ? PLAN_PROBES : 3),
		.cpu = below(chance, world.info.cpus),
		.flags = below(chance, 4),
		.late_ns = below(chance, 1000001),
		.ifindex = world.lo,
	} };

	good_frame(chance, &plan);
	switch (below(chance, 4)) {
	case 0:
		plan.train.ifindex = file->netns ? file->netns->pair.one : world.pair.one;
		break;
	case 1:
		if (!file->netns && atomic_load(&world.passing))
			plan.train.ifindex = atomic_load(&world.passing);
		break;
	}
	for (uint32_t i = 0; i < PLAN_PROBES; i++) {
		plan.probes[i] = (struct tscope_train_probe){ .at_ns = at, .len = plan.train.frame_len };
		at += 1 + below(chance, 100000);
	}
	if (far)
		plan.probes[plan.train.count - 1].at_ns += 1000ULL * 1000000000;
	return plan;
}

struct plan make_plan(struct fuzzer *fuzzer, const struct file *file)
{
	struct chance *chance = &fuzzer->chance;
	struct plan plan = good_plan(chance, file);
	const struct find *find;

	if (!one_in(chance, 4))
		return plan;
	find = any_find(fuzzer, OP_TRAIN);
	if (find && one_in(chance, 2))
		plan = find->plan;
	switch (below(chance, 8)) {
	case 0:
		plan.probes_at = 1 + below(chance, PLACE_CUT);
		break;
	case 1:
		plan.frame_at = 1 + below(chance, PLACE_CUT);
		break;
	case 2:
		plan.train.start_tsc = __builtin_ia32_rdtsc() + any_value(chance);
		break;
	case 3:
		spoil(chance, plan.frame, plan.train.frame_len < FRAME_BYTES ? plan.train.frame_len : FRAME_BYTES);
		break;
	case 4:
		spoil(chance, plan.probes, sizeof(plan.probes));
		break;
	default:
		spoil(chance, &plan.train, sizeof(plan.train));
	}
	/* Copying as much as there may be, to no end, would be most of the run's time. */
	if (plan.train.count > 1 << 12 && plan.train.count <= 1 << 22 && !one_in(chance, 256))
		plan.train.count |= 1U << 31;
	return plan;
}
