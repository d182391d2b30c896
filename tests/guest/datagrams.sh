# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# UDP datagrams and pings, over IPv4 and IPv6, at every vantage point by both engines: as many as were sent, and those that
# tcpdump saw (datagrams.check.sh). Left asks, right answers; all that is captured is left's.
. /tests/guest/lib.sh

QUESTIONS=40 PINGS=10 SIZE=100
all=driver,qdisc,socket,app
load_module
make_pair
in_left() { ip netns exec left "$@"; }
captures=()
capture_as() { # NAME VANTAGES ARGUMENT...
	local name=$1 vantages=$2
	shift 2
	ip netns exec left tscope capture --json --ring-slots 8192 --at "$vantages" -o "$name.pcapng" "$@" >"$name.json" 2>"$name.log" &
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

ip netns exec left tcpdump -i l0 -s 128 -B 4096 --immediate-mode --time-stamp-precision=nano -w tcpdump.pcap \
	'udp portrange 5301-5303 or icmp[icmptype] == icmp-echo or icmp[icmptype] == icmp-echoreply or (icmp6 and (ip6[40] == 128 or ip6[40] == 129))' 2>tcpdump.log &
tcpdump=$!
wait_for tcpdump grep -q 'listening on' tcpdump.log
capture_as kmod $all --engine kmod --proto udp,icmp
capture_as bpf $all --engine bpf --proto icmp,udp
capture_as port driver,app --engine kmod --proto udp -p 5302
capture_as icmp driver,app --engine kmod --proto icmp
capture_as tcp driver,app --engine kmod
# At tracepoints alone: to take many programs off functions takes a kernel long.
capture_as bpf-port driver --engine bpf --proto udp,icmp -p 5302
capture_as bpf-icmp driver --engine bpf --proto icmp
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
# NAME FIRST SECOND MATCHED: by tscope delay, and nothing that was seen at only one of them.
followed() {
	is "$(jq -c ".pairs[] | select(.first == \"$2\" and .second == \"$3\") | [.matched, .unmatched]" "$1.delay.json")" \
		"[$4,0]" "$1: tscope delay: from $2 to $3"
}
for capture in kmod bpf; do
	tscope delay "$capture.pcapng" --json >"$capture.delay.json"
	is "$(jq '[.chains[] | ([.stages[].sum_ns] | add) == .total.sum_ns] | all' "$capture.delay.json")" true \
		"$capture: tscope delay: stages sum to totals"
	is "$(jq '[.chains[].inconsistent] | add' "$capture.delay.json")" 0 "$capture: tscope delay: no packet contradicts itself"
done
for engine in kmod bpf; do
	followed $engine app-tx socket-tx $records
	followed $engine socket-tx qdisc-tx $records
	followed $engine qdisc-tx driver-tx $records
	followed $engine driver-rx socket-rx $answers
	followed $engine socket-rx app-rx $answers
	is "$(jq -c '[.peeks, .forwarded]' $engine.delay.json)" '[3,0]' "$engine: tscope delay: answers looked at, and packets of others"
done
is "$(at app-tx records port.json)" $((QUESTIONS + 1)) "port: app-tx: that port's datagrams and nothing else"
is "$(at app-rx records icmp.json)" $((4 * PINGS)) "icmp: app-rx: pings and nothing else"
for engine in '' bpf-; do
	is "$(at driver-tx records ${engine}port.json)" $((QUESTIONS + 1)) "${engine}port: driver-tx: that port's datagrams and nothing else"
	is "$(at driver-tx records ${engine}icmp.json)" $((4 * PINGS)) "${engine}icmp: driver-tx: pings and nothing else"
done
is "$(protocol tcp records tcp.json)" "$(jq .records tcp.json)" "without --proto: TCP"
holds "and it is there ($(jq .records tcp.json))" test "$(jq .records tcp.json)" -gt 20
is "$(tcpdump -n -r tcp.pcapng not tcp 2>/dev/null | wc -l)" 0 "and nothing else"
is "$(tcpdump -r tcpdump.pcap 2>/dev/null | wc -l)" $((records + answers)) "tcpdump saw as many"
holds "tscope convert takes one vantage point out" tscope convert --at driver kmod.pcapng -o driver.pcapng
is "$(tcpdump -n -r driver.pcapng 2>/dev/null | wc -l)" $((records + answers)) "with all its packets"
holds "tscope acks says that there is no TCP" sh -c 'tscope acks kmod.pcapng 2>&1 | grep -q "is TCP"'
drop_pair
