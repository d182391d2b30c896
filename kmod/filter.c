// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/socket.h>
#include <linux/string.h>

#include "filter.h"

bool tscope_filter_valid(const struct tscope_filter *filter)
{
	unsigned int bits = filter->family == AF_INET ? 32 : 128;

	if (filter->family != AF_UNSPEC && filter->family != AF_INET && filter->family != AF_INET6)
		return false;
	if (filter->prefix_len && filter->family == AF_UNSPEC)
		return false;
	return filter->prefix_len <= bits && filter->port_side <= TSCOPE_PORT_DESTINATION &&
	       !(filter->protocols & ~TSCOPE_PROTO_ALL) &&
	       !memchr_inv(filter->pad, 0, sizeof(filter->pad));
}

static bool prefix_matches(const u8 *a, const u8 *b, unsigned int bits)
{
	unsigned int bytes = bits / 8;

	if (memcmp(a, b, bytes))
		return false;
	return bits % 8 == 0 || (a[bytes] ^ b[bytes]) >> (8 - bits % 8) == 0;
}

bool tscope_filter_address_matches(const struct tscope_filter *filter, u8 family, u32 flags,
				   const u8 *header)
{
	const bool v4 = family == AF_INET;
	const size_t size = v4 ? sizeof(__be32) : sizeof(struct in6_addr);
	const u8 *source = header + (v4 ? offsetof(struct iphdr, saddr) : offsetof(struct ipv6hdr, saddr));

	if (filter->family != family)
		return false;
	if (!filter->prefix_len || prefix_matches(filter->address, source, filter->prefix_len) ||
	    prefix_matches(filter->address, source + size, filter->prefix_len))
		return true;
	return flags & TSCOPE_F_SYNTH_IP && !memchr_inv(source, 0, size);
}
