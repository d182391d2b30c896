/* SPDX-License-Identifier: MIT */
/* Network devices by bare netlink: a process for each would be most of the run's time. */
#ifndef FUZZ_LINKS_H
#define FUZZ_LINKS_H

#include <stdint.h>

/* All in the calling thread's network namespace; they say whether it went well. */
int link_up(const char *name, int up);
int link_add_veth(const char *name, const char *peer);
int link_delete(const char *name);

#endif
