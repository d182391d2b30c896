# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What guest tests share: the module, two namespaces joined by a veth, captures.
set -euo pipefail
# shellcheck source=tests/wait.sh
. "$(dirname "${BASH_SOURCE[0]}")/../wait.sh"
# shellcheck source=tests/results.sh
. "$(dirname "${BASH_SOURCE[0]}")/../results.sh"
# shellcheck source=tests/figures.sh
. "$(dirname "${BASH_SOURCE[0]}")/../figures.sh"

# A test that breaks off leaves no process behind that would hold the module.
end_jobs() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word a process
	[ -z "$pids" ] || { kill -9 $pids && wait $pids; } 2>/dev/null || true
}
trap end_jobs EXIT

load_module() { insmod /tscope.ko "$@"; }

# It is slow: less of the same is enough there.
is_debug_kernel() { [[ $(uname -r) == *dbg* ]]; }

in_virtual_time() { grep -qw nokaslr /proc/cmdline; }

# What booting, loading and making namespaces leave to be done in the background is over then.
settle() {
	! in_virtual_time || sleep 10
}

# Two namespaces joined by a veth:
#
#   ┌────────────────────┐             ┌────────────────────┐
#   │ left            l0 │─── veth ────│ r0           right │
#   │   10.9.0.1 fd09::1 │             │ 10.9.0.2 fd09::2   │
#   └────────────────────┘             └────────────────────┘
make_pair() {
	ip netns add left
	ip netns add right
	ip link add l0 netns left type veth peer name r0 netns right
	ip -n left addr add 10.9.0.1/24 dev l0
	ip -n left addr add fd09::1/64 dev l0 nodad
	ip -n right addr add 10.9.0.2/24 dev r0
	ip -n right addr add fd09::2/64 dev r0 nodad
	local netns
	for netns in left right; do
		ip -n "$netns" link set lo up
	done
	ip -n left link set l0 up
	ip -n right link set r0 up
}

# Wire segments one by one: no TSO, GSO or GRO on either end.
offloads_off() {
	ip netns exec left ethtool -K l0 tso off gso off gro off tx off rx off >/dev/null
	ip netns exec right ethtool -K r0 tso off gso off gro off tx off rx off >/dev/null
}

# Nothing goes over the pair but what the test sends: neighbours known for good, no IPv6. To be
# called again after a device was down.
quiet_pair() {
	local end
	for end in "left l0 10.9.0.2 right r0" "right r0 10.9.0.1 left l0"; do
		# shellcheck disable=SC2086 # five words
		set -- $end
		ip netns exec "$1" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$2/disable_ipv6"
		ip -n "$1" neigh replace "$3" dev "$2" nud permanent \
			lladdr "$(ip -n "$4" -j link show "$5" | jq -r '.[0].address')"
	done
}

drop_pair() {
	ip netns del left
	ip netns del right
}

# start_capture NAMESPACE ARGUMENTS...: sets $capture once its hooks are attached;
# NAMESPACE - for the present one. Its messages go to capture.log, the JSON summary to capture.json.
start_capture() {
	local netns=$1
	shift
	local prefix=()
	[ "$netns" = - ] || prefix=(ip netns exec "$netns")
	"${prefix[@]}" tscope capture --json "$@" >capture.json 2>capture.log &
	capture=$!
	wait_for "the capture to start" grep -q 'capturing' capture.log
}

# Ends it as ^C does; its exit status is ours.
stop_capture() {
	kill -INT "$capture"
	wait "$capture"
}

start_server() { # NAMESPACE PORT
	ip netns exec "$1" iperf3 -s -p "$2" -1 >iperf-server.log 2>&1 &
	# shellcheck disable=SC2034 # the test waits for it
	server=$!
	wait_for "the iperf3 server" sh -c "ip netns exec $1 ss -Htln | grep -q ':$2 '"
}

# exchange_between NAME SERVER-NAMESPACE CLIENT-NAMESPACE ADDRESS PORT BYTES CHUNK [GAP_US [LOCAL_PORT]]:
# done when both have reported; the connection stays open until stop_exchange.
exchange_between() {
	local name=$1 there=$2 here=$3 address=$4 port=$5
	shift 5
	ip netns exec "$there" exchange server "$address" "$port" "$1" "$2" >"$name.server" 2>"$name.server.log" &
	exchange_pids+=($!)
	wait_for "the server on port $port" sh -c "ip netns exec $there ss -Htln | grep -q ':$port '"
	ip netns exec "$here" exchange client "$address" "$port" "$@" >"$name.client" 2>"$name.client.log" &
	exchange_pids+=($!)
	wait_for "the exchange on port $port" sh -c "[ -s $name.server ] && [ -s $name.client ]"
}

# start_exchange NAME SERVER-NAMESPACE ADDRESS PORT ...: left or right serve, the other sends.
start_exchange() {
	local here=left
	[ "$2" = left ] && here=right
	exchange_between "$1" "$2" "$here" "${@:3}"
}
exchange_pids=()

stop_exchange() {
	kill "${exchange_pids[@]}"
	wait "${exchange_pids[@]}" 2>/dev/null || true
	exchange_pids=()
}
