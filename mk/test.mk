# SPDX-License-Identifier: MIT
# What shows that it works.

.PHONY: check check-debug check-full fuzz demo bench lint
check: deps user kmod ## run every test; ends in "N passed, M failed, S skipped"
	@tests/check

check-debug: deps user kmod ## run what debug kernels can judge on one with KASAN and one with KCSAN
	@TSCOPE_CHECK=kasan,kcsan tests/check

check-full: deps user kmod ## check, check-debug, long fuzzing, many rounds of loading: hours
	@TSCOPE_CHECK=unit,cli,bpf,joined,guests,kasan,kcsan,rounds,fuzz tests/check

fuzz: deps user kmod ## send the module calls by chance (SECONDS=n SEED=s TARGET=device)
	@tests/fuzz/run $(if $(TARGET),--target $(TARGET)) $(if $(SECONDS),--seconds $(SECONDS)) $(if $(SEED),--seed $(SEED))

demo: deps user kmod ## one ACK stream captured on the host and in its guest, and what happened in between
	@tests/demo/run

bench: deps user kmod ## compare cost and speed with tcpdump, side by side in one run
	@tests/bench/run

lint: deps user node ## format, static analysis, floors, repetition, sparse, spelling, paths in the docs
	@tests/lint
