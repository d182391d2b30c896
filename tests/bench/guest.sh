#!/bin/bash
# SPDX-License-Identifier: MIT
# In the guest: speed of a transfer without a capture, with ours and with tcpdump's, in turns; then what a record costs.
set -euo pipefail

rounds=$1 megabytes=$2
TEST=bench
# shellcheck source=tests/guest/lib.sh
. /tests/guest/lib.sh
cd "$OUT"

transfer() { # prints Mbit/s
	ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -n "${megabytes}M" -J >iperf.json
	jq '.end.sum_received.bits_per_second / 1e6' iperf.json
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sum() { awk '{ s += $1 } END { print s + 0 }' "$1"; }

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
	ip netns exec right tcpdump -i r0 -s 96 -Z root -w tcpdump.pcap tcp port 5201 >tcpdump.log 2>&1 &
	dump=$!
	wait_for tcpdump grep -q listening tcpdump.log
	transfer >>theirs
	kill -INT $dump
	wait $dump || true
	awk '/received by filter/ { print $1 }' tcpdump.log >>theirs.records
	awk '/dropped by kernel/ { print $1 }' tcpdump.log >>theirs.lost
	rm tcpdump.pcap
	echo "  round $round of $rounds done" >&2
done
none=$(median none)
printf '%-34s %12s %14s %12s %10s\n' "" "Mbit/s" "to no capture" "records" "lost"
printf '%-34s %12.0f %14s %12s %10s\n' "no capture" "$none" 1.00 - -
printf '%-34s %12.0f %14.2f %12d %10d\n' "tscope, driver-rx and socket-rx" "$(median ours)" \
	"$(jq -n "$(median ours) / $none")" "$((2 * $(sum ours.records)))" "$(sum ours.lost)"
printf '%-34s %12.0f %14.2f %12d %10d\n' "tcpdump -s 96, one tap" "$(median theirs)" \
	"$(jq -n "$(median theirs) / $none")" "$(sum theirs.records)" "$(sum theirs.lost)"
printf 'tscope to tcpdump: %.2f\n\n' "$(jq -n "$(median ours) / $(median theirs)")"

echo "Cost of a record (emulated CPU: compare the multiples, not the ticks)"
taskset -c 1 hook_cost
drop_pair
rmmod tscope
