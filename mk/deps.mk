# SPDX-License-Identifier: MIT
# Debian packages, by name. As root they are installed; else what is missing is said.

PACKAGES := g++ gcc-12 cmake make ninja-build pkg-config git \
	libfmt-dev nlohmann-json3-dev libcli11-dev libboost-dev libnl-3-dev libnl-route-3-dev \
	zlib1g-dev liblzma-dev libzstd-dev liblz4-dev \
	clang bpftool libbpf-dev \
	libgtest-dev libgmock-dev libbenchmark-dev \
	qemu-system-x86 busybox-static cpio kmod xz-utils zstd lz4 gzip \
	libelf1 zlib1g pahole bc \
	bash iproute2 ethtool iperf3 stress-ng tcpdump iputils-ping util-linux strace jq procps python3 \
	tshark tcptrace time \
	clang-format clang-tidy cppcheck shellcheck codespell sparse groff-base

DEPS_STAMP := $(BUILD)/.deps-$(shell echo $(PACKAGES) | cksum | cut -d ' ' -f 1)

.PHONY: deps
deps: $(DEPS_STAMP) ## install the Debian packages that building and testing need

# For `make lint` alone. Whoever has npm from elsewhere can't have Debian's as well.
.PHONY: node
node: | deps
	@command -v npm >/dev/null || mk/install-packages nodejs npm

$(DEPS_STAMP):
	@mkdir -p $(BUILD)
	@mk/install-packages $(PACKAGES)
	@rm -f $(BUILD)/.deps-* && touch $@
