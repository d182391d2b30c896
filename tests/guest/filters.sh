# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# -i and --address where a layer does not know the device or the source address yet, in namespaces that
# have the same devices' numbers, where answers come in by another device, and while devices and the
# namespace go; by both engines.
#
#   left:  l0 10.9.0.1 ── veth ── right: r0 10.9.0.2
#          l1 10.8.0.1 ── veth ── right: r1 10.8.0.2
. /tests/guest/lib.sh

NUMBER=20
load_module
make_pair
ip link add l1 netns left type veth peer name r1 netns right
ip -n left addr add 10.8.0.1/24 dev l1
ip -n right addr add 10.8.0.2/24 dev r1
ip -n left link set l1 up
ip -n right link set r1 up
ip netns exec left ping -q -c 1 10.9.0.2 >/dev/null
ip netns exec left ping -q -c 1 10.8.0.2 >/dev/null

# Half of them by sockets that are neither bound nor connected.
ask() { # ADDRESS
	ip netns exec right datagrams answer "$1" 5401 $NUMBER >answer.log 2>&1 &
	local answer=$!
	wait_for "the answering side" sh -c "ip netns exec right ss -Huln | grep -q '$1:5401 '"
	ip netns exec left datagrams ask "$1" 5401 $NUMBER 100 >ask.log 2>&1 || true
	kill $answer 2>/dev/null || true
	wait $answer 2>/dev/null || true
}
pings() { ip netns exec left ping -q -c $NUMBER -i 0.01 -W 2 "$1" >/dev/null || true; }
sent() { # NAME OPTIONS...: what a capture of left has at app-tx and socket-tx of datagrams by both devices
	start_capture left --engine "$engine" --proto udp --at app-tx,socket-tx -o "$engine.$1.pcapng" "${@:2}"
	ask 10.9.0.2
	ask 10.8.0.2
	sleep 0.3
	stop_capture
	echo "$(at app-tx records) $(at socket-tx records)"
}

for engine in kmod bpf; do
	all=$(sent all)
	# What three questions by one call are at the socket is the kernel's choice: the half of all, by each device.
	half="$((${all% *} / 2)) $((${all#* } / 2))"
	is "${half% *}" $((NUMBER + 1)) "$engine: calls by each of two devices"
	is "$(sent device -i l0)" "$half" "$engine: -i takes the calls whose route is by that device, and no other"
	is "$(sent other -i l1)" "$half" "$engine: and by the other device those"
	is "$(sent none -i lo)" "0 0" "$engine: and none by one that has none"
	is "$(sent address --address 10.9.0.1)" "$half" "$engine: --address takes the calls that will have it"
	is "$(sent stranger --address 10.7.0.1)" "0 0" "$engine: and none for another address"

	start_capture left --engine $engine --proto icmp --at app-tx -i l0 -o $engine.ping.pcapng
	pings 10.9.0.2
	pings 10.8.0.2
	stop_capture
	is "$(at app-tx records)" $NUMBER "$engine: pings are calls as well"

	# Numbers of devices are those of other devices elsewhere: lo is 1 in each namespace.
	ip netns exec left tscope capture --json --engine $engine --netns all --proto icmp --at driver -i lo \
		-o $engine.lo.pcapng >capture.json 2>capture.log &
	capture=$!
	wait_for "the capture" grep -q capturing capture.log
	ip netns exec right ping -q -c 5 -i 0.01 10.9.0.2 >/dev/null
	ping -q -c 5 -i 0.01 127.0.0.1 >/dev/null || true
	stop_capture
	is "$(jq .records capture.json)" 0 "$engine: --netns all -i lo is one namespace's"

	# What comes in by one device and is answered by another.
	for netns in left right; do
		ip netns exec $netns sh -c 'for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$f; done'
	done
	ip -n left addr add 10.5.0.1/32 dev lo
	ip -n right addr add 10.5.0.2/32 dev lo
	ip -n right route add 10.5.0.1 via 10.9.0.1 dev r0 src 10.5.0.2
	ip -n left route add 10.5.0.2 via 10.8.0.2 dev l1
	for device in l0 l1; do
		port=$((5300 + ${#device} + ${#engine} + ${device#l} * 10))
		start_capture left --engine $engine -p $port --at socket-rx,app-rx -i $device -o $engine.crossed.pcapng
		start_exchange crossed left 10.5.0.1 $port 20000 1000
		stop_exchange
		stop_capture
		eval "crossed_$device='$(at socket-rx records) $(at app-rx records)'"
	done
	# shellcheck disable=SC2154 # eval
	holds "$engine: data comes in by -i's device, answers leave by another ($crossed_l0)" \
		test "${crossed_l0% *}" -gt 0 -a "${crossed_l0#* }" -gt 0
	# shellcheck disable=SC2154 # eval
	is "$crossed_l1" "0 0" "$engine: and none of that is the other device's"
	ip -n right route del 10.5.0.1
	ip -n left route del 10.5.0.2
	ip -n left addr del 10.5.0.1/32 dev lo
	ip -n right addr del 10.5.0.2/32 dev lo

	# A device that goes, and its name comes back.
	ip -n left link add gone0 type veth peer name gone1
	ip -n left link set gone0 up
	start_capture left --engine $engine --proto icmp --at driver -i gone0 -o $engine.gone.pcapng
	ip -n left link del gone0
	ip -n left link add gone0 type veth peer name gone1
	wait "$capture"
	is "$(jq .device_gone capture.json)" true "$engine: a capture of a deleted device ends and says so"
	ip -n left link del gone0

	# A namespace that is named is not kept.
	ip netns add brief
	ip -n brief link add b0 type veth peer name b1 netns right
	tscope capture --json --engine $engine --netns brief --proto icmp --at driver -o $engine.brief.pcapng \
		>capture.json 2>capture.log &
	capture=$!
	wait_for "the capture" grep -q capturing capture.log
	ip netns del brief
	holds "$engine: --netns keeps no namespace" wait_until 60 sh -c "! ip -n right link show b1"
	wait "$capture"
	is "$(jq .netns_gone capture.json)" true "$engine: and the capture ends with it"
done
drop_pair
