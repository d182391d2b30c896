# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# `tcpdump -i any` on a router, beside tcpdump on one of its devices: each packet stands twice in the
# first file, and each device and direction is a place of its own, with what the second file has.
#
#   $sender ──── near0 │ $router │ far0 ──── $receiver
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
# shellcheck source=tests/wait.sh
. tests/wait.sh
tscope=${TSCOPE:-build/tscope}
work=$(mktemp -d)
sender=any-sender-$$ router=any-router-$$ receiver=any-receiver-$$
finish() {
	local pids
	pids=$(jobs -p)
	# shellcheck disable=SC2086 # one word a process
	[ -z "$pids" ] || kill $pids 2>/dev/null
	for netns in $sender $router $receiver; do ip netns del "$netns" 2>/dev/null; done
	rm -rf "$work"
}
trap finish EXIT

for program in tcpdump python3 jq ip ethtool; do
	command -v $program >/dev/null && continue
	skip "tcpdump on all devices" "no $program: make deps installs it"
	exit 0
done
if ! ip netns add $sender 2>"$work/error" || ! ip netns add $router 2>>"$work/error" ||
	! ip netns add $receiver 2>>"$work/error" ||
	! ip link add name out0 netns $sender type veth peer name near0 netns $router 2>>"$work/error"; then
	skip "tcpdump on all devices" "no network namespace may be made: $(head -n 1 "$work/error")"
	exit 0
fi
ip link add name far0 netns $router type veth peer name in0 netns $receiver
ip -n $sender address add 10.9.1.1/24 dev out0
ip -n $router address add 10.9.1.2/24 dev near0
ip -n $router address add 10.9.2.2/24 dev far0
ip -n $receiver address add 10.9.2.1/24 dev in0
for end in "$sender out0" "$router near0" "$router far0" "$receiver in0"; do
	ip -n "${end% *}" link set "${end#* }" up
	ip netns exec "${end% *}" ethtool -K "${end#* }" tso off gso off gro off >/dev/null
done
ip -n $sender route add default via 10.9.1.2
ip -n $receiver route add default via 10.9.2.2
ip netns exec $router sysctl -qw net.ipv4.ip_forward=1

for device in any far0; do
	ip netns exec $router tcpdump -i $device -s 96 -B 8192 --immediate-mode -U -w "$work/$device.pcap" \
		'tcp port 5201' 2>"$work/$device.log" &
	wait_for "tcpdump on $device" grep -q 'listening on' "$work/$device.log"
done
timeout 90 ip netns exec $receiver python3 - <<'END' >"$work/got" &
import socket
listener = socket.create_server(('10.9.2.1', 5201))
print('ready', flush=True)
connection = listener.accept()[0]
got = 0
while data := connection.recv(65536):
    got += len(data)
print(got)
END
server=$!
wait_for "the receiver" grep -q ready "$work/got"
timeout 60 ip netns exec $sender python3 - <<'END'
import socket, time
connection = socket.create_connection(('10.9.2.1', 5201))
for _ in range(300):
    connection.sendall(bytes(1400))
    time.sleep(0.001)
connection.close()
END
wait $server
is "$(tail -n 1 "$work/got")" 420000 "the transfer is whole"
packets() { tcpdump -r "$work/$1.pcap" 2>/dev/null | wc -l; }
wait_for "tcpdump to write" sh -c "tcpdump -r $work/any.pcap 2>/dev/null | tail -n 4 | grep -q 'Flags .F'"
sleep 1
kill -INT %1 %2
wait %1 %2

link_type=$(tcpdump -r "$work/any.pcap" -c 1 2>&1 | grep -o LINUX_SLL2)
is "$link_type" LINUX_SLL2 "tcpdump -i any writes cooked packets"
is "$(packets any)" "$((2 * $(packets far0)))" "each packet stands twice in the file of all devices"
answers() { # FILE: of the ACKs towards the sender, place by place
	"$tscope" acks --json --link-rate 100M --flow '10.9.2.1:5201 >' "$work/$1.pcap" |
		jq -c '.flows[].vantage_points[] | [.acks, .gaps, .quantiles_ns.p50]'
}
one=$(answers far0) all=$(answers any)
is "$(wc -l <<<"$one"),$(wc -l <<<"$all")" 1,2 "one place in the one file, two in the other"
is "$(jq -c '.[0:2]' <<<"$all" | sort -u)" "$(jq -c '.[0:2]' <<<"$one")" \
	"each of the two has the ACKs and gaps of the file of one device"
# Two programs' stamps of a packet may differ by a microsecond, two devices' by some more.
low=$(jq '.[2] * 0.95 | floor' <<<"$one") high=$(jq '.[2] * 1.05 | floor' <<<"$one")
for median in $(jq '.[2]' <<<"$all"); do
	within "$median" "$low" "$high" "and its median gap"
done
