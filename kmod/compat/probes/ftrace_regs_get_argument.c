// SPDX-License-Identifier: GPL-2.0-only
/* Linux 6.2 on; later kernels hide what struct ftrace_regs has. */
#include <linux/ftrace.h>

unsigned long probe(struct ftrace_regs *regs);
unsigned long probe(struct ftrace_regs *regs)
{
	return ftrace_regs_get_argument(regs, 0);
}
