# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# For every vantage point: what an independent counter counts is what was delivered plus what was lost (counters.check.sh).
# Left sends to right; both ends are captured, each in its own namespace, over the connection's whole life but for its
# close. Neighbours are static, so all else that crosses the veth is IPv6's own chatter, which the kernel counts
# (Icmp6OutMsgs) and which is taken off the interface's counters.
. /tests/guest/lib.sh

BYTES=1000000 CHUNK=5000
if is_debug_kernel; then BYTES=500000; fi

counter() { ip netns exec "$1" cat "/sys/class/net/$2/statistics/$3"; }
chatter() { ip netns exec "$1" awk '$1 == "Icmp6OutMsgs" { print $2 }' /proc/net/snmp6; }
# TCP's share of five counters, in one line: left received, right received, left sent, right sent, left queued. Read
# again if chatter came in between.
snapshot() {
	local left right line
	while :; do
		left=$(chatter left) right=$(chatter right)
		sleep 0.2 # what was counted has passed by now
		line="$(($(counter left l0 rx_packets) - right)) $(($(counter right r0 rx_packets) - left))"
		line+=" $(($(counter left l0 tx_packets) - left)) $(($(counter right r0 tx_packets) - right))"
		line+=" $(($(ip netns exec left tc -s -j qdisc show dev l0 | jq '[.[] | .packets + .drops] | add') - left))"
		[ "$left $right" != "$(chatter left) $(chatter right)" ] || break
	done
	echo "$line"
}

# Both ends at once, then an exchange; summaries in left.json and right.json.
capture_exchange() { # NAME ADDRESS PORT VANTAGES [CAPTURE-ARGUMENT]...
	local name=$1 address=$2 port=$3 vantages=$4
	shift 4
	mkdir -p "$name"
	cd "$name"
	local netns pids=()
	for netns in left right; do
		ip netns exec "$netns" tscope capture --json -p "$port" --at "$vantages" -o "$netns.pcapng" "$@" \
			>"$netns.json" 2>"$netns.log" &
		pids+=($!)
		wait_for "the capture in $netns" grep -q capturing "$netns.log"
	done
	local before after
	read -ra before < <(snapshot)
	if [ -n "${STOP_READERS:-}" ]; then kill -STOP "${pids[@]}"; fi
	start_exchange exchange right "$address" "$port" $BYTES $CHUNK
	read -ra after < <(snapshot)
	local i files=(left.rx right.rx left.tx right.tx left.queued)
	for i in "${!files[@]}"; do
		echo $((after[i] - before[i])) >"${files[i]}"
	done
	if [ -n "${STOP_READERS:-}" ]; then kill -CONT "${pids[@]}"; fi
	kill -INT "${pids[@]}"
	wait "${pids[@]}"
	stop_exchange
	cd ..
}

make_quiet_pair() {
	make_pair
	local mac
	mac=$(ip netns exec right cat /sys/class/net/r0/address)
	ip -n left neigh replace 10.9.0.2 lladdr "$mac" dev l0 nud permanent
	ip -n left neigh replace fd09::2 lladdr "$mac" dev l0 nud permanent
	mac=$(ip netns exec left cat /sys/class/net/l0/address)
	ip -n right neigh replace 10.9.0.1 lladdr "$mac" dev r0 nud permanent
	ip -n right neigh replace fd09::1 lladdr "$mac" dev r0 nud permanent
}

all=driver,qdisc,socket,app
load_module
make_quiet_pair
ip netns exec left tc qdisc add dev l0 root pfifo

offloads_off
capture_exchange plain4 10.9.0.2 5301 $all
capture_exchange plain6 fd09::2 5302 $all

# With GSO, TSO and GRO: fewer records, as many segments.
ip netns exec left ethtool -K l0 tso on gso on gro on tx on rx on >/dev/null
ip netns exec right ethtool -K r0 tso on gso on gro on tx on rx on >/dev/null
capture_exchange offload4 10.9.0.2 5303 $all

# A tiny ring and a reader that is stopped: large loss, exactly counted.
offloads_off
STOP_READERS=1 capture_exchange tiny 10.9.0.2 5304 $all --ring-slots 16
drop_pair
