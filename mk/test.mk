# SPDX-License-Identifier: MIT
# What shows that it works.

.PHONY: check demo bench lint
check: deps user kmod ## run every test; ends in "N passed, M failed, S skipped"
	@tests/check

demo: deps user kmod ## capture a TCP transfer in a guest twice and report its ACKs
	@tests/demo/run

bench: deps user kmod ## compare cost and speed with tcpdump, side by side in one run
	@tests/bench/run

lint: deps user ## format, static analysis, spelling
	@tests/lint
