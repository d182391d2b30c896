#!/bin/bash
# SPDX-License-Identifier: MIT
# In the guest: speed of a transfer without a capture, with ours and with tcpdump's, in turns; then
# what a record costs.
set -euo pipefail

rounds=$1 megabytes=$2
TEST=bench
# shellcheck source=tests/guest/lib.sh
. /tests/guest/lib.sh
# shellcheck source=tests/bench/captures.sh
. /tests/bench/captures.sh
cd "$OUT"

transfer() { transfer_from left "$megabytes"; }

insmod /tscope.ko
make_pair
offloads_off
ip netns exec right iperf3 -s -p 5201 >server.log 2>&1 &
wait_for "the iperf3 server" sh -c "ip netns exec right ss -Htln | grep -q ':5201 '"
transfer >/dev/null # warms up

echo "MTU 1500, offloads off, $megabytes MB over a veth, median of $rounds, in turns; captures at the receiver"
for ((round = 1; round <= rounds; round++)); do
	transfer >>none
	start_capture right -p 5201 --at driver-rx,socket-rx -o ours.pcapng
	transfer >>ours
	stop_capture
	at driver-rx records >>ours.records
	jq .loss.lost capture.json >>ours.lost
	rm ours.pcapng
	tcpdump_turn right transfer
	echo "  round $round of $rounds done" >&2
done
print_table "tscope, driver-rx and socket-rx" 2 "tcpdump -s 96, one tap"

echo "Cost of a record (emulated CPU: compare the multiples, not the ticks)"
taskset -c 1 hook_cost
drop_pair
rmmod tscope
