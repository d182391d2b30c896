# SPDX-License-Identifier: MIT
# tscope: `make demo` and `make check` do everything, set-up included.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BUILD := $(CURDIR)/build
JOBS ?= $(shell nproc)
export BUILD JOBS

include mk/deps.mk
include mk/user.mk
include mk/kmod.mk
include mk/test.mk
include mk/install.mk

.PHONY: all help
all: user kmod ## build the command and the module for the guest kernels

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
