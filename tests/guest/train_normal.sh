# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# Virtual time: a train without CAP_SYS_NICE that wants more than a CPU has leaves that CPU to others.
. /tests/guest/lib.sh

load_module
make_pair
quiet_pair
settle
cpu_share 0 4 >idle.json
ip netns exec left setpriv --bounding-set=-sys_nice tscope train 10.9.0.2 --engine kmod --json --gap 1us --count 1000000 >train.json 2>train.log &
sending=$!
wait_for "probes" sh -c "[ \$(ip -n left -j -s link show l0 | jq '.[0].stats64.tx.packets') -gt 1000 ]"
cpu_share 0 4 >share.json
kill -INT $sending
wait $sending || true
# The receiving end's soft interrupts and the command have their part too.
holds "another process on that CPU has most of it: $(jq -c . share.json), and without the train $(jq -c . idle.json)" \
	jq -e '.share > 0.6 and .longest_gap_ms < 20' share.json
holds "the train had a small share: $(jq -c '[.sent, .left, .late, .cpu.busy_share]' train.json) (sent, left, late, of the CPU)" \
	jq -e '.sent > 1000 and .left > 0 and .late > 0 and .cpu.busy_share < 0.12' train.json
drop_pair
