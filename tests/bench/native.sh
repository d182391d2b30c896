#!/bin/bash
# SPDX-License-Identifier: MIT
# On this machine: speed of a transfer without a capture, with BPF programs and with tcpdump, in turns. Two network
# namespaces made here, no module.
set -euo pipefail

rounds=$1 megabytes=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
tscope=$root/build/tscope
left=tscope-$$-l right=tscope-$$-r
work=$(mktemp -d)
server=
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	local netns
	for netns in $left $right; do ip netns del $netns 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean EXIT
cd "$work"

why=$("$tscope" doctor --json 2>/dev/null | jq -r '.checks[] | select(.name == "BPF programs") | .what')
if [[ "$why" != loaded* ]]; then
	echo "BPF programs on this machine: not measured: $why"
	exit 0
fi

wait_for() {
	local i
	for ((i = 0; i < 300; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "waited 30 s for: $*" >&2
	return 1
}
for netns in $left $right; do ip netns add $netns; done
ip link add l0 netns $left type veth peer name r0 netns $right
ip -n $left addr add 10.9.0.1/24 dev l0
ip -n $right addr add 10.9.0.2/24 dev r0
ip -n $left link set l0 up
ip -n $right link set r0 up
for end in "$left l0" "$right r0"; do
	# shellcheck disable=SC2086 # namespace and device
	set -- $end
	ip netns exec "$1" ethtool -K "$2" tso off gso off gro off tx off rx off >/dev/null
done
ip netns exec $right iperf3 -s -p 5201 >server.log 2>&1 &
server=$!
wait_for sh -c "ip netns exec $right ss -Htln | grep -q ':5201 '"
transfer() { # prints Mbit/s
	ip netns exec $left iperf3 -c 10.9.0.2 -p 5201 -n "${megabytes}M" -J >iperf.json
	jq '.end.sum_received.bits_per_second / 1e6' iperf.json
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }
sum() { awk '{ s += $1 } END { print s + 0 }' "$1"; }
transfer >/dev/null # warms up

for ((round = 1; round <= rounds; round++)); do
	transfer >>none
	"$tscope" capture --engine bpf --netns $right -p 5201 --at driver -o ours.pcapng --json >ours.json 2>ours.log &
	capture=$!
	wait_for grep -q capturing ours.log
	transfer >>ours
	kill -INT $capture
	wait $capture
	jq .records ours.json >>ours.records
	jq .loss.lost ours.json >>ours.lost
	rm ours.pcapng
	ip netns exec $right tcpdump -i r0 -s 96 -Z root -w tcpdump.pcap tcp port 5201 >tcpdump.log 2>&1 &
	dump=$!
	wait_for grep -q listening tcpdump.log
	transfer >>theirs
	kill -INT $dump
	wait $dump || true
	awk '/received by filter/ { print $1 }' tcpdump.log >>theirs.records
	awk '/dropped by kernel/ { print $1 }' tcpdump.log >>theirs.lost
	rm tcpdump.pcap
	echo "  round $round of $rounds done" >&2
done
none=$(median none)
echo "BPF programs on this machine, Linux $(uname -r), $(nproc) CPUs: MTU 1500, offloads off, $megabytes MB over a veth,"
echo "median of $rounds, in turns; captures at the receiver, both directions"
printf '%-34s %12s %14s %12s %10s\n' "" "Mbit/s" "to no capture" "records" "lost"
printf '%-34s %12.0f %14s %12s %10s\n' "no capture" "$none" 1.00 - -
printf '%-34s %12.0f %14.2f %12d %10d\n' "tscope --engine bpf, driver" "$(median ours)" \
	"$(jq -n "$(median ours) / $none")" "$(sum ours.records)" "$(sum ours.lost)"
printf '%-34s %12.0f %14.2f %12d %10d\n' "tcpdump -s 96" "$(median theirs)" \
	"$(jq -n "$(median theirs) / $none")" "$(sum theirs.records)" "$(sum theirs.lost)"
printf 'tscope to tcpdump: %.2f\n\n' "$(jq -n "$(median ours) / $(median theirs)")"
