# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# TCP transfers with 1 % loss, captured at both ends: every packet is followed from layer to layer or accounted for.
# Once with TSO, whose records stay whole on a veth; once cut into segments behind the queue and merged by GRO again.
. /tests/guest/lib.sh

transfer() { # NAME PORT
	local name=$1 port=$2 netns pids=()
	ip netns exec left tc qdisc add dev l0 root netem loss 1% limit 10000
	for netns in left right; do
		ip netns exec $netns tscope capture --json -p "$port" --at app,socket,qdisc,driver -o "$name.$netns.pcapng" \
			--ring-slots 65536 >"$name.$netns.json" 2>"$name.$netns.log" &
		pids+=($!)
		wait_for "the capture in $netns" grep -q capturing "$name.$netns.log"
	done
	start_server right "$port"
	ip netns exec left iperf3 -c 10.9.0.2 -p "$port" -n 20M >"$name.iperf.log"
	wait "${server:?}"
	sleep 1
	kill -INT "${pids[@]}"
	wait "${pids[@]}"
	ip netns exec left tc -s -j qdisc show dev l0 | jq '[.[].drops] | add' >"$name.dropped"
	ip netns exec left tc qdisc del dev l0 root
}

pair() { jq ".pairs[] | select(.first == \"$2\" and .second == \"$3\") | $4" "$1.delay.json"; }
chain() { jq "[.chains[] | select(.way == \"$2\" and .kind == \"$3\") | $4] | add // 0" "$1.delay.json"; }

# What the queue dropped did not get to the next vantage point, and what has no socket never was at one.
followed() { # CAPTURE
	local pair matched rest
	tscope delay "$1.pcapng" --json >"$1.delay.json"
	tscope delay "$1.pcapng" >"$1.txt"
	is "$(jq '[.chains[] | ([.stages[].sum_ns] | add) == .total.sum_ns] | all' "$1.delay.json")" true \
		"$1: stages of all chains sum to their totals"
	is "$(jq '[.chains[].inconsistent, .chains[].negative] | add' "$1.delay.json")" 0 \
		"$1: no stage is below zero, no packet contradicts itself"
	while read -r pair matched rest; do
		holds "$1 $pair: at least 99.9 % matched ($matched, $rest not explained)" \
			jq -en "$matched > 0 and $rest <= 0.001 * ($matched + $rest)"
	done < <(jq -r '.pairs[] | "\(.first)>\(.second) \(.matched) \(.unmatched - (.only_first.dropped // 0)
		- (.only_second.no_socket // 0) - (.only_first.unread // 0))"' "$1.delay.json")
}

whole() { # NAME
	local dropped
	followed "$1.left"
	followed "$1.right"
	dropped=$(cat "$1.dropped")
	is "$(pair "$1.left" qdisc-tx driver-tx '.only_first.dropped // 0')" "$dropped" "$1: what did not leave the queue is what it dropped"
	holds "$1: it did drop ($dropped)" test "$dropped" -gt 0
	holds "$1: retransmissions are a kind of their own" test "$(chain "$1.left" send retransmission .packets)" -gt 0
	is "$(pair "$1.right" driver-rx socket-rx '.matched')" "$(pair "$1.left" qdisc-tx driver-tx '.matched')" \
		"$1: as many packets got from driver to socket on the right as from queue to driver on the left"
}

load_module
make_pair
quiet_pair # the queue counts whatever it drops
ip -n left link set l0 gso_max_size 11640 # eight segments: enough records that one in a hundred is some
ip netns exec right ethtool -K r0 gro on >/dev/null
transfer tso 5201
whole tso
holds "tso: fewer packets than segments" test "$(chain tso.left send data .packets)" -lt "$(chain tso.left send data .segments)"
ip netns exec left ethtool -K l0 tso off gso on >/dev/null
transfer gro 5202
whole gro
holds "gro: frames were merged" test "$(pair gro.right driver-rx socket-rx .merged)" -gt 0
drop_pair
