# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# In a guest of any experiment: its way into the lab and through its gate.

wait_for() { # SECONDS COMMAND...
	local i tenths=$(($1 * 10))
	shift
	for ((i = 0; i < tenths; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	echo "waited in vain for: $*" >&2
	return 1
}

# join_lab ADDRESS PEER OFFLOADS: these on or off; waits until the peer answers.
join_lab() {
	local feature
	modprobe virtio_net
	ip addr add "$1/24" dev eth0
	ip link set eth0 up
	if [ "$3" = off ]; then
		for feature in tso gso gro tx rx; do
			ethtool -K eth0 $feature off >/dev/null 2>&1 || true # some are fixed
		done
	fi
	wait_for 30 ping -q -c 1 -W 1 "$2" >/dev/null
}

is_open() { (exec 3<>"/dev/tcp/$1/$2") 2>/dev/null; }

# ready_at_gate PEER PORT: says so, and goes on when the lab has opened it.
ready_at_gate() {
	echo ready
	wait_for 300 is_open "$1" "$2"
}
