# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# For every vantage point: what an independent counter counts is what was delivered plus what was lost.
# Left sends to right; both ends are captured, each in its own namespace, over the connection's whole life but for its
# close. Neighbours are static, so all else that crosses the veth is IPv6's own chatter, which the kernel counts
# (Icmp6OutMsgs) and which is taken off the interface's counters.
. /tests/guest/lib.sh

BYTES=1000000 CHUNK=5000
[[ $(uname -r) != *dbg* ]] || BYTES=500000 # a debug kernel is slow

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
field() { jq -r ".$2" "$1"; }

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

# tcpi_segs_in and _out are a socket's own. A server's socket is made from the handshake's third segment and counts the
# SYN that its listener got as well; the SYN-ACK, sent without a full socket, is neither in segs_out nor at socket-tx.
sockets() { # NAME
	local n=$1
	is "$(accounted socket-tx segments $n/left.json)" "$(field $n/exchange.client segs_out)" "$n: client's socket-tx segments = segs_out"
	is "$(accounted socket-rx segments $n/left.json)" "$(field $n/exchange.client segs_in)" "$n: client's socket-rx segments = segs_in"
	is "$(accounted socket-tx segments $n/right.json)" "$(field $n/exchange.server segs_out)" "$n: server's socket-tx segments = segs_out"
	is "$(accounted socket-rx segments $n/right.json)" "$(field $n/exchange.server segs_in)" "$n: server's socket-rx segments = segs_in"
}

calls() { # NAME
	local n=$1
	is "$(accounted app-tx records $n/left.json)" "$(field $n/exchange.client sends)" "$n: client's app-tx = its send calls"
	is "$(accounted app-rx records $n/left.json)" "$(field $n/exchange.client receives)" "$n: client's app-rx = its receive calls"
	is "$(accounted app-tx records $n/right.json)" "$(field $n/exchange.server sends)" "$n: server's app-tx = its send calls"
	is "$(accounted app-rx records $n/right.json)" "$(field $n/exchange.server receives)" "$n: server's app-rx = its receive calls"
}

# Interface counters count frames: that is segments only without offloads.
devices() { # NAME
	local n=$1 netns
	for netns in left right; do
		is "$(accounted driver-rx segments $n/$netns.json)" "$(cat $n/$netns.rx)" "$n: $netns driver-rx segments = rx_packets"
		is "$(accounted driver-tx segments $n/$netns.json)" "$(cat $n/$netns.tx)" "$n: $netns driver-tx segments = tx_packets"
	done
}

# The qdisc counts what it sent and what it dropped, in segments.
queue() { # NAME
	is "$(accounted qdisc-tx segments "$1/left.json")" "$(cat "$1/left.queued")" "$1: left qdisc-tx segments = qdisc sent + dropped"
}

all=driver,qdisc,socket,app
load_module
make_quiet_pair
ip netns exec left tc qdisc add dev l0 root pfifo

offloads_off
capture_exchange plain4 10.9.0.2 5301 $all
sockets plain4; calls plain4; devices plain4; queue plain4
capture_exchange plain6 fd09::2 5302 $all
sockets plain6; calls plain6; devices plain6; queue plain6

# With GSO, TSO and GRO: fewer records, as many segments.
ip netns exec left ethtool -K l0 tso on gso on gro on tx on rx on >/dev/null
ip netns exec right ethtool -K r0 tso on gso on gro on tx on rx on >/dev/null
capture_exchange offload4 10.9.0.2 5303 $all
sockets offload4; calls offload4; queue offload4
holds "offload4: merged records are there to be counted ($(at socket-tx records offload4/left.json) records, $(at socket-tx segments offload4/left.json) segments)" \
	test "$(at socket-tx segments offload4/left.json)" -gt "$(at socket-tx records offload4/left.json)"

# A tiny ring and a reader that is stopped: large loss, exactly counted.
offloads_off
STOP_READERS=1 capture_exchange tiny 10.9.0.2 5304 $all --ring-slots 16
sockets tiny; calls tiny; devices tiny; queue tiny
for netns in left right; do
	lost=$(jq .loss.lost tiny/$netns.json) records=$(jq .records tiny/$netns.json)
	holds "tiny: $netns lost more ($lost) than it delivered ($records)" test "$lost" -gt "$records"
	holds "tiny: the file of $netns tells the loss too" \
		test "$(tscope acks tiny/$netns.pcapng --json | jq .loss.lost)" = "$lost"
done
drop_pair
