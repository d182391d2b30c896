# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.12
# A train of a million probes that wants more than a CPU has: memory stays bounded, and others still get their share.
. /tests/guest/lib.sh

load_module
make_pair
quiet_pair
settle
# KiB that can be had; the CPUs' own lists of free pages count too, which MemAvailable leaves out.
available() { awk '/^MemAvailable:/ { sum += $2 } $1 == "count:" { sum += 4 * $2 } END { print sum }' /proc/meminfo /proc/zoneinfo; }
cpu=$(($(nproc) - 1))
cpu_share $cpu 2 >idle.json
before=$(available)
ip netns exec left tscope train 10.9.0.2 --engine kmod --json --gap 1us --count 1000000 --cpu $cpu >train.json 2>train.log &
sending=$!
wait_for "probes" sh -c "[ \$(ip -n left -j -s link show l0 | jq '.[0].stats64.tx.packets') -gt 1000 ]"
cpu_share $cpu 4 >share.json
during=$(available)
holds "the train is still under way" kill -0 $sending
kill -INT $sending
wait $sending || true
# A quarter is what the sender leaves; the receiving end's softirqs and the command want a part of that.
holds "a process on the sending CPU goes on: $(jq -c . share.json), and without the train $(jq -c . idle.json)" \
	jq -e '.share > 0.05' share.json
holds "the train had its share too ($(jq -c '[.sent, .failed, .left, .late, .cpu.busy_share]' train.json): sent, failed, left, late, of the CPU)" \
	jq -e '.sent > 1000 and .left > 0 and .late > 0 and .sent + .left + ([.failures[].probes] | add // 0) == 1000000' train.json
holds "memory is bounded: $(((before - during) / 1024)) MiB in use by command and module" test $((before - during)) -lt $((320 * 1024))
sleep 1 # some of it is freed a while later
after=$(available)
holds "and comes back ($(((before - after) / 1024)) MiB less than before)" test $((before - after)) -lt $((32 * 1024))
drop_pair
rmmod tscope
is "$(grep -c tscope /proc/vmallocinfo || true)" 0 "no memory of the module is left"
