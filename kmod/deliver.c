// SPDX-License-Identifier: GPL-2.0-only
#include <linux/lockdep.h>

#include "deliver.h"
#include "uapi/layout.h"

static_assert(sizeof(struct tscope_record) == TSCOPE_RECORD_SIZE);
#define FIELD(name, offset, size)						\
	static_assert(offsetof(struct tscope_record, name) == (offset));	\
	static_assert(sizeof_field(struct tscope_record, name) == (size));
TSCOPE_LAYOUT(FIELD)
#undef FIELD

void tscope_deliver(const struct tscope_packet *packet, const struct tscope_listener *but)
{
	const struct tscope_listener *listener;

	lockdep_assert_preemption_disabled();
	tscope_for_each_listener(listener, tscope_listeners_of(packet->net)) {
		if (listener->net == packet->net && listener != but)
			tscope_give(listener, packet);
	}
	tscope_for_each_listener(listener, &tscope_listeners_everywhere) {
		if (listener != but)
			tscope_give(listener, packet);
	}
}
