#!/bin/bash
# SPDX-License-Identifier: MIT
# On this machine: speed of a transfer without a capture, with BPF programs and with tcpdump, in
# turns. Two network namespaces made here, no module.
set -euo pipefail

rounds=$1 megabytes=$2
root=$(cd "$(dirname "$0")/../.." && pwd)
tscope=$root/build/tscope
# shellcheck source=tests/wait.sh
. "$root/tests/wait.sh"
# shellcheck source=tests/bench/captures.sh
. "$root/tests/bench/captures.sh"
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
wait_for "the iperf3 server" sh -c "ip netns exec $right ss -Htln | grep -q ':5201 '"
transfer() { transfer_from $left "$megabytes"; }
transfer >/dev/null # warms up

for ((round = 1; round <= rounds; round++)); do
	transfer >>none
	"$tscope" capture --engine bpf --netns $right -p 5201 --at driver -o ours.pcapng --json >ours.json 2>ours.log &
	capture=$!
	wait_for "the capture" grep -q capturing ours.log
	transfer >>ours
	kill -INT $capture
	wait $capture
	jq .records ours.json >>ours.records
	jq .loss.lost ours.json >>ours.lost
	rm ours.pcapng
	tcpdump_turn $right transfer
	echo "  round $round of $rounds done" >&2
done
echo "BPF programs on this machine, Linux $(uname -r), $(nproc) CPUs: MTU 1500, offloads off, $megabytes MB over a veth,"
echo "median of $rounds, in turns; captures at the receiver, both directions"
print_table "tscope --engine bpf, driver" 1 "tcpdump -s 96"
