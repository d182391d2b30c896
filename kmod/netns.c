// SPDX-License-Identifier: GPL-2.0-only
#include <net/net_namespace.h>

#include "netns.h"
#include "session.h"

static struct pernet_operations netns_ops = {
	.exit = tscope_sessions_netns_gone,
};

int tscope_netns_init(void)
{
	return register_pernet_subsys(&netns_ops);
}

void tscope_netns_exit(void)
{
	unregister_pernet_subsys(&netns_ops);
}
