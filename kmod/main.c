// SPDX-License-Identifier: GPL-2.0-only
/* The init ladder and its reverse. */
#include <linux/module.h>

#include "clock.h"
#include "device.h"
#include "hooks.h"
#include "kfunc.h"
#include "netns.h"
#include "train_registry.h"

static int __init tscope_init(void)
{
	int err;

	err = tscope_clock_init();
	if (err)
		return err;
	err = tscope_hooks_init();
	if (err)
		return err;
	err = tscope_netns_init();
	if (err)
		goto hooks;
	err = tscope_registry_init();
	if (err)
		goto netns;
	err = tscope_device_init();
	if (err)
		goto trains;
	if (tscope_kfunc_init())
		pr_info("tscope: no clock for BPF programs: this build of the module has no BTF\n");
	return 0;

trains:
	tscope_registry_exit();
netns:
	tscope_netns_exit();
hooks:
	tscope_hooks_exit();
	return err;
}

static void __exit tscope_exit(void)
{
	tscope_device_exit();
	tscope_registry_exit();
	tscope_netns_exit();
	tscope_hooks_exit();
}

module_init(tscope_init);
module_exit(tscope_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("TSC stamps of packets at every layer of the stack");
MODULE_VERSION("0.1.0");
