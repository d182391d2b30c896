/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_FILTER_H
#define TSCOPE_FILTER_H

#include "packet.h"
#include "uapi/tscope.h"

bool tscope_filter_valid(const struct tscope_filter *filter);
static inline u8 tscope_filter_protocols(const struct tscope_filter *filter)
{
	return filter->protocols ?: TSCOPE_PROTO_ALL;
}

bool tscope_filter_match(const struct tscope_filter *filter, const struct tscope_packet *packet);

#endif
