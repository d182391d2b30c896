# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# What packets do not show: that their calls are made on another socket (MPTCP), that addresses change between driver
# and socket (NAT), that two namespaces have the same addresses and ports. tscope delay says so, and mixes nothing up.
. /tests/guest/lib.sh

load_module
make_pair
odd() { # NAMESPACE ARGUMENTS...: a receiver or server, once it is ready
	ip netns exec "$1" odd_traffic "${@:2}" >odd.out &
	receiver=$!
	wait_for "the receiver" grep -q ready odd.out
}
pair() { jq -c --arg first "$2" ".pairs[] | select(.first == \$first) | $3" "$1.delay"; }

start_capture left --proto tcp --at driver,qdisc,socket,app -o mptcp.pcapng
odd right serve 10.9.0.2 7101 10 mptcp
ip netns exec left odd_traffic connect 10.9.0.2 7101 10 2000 mptcp
wait "$receiver"
stop_capture
tscope delay --json mptcp.pcapng >mptcp.delay
is "$(tail -n 1 odd.out)" 40000 "MPTCP: all bytes arrived"
holds "MPTCP: segments of subflows were captured" test "$(jq .mptcp_segments mptcp.delay)" -gt 20
is "$(jq -c '[.silent[] | select(.vantage == "app-tx") | .protocol]' mptcp.delay)" '["tcp"]' \
	"MPTCP: app-tx saw nothing, which is said"
is "$(jq -r '[.chains[] | select(.way == "send") | .stages[0].from] | unique | join(" ")' mptcp.delay)" socket-tx \
	"MPTCP: the way out begins at the socket"
is "$(pair mptcp socket-tx .unmatched)" 0 "MPTCP: and each segment is found from there to the queue"
prints "app-tx was captured and saw nothing.*" "MPTCP: in words" tscope delay mptcp.pcapng
prints "MPTCP's calls are made on another" "MPTCP: with the reason" tscope delay mptcp.pcapng

ip netns exec right tc qdisc add dev r0 clsact
ip netns exec right tc filter add dev r0 ingress protocol ip u32 match ip dst 10.9.0.9/32 \
	action pedit ex munge ip dst set 10.9.0.2 pipe action csum ip4h udp
ip -n left neigh replace 10.9.0.9 dev l0 nud permanent lladdr "$(ip -n right -j link show r0 | jq -r '.[0].address')"
start_capture right --proto udp -p 7008 --at driver,socket,app -o nat.pcapng
odd right receive 10.9.0.2 7008 25
ip netns exec left odd_traffic send 10.9.0.9 7008 25 100
wait "$receiver"
stop_capture
tscope delay --json nat.pcapng >nat.delay
is "$(jq -c '[.changed_addresses[] | [.way, .at_driver.dst, .at_socket.dst]]' nat.delay)" \
	'[["receive","10.9.0.9:7008","10.9.0.2:7008"]]' "NAT: the address at the driver is another than at the socket"
is "$(pair nat socket-rx '[.matched, .unmatched]')" '[25,0]' "NAT: from the socket on each datagram is found"
is "$(pair nat driver-rx '.only_first // {} | has("dropped")')" false "NAT: none is called dropped"
ip netns exec right tc qdisc del dev r0 clsact

# Twins of left and right, with all their addresses.
ip netns add left2
ip netns add right2
ip link add l0 netns left2 type veth peer name r0 netns right2
ip -n left2 addr add 10.9.0.1/24 dev l0
ip -n right2 addr add 10.9.0.2/24 dev r0
ip -n left2 link set l0 up
ip -n right2 link set r0 up
captures=()
for netns in right right2; do
	ip netns exec $netns tscope capture --json --proto udp -p 7009 --at driver,socket,app -o $netns.pcapng \
		>$netns.json 2>$netns.log &
	captures+=($!)
	wait_for "the capture of $netns" grep -q capturing $netns.log
done
start_capture - --all-netns --proto udp -p 7009 --at driver-rx,socket-rx,app-rx -o both.pcapng
waiting=()
for twin in "" 2; do
	ip netns exec "right$twin" odd_traffic receive 10.9.0.2 7009 300 >"twin$twin.out" &
	waiting+=($!)
	wait_for "the receiver" grep -q ready "twin$twin.out"
done
for twin in "" 2; do
	ip netns exec "left$twin" sysctl -qw net.ipv4.ip_local_port_range="40009 40009"
	ip netns exec "left$twin" odd_traffic send 10.9.0.2 7009 300 100 &
	waiting+=($!)
done
wait "${waiting[@]}"
sleep 1
kill -INT "${captures[@]}"
wait "${captures[@]}"
stop_capture
tscope delay --json both.pcapng >both.delay
flow() { # FILE [NAMESPACE]: of its flow in: packets, and whole ones
	jq -c --argjson netns "${2:-null}" '[.flows[] | select(.way == "receive" and ($netns == null or .netns == $netns)) |
		[.src, .packets, .whole]]' "$1.delay"
}
for netns in right right2; do
	tscope delay --json $netns.pcapng >$netns.delay
	inode=$(ip netns exec $netns stat -Lc %i /proc/self/ns/net)
	is "$(flow both "$inode")" "$(flow $netns)" "same addresses: the flow of $netns is what a capture of $netns alone has"
	is "$(jq "[.flows[] | select(.way == \"receive\") | .whole] | add" $netns.delay)" 300 "same addresses: all of it is whole"
done
is "$(flow both | jq -c '[.[][0]] | unique | length')" 1 "same addresses: both flows have the same addresses and ports"
is "$(pair both driver-rx '[.matched, .unmatched]')" '[600,0]' "same addresses: each datagram is found at its socket"
ip netns del left2
ip netns del right2
drop_pair
