# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# `tscope ping` with the module's stamps: every layer is stamped for ICMP, UDP and TCP; a known delay shows in its layer alone; a CPU hog
# at the same CPU biases samples; beside iputils and beside a capture of the wire's other end.
. /tests/guest/lib.sh

load_module
make_pair
# Ping sockets: their copy of an echo is made behind socket-rx.
ip netns exec left sysctl -qw net.ipv4.ping_group_range='0 2147483647'
in_left() { ip netns exec left "$@"; }

# json NAME OPTION...: pings and keeps NAME.json.
json() {
	local name=$1
	shift
	in_left timeout 60 tscope ping --json -i 0.02 "$@" >"$name.json" 2>"$name.log" || true
}
figure() { jq -c "$2" "$1.json"; }
# Of those with every stamp; a busy emulator may lose one to its own patience.
whole='[.samples[] | select(.socket_rtt_ns and .driver_rtt_ns)] | length'
sums='[.samples[] | select(.driver_rtt_ns) | select(.send_delay_ns + .driver_rtt_ns + .receive_delay_ns != .rtt_ns)] | length'

json icmp -c 50 10.9.0.2
is "$(figure icmp '[.stamps, .socket, .sent, .received, .inconsistent, .engine_lost]')" '["kmod","ping",50,50,0,0]' "ICMP: all answered, no stage negative"
is "$(figure icmp '[.layers[].layer]')" '["app","socket","driver"]' "ICMP: three layers"
is "$(figure icmp "$whole")" 50 "ICMP: every sample has every stamp"
is "$(figure icmp "$sums")" 0 "ICMP: the stages sum to the RTT"
json icmp6 -c 10 fd09::2
is "$(figure icmp6 "[.received, ($whole), .inconsistent]")" '[10,10,0]' "ICMPv6: every sample has every stamp"

ip netns exec right tscope reflect --duration 60s 2>reflect.log &
reflector=$!
wait_for "the reflector" grep -q reflecting reflect.log
json udp -c 20 --udp 10.9.0.2
is "$(figure udp "[.received, ($whole), .inconsistent]")" '[20,20,0]' "UDP: every sample has every stamp"
kill "$reflector"
wait "$reflector" || true
json tcp -c 20 --tcp 7778 10.9.0.2
is "$(figure tcp "[.received, ($whole), .inconsistent]")" '[20,20,0]' "TCP: every sample has every stamp"

# Two at once: counts alike, least RTTs side by side.
in_left ping -c 20 -i 0.05 -q 10.9.0.2 >theirs 2>&1 &
theirs=$!
in_left tscope ping -c 20 -i 0.05 -q 10.9.0.2 >ours
wait "$theirs"
least() { sed -nE 's/^(rtt|round-trip)[^=]*= ([0-9.]+).*/\2/p' "$1"; }
is "$(grep -oE '^[0-9]+ packets transmitted, [0-9]+' ours)" "$(grep -oE '^[0-9]+ packets transmitted, [0-9]+' theirs)" \
	"the counts are the other ping's (least RTT in ms: $(least ours), its $(least theirs))"

# A delay of 20 ms between the queue and the driver is there, and not above.
in_left tc qdisc add dev l0 root netem delay 20ms
json delayed -c 10 10.9.0.2
in_left tc qdisc del dev l0 root
is "$(figure delayed '[.received, ([.samples[] | select(.evidence.queue_ns > 19e6)] | length)]')" '[10,10]' "20 ms of netem lie between qdisc and driver"
is "$(figure delayed '.layers | map(select(.layer == "driver"))[0].rtt.median_ns < 20e6')" true "and not in the driver's RTT"
is "$(figure delayed '[.clean, .reasons["device-queue"]]')" '[0,10]' "they make every sample biased, by its queue"

# A hog on the only CPU that the pinger may use: what it takes away shows.
in_left taskset 1 sh -c 'while :; do :; done' &
hog=$!
in_left taskset 1 timeout 60 tscope ping --json -i 0.02 -c 40 10.9.0.2 >hogged.json
kill "$hog"
wait "$hog" 2>/dev/null || true
is "$(figure hogged '[.received, .biased > 0]')" '[40,true]' "a hog at the same CPU biases samples ($(figure hogged .biased) of 40: $(figure hogged '.reasons | with_entries(select(.value > 0))'))"

if in_left ethtool -T l0 | grep -q hardware-receive; then
	json hw -c 10 10.9.0.2
	is "$(figure hw '[.layers[].layer]')" '["app","socket","driver","hw"]' "the NIC's own stamps"
else
	skip "the NIC's own stamps" "no device here has any; the unit tests make them up"
fi

drop_pair
rmmod tscope
