# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Packets that are not one call, one packet, one call: fragments, UDP GSO and GRO, MSG_MORE, several sockets of a group,
# a full receive buffer, TCP fast open, splice, MPTCP. tscope delay follows them or says what they are, and never says
# that one was dropped that was not (delay_odd.check.sh). tcp and udp: captures of both ends.
. /tests/guest/lib.sh

load_module
make_pair
in_left() { ip netns exec left "$@"; }
in_right() { ip netns exec right "$@"; }
captures=()
for end in left right; do
	ip netns exec $end tscope capture --json --proto tcp,udp,icmp --ring-slots 8192 --at driver,qdisc,socket,app -o $end.pcapng \
		>$end.json 2>$end.log &
	captures+=($!)
done
wait_for "the captures" sh -c 'grep -q capturing left.log && grep -q capturing right.log'
waiting=()
receiver() { # NAME ARGUMENTS...
	local name=$1
	shift
	mkfifo "$name.in"
	in_right odd_traffic "$@" <>"$name.in" >"$name.out" &
	waiting+=($!)
	wait_for "$name" grep -q ready "$name.out"
}

receiver fragments receive 10.9.0.2 7001 20
in_left odd_traffic send 10.9.0.2 7001 20 4000
in_left ping -q -c 20 -i 0.05 -s 4000 10.9.0.2 >ping.log
receiver gso receive 10.9.0.2 7002 100
in_left odd_traffic send 10.9.0.2 7002 100 500 gso
receiver gro receive 10.9.0.2 7003 100 gro
in_left odd_traffic send 10.9.0.2 7003 100 500 gso
receiver more receive 10.9.0.2 7004 20
in_left odd_traffic send 10.9.0.2 7004 20 900 more
in_left ip route add 239.0.0.0/8 dev l0
for i in 1 2 3; do receiver group$i receive 10.9.0.2 7005 20 group; done
in_left odd_traffic send 239.1.1.1 7005 20 100
in_left sysctl -qw net.ipv4.tcp_fastopen=1
in_right sysctl -qw net.ipv4.tcp_fastopen=2
receiver fastopen serve 10.9.0.2 7101 10
in_left odd_traffic connect 10.9.0.2 7101 10 300 fastopen
receiver splice serve 10.9.0.2 7102 5 splice
in_left odd_traffic connect 10.9.0.2 7102 5 5000
in_left ethtool -K l0 tx-udp-segmentation off >/dev/null
receiver cut receive 10.9.0.2 7006 100
in_left odd_traffic send 10.9.0.2 7006 100 500 gso
wait "${waiting[@]}"
receiver full receive 10.9.0.2 7007 50 burst
full=${waiting[-1]}
in_left odd_traffic send 10.9.0.2 7007 50 100
sleep 1
echo >full.in
sleep 2
kill -INT "${captures[@]}"
wait "${captures[@]}"
kill "$full"
in_right cat /proc/net/snmp >snmp
drop_pair
head -v ./*.out
