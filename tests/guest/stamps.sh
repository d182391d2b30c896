# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# In virtual time: the module and the BPF programs stamp the same packets; stamps.check.sh compares them.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
settle
captures=()
for engine in kmod bpf; do
	ip netns exec left tscope capture --json --engine $engine -p 5201 --at driver,qdisc,socket -o $engine.pcapng >$engine.json 2>$engine.log &
	captures+=($!)
	wait_for "the capture by $engine" grep -q capturing $engine.log
done
start_exchange paced right 10.9.0.2 5201 300000 1000 5000
sleep 1
kill -INT "${captures[@]}"
wait "${captures[@]}"
stop_exchange
is "$(jq .loss.lost bpf.json)" 0 "BPF programs lost nothing"
is "$(jq -r .clock.source bpf.json)" tsc "and stamped by the module's clock"
drop_pair
