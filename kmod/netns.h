/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_NETNS_H
#define TSCOPE_NETNS_H

int tscope_netns_init(void);
void tscope_netns_exit(void);

#endif
