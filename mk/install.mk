# SPDX-License-Identifier: MIT
# PREFIX for the command and its pages; the module goes to the running kernel's tree.

PREFIX ?= /usr/local
DESTDIR ?=
RUNNING := $(shell uname -r)

.PHONY: install
install: user ## the command and man pages; the module too where one is built for this kernel
	install -D -m 755 $(BUILD)/tscope $(DESTDIR)$(PREFIX)/bin/tscope
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/man/man1 docs/man/*.1
	@if [ -e $(BUILD)/kmod/$(RUNNING)/tscope.ko ]; then \
		install -D -m 644 $(BUILD)/kmod/$(RUNNING)/tscope.ko $(DESTDIR)/lib/modules/$(RUNNING)/extra/tscope.ko && depmod $(RUNNING); \
	else \
		echo "no module for the running kernel $(RUNNING): build one with: make kmod KERNELS=running"; \
	fi
