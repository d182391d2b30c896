# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What the benchmarks of captures on this machine share: a veth between two network namespaces made
# here, a server behind it, and that BPF programs can be had at all. Uses $megabytes.
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
tscope=$root/build/tscope
# shellcheck source=tests/wait.sh
. "$root/tests/wait.sh"
# shellcheck source=tests/bench/captures.sh
. "$root/tests/bench/captures.sh"
left=tscope-$$-l right=tscope-$$-r other=tscope-$$-o
work=$(mktemp -d)
server=
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	local netns
	for netns in $left $right $other; do ip netns del $netns 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean EXIT
cd "$work" || exit 1

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
# shellcheck disable=SC2154 # set by who includes this
transfer() { transfer_from $left "$megabytes"; }
