// SPDX-License-Identifier: MIT
/* Prints each hook's number of its state and name, whatever version the module is of. */
#include "session.h"

int main(void)
{
	int fd = open_device();

	for (uint32_t i = 0;; i++) {
		struct tscope_hook hook = { .index = i };

		if (try_ioctl(fd, TSCOPE_IOC_HOOK, &hook))
			return i == 0;
		printf("%u %s\n", hook.state, hook.name);
	}
}
