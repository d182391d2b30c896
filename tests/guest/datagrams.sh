# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# UDP datagrams and pings, over IPv4 and IPv6, at every vantage point by both engines: as many as were sent, and those that
# tcpdump saw (datagrams.check.sh). Left asks, right answers; all that is captured is left's.
. /tests/guest/lib.sh

QUESTIONS=40 PINGS=10 SIZE=100
vantages=driver,qdisc,socket,app
load_module
make_pair
in_left() { ip netns exec left "$@"; }
captures=()
capture_as() { # NAME ARGUMENT...
	local name=$1
	shift
	in_left tscope capture --json --ring-slots 8192 --at "$vantages" -o "$name.pcapng" "$@" >"$name.json" 2>"$name.log" &
	captures+=($!)
	wait_for "the capture $name" grep -q capturing "$name.log"
}
protocol() { # NAME FIELD SUMMARY
	jq -r --arg name "$1" --arg field "$2" '[.protocols[] | select(.protocol == $name) | .[$field]] | add // 0' "$3"
}
ask() { # ADDRESS PORT
	ip netns exec right datagrams answer "$1" "$2" $QUESTIONS 2>>answer.log &
	local answering=$!
	wait_for "the answering side" sh -c "ip netns exec right ss -Hlun | grep -q ':$2 '"
	# The same place as an IPv6 socket sees it.
	in_left datagrams ask "${3:-$1}" "$2" $QUESTIONS $SIZE
	wait $answering
}

in_left tcpdump -i l0 -s 128 -B 4096 --immediate-mode --time-stamp-precision=nano -w tcpdump.pcap \
	'udp portrange 5301-5303 or icmp[icmptype] == icmp-echo or icmp[icmptype] == icmp-echoreply or icmp6 and (ip6[40] == 128 or ip6[40] == 129)' 2>tcpdump.log &
tcpdump=$!
wait_for tcpdump grep -q 'listening on' tcpdump.log
capture_as kmod --engine kmod --proto udp,icmp
capture_as bpf --engine bpf --proto icmp,udp
capture_as port --engine kmod --proto udp -p 5302
capture_as bpf-port --engine bpf --proto udp,icmp -p 5302
capture_as icmp --engine kmod --proto icmp
capture_as bpf-icmp --engine bpf --proto icmp
capture_as tcp
holds "ICMP has no ports, and says so" sh -c '! tscope capture --proto icmp -p 80 2>&1 | grep -q capturing'

ask 10.9.0.2 5301
ask fd09::2 5302
ask 10.9.0.2 5303 ::ffff:10.9.0.2
start_exchange t right 10.9.0.2 5302 20000 1000
stop_exchange
for sockets in '0 2147483647' '1 0'; do # ping sockets, then raw ones
	in_left sysctl -qw net.ipv4.ping_group_range="$sockets"
	for address in 10.9.0.2 fd09::2; do
		in_left ping -q -c $PINGS -i 0.05 -s 100 $address >>ping.log
	done
done
sleep 1
kill -INT "${captures[@]}" "$tcpdump"
wait "${captures[@]}" "$tcpdump"

# Of each of three runs: the questions, and three by one call; answers one by one, the first looked at before.
records=$((3 * (QUESTIONS + 1) + 4 * PINGS)) answers=$((3 * (QUESTIONS + 3) + 4 * PINGS))
for engine in kmod bpf; do
	for at in app-tx socket-tx qdisc-tx driver-tx; do
		is "$(at $at records $engine.json)" $records "$engine: $at: every question"
	done
	for at in driver-rx socket-rx; do
		is "$(at $at records $engine.json)" $answers "$engine: $at: every answer"
	done
	is "$(at app-rx records $engine.json)" $((answers + 3)) "$engine: app-rx: every answer, and those looked at"
	is "$(at driver-tx segments $engine.json)" $answers "$engine: driver-tx: three segments by one call"
	is "$(protocol icmp records $engine.json)" $((7 * 4 * PINGS)) "$engine: pings at seven vantage points"
	is "$(jq .loss.lost $engine.json)" 0 "$engine: nothing lost"
done
for at in app-tx driver-tx; do
	for name in port bpf-port; do
		is "$(at $at records $name.json)" $((QUESTIONS + 1)) "$name: $at: that port's datagrams and nothing else"
	done
	for name in icmp bpf-icmp; do
		is "$(at $at records $name.json)" $((4 * PINGS)) "$name: $at: pings and nothing else"
	done
done
is "$(protocol tcp records tcp.json)" "$(jq .records tcp.json)" "without --proto: TCP"
holds "and it is there ($(jq .records tcp.json))" test "$(jq .records tcp.json)" -gt 50
is "$(tcpdump -n -r tcp.pcapng not tcp 2>/dev/null | wc -l)" 0 "and nothing else"
is "$(tcpdump -r tcpdump.pcap 2>/dev/null | wc -l)" $((records + answers)) "tcpdump saw as many"
holds "tscope convert takes one vantage point out" tscope convert --at driver kmod.pcapng -o driver.pcapng
is "$(tcpdump -n -r driver.pcapng 2>/dev/null | wc -l)" $((records + answers)) "with all its packets"
holds "tscope acks says that there is no TCP" sh -c 'tscope acks kmod.pcapng 2>&1 | grep -q "is TCP"'
drop_pair
