#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tscope reflect` against an independent sender: the answers' fields, tshark's reading of both
# directions, who gets no answer, loss as the queue in between counted it. TSCOPE names the command
# to test.
#
#   ┌ $near ──────────────┐            ┌ $far ──────────────┐
#   │ stamp_sender  near0 │─── veth ───│ far0       reflect │
#   │ tcpdump, tc         │            │                    │
#   │ 10.9.0.1    fd09::1 │            │ 10.9.0.2   fd09::2 │
#   └─────────────────────┘            └────────────────────┘
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh

tscope=$(realpath "${TSCOPE:-build/tscope}")
sender=$PWD/tests/cli/stamp_sender.py
near=tscope-near-$$ far=tscope-far-$$
work=$(mktemp -d)
reflector='' capture=''

end() { # PID: asked to end, and waited for
	[ -n "$1" ] || return 0
	kill -TERM "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
clean_up() {
	end "$capture"
	end "$reflector"
	ip netns del "$near" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

in_near() { ip netns exec "$near" "$@"; }
in_far() { ip netns exec "$far" "$@"; }

start_reflector() { # OPTION...
	: >"$work/ready"
	ip netns exec "$far" "$tscope" reflect --json "$@" >"$work/summary" 2>"$work/ready" &
	reflector=$!
	for ((i = 0; i < 300; i++)); do
		grep -q '^tscope: reflecting on' "$work/ready" && return
		sleep 0.1
	done
	not_ok "never ready: $(cat "$work/ready")"
	exit 0
}
stop_reflector() { # leaves the summary
	kill -INT "$reflector"
	wait "$reflector" || not_ok "ended with status $?"
	reflector=
}
counts() { jq -c "$1" "$work/summary"; }
probe() { timeout 60 ip netns exec "$near" python3 "$sender" "$@"; }
answers() { jq -s -c '[length, (map(.wrong[]) | unique)]' "$1"; }

refused 2 "1 to 65535" "port 0" timeout 20 "$tscope" reflect --port 0
refused 2 "1 to 65535" "port 70000" timeout 20 "$tscope" reflect --port 70000
refused 2 "is no IPv4 or IPv6 address" "an address that is none" \
	timeout 20 "$tscope" reflect --address nowhere
refused 1 "no interface has the address" "another's address" \
	timeout 20 "$tscope" reflect --address 192.0.2.77 --port 20862
refused 2 "give 1 or more" "rate 0" timeout 20 "$tscope" reflect --rate 0 --port 20862
refused 2 "such as" "a duration that is none" \
	timeout 20 "$tscope" reflect --duration soon --port 20862

for program in python3 jq tshark tcpdump ip tc; do
	command -v $program >/dev/null && continue
	skip "answers" "no $program: make deps installs it"
	exit 0
done
if ! ip netns add "$near" 2>"$work/error" || ! ip netns add "$far" 2>>"$work/error"; then
	skip "answers" "no network namespace may be made: $(head -n 1 "$work/error")"
	exit 0
fi
if ! in_near ip link add near0 type veth peer name far0 netns "$far" 2>"$work/error"; then
	skip "answers" "no veth may be made: $(head -n 1 "$work/error")"
	exit 0
fi
in_near ip address add 10.9.0.1/24 dev near0
in_far ip address add 10.9.0.2/24 dev far0
in_near ip address add fd09::1/64 dev near0 nodad
in_far ip address add fd09::2/64 dev far0 nodad
in_near ip link set near0 up
in_far ip link set far0 up

start_reflector
refused 1 "is taken by another program" "a port in use" \
	timeout 20 ip netns exec "$far" "$tscope" reflect
ip netns exec "$near" tcpdump -Z root -i near0 -U -w "$work/probes.pcap" \
	udp port 862 2>"$work/tcpdump" &
capture=$!
for ((i = 0; i < 50; i++)); do
	grep -q 'listening on' "$work/tcpdump" && break
	sleep 0.1
done
probe 10.9.0.2 862 --count 50 --size 200 --ttl 77 --source-port 40001 >"$work/answers"
sleep 0.3
end "$capture"
capture=
is "$(answers "$work/answers")" '[50,[]]' "every field of 50 answers is right, padding too"
is "$(jq -s -c 'map(.sequence) == [range(50)]' "$work/answers")" true "they are numbered from 0"

# tshark's own reading of both directions against what the sender knows.
fields=(-e twamp.test.seq_number -e twamp.test.sender_seq_number -e twamp.test.sender_ttl)
read_by_tshark() { tshark -n -r "$work/probes.pcap" -d udp.port==862,twamp.test -Y "$1" -T fields \
	-E separator=, "${@:2}" 2>/dev/null; }
is "$(read_by_tshark 'udp.dstport==862' -e twamp.test.seq_number | sed 's/,.*//' | tr '\n' ' ')" \
	"$(seq -s ' ' 0 49) " \
	"tshark reads the probes' numbers"
is "$(read_by_tshark 'udp.srcport==862' "${fields[@]}")" \
	"$(jq -r '[.sequence, .index, .ttl] | join(",")' "$work/answers")" \
	"tshark reads the answers' numbers and TTL as the sender does"
# Times in the Unix epoch's microseconds: tshark's by date(1), the sender's from NTP's format.
times_by_tshark() {
	TZ=UTC read_by_tshark 'udp.srcport==862' -E separator=';' -e "twamp.test.$1" |
		while read -r time; do
		date -u -d "${time/% UTC/}" +%s%6N
	done
}
times_by_sender() { python3 -c 'import json, sys
for line in open(sys.argv[1]):
    ntp = json.loads(line)[sys.argv[2]]
    print(((ntp >> 32) - 2208988800) * 10**6 + ((ntp & 0xffffffff) * 10**6 >> 32))' "$work/answers" "$1"; }
for field in receive_timestamp:received timestamp:stamp sender_timestamp:sender_stamp; do
	is "$(times_by_tshark "${field%:*}" | md5sum)" "$(times_by_sender "${field#*:}" | md5sum)" \
		"tshark reads the answers' ${field%:*}"
	is "$(times_by_tshark "${field%:*}" | wc -l)" 50 "all 50 of them"
done
is "$(tshark -n -r "$work/probes.pcap" -d udp.port==862,twamp.test \
	-Y '_ws.malformed' 2>/dev/null | wc -l)" 0 "tshark calls nothing malformed"

probe fd09::2 862 --count 20 --ttl 33 --source-port 40002 --ssid 7 >"$work/answers6"
is "$(answers "$work/answers6")" '[20,[]]' "IPv6, with a session identifier"
probe 10.9.0.2 862 --count 5 --size 43 >"$work/none"
is "$(answers "$work/none")" '[0,[]]' "43 bytes get no answer"
probe 10.9.0.2 862 --count 5 --source-port 53 >"$work/none"
is "$(answers "$work/none")" '[0,[]]' "a service's port gets no answer"
probe 10.9.0.2 862 --count 5 --source-port 862 >"$work/none"
is "$(answers "$work/none")" '[0,[]]' "another reflector gets no answer"
probe 10.9.0.2 862 --count 30 --source-port 40001 --size 200 --ttl 77 >"$work/answers"
is "$(jq -s -c '[.[0].sequence, (map(.wrong[]) | unique)]' "$work/answers")" '[50,[]]' \
	"a session goes on where it was"
stop_reflector
is "$(counts '[.received, .reflected, .user_stamps] +
	(.not_reflected | [.malformed, .privileged_port, .own_kind])')" \
	'[115,100,0,5,5,5]' "the summary counts all of it, every stamp is the kernel's"
is "$(counts \
	'[.sessions[] | [.sender, .session, .received, .duplicates, .missing, .restarts]] | sort')" \
	'[["10.9.0.1:40001",0,80,0,0,1],["[fd09::1]:40002",7,20,0,0,0]]' "and each session"

# Nobody there any more: ICMP says so, and one line does.
absent() { timeout 60 ip netns exec "$near" "$tscope" train 10.9.0.2 --engine user --count 20 \
	"$@" >"$work/absent" 2>"$work/error"; }
absent --replies
is "$? $(tail -n 1 "$work/error" |
	grep -c 'nobody listens at 10.9.0.2 port 862.*start tscope reflect there')" "1 1" \
	"a train with --replies to nobody is not sent, and a line says why"
absent --json
is "$? $(jq -c '[.sent, .replies, (.notes | map(select(test("nobody listens"))) | length)]' \
	"$work/absent")" "0 [20,null,1]" \
	"one without goes out, and a note says it"

start_reflector --rate 100
probe 10.9.0.2 862 --count 300 --gap 0 >"$work/answers"
stop_reflector
is "$(counts '(.reflected + .not_reflected.limited_sender) == .received and
	.not_reflected.limited_sender > 100')" true \
	"what is above the rate gets no answer and is counted"
is "$(jq -s length "$work/answers")" "$(counts .reflected)" \
	"the sender has the answers that the reflector counts"

# Stamps at the driver, and a reflector that does not run for a while.
if in_far timeout 30 "$tscope" reflect --engine bpf --duration 1ms 2>"$work/error"; then
	start_reflector --engine bpf
	probe 10.9.0.2 862 --count 500 --source-port 40005 >"$work/answers" &
	prober=$!
	while kill -0 $prober 2>/dev/null; do
		sleep 0.2
		kill -STOP $reflector
		sleep 0.1
		kill -CONT $reflector
	done
	wait $prober
	stop_reflector
	is "$(answers "$work/answers")" '[500,[]]' "stamped at the driver: every field is right"
	# A record may come too late on a busy machine; the kernel's stamp then takes its place, and it
	# is told.
	is "$(counts '[.received, .driver_stamps + .driver_absent,
		.driver_absent * 4 <= .received, .user_stamps]')" '[500,500,true,0]' \
		"the probes were stamped there, but for $(counts .driver_absent)"
	# In units of 2^-32 s. The longest stay is the stop; the way there is not longer for it,
	# whatever else this machine does.
	is "$(jq -s 'map(.stamp - .received) | max / 4294967296 > 0.08' "$work/answers")" true \
		"it did stop"
	is "$(jq -s '(map(.received - .sender_stamp) | sort | .[length * 9 / 10 | floor]) <
		(map(.stamp - .received) | max) / 4' "$work/answers")" true \
		"receive stamps stay right meanwhile"
else
	skip "stamps at the driver" "no BPF programs here: $(head -n 1 "$work/error")"
fi

# A queue that drops: what is missing at the reflector is what the queue says it dropped.
lossy() { # WHAT, tc's QDISC...
	local what=$1 dropped
	shift
	in_near tc qdisc add dev near0 root "$@" || return
	start_reflector
	probe 10.9.0.2 862 --count 400 --size 1000 --gap 0 --last-after 1 \
		--source-port 40003 >"$work/answers"
	stop_reflector
	dropped=$(in_near tc -s -j qdisc show dev near0 | jq '[.[] | select(.root) | .drops] | add')
	in_near tc qdisc del dev near0 root
	is "$(counts '.sessions[0] | .received + .missing')" 400 "$what: nothing is unaccounted for"
	is "$(counts '.sessions[0].missing')" "$dropped" \
		"$what: missing is what the queue dropped ($dropped)"
	is "$((dropped > 0))" 1 "$what: it did drop"
}
lossy "a full queue" tbf rate 8mbit burst 3000 limit 20000
if in_near tc qdisc add dev near0 root netem 2>/dev/null; then
	in_near tc qdisc del dev near0 root
	lossy "netem" netem loss 10%
	in_near tc qdisc add dev near0 root netem delay 20ms reorder 20%
	start_reflector
	probe 10.9.0.2 862 --count 400 --last-after 1 --source-port 40004 >"$work/answers"
	stop_reflector
	in_near tc qdisc del dev near0 root
	# One in five overtakes about ten: most of the others are late.
	is "$(counts '.sessions[0] | .missing == 0 and .reordered > 100')" true \
		"netem: reordered, nothing missing"
else
	skip "netem" "this kernel has no sch_netem"
fi
