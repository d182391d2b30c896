/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_FILTER_H
#define TSCOPE_FILTER_H

#include "packet.h"
#include "uapi/tscope.h"

bool tscope_filter_valid(const struct tscope_filter *filter);
/*
 * Of the filter's family or not, by the addresses in an IP header. A made-up header whose source is not
 * chosen yet matches: the reader finds out by the route.
 */
bool tscope_filter_address_matches(const struct tscope_filter *filter, u8 family, u32 flags,
				   const u8 *header);

static inline u8 tscope_filter_protocols(const struct tscope_filter *filter)
{
	return filter->protocols ?: TSCOPE_PROTO_ALL;
}

static __always_inline bool tscope_filter_port_matches(const struct tscope_filter *filter,
						       const struct tscope_packet *packet)
{
	bool source = filter->port == packet->sport;
	bool destination = filter->port == packet->dport;

	switch (filter->port_side) {
	case TSCOPE_PORT_SOURCE:
		return source;
	case TSCOPE_PORT_DESTINATION:
		return destination;
	default:
		return source || destination;
	}
}

static __always_inline bool tscope_filter_match(const struct tscope_filter *filter,
						const struct tscope_packet *packet)
{
	if (!(tscope_filter_protocols(filter) & packet->protocol))
		return false;
	if (filter->port && !tscope_filter_port_matches(filter, packet))
		return false;
	/* Without a route there is no device yet. The reader finds out which one it is. */
	if (filter->ifindex && packet->ifindex && filter->ifindex != packet->ifindex)
		return false;
	return !filter->family ||
	       tscope_filter_address_matches(filter, packet->family, packet->flags, packet->header);
}

#endif
