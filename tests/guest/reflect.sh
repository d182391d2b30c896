# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# A train through a router to `tscope reflect` and back: loss, order, copies and delay that netem makes in the router,
# each way, are those that the report gives. reflect.check.sh compares with tcpdump's files.
. /tests/guest/lib.sh

count=512 # a power of two: a mask of the number tells the train's probes from the greetings
port=862

# left 10.9.1.1 -- mid, which routes -- right 10.9.2.1. No address is asked for while the test runs.
make_route() {
	local netns
	for netns in left mid right; do
		ip netns add $netns
		ip -n $netns link set lo up
	done
	ip link add l0 netns left address 02:00:00:00:00:11 type veth peer name m0 netns mid address 02:00:00:00:00:12
	ip link add r0 netns right address 02:00:00:00:00:21 type veth peer name m1 netns mid address 02:00:00:00:00:22
	ip -n left addr add 10.9.1.1/24 dev l0
	ip -n mid addr add 10.9.1.2/24 dev m0
	ip -n mid addr add 10.9.2.2/24 dev m1
	ip -n right addr add 10.9.2.1/24 dev r0
	ip netns exec mid sysctl -qw net.ipv4.ip_forward=1
	ip netns exec right sysctl -qw net.ipv4.icmp_ratelimit=0 # each probe to nobody is told
	ip -n left link set l0 up
	ip -n mid link set m0 up
	ip -n mid link set m1 up
	ip -n right link set r0 up
	ip -n left route add default via 10.9.1.2
	ip -n right route add default via 10.9.2.2
	ip -n left neigh add 10.9.1.2 lladdr 02:00:00:00:00:12 dev l0 nud permanent
	ip -n mid neigh add 10.9.1.1 lladdr 02:00:00:00:00:11 dev m0 nud permanent
	ip -n mid neigh add 10.9.2.1 lladdr 02:00:00:00:00:21 dev m1 nud permanent
	ip -n right neigh add 10.9.2.2 lladdr 02:00:00:00:00:22 dev r0 nud permanent
}

# netem DEVICE OFFSET ARGUMENTS...: for the train's packets alone, whose probe's number stands OFFSET bytes behind the IP header's
# begin; what greets before and after the train passes by.
netem() {
	local device=$1 offset=$2
	shift 2
	ip netns exec mid tc qdisc add dev "$device" root handle 1: prio bands 3 priomap 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1
	ip netns exec mid tc qdisc add dev "$device" parent 1:1 handle 10: netem limit 100000 "$@"
	ip netns exec mid tc filter add dev "$device" parent 1: protocol ip u32 match ip protocol 17 0xff \
		match u32 0 "$(printf '0x%x' $((0x100000000 - count)))" at "$offset" flowid 1:1
}
there() { netem m1 28 "$@"; } # IP 20, UDP 8
back() { netem m0 52 "$@"; }  # and the answer's 24
undo() {
	ip netns exec mid tc qdisc del dev m0 root 2>/dev/null || true
	ip netns exec mid tc qdisc del dev m1 root 2>/dev/null || true
}
by_netem() { # DEVICE COUNTER
	ip netns exec mid tc -s -j qdisc show dev "$1" | jq "[.[] | select(.kind == \"netem\") | .$2] | add // 0"
}
dropped() { by_netem "$1" drops; }

# FILE...: tcpdump writes to them no more.
still() {
	local before
	before=$(stat -c %s "$@")
	sleep 1
	[ "$before" = "$(stat -c %s "$@")" ]
}

# On one CPU, so that nothing but netem changes the order.
engine=auto # of the reflector
meanwhile=true
run() { # NAME
	local name=$1 dumps=()
	ip netns exec left tcpdump -i l0 -s 256 -B 8192 --time-stamp-precision nano --immediate-mode -U -w "$name-l0.pcap" udp 2>"$name-l0.log" &
	dumps+=($!)
	ip netns exec right tcpdump -i r0 -s 256 -B 8192 --time-stamp-precision nano --immediate-mode -U -w "$name-r0.pcap" udp 2>"$name-r0.log" &
	dumps+=($!)
	ip netns exec right taskset -c 0 tscope reflect --engine $engine --json >"$name-reflect.json" 2>"$name-reflect.log" &
	reflector=$!
	wait_for "the reflector" grep -q 'reflecting on' "$name-reflect.log"
	wait_for tcpdump grep -q 'listening on' "$name-l0.log"
	wait_for tcpdump grep -q 'listening on' "$name-r0.log"
	$meanwhile &
	local other=$!
	ip netns exec left taskset -c 0 tscope train 10.9.2.1 --engine kmod --cpu 0 --replies --count $count --gap 1ms --json \
		-o "$name.pcapng" >"$name.json" 2>"$name.log" || not_ok "$name: $(tail -n 1 "$name.log")"
	wait "$other"
	kill -INT "$reflector"
	wait "$reflector" || not_ok "$name: the reflector ended with status $?"
	wait_for "tcpdump's files" still "$name-l0.pcap" "$name-r0.pcap"
	kill -INT "${dumps[@]}"
	wait "${dumps[@]}" || true
	is "$(jq -c '[.sent, .replies.stateful, .replies.dropped, .replies.unknown, .replies.impossible]' "$name.json")" \
		"[$count,true,0,0,0]" "$name: all probes sent; no answer dropped at a socket, none unknown"
	is "$(jq .dropped "$name-reflect.json")" 0 "$name: no probe dropped at the reflector's socket"
	# A guest that loses its CPU may have records come too late; the kernel's stamp then takes their place, and it is told.
	is "$(jq 'if $driver then .driver_stamps + .driver_absent == .received and .driver_absent * 4 <= .received
		else .driver_stamps == 0 end and .user_stamps == 0' \
		--argjson driver "$([ $engine = none ] && echo false || echo true)" "$name-reflect.json")" true \
		"$name: the probes have the stamp of the $([ $engine = none ] && echo kernel || echo "driver, but $(jq .driver_absent "$name-reflect.json")")"
}
reply() { jq -c ".replies | $2" "$1.json"; }
packets() { tcpdump -n -r "$1" "$2" 2>/dev/null | wc -l; }
to="udp dst port $port and udp[8:4] < $count"
from="udp src port $port and udp[32:4] < $count"

load_module
make_route

run plain
is "$(reply plain '[.answered, .loss.lost, .forward.reordered, .backward.reordered, .round_trip.duplicates]')" "[$count,0,0,0,0]" \
	"plain: every probe answered, in order, once"
is "$(reply plain .sender_ttl)" '{"min":254,"max":254}' "plain: one router was passed"
is "$(packets plain-l0.pcap "$to")" 0 "taps: what the module hands to the driver is not seen on the sending device"
is "$(packets plain-r0.pcap "$to")" $count "taps: it is where it arrives"
is "$(packets plain-l0.pcap "$from")" $count "taps: so are the answers"

there loss 5%
back loss 15%
run loss
forward=$(dropped m1) backward=$(dropped m0)
undo
is "$(reply loss '.loss | [.forward, .backward, .undetermined]')" "[$forward,$backward,0]" "loss: each way as netem counted it"
is "$(reply loss .loss.lost)" $((forward + backward)) "loss: and altogether"
holds "loss: some were lost each way" [ "$forward" -gt 0 -a "$backward" -gt 0 ]

engine=none
there delay 5ms reorder 25% gap 5
back delay 3ms reorder 10% gap 4
run order
undo
engine=auto
is "$(reply order '[.answered, .loss.lost]')" "[$count,0]" "order: none lost"
holds "order: reordered each way ($(reply order '[.forward, .backward | .reordered]'))" \
	jq -e '.replies | .forward.reordered > 10 and .backward.reordered > 10' order.json

# Copies, and a reflector that does not run for 30 ms now and then, once probes arrive.
stop_now_and_then() {
	local i before
	received() { ip netns exec right cat /sys/class/net/r0/statistics/rx_packets; }
	before=$(received)
	until [ "$(received)" -gt $((before + 30)) ]; do sleep 0.01; done
	for i in 1 2 3 4 5; do
		sleep 0.06
		kill -STOP "$reflector"
		sleep 0.03
		kill -CONT "$reflector"
	done
}
there duplicate 10%
back duplicate 20%
meanwhile=stop_now_and_then
run copies
meanwhile=true
arrived=$(by_netem m1 packets) came_back=$(by_netem m0 packets)
undo
forward=$((arrived - count)) backward=$((came_back - arrived))
is "$(reply copies '[.forward.duplicates, .backward.duplicates, .loss.lost]')" "[$forward,$backward,0]" \
	"copies: each probe answered, and each way as many as netem sent"
holds "copies: some were made each way" [ "$forward" -gt 0 -a "$backward" -gt 0 ]
holds "copies: the reflector was stopped ($(reply copies .residence_ns.max) ns in it at most)" \
	jq -e '.replies.residence_ns.max > 20e6' copies.json

# One machine has one clock: the offset is 0, and a delay on one way alone is what the error bounds.
there delay 5ms
run delay
undo
holds "delay: it is in the round trip ($(reply delay .round_trip.delay_ns.min) ns)" jq -e '.replies.round_trip.delay_ns.min >= 5e6' delay.json
for name in plain delay order; do
	holds "$name: the clocks' offset, which is 0, is within the error stated ($(reply $name '.alignment | [.offset_ns, .error_ns]'))" \
		jq -e '.replies.alignment | (.offset_ns | fabs) <= .error_ns' $name.json
done
holds "delay: so is the delay on the way there ($(reply delay .forward.delay_ns.min) ns)" \
	jq -e '.replies | .forward.delay_ns.min + .alignment.error_ns >= 5e6' delay.json

# Nobody there: ICMP says so, and one line does.
for engine in kmod user; do
	absent() { ip netns exec left tscope train 10.9.2.1 --engine $engine --count 50 "$@" >absent.json 2>absent.log; }
	status=0
	absent --replies || status=$?
	is "$status $(tail -n 1 absent.log | grep -c 'nobody listens at 10.9.2.1 port 862.*start tscope reflect there')" "1 1" \
		"absent, $engine: with --replies nothing is sent, and a line says why"
	status=0
	absent --json || status=$?
	is "$status $(jq -c '[.sent, .replies, (.notes | map(select(test("nobody listens"))) | length)]' absent.json)" "0 [50,null,1]" \
		"absent, $engine: a train without --replies goes out, and a note says it"
done

for netns in left mid right; do ip netns del $netns; done
wait_for "the module to be free" rmmod tscope
