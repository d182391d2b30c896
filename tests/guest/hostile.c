// SPDX-License-Identifier: MIT
/* guests: 6.1 6.12 cloud debug */
/* Everything wrong that a program can say to /dev/tscope, and the exact errno it must get. */
#define _GNU_SOURCE /* mremap */

#include "session.h"

#define PORT 5201

static int config_errno(struct tscope_config config)
{
	int fd = open_device();
	int error = try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config);

	close(fd);
	return error;
}

static void wrong_ioctls(void)
{
	int fd = open_device();
	unsigned int type, number, size;
	int refused = 1;
	char scratch[4096] = { 0 };

	for (number = 6; number < 256; number++)
		refused &= try_ioctl(fd, _IO(TSCOPE_IOC_MAGIC, number), scratch) == ENOTTY;
	check(refused, "ioctl: unknown numbers are ENOTTY");

	refused = 1;
	for (size = 0; size < 300; size++) {
		if (size != sizeof(struct tscope_config))
			refused &= try_ioctl(fd, _IOC(_IOC_WRITE, TSCOPE_IOC_MAGIC, 2, size),
					     scratch) == ENOTTY;
		if (size != sizeof(struct tscope_info))
			refused &= try_ioctl(fd, _IOC(_IOC_READ, TSCOPE_IOC_MAGIC, 0, size),
					     scratch) == ENOTTY;
	}
	check(refused, "ioctl: a size of another version is ENOTTY");

	refused = 1;
	srand(1);
	for (type = 0; type < 100000; type++) {
		unsigned long command = ((unsigned long)rand() << 16) ^ rand();

		if (_IOC_TYPE(command) == TSCOPE_IOC_MAGIC || _IOC_TYPE(command) == 'T' ||
		    _IOC_TYPE(command) == 'f' || _IOC_TYPE(command) == 'X')
			continue;
		int error = try_ioctl(fd, command, scratch);

		/* The file system layer answers a few numbers of its own. */
		refused &= error == ENOTTY || error == 0 || error == EBADF || error == EINVAL;
	}
	check(refused, "ioctl: 100,000 random commands are refused");

	check(try_ioctl(fd, TSCOPE_IOC_INFO, NULL) == EFAULT, "INFO into NULL is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_HOOK, (void *)1) == EFAULT, "HOOK from 1 is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_CONFIGURE, (void *)-4096L) == EFAULT,
	      "CONFIGURE from a kernel address is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_ANCHOR, NULL) == EFAULT, "ANCHOR into NULL is EFAULT");
	check(try_ioctl(fd, TSCOPE_IOC_START, NULL) == EINVAL, "START before CONFIGURE is EINVAL");
	check(try_ioctl(fd, TSCOPE_IOC_STOP, NULL) == EINVAL, "STOP before START is EINVAL");

	struct tscope_hook hook = { .index = 0xffffffff };

	check(try_ioctl(fd, TSCOPE_IOC_HOOK, &hook) == EINVAL, "HOOK beyond the last is EINVAL");
	close(fd);
}

static void wrong_configs(void)
{
	const uint32_t driver_rx = TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX);
	const struct tscope_config good = usual_config(driver_rx, PORT, 64);
	struct tscope_config config;

	check(config_errno(good) == 0, "CONFIGURE as it should be");
#define REFUSED(change, name)                                   \
	do {                                                    \
		config = good;                                  \
		change;                                         \
		check(config_errno(config) == EINVAL, name);    \
	} while (0)
	REFUSED(config.interface_version++, "another interface version is EINVAL");
	REFUSED(config.vantages = 0, "no vantage point is EINVAL");
	REFUSED(config.vantages = 1U << TSCOPE_VANTAGES, "unknown vantage point is EINVAL");
	REFUSED(config.slots = 0, "0 slots is EINVAL");
	REFUSED(config.slots = 63, "63 slots is EINVAL");
	REFUSED(config.slots = 8, "8 slots is EINVAL");
	REFUSED(config.slots = 1U << 31, "2^31 slots is EINVAL");
	REFUSED(config.watermark = 0, "watermark 0 is EINVAL");
	REFUSED(config.watermark = 65, "watermark above the slots is EINVAL");
	REFUSED(config.flags = 0x80, "unknown flag is EINVAL");
	REFUSED(config.pad = 1, "padding in use is EINVAL");
	REFUSED(config.filter.pad[5] = 1, "filter's padding in use is EINVAL");
	REFUSED(config.filter.protocols = 8, "unknown protocol is EINVAL");
	REFUSED(config.filter.family = 77, "unknown address family is EINVAL");
	REFUSED(config.filter.prefix_len = 1, "prefix without a family is EINVAL");
	REFUSED((config.filter.family = 2, config.filter.prefix_len = 33), "IPv4 /33 is EINVAL");
	REFUSED((config.filter.family = 10, config.filter.prefix_len = 129), "IPv6 /129 is EINVAL");
	REFUSED(config.filter.port_side = 3, "unknown port side is EINVAL");
#undef REFUSED
}

static void wrong_order(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX), PORT, 64);
	int fd = open_device();

	check(mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, TSCOPE_MMAP_INFO) == MAP_FAILED &&
	      errno == EINVAL, "mmap before CONFIGURE is EINVAL");
	check(!try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config), "CONFIGURE");
	check(try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config) == EBUSY, "CONFIGURE twice is EBUSY");
	check(!try_ioctl(fd, TSCOPE_IOC_START, NULL), "START");
	check(try_ioctl(fd, TSCOPE_IOC_START, NULL) == EBUSY, "START twice is EBUSY");
	check(!try_ioctl(fd, TSCOPE_IOC_STOP, NULL), "STOP");
	check(try_ioctl(fd, TSCOPE_IOC_STOP, NULL) == EINVAL, "STOP twice is EINVAL");
	check(try_ioctl(fd, TSCOPE_IOC_START, NULL) == EBUSY, "START after STOP is EBUSY");
	close(fd);
}

static int map_errno(int fd, size_t bytes, int prot, int flags, uint64_t offset)
{
	void *p = mmap(NULL, bytes, prot, flags, fd, offset);

	if (p == MAP_FAILED)
		return errno;
	munmap(p, bytes);
	return 0;
}

static void wrong_mappings(void)
{
	struct tscope_config config = usual_config(TSCOPE_VANTAGE_BIT(TSCOPE_DRIVER_RX), PORT, 64);
	const int ro = PROT_READ, rw = PROT_READ | PROT_WRITE;
	int fd = open_device();

	if (try_ioctl(fd, TSCOPE_IOC_CONFIGURE, &config))
		exit(2);

	struct mapped m = map_session(fd);
	size_t ring = m.info->ring_bytes;
	uint64_t behind = TSCOPE_MMAP_DATA + m.info->cpus * ring;

	check(!map_errno(fd, ring, ro, MAP_SHARED, TSCOPE_MMAP_DATA), "a ring maps read-only");
	check(map_errno(fd, ring, rw, MAP_SHARED, TSCOPE_MMAP_DATA) == EPERM,
	      "a ring writable is EPERM");
	check(map_errno(fd, ring, rw, MAP_PRIVATE, TSCOPE_MMAP_DATA) == EPERM,
	      "a ring writable and private is EPERM");
	check(map_errno(fd, m.info_bytes, rw, MAP_SHARED, TSCOPE_MMAP_INFO) == EPERM,
	      "the describing page writable is EPERM");
	check(mprotect((void *)m.info, m.info_bytes, rw) < 0 && errno == EACCES,
	      "making the describing page writable is EACCES");

	void *data = mmap(NULL, ring, ro, MAP_SHARED, fd, TSCOPE_MMAP_DATA);

	check(data != MAP_FAILED && mprotect(data, ring, rw) < 0 && errno == EACCES,
	      "making a ring writable is EACCES");
	check(mremap(data, ring, ring * 2, MREMAP_MAYMOVE) == MAP_FAILED && errno == EFAULT,
	      "growing a ring's mapping is EFAULT");
	check(map_errno(fd, ring + 4096, ro, MAP_SHARED, TSCOPE_MMAP_DATA) == EINVAL,
	      "a ring over-long is EINVAL");
	check(map_errno(fd, ring - 4096, ro, MAP_SHARED, TSCOPE_MMAP_DATA) == EINVAL,
	      "a ring too short is EINVAL");
	check(map_errno(fd, ring, ro, MAP_SHARED, TSCOPE_MMAP_DATA + 4096) == EINVAL,
	      "a ring off its place is EINVAL");
	check(map_errno(fd, ring, ro, MAP_SHARED, behind) == EINVAL,
	      "a ring behind the last is EINVAL");
	check(map_errno(fd, ring, ro, MAP_SHARED, 0x7ffffffffffff000) != 0,
	      "a ring at the end of the world is refused");
	check(map_errno(fd, m.info_bytes + 4096, ro, MAP_SHARED, TSCOPE_MMAP_INFO) == EINVAL,
	      "the describing page over-long is EINVAL");
	check(map_errno(fd, m.info->tail_bytes + 4096, rw, MAP_SHARED, TSCOPE_MMAP_TAIL) == EINVAL,
	      "the tails over-long are EINVAL");
	check(map_errno(fd, 4096, ro, MAP_SHARED, 0x1000) == EINVAL,
	      "nothing lies between the regions");
	close(fd);
	check(m.info->record_size == sizeof(struct tscope_record),
	      "a mapping outlives its descriptor");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	wrong_ioctls();
	wrong_configs();
	wrong_order();
	wrong_mappings();
	return finish();
}
