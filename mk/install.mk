# SPDX-License-Identifier: MIT
# PREFIX for the command, its pages and the library; the module goes to the running kernel's tree.

PREFIX ?= /usr/local
DESTDIR ?=
RUNNING := $(shell uname -r)
VERSION := $(shell awk '/^project/ { print $$3 }' CMakeLists.txt)
PLACE := $(DESTDIR)$(PREFIX)
MODULE := $(DESTDIR)/lib/modules/$(RUNNING)/extra/tscope.ko

.PHONY: install
install: user ## the command, man pages and library; the module where one is built for this kernel
	install -D -m 755 $(BUILD)/tscope $(PLACE)/bin/tscope
	install -D -m 644 -t $(PLACE)/share/man/man1 docs/man/*.1
	install -D -m 644 -t $(PLACE)/lib $(BUILD)/user/lib/libtscope.a
	@mkdir -p $(PLACE)/lib/pkgconfig
	sed 's|@PREFIX@|$(PREFIX)|; s|@VERSION@|$(VERSION)|' lib/tscope.pc.in >$(PLACE)/lib/pkgconfig/tscope.pc
	@mkdir -p $(PLACE)/include && rm -rf $(PLACE)/include/tscope
	cp -RL lib/include/tscope $(PLACE)/include/
	@chmod -R u=rwX,go=rX $(PLACE)/include/tscope
	@if [ -e $(BUILD)/kmod/$(RUNNING)/tscope.ko ]; then \
		install -D -m 644 $(BUILD)/kmod/$(RUNNING)/tscope.ko $(MODULE) && \
		if [ -z "$(DESTDIR)" ]; then depmod $(RUNNING); fi; \
	else \
		echo "no module for the running kernel $(RUNNING): build one with: make kmod KERNELS=running"; \
	fi
