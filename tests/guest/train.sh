# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# Trains by the module: every probe is accounted for, however the train ends, and nothing of it stays.
. /tests/guest/lib.sh

load_module
make_pair
quiet_pair
# What the driver was given: sent on, or dropped where the other end's queue was full.
handed() { ip -n left -j -s link show l0 | jq '.[0].stats64.tx | .packets + .dropped'; }
dropped() { ip -n left -j -s link show l0 | jq '.[0].stats64.tx.dropped'; }
train() { ip netns exec left tscope train 10.9.0.2 --engine kmod --json "$@"; }
begin() { # NAME ARGUMENTS...: a long train, under way when it returns
	local name=$1
	shift
	before=$(handed)
	ip netns exec left tscope train 10.9.0.2 --engine kmod --json --gap 1ms --count 100000 "$@" >"$name.json" 2>"$name.log" &
	sending=$!
	wait_for "probes" sh -c "[ \$(ip -n left -j -s link show l0 | jq '.[0].stats64.tx.packets') -gt $((before + 20)) ]"
}
ended() { # NAME
	wait "$sending" || true
	holds "$1: the report is still made ($(jq -r .sent "$1.json") sent; $(tail -n 1 "$1.log"))" \
		jq -e '.sent > 0 and .sent < 100000' "$1.json"
}
# Sent, and what the driver refused or dropped at once: which of the two a drop is depends on the kernel.
given() { jq -s 'map(.sent + ([.failures[] | select(.errno == 105) | .probes] | add // 0)) | add' "$@"; }

# Slots no larger than needed, or its buffer holds only a few packets.
ip netns exec right tcpdump -i r0 -s 128 -B 8192 --immediate-mode -w arrived.pcap 'udp portrange 9000-9010' 2>tcpdump.log &
dump=$!
wait_for tcpdump grep -q 'listening on' tcpdump.log
first=$(handed) dropped_first=$(dropped)
train -p 9000 --gap 500us --count 2000 -o sent.pcapng >one.json 2>one.log
is "$(given one.json)" 2000 "every probe was sent"
train -p 9001 --hand-over qdisc --gap 1ms --count 500 >qdisc.json 2>qdisc.log
is "$(given qdisc.json)" 500 "by way of the qdisc too"

# Eight trains at once, some of them at the very same times.
pids=()
for i in 2 3 4 5 6 7 8 9; do
	schedule=$([ $((i % 2)) = 0 ] && echo periodic || echo poisson)
	train -p 900$i --gap 2ms --count 500 --schedule "$schedule" --seed $i >eight$i.json 2>eight$i.log &
	pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || true; done
is "$(given eight*.json)" 4000 "eight trains at once: every probe was sent"
is "$(($(handed) - first))" "$(given one.json qdisc.json eight*.json)" "the interface counted what the trains say they sent"
sleep 1
kill -INT "$dump"
wait "$dump"
lost=$(($(dropped) - dropped_first)) missed=$(sed -n 's/^\([0-9]*\) packets dropped by kernel$/\1/p' tcpdump.log)
is "$(($(tcpdump -r arrived.pcap 2>/dev/null | wc -l) + lost + missed))" 6500 "and arrived at the other end, but for $lost that its queue and $missed that tcpdump had no room for"
is "$(tcpdump -vv -r arrived.pcap 2>/dev/null | grep -c 'bad.*cksum' || true)" 0 "with right checksums"

begin interrupted
holds "rmmod is refused while a train runs" sh -c '! rmmod tscope 2>/dev/null'
kill -INT "$sending"
ended interrupted
is "$(($(handed) - before))" "$(given interrupted.json)" "interrupted: the interface counted what the report says"
begin killed
kill -9 "$sending"
wait "$sending" 2>/dev/null || true
# One of a user space that dies leaves no more probes.
sleep 0.2
before=$(handed)
sleep 0.5
is "$(handed)" "$before" "killed: nothing is sent any more"
begin down
ip -n left link set l0 down
sleep 0.3
kill -INT "$sending"
ended down
holds "down: what could not be sent is counted ($(jq -c .failed down.json))" jq -e '[.failed | .. | numbers] | add > 0' down.json
ip -n left link set l0 up
quiet_pair
begin uncarried
ip -n right link set r0 down
sleep 0.3
at_down=$(handed)
sleep 0.3
is "$(handed)" "$at_down" "no carrier: nothing is handed over"
ip -n right link set r0 up
wait_for "probes again" sh -c "[ \$(ip -n left -j -s link show l0 | jq '.[0].stats64.tx.packets') -gt $((at_down + 20)) ]"
kill -INT "$sending"
ended uncarried
holds "no carrier: what could not be sent is counted with its reason ($(jq -c .failures uncarried.json)), and the train goes on when it is back" \
	jq -e '[.failures[] | select(.errno == 67) | .probes] | add > 100' uncarried.json
if [ -w /sys/devices/system/cpu/cpu1/online ]; then
	begin offlined --cpu 1
	echo 0 >/sys/devices/system/cpu/cpu1/online
	ended offlined
	echo 1 >/sys/devices/system/cpu/cpu1/online
else
	skip "CPU off-lined" "this guest's CPUs can't be switched off"
fi
# To oneself: the stack takes what has no route there for a martian.
for address in 127.0.0.1 10.9.0.1 ::1; do
	ip netns exec left tscope reflect --port 9100 >reflect.out 2>reflect.log &
	reflector=$!
	wait_for "the reflector" sh -c "ip netns exec left ss -Hlun | grep -q ':9100 '"
	ip netns exec left tscope train "$address" -p 9100 --engine kmod --json --replies --gap 2ms --count 200 >self.json 2>self.log || true
	kill -INT "$reflector"
	wait "$reflector" || true
	holds "to $address: the probes arrive ($(jq -c '[.sent, .replies.answered]' self.json))" jq -e '.sent == 200 and .replies.answered == 200' self.json
done
begin unplugged
ip -n right link del r0
ended unplugged
drop_pair
wait_for "the module to be free" rmmod tscope
ok "nothing of the trains holds the module"
is "$(cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^tscope/' || true)" 0 "no thread is left"
