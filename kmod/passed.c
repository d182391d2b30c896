// SPDX-License-Identifier: GPL-2.0-only
#include "passed.h"

void tscope_count_for_others(enum tscope_passed_point point, u32 vantage, const struct net_device *dev,
			     u32 segs, const struct tscope_listener *but)
{
	const struct net *net = dev_net(dev);
	const struct tscope_listener *listener;

	tscope_for_each_listener(listener, tscope_listeners_of(net)) {
		if (listener != but && listener->net == net &&
		    tscope_listens(listener, vantage, dev->ifindex))
			tscope_count_for(listener, point, dev, segs);
	}
	tscope_for_each_listener(listener, &tscope_listeners_everywhere) {
		if (listener != but && tscope_listens(listener, vantage, dev->ifindex))
			tscope_count_for(listener, point, dev, segs);
	}
}
