# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# TCP transfers with 1 % loss, captured at both ends: every packet is followed from layer to layer or accounted for by
# delay.check.sh. Once with TSO, whose records stay whole on a veth; once cut into segments behind the queue and merged by GRO again.
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

load_module
make_pair
quiet_pair # the queue counts whatever it drops
ip -n left link set l0 gso_max_size 11640 # eight segments: enough records that one in a hundred is some
ip netns exec right ethtool -K r0 gro on >/dev/null
transfer tso 5201
ip netns exec left ethtool -K l0 tso off gso on >/dev/null
transfer gro 5202
drop_pair
