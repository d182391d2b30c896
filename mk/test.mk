# SPDX-License-Identifier: MIT
# What shows that it works.

.PHONY: check check-debug check-full demo bench lint
check: deps user kmod ## run every test; ends in "N passed, M failed, S skipped"
	@tests/check

check-debug: deps user kmod ## run what debug kernels can judge on one with KASAN and one with KCSAN
	@TSCOPE_CHECK=kasan,kcsan tests/check

check-full: deps user kmod ## check, check-debug and many rounds of loading: hours
	@TSCOPE_CHECK=unit,cli,bpf,joined,guests,kasan,kcsan,rounds tests/check

demo: deps user kmod ## one ACK stream captured on the host and in its guest, and what happened in between
	@tests/demo/run

bench: deps user kmod ## compare cost and speed with tcpdump, side by side in one run
	@tests/bench/run

lint: deps user node ## format, static analysis, floors, repetition, sparse, spelling, paths in the docs
	@tests/lint
