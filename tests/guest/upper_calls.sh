# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# BPF programs say of calls that are not simply TCP's own what the module says of them, which
# upper_layers tests (upper_calls.check.sh compares the records).
. /tests/guest/lib.sh

load_module
pids=()
for engine in kmod bpf; do
	tscope capture --json --engine $engine --at app,socket-tx,session -o $engine.pcapng >$engine.json 2>$engine.log &
	pids+=($!)
	wait_for "the capture by $engine" grep -q capturing $engine.log
done
upper_layers >calls.log || true
kill -INT "${pids[@]}"
wait "${pids[@]}"
