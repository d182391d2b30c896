# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# What a capture says of packets that its hooks did not see, by both engines: the interfaces' counters are the truth.
# Left pings, right answers; all captures are right's, with a filter that nothing matches.
. /tests/guest/lib.sh

PINGS=100 filter=9
in_right() { ip netns exec right "$@"; }
ping_right() { ip netns exec left ping -q -c $PINGS -i 0.01 -W 1 "$@" >ping.log || true; }
ping_group() { in_right ping -q -c 10 -i 0.01 -W 1 -I r0 224.0.0.1 >ping.log || true; }
verdict() { # VANTAGE [FIELD [DEVICE]]
	jq -r --arg at "$1" --arg field "${2:-verdict}" --arg device "${3:-r0}" \
		'.counter_check.interfaces[] | select(.vantage == $at and .interface == $device) | .[$field]' capture.json
}
capture_right() { # NAME COMMAND...: capture.json has what the capture says of the command's traffic
	local name=$1
	shift
	start_capture right --engine "$engine" --ring-slots 1024 -p "$filter" --at driver -o "$name.pcapng"
	"$@"
	sleep 0.2
	stop_capture
	mv capture.log "$name.log"
	cp capture.json "$name.json"
}
complete() { # WHAT PACKETS VANTAGE...
	local what=$1 packets=$2 at
	shift 2
	for at in "$@"; do
		is "$(verdict "$at") of $(verdict "$at" counted), $(verdict "$at" frames) seen" \
			"complete of $packets, $packets seen" "$engine: $what: complete at $at"
	done
}
xdp() { ip -n right link set dev r0 "$1" obj /usr/local/bin/xdp_drop.o sec xdp 2>>xdp.log; }
come_and_go() {
	ip -n right link add new0 type dummy
	ip -n right link del old0
}

load_module
make_pair
quiet_pair
ip -n left link add link l0 name l0.5 type vlan id 5
ip -n right link add link r0 name r0.5 type vlan id 5
ip -n left addr add 10.9.5.1/24 dev l0.5
ip -n right addr add 10.9.5.2/24 dev r0.5
ip -n left link set l0.5 up
ip -n right link set r0.5 up
vlan_neighbour() { # NAMESPACE DEVICE ADDRESS OTHER-NAMESPACE OTHER-DEVICE
	ip netns exec "$1" sh -c "echo 1 >/proc/sys/net/ipv6/conf/$2/disable_ipv6"
	ip -n "$1" neigh replace "$3" dev "$2" nud permanent \
		lladdr "$(ip -n "$4" -j link show "$5" | jq -r '.[0].address')"
}
vlan_neighbour left l0.5 10.9.5.2 right r0.5
vlan_neighbour right r0.5 10.9.5.1 left l0.5
ping_right 10.9.5.2
settle

for engine in kmod bpf; do
	capture_right plain ping_right 10.9.0.2
	is "$(jq -r .counter_check.state capture.json)" "done" "$engine: the counters were compared"
	complete "pings" $PINGS driver-rx driver-tx

	port=$((5200 + ${#engine}))
	filter=$port
	capture_right segments start_exchange "$engine" right 10.9.0.2 $port 1000000 10000
	filter=9
	stop_exchange
	is "$(verdict driver-rx)" complete "$engine: a stream is complete"
	holds "$engine: whose frames have several segments" \
		test "$(verdict driver-rx segments)" -gt "$(verdict driver-rx frames)"
	prints "^All packets that these interfaces counted passed" "$engine: the text report says so" tscope acks segments.pcapng

	if xdp xdpdrv; then
		capture_right native ping_right 10.9.0.2
		is "$(verdict driver-rx) $(verdict driver-rx missing) of $(verdict driver-rx counted)" \
			"missing $((PINGS / 4)) of $PINGS" "$engine: what native XDP drops is missing, and nothing else"
		is "$(verdict driver-rx xdp)" native "$engine: the program is named"
		is "$(tscope acks --json native.pcapng | jq -c .counter_check)" "$(jq -c .counter_check capture.json)" \
			"$engine: reports on the file say the same"
		complete "with native XDP" $((PINGS - PINGS / 4)) driver-tx
		ip -n right link set dev r0 xdpdrv off
	else
		skip "$engine: native XDP" "this kernel or ip takes no XDP program: $(tail -n 1 xdp.log)"
	fi
	if xdp xdpgeneric; then
		capture_right generic ping_right 10.9.0.2
		# It runs behind the hook.
		complete "with generic XDP" $PINGS driver-rx
		complete "with generic XDP" $((PINGS - PINGS / 4)) driver-tx
		is "$(verdict driver-rx xdp)" generic "$engine: the program is named"
		ip -n right link set dev r0 xdpgeneric off
	else
		skip "$engine: generic XDP" "this kernel or ip takes no XDP program: $(tail -n 1 xdp.log)"
	fi

	# Nobody's address: frames for another host come in all the same.
	ip -n left neigh replace 10.9.0.77 dev l0 nud permanent lladdr 02:00:00:00:00:77
	capture_right other_host ping_right 10.9.0.77
	complete "packets to another host" $PINGS driver-rx

	# The sender's own copy of what goes to a group is not received by the device.
	capture_right group ping_group
	complete "packets to a group" 10 driver-tx
	holds "$engine: packets to a group: complete at driver-rx" \
		jq -e '[.counter_check.interfaces[] | select(.interface == "r0" and .vantage == "driver-rx") | .verdict] - ["complete"] == []' capture.json

	capture_right vlan ping_right 10.9.5.2
	complete "tagged packets at the device below" $PINGS driver-rx driver-tx
	is "$(verdict driver-rx verdict r0.5) $(verdict driver-rx doubt r0.5)" "unknown lower-device" \
		"$engine: the VLAN's own device receives nothing by itself"
	is "$(verdict driver-tx verdict r0.5)" complete "$engine: but sends"

	ip -n right link add old0 type dummy
	capture_right interfaces come_and_go
	is "$(verdict driver-rx doubt old0)" disappeared "$engine: an interface that went away"
	is "$(verdict driver-rx doubt new0)" appeared "$engine: an interface that appeared"
	ip -n right link del new0
done

# Probes are handed to the driver past the hook.
engine=bpf
train() { in_right tscope train 10.9.0.1 --engine kmod --json --gap 1ms --count $PINGS -p 9000 >probes.json 2>probes.log; }
capture_right train train
is "$(verdict driver-tx) $(verdict driver-tx missing)" "missing $(jq .sent probes.json)" "what a train sends is missing at driver-tx"

# A capture that is killed can't say.
start_capture right --engine kmod --ring-slots 1024 --proto icmp --at driver -o killed.pcapng
ping_right 10.9.0.2
sleep 1.5
kill -KILL "$capture"
wait "$capture" || true
is "$(tscope acks --json killed.pcapng | jq -r .counter_check.state)" absent "a capture that was killed has no comparison"
drop_pair
