# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# `tscope ping` with stamps by the module and by BPF programs: every layer is stamped for ICMP, UDP and TCP; as many answers as the other ping
# has; a known delay shows in its layer alone; a CPU hog at the same CPU biases samples.
. /tests/guest/lib.sh

load_module
make_pair
# Ping sockets: their copy of an echo is made behind socket-rx.
ip netns exec left sysctl -qw net.ipv4.ping_group_range='0 2147483647'
in_left() { ip netns exec left "$@"; }
engines='kmod bpf' count=10
if is_debug_kernel; then engines=kmod count=5; fi

# json NAME OPTION...: pings and keeps NAME.json.
json() {
	local name=$1
	shift
	in_left timeout 900 tscope ping --json -i 0.02 "$@" >"$name.json" 2>"$name.log" || true
}
figure() { jq -c "$2" "$1.json"; }
# Of those with every stamp; a busy emulator may lose one to its own patience.
whole='[.samples[].stamps_after_app_tx_ns | select([has("socket_tx", "qdisc_tx", "driver_tx", "driver_rx", "socket_rx", "app_rx")] | all)] | length'
odd='[.samples[] | select(.driver_rtt_ns) | select(.send_delay_ns + .driver_rtt_ns + .receive_delay_ns != .rtt_ns)] | length'

# The other ping beside it, same namespace, same time: its exit status and counts.
beside_ping() { # WHAT OPTION...
	local what=$1 theirs status=0 their_status=0
	shift
	in_left ping -q -n "$@" >theirs 2>&1 &
	theirs=$!
	in_left timeout 900 tscope ping --engine "$engine" -q -n "$@" >ours 2>&1 || status=$?
	wait "$theirs" || their_status=$?
	is "$status $(counts ours)" "$their_status $(counts theirs)" \
		"$engine: $what: exit status and counts are the other ping's (least RTT in ms: $(least ours), its $(least theirs))"
}
counts() { sed -nE 's/^([0-9]+) packets transmitted, ([0-9]+).* ([0-9]+)% packet loss.*/\1 sent, \2 received, \3 % lost/p' "$1"; }
least() { sed -nE 's/^(rtt|round-trip)[^=]*= ([0-9.]+).*/\2/p' "$1"; }

ip netns exec right tscope reflect 2>reflect.log &
reflector=$!
wait_for "the reflector" grep -q reflecting reflect.log
for engine in $engines; do
	for probe in "ICMP 10.9.0.2" "ICMPv6 fd09::2" "UDP --udp 10.9.0.2" "TCP --tcp 7778 10.9.0.2"; do
		read -r protocol arguments <<<"$probe"
		# shellcheck disable=SC2086 # one word an argument
		json "$engine-$protocol" -c "$count" --engine "$engine" $arguments
		is "$(figure "$engine-$protocol" "[.stamps, .sent, .received, .errors, .inconsistent, .engine_lost, ($whole), ($odd)]")" \
			"[\"$engine\",$count,$count,0,0,0,$count,0]" "$engine, $protocol: all answered, each with every stamp; no stage negative; they sum to the RTT"
		is "$(figure "$engine-$protocol" '[.layers[].layer]')" '["app","socket","driver"]' "$engine, $protocol: three layers"
	done
	beside_ping "all answered" -c 10 -i 0.05 10.9.0.2
done
ip netns exec right sysctl -qw net.ipv4.icmp_echo_ignore_all=1
engine=auto
beside_ping "none answered" -c 3 -i 0.05 -W 1 10.9.0.2
ip netns exec right sysctl -qw net.ipv4.icmp_echo_ignore_all=0
kill "$reflector"
wait "$reflector" || true
if is_debug_kernel; then
	drop_pair
	rmmod tscope
	exit
fi

# A delay of 20 ms between the queue and the driver is there, and not above.
in_left tc qdisc add dev l0 root netem delay 20ms
json delayed -c 10 10.9.0.2
in_left tc qdisc del dev l0 root
is "$(figure delayed '[.received, ([.samples[] | select(.evidence.queue_ns > 19e6)] | length)]')" '[10,10]' "20 ms of netem lie between qdisc and driver"
is "$(figure delayed '[.samples[].driver_rtt_ns] | min < 20e6')" true "and not in the driver's RTT"
is "$(figure delayed '[.clean, .reasons["device-queue"]]')" '[0,10]' "they make every sample biased, by its queue"

# A hog on the only CPU that the pinger may use: what it takes away shows.
in_left taskset 1 sh -c 'while :; do :; done' &
hog=$!
in_left taskset 1 timeout 900 tscope ping --json -i 0.02 -c 40 10.9.0.2 >hogged.json
kill "$hog"
wait "$hog" 2>/dev/null || true
is "$(figure hogged '[.received, .biased > 0]')" '[40,true]' "a hog at the same CPU biases samples ($(figure hogged .biased) of 40: $(figure hogged '.reasons | with_entries(select(.value > 0))'))"

if grep -q hardware-receive <<<"$(in_left ethtool -T l0)"; then
	json hw -c 10 10.9.0.2
	is "$(figure hw '[.layers[].layer]')" '["app","socket","driver","hw"]' "the NIC's own stamps"
else
	skip "the NIC's own stamps" "no device here has any; the unit tests make them up"
fi

is "$(in_left tscope ping -c 1 --json 10.9.0.2 | jq -r .stamps)" kmod "the module stamps where it is loaded"
rmmod tscope
json alone -c 5 10.9.0.2
is "$(figure alone "[.stamps, ($whole), .inconsistent]")" '["bpf",5,0]' "and BPF programs by themselves where it is not"
drop_pair
