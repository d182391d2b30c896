# SPDX-License-Identifier: MIT
# The module, out of tree, for each kernel in KERNELS: VERSION-FLAVOUR of Debian's, or "running".
# Results: build/kmod/<kernel release>/tscope.ko

KERNELS ?= 6.1-amd64 6.12-amd64

.PHONY: kmod
kmod: | deps ## the module for the guests' kernels (KERNELS="6.12-cloud running" for others)
	@for kernel in $(KERNELS); do mk/build-kmod $$kernel || exit 1; done
