/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TSCOPE_DEVICE_H
#define TSCOPE_DEVICE_H

int tscope_device_init(void);
void tscope_device_exit(void);

#endif
