#!/bin/bash
# SPDX-License-Identifier: MIT
# In the guest: when probes leave, sent by the module, by user space in three ways, and by the
# kernel's pktgen.
set -euo pipefail

rounds=$1 probes=$2 gaps=$3
senders="kmod spin sleep txtime pktgen"
# shellcheck source=tests/bench/trains.sh
. /tests/bench/trains.sh
cd "$OUT"

insmod /tscope.ko
make_path left right
# What stamps user space's probes stays switched on: to switch it again and again would disturb, and
# emulators at times die of it.
ip netns exec left tscope capture --proto udp -p 1 --at driver-tx -o /dev/null >/dev/null 2>held.log &
held=$!
wait_for "the capture" grep -q capturing held.log
for sender in $senders; do send "$sender" 9 1000 200 || true; done # warms up
for ((round = 1; round <= rounds; round++)); do
	echo "  round $round of $rounds" >&2
	run_round $round "$senders" "$gaps" "$probes"
done
kill "$server"
wait "$server" 2>/dev/null || true

echo "Probe trains in a guest, Linux $(uname -r), $(nproc) CPUs: $rounds x $probes probes over a veth, in turns"
print_table "$senders" "$gaps"
explain "${senders%% *}"
cat <<TEXT
All have real-time priority, pktgen's thread too. pktgen has no schedule to be late by. With txtime
etf sends up to its delta ($((etf_delta_ns / 1000)) us) early and drops what it would send late.
Emulated CPUs are threads of a busy host, which then decides p99 and max: compare within the run.

TEXT
kill -INT "$held"
wait "$held" || true
ip netns del left
ip netns del right
rmmod tscope
