// SPDX-License-Identifier: GPL-2.0-only
/* /dev/tscope: copies in and out, then calls the session; no user memory is touched under a lock. */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nsproxy.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include <asm/tsc.h>

#include "capture.h"
#include "clock.h"
#include "device.h"
#include "hooks.h"
#include "session.h"
#include "train_session.h"

static int tscope_open(struct inode *inode, struct file *file)
{
	struct tscope_session *session = tscope_session_new(current->nsproxy->net_ns);

	if (!session)
		return -ENOMEM;
	file->private_data = session;
	return nonseekable_open(inode, file);
}

static int tscope_release(struct inode *inode, struct file *file)
{
	tscope_session_free(file->private_data);
	return 0;
}

static long give_info(void __user *user)
{
	struct tscope_info info = {
		.interface_version = TSCOPE_INTERFACE_VERSION,
		.record_version = TSCOPE_RECORD_VERSION,
		.record_size = sizeof(struct tscope_record),
		.cpus = nr_cpu_ids,
		.tsc_khz = tsc_khz,
		.hooks = tscope_hooks_count(),
		.vantages = tscope_hooks_available(TSCOPE_PROTO_TCP),
		.max_slots = TSCOPE_MAX_SLOTS,
	};

	return copy_to_user(user, &info, sizeof(info)) ? -EFAULT : 0;
}

static long give_hook(void __user *user)
{
	struct tscope_hook hook;
	int err;

	if (copy_from_user(&hook, user, sizeof(hook)))
		return -EFAULT;
	err = tscope_hooks_describe(hook.index, &hook);
	if (err)
		return err;
	return copy_to_user(user, &hook, sizeof(hook)) ? -EFAULT : 0;
}

static long configure(struct file *file, const void __user *user)
{
	struct tscope_config config;

	if (copy_from_user(&config, user, sizeof(config)))
		return -EFAULT;
	return tscope_session_configure(file->private_data, file, &config,
					config.flags & TSCOPE_CONFIG_TRAIN ? &tscope_train_session :
									     &tscope_capture_session);
}

static long give_anchor(void __user *user)
{
	struct tscope_anchor anchor;

	tscope_clock_anchor(&anchor);
	return copy_to_user(user, &anchor, sizeof(anchor)) ? -EFAULT : 0;
}

static long submit_train(struct file *file, void __user *user)
{
	struct tscope_train request;
	int err;

	if (copy_from_user(&request, user, sizeof(request)))
		return -EFAULT;
	err = tscope_train_submit(file->private_data, file, &request);
	if (err)
		return err;
	/* The train is under way: its number can also be guessed, so nothing is undone. */
	return copy_to_user(user, &request, sizeof(request)) ? -EFAULT : 0;
}

static long give_train_status(struct file *file, void __user *user)
{
	struct tscope_train_status status;
	int err;

	if (copy_from_user(&status, user, sizeof(status)))
		return -EFAULT;
	err = tscope_train_describe(file->private_data, &status);
	if (err)
		return err;
	return copy_to_user(user, &status, sizeof(status)) ? -EFAULT : 0;
}

static long cancel_train(struct file *file, const void __user *user)
{
	u32 number;

	if (copy_from_user(&number, user, sizeof(number)))
		return -EFAULT;
	return tscope_train_cancel(file->private_data, number);
}

static long tscope_ioctl(struct file *file, unsigned int command, unsigned long argument)
{
	void __user *user = (void __user *)argument;

	switch (command) {
	case TSCOPE_IOC_INFO:
		return give_info(user);
	case TSCOPE_IOC_HOOK:
		return give_hook(user);
	case TSCOPE_IOC_CONFIGURE:
		return configure(file, user);
	case TSCOPE_IOC_START:
		return tscope_session_start(file->private_data);
	case TSCOPE_IOC_STOP:
		return tscope_session_stop(file->private_data);
	case TSCOPE_IOC_ANCHOR:
		return give_anchor(user);
	case TSCOPE_IOC_TRAIN:
		return submit_train(file, user);
	case TSCOPE_IOC_TRAIN_STATUS:
		return give_train_status(file, user);
	case TSCOPE_IOC_TRAIN_CANCEL:
		return cancel_train(file, user);
	default:
		return -ENOTTY;
	}
}

static int tscope_mmap(struct file *file, struct vm_area_struct *vma)
{
	return tscope_session_mmap(file->private_data, vma);
}

static __poll_t tscope_poll(struct file *file, struct poll_table_struct *table)
{
	return tscope_session_poll(file->private_data, file, table);
}

static const struct file_operations tscope_fops = {
	.owner = THIS_MODULE,
	.open = tscope_open,
	.release = tscope_release,
	.unlocked_ioctl = tscope_ioctl,
	/* uapi's structs are the same for 32 bits. */
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = tscope_mmap,
	.poll = tscope_poll,
};

static struct miscdevice tscope_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "tscope",
	.fops = &tscope_fops,
	.mode = 0600,
};

int tscope_device_init(void)
{
	return misc_register(&tscope_device);
}

void tscope_device_exit(void)
{
	misc_deregister(&tscope_device);
}
