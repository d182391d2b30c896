# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# Two VLANs with the same addresses and ports on one veth, which takes the tags out of frames and puts
# them in again as hardware does: a record at the device says which VLAN it was (vlan.check.sh).
#
#   one10 ── l0.10 ┐                      ┌ r0.10 ── two10
#                  ├ l0 ──── veth ──── r0 ┤
#   one20 ── l0.20 ┘ (left)       (right) └ r0.20 ── two20
. /tests/guest/lib.sh

number=20
load_module
modprobe 8021q
make_pair
vlan_end() { # NETNS DEVICE VLAN NEW-NETNS ADDRESS
	ip netns add "$4"
	ip -n "$1" link add link "$2" name "$2.$3" type vlan id "$3"
	ip -n "$1" link set "$2.$3" netns "$4"
	ip -n "$4" addr add "$5/24" dev "$2.$3"
	ip -n "$4" link set "$2.$3" up
}
for vlan in 10 20; do
	vlan_end left l0 $vlan one$vlan 10.9.9.1
	vlan_end right r0 $vlan two$vlan 10.9.9.2
done
pids=()
for engine in kmod bpf; do
	ip netns exec right tscope capture --json --engine $engine --proto udp -p 5401 --at driver \
		-o $engine.pcapng >$engine.json 2>$engine.log &
	pids+=($!)
	wait_for "the capture by $engine" grep -q capturing $engine.log
done
for vlan in 10 20; do
	ip netns exec two$vlan datagrams answer 10.9.9.2 5401 $((number * vlan / 10)) >answer.$vlan 2>&1 &
	answer=$!
	wait_for "the answering side" sh -c "ip netns exec two$vlan ss -Huln | grep -q ':5401 '"
	ip netns exec one$vlan datagrams ask 10.9.9.2 5401 $((number * vlan / 10)) 100 >ask.$vlan 2>&1 || true
	kill $answer 2>/dev/null || true
	wait $answer 2>/dev/null || true
done
sleep 1
kill -INT "${pids[@]}"
wait "${pids[@]}"
for vlan in 10 20; do
	ip netns del one$vlan
	ip netns del two$vlan
done
drop_pair
