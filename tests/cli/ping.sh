#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `tscope ping` beside iputils' ping: the same lines and counts; UDP and TCP; answers that are none
# (forged, cut, doubled, out of order); what it refuses.
#
#   ┌ $near ─────────────┐            ┌ $far ────────────────────────────┐
#   │ both pings   near0 │─── veth ───│ far0     the kernel, echo_forger │
#   │ 10.9.0.1   fd09::1 │            │ 10.9.0.2, .3    fd09::2, ::3     │
#   └────────────────────┘            └──────────────────────────────────┘
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh

tscope=$(realpath "${TSCOPE:-build/tscope}")
forger=$PWD/tests/cli/echo_forger.py
near=tscope-pnear-$$ far=tscope-pfar-$$
work=$(mktemp -d)
helper=''

end_helper() {
	[ -n "$helper" ] || return 0
	kill -TERM "$helper" 2>/dev/null
	wait "$helper" 2>/dev/null
	helper=
}
clean_up() {
	end_helper
	ip netns del "$near" 2>/dev/null
	ip netns del "$far" 2>/dev/null
	rm -rf "$work"
}
trap clean_up EXIT

in_near() { timeout 60 ip netns exec "$near" "$@"; }
in_far() { ip netns exec "$far" "$@"; }
as_nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
exit_status() { # WANTED WHAT COMMAND...
	local wanted=$1 what=$2 status
	shift 2
	"$@" >/dev/null 2>&1
	status=$?
	is $status "$wanted" "$what"
}
start_helper() { # COMMAND...: in the far namespace, until it says that it is ready
	: >"$work/helper"
	ip netns exec "$far" "$@" >"$work/helper" 2>&1 &
	helper=$!
	for ((i = 0; i < 300; i++)); do
		grep -qE 'ready|reflecting' "$work/helper" && return
		sleep 0.1
	done
	not_ok "never ready: $(cat "$work/helper")"
	exit 0
}

refused 2 "does not resolve" "a name that does not resolve" \
	timeout 30 "$tscope" ping -c 1 no-such-name.invalid
refused 2 "-c 0: give 1" "count 0" timeout 20 "$tscope" ping -c 0 127.0.0.1
refused 2 "-c -1: give 1" "a negative count" timeout 20 "$tscope" ping -c -1 127.0.0.1
refused 2 "-s -1: give 0" "a negative size" timeout 20 "$tscope" ping -s -1 127.0.0.1
refused 2 "-w -1: give 0" "a negative deadline" timeout 20 "$tscope" ping -w -1 127.0.0.1
refused 2 "-W soon: give 0" "a wait that is none" timeout 20 "$tscope" ping -W soon 127.0.0.1
refused 2 "-s 70000: give 0 to 65507" "too large" timeout 20 "$tscope" ping -s 70000 127.0.0.1
refused 2 "-s 10: give 44" "too small for STAMP" timeout 20 "$tscope" ping --udp -s 10 127.0.0.1
refused 2 "-i -1: give 0" "a negative interval" timeout 20 "$tscope" ping -i -1 127.0.0.1
refused 2 "-i soon: give 0" "an interval that is none" timeout 20 "$tscope" ping -i soon 127.0.0.1
refused 2 "-t 256: give 1 to 255" "a TTL that is none" timeout 20 "$tscope" ping -t 256 127.0.0.1
refused 2 "--tcp 0: give 1 to 65535" "TCP port 0" timeout 20 "$tscope" ping --tcp 0 127.0.0.1
refused 2 "give --max" "--clean with -c" timeout 20 "$tscope" ping --clean 5 -c 5 127.0.0.1
refused 2 "--udp's port" "-p without --udp" timeout 20 "$tscope" ping -p 862 127.0.0.1
refused 2 "of different IP versions" "a source of the other IP version" \
	timeout 20 "$tscope" ping -I ::1 127.0.0.1
refused 2 "no interface and no address" "a source that is none" \
	timeout 20 "$tscope" ping -I nowhere0 127.0.0.1
refused 2 "multicast" "a multicast group" timeout 20 "$tscope" ping -c 1 224.0.0.1
refused 2 "link-local" "a link-local address without an interface" \
	timeout 20 "$tscope" ping -c 1 fe80::1
refused 2 "does not resolve" "a link-local address with the zone of no interface" \
	timeout 20 "$tscope" ping -c 1 fe80::1%nowhere0
refused 2 "is no engine" "an engine that is none" timeout 20 "$tscope" ping --engine magic 127.0.0.1
exit_status 2 "an unknown option" "$tscope" ping --nonsense 127.0.0.1

for program in python3 jq ip ping setpriv; do
	command -v $program >/dev/null && continue
	skip "beside iputils" "no $program: make deps installs it"
	exit 0
done
if ! ip netns add "$near" 2>"$work/error" || ! ip netns add "$far" 2>>"$work/error" ||
	! ip -n "$near" link add near0 type veth peer name far0 netns "$far" 2>>"$work/error"; then
	skip "beside iputils" "no network namespace may be made: $(head -n 1 "$work/error")"
	exit 0
fi
ip -n "$near" address add 10.9.0.1/24 dev near0
ip -n "$far" address add 10.9.0.2/24 dev far0
ip -n "$far" address add 10.9.0.3/24 dev far0
ip -n "$near" address add fd09::1/64 dev near0 nodad
ip -n "$far" address add fd09::2/64 dev far0 nodad
ip -n "$far" address add fd09::3/64 dev far0 nodad
ip -n "$far" address add fe80::2/64 dev far0 nodad
for netns in "$near" "$far"; do ip -n "$netns" link set lo up; done
ip -n "$near" link set near0 up
ip -n "$far" link set far0 up
# nobody can't look into a folder of root's.
install -m 755 "$tscope" /tmp/tscope-ping-$$ && nobodys=/tmp/tscope-ping-$$
trap 'rm -f "$nobodys"; clean_up' EXIT

refused 2 "no permission for ICMP sockets" "no permission says what to do" \
	in_near "${as_nobody[@]}" "$nobodys" ping -c 1 10.9.0.2
in_near sysctl -qw net.ipv4.ping_group_range='0 2147483647'
is "$(in_near "${as_nobody[@]}" "$nobodys" ping -c 3 -i 0.01 --json 10.9.0.2 |
	jq -c '[.socket, .stamps, .received]')" \
	'["ping","sockets",3]' "a ping socket serves without privileges"
in_near "${as_nobody[@]}" "$nobodys" ping -c 1 10.9.0.2 >"$work/ours"
is "$(grep -c '^stamped by: sockets$' "$work/ours") $(
	grep -cE '^lacking: stamps of an engine: .*(BPF|BTF|permission)' "$work/ours"
)" '1 1' \
	"what stamps is said, and why nothing better does"
refused 2 "without root the interval is at least 2 ms" "-i too small without root" \
	in_near "${as_nobody[@]}" "$nobodys" ping -c 1 -i 0.001 10.9.0.2
refused 2 "without root the interval is at least 2 ms" "flood without root" \
	in_near "${as_nobody[@]}" "$nobodys" ping -c 1 -f 10.9.0.2
exit_status 0 "a flood by root" in_near "$tscope" ping -c 200 -f 10.9.0.2
refused 2 "no route to 10.77.0.1" "no route" in_near "$tscope" ping -c 1 10.77.0.1
refused 2 "broadcast address" "a broadcast address" in_near "$tscope" ping -c 1 10.9.0.255
in_near sysctl -qw net.ipv4.ping_group_range='1 0'
is "$(in_near "$tscope" ping -c 2 -i 0.01 --json 10.9.0.2 | jq -c '[.socket, .received]')" \
	'["raw",2]' \
	"a raw socket where ping sockets are not allowed"
ip -n "$near" neigh add 10.9.0.99 lladdr 02:00:00:00:00:99 dev near0 nud permanent
exit_status 1 "a host that says nothing" in_near "$tscope" ping -c 2 -i 0.01 -W 0.2 10.9.0.99
exit_status 1 "a deadline with fewer replies than asked for" \
	in_near "$tscope" ping -c 50 -i 0.1 -w 0.3 10.9.0.2

# One after the other: iputils' exit code and, where it has one, first line.
alike() { # WHAT OPTION...
	local what=$1 status their_status
	shift
	in_near "${as[@]}" ping "$@" >"$work/theirs" 2>/dev/null
	their_status=$?
	in_near "${as[@]}" "$nobodys" ping "$@" >"$work/ours" 2>/dev/null
	status=$?
	# Before it refuses it may have said what it was to do.
	[ $their_status != 2 ] || : >"$work/theirs"
	is "$status $(head -n 1 "$work/ours")" "$their_status $(head -n 1 "$work/theirs")" \
		"$what: as iputils (exit code $their_status)"
}
as=()
alike "no route" -c 1 10.77.0.1
alike "no IPv6 route" -c 1 fd77::1
alike "a name that does not resolve" -c 1 no-such-name.invalid
alike "an IPv6 address as IPv4" -c 1 -4 fd09::2
alike "an interface that is none" -c 1 -I nowhere0 10.9.0.2
alike "an interface that is none, IPv6" -c 1 -I nowhere0 fd09::2
alike "a source that is not ours" -c 1 -I 10.9.0.77 10.9.0.2
alike "a negative wait" -c 1 -W -1 10.9.0.2
alike "TTL 0" -c 1 -t 0 10.9.0.2
alike "link-local with its zone" -c 1 fe80::2%near0
alike "link-local with the zone of no interface" -c 1 fe80::2%nowhere0
alike "the unspecified address" -c 1 0.0.0.0
alike "no payload" -c 1 -s 0 10.9.0.2
alike "the largest payload" -c 1 -s 65507 10.9.0.2
alike "-w without -c" -w 1 -i 0.3 10.9.0.2
alike "-w with -c, enough replies" -w 2 -c 2 -i 0.2 10.9.0.2
alike "-w with -c, none" -w 1 -c 2 10.9.0.99
alike "-w before -W is over" -w 1 -W 5 -c 1 10.9.0.99
alike "-W alone" -W 1 -c 1 10.9.0.99
alike "-w 0 is no deadline" -w 0 -c 2 -i 0.2 10.9.0.2
as=("${as_nobody[@]}")
in_near sysctl -qw net.ipv4.ping_group_range='0 2147483647'
alike "flood without root" -c 1 -f 10.9.0.2
alike "-i 0.001 without root" -c 1 -i 0.001 10.9.0.2
alike "-i 0.002 without root" -c 3 -i 0.002 10.9.0.2
alike "an interface without root" -c 1 -I near0 10.9.0.2
as=()

# The first line, and the counts of two that run at once.
together() { # WHAT DESTINATION OPTION...
	local what=$1
	shift
	in_near ping "$@" >"$work/theirs" 2>&1 &
	local theirs=$!
	in_near "$tscope" ping "$@" >"$work/ours" 2>&1
	local status=$? their_status
	wait $theirs
	their_status=$?
	is "$status $(head -n 1 "$work/ours")" "$their_status $(head -n 1 "$work/theirs")" \
		"$what: iputils' first line and exit code"
	is "$(grep -o '.*packet loss' "$work/ours")" "$(grep -o '.*packet loss' "$work/theirs")" \
		"$what: iputils' counts"
	is "$(sed -nE 's/ time=.*//; /icmp_seq/p' "$work/ours")" \
		"$(sed -nE 's/ time=.*//; /icmp_seq/p' "$work/theirs")" \
		"$what: iputils' lines, but for the times"
	minimum() { sed -nE 's/^rtt[^=]*= ([0-9.]+).*/\1/p' "$1"; }
	is "$(grep -c '^rtt min/avg/max/mdev = [0-9.]*/[0-9.]*/[0-9.]*/[0-9.]* ms$' "$work/ours")" \
		"$(grep -c '^rtt' "$work/theirs")" \
		"$what: iputils' last line ($(minimum "$work/ours") ms, $(minimum "$work/theirs") iputils)"
}
together "IPv4" -c 20 -i 0.05 -s 100 10.9.0.2
together "IPv6" -c 5 -i 0.05 fd09::2
together "an interface and a TTL" -c 2 -i 0.05 -I near0 -t 9 10.9.0.2
together "fragments" -c 2 -i 0.05 -s 4000 10.9.0.2
together "a small payload" -c 2 -i 0.05 -s 16 10.9.0.2 # below that iputils has no time to show
in_far sysctl -qw net.ipv4.icmp_echo_ignore_all=1
together "nobody answers" -c 3 -i 0.05 -W 1 10.9.0.2
together "a host that is down" -c 1 -W 5 10.9.0.98
start_helper python3 "$forger" 10.9.0.2 10.9.0.3 even=silent
together "every other one lost" -c 20 -i 0.05 10.9.0.2
end_helper

# Answers that are none.
in_far sysctl -qw net.ipv6.icmp.echo_ignore_all=1
deeds=("2=twice" "3=shorter" "4=changed" "5=guessed" "6=hold" "8=elsewhere" "9=unasked")
misdeeds() { # COUNTS SEQUENCES WHAT OPTION...
	local counts=$1 sequences=$2 what=$3
	shift 3
	in_near "$tscope" ping -c 10 -i 0.05 --json "$@" >"$work/forged"
	what+=" ($(jq -r .socket "$work/forged") socket)"
	is "$(jq -c '[.sent, .received, .duplicates, .truncated, .corrupted, .forged, .reordered]' \
		"$work/forged")" "$counts" \
		"$what: forged, cut, changed, doubled and reordered answers are counted"
	is "$(jq -c '[.samples[].sequence]' "$work/forged")" "$sequences" "$what: and are no samples"
}
both_sockets() { # WHAT ADDRESS
	in_near sysctl -qw net.ipv4.ping_group_range='1 0'
	# What comes from elsewhere does not reach a connected raw socket.
	misdeeds "[10,6,1,1,1,2,1]" '[1,2,7,6,9,10]' "$1" "$2"
	in_near sysctl -qw net.ipv4.ping_group_range='0 2147483647'
	misdeeds "[10,6,1,1,1,3,1]" '[1,2,7,6,9,10]' "$1" "$2"
}
start_helper python3 "$forger" fd09::2 fd09::3 "${deeds[@]}"
both_sockets IPv6 fd09::2
end_helper
# Nor a connected UDP socket; what stands behind the times in a STAMP packet is the reflector's
# affair.
start_helper python3 "$forger" --stamp 10.9.0.2 10.9.0.3 "2=twice" "3=shorter" "4=junk" \
	"5=guessed" "6=hold" "8=elsewhere" "9=unasked"
misdeeds '[10,6,1,1,0,3,1]' '[1,2,7,6,9,10]' UDP --udp 10.9.0.2
end_helper
start_helper python3 "$forger" 10.9.0.2 10.9.0.3 "${deeds[@]}"
both_sockets IPv4 10.9.0.2
in_near "$tscope" ping -c 10 -i 0.05 10.9.0.2 >"$work/forged"
is "$(grep -o '[0-9]* packets.*loss' "$work/forged")" "10 packets transmitted, 6 received, +1 \
duplicates, +1 truncated, +1 corrupted, +3 forged, +1 reordered, 40% packet loss" "and told"
end_helper
in_far sysctl -qw net.ipv4.icmp_echo_ignore_all=0 net.ipv6.icmp.echo_ignore_all=0

# Stamps: each stage is there, none is negative, they sum to the whole.
in_near "$tscope" ping -c 20 -i 0.02 --json 10.9.0.2 >"$work/stages"
is "$(jq -c \
	'[.inconsistent, (.samples | length), ([.samples[] |
		select(.send_delay_ns + .driver_rtt_ns + .receive_delay_ns != .rtt_ns)] | length)]' \
	"$work/stages")" '[0,20,0]' "the stages of a sample sum to its RTT"
is "$(jq -c '[.layers[].layer]' "$work/stages")" '["app","driver"]' "layers that sockets stamp"
is "$(jq -c \
	'[.clean + .biased, ([.samples[] | select(.clean == (.reasons | length == 0))] | length)]' \
	"$work/stages")" '[20,20]' \
	"every sample has a verdict ($(jq -c .clean "$work/stages") clean)"
is "$(in_near "$tscope" ping --clean 3 --max 1000 -i 0.01 --json 10.9.0.2 | jq .clean)" 3 \
	"--clean ends with so many"
exit_status 1 "--clean that its bound keeps from its number" \
	in_near "$tscope" ping --clean 3 --max 3 -i 0.01 -W 0.1 10.9.0.99

start_helper "$tscope" reflect --duration 120s
is "$(in_near "$tscope" ping --udp -c 5 -i 0.02 --json 10.9.0.2 |
	jq -c '[.protocol, .received, .inconsistent, .forged, [.layers[].layer]]')" \
	'["udp",5,0,0,["app","driver"]]' "STAMP over UDP"
is "$(in_near "$tscope" ping --udp -c 2 -i 0.02 -s 200 --json fd09::2 |
	jq -c '[.received, .samples[0].bytes]')" '[2,200]' "and over IPv6"
end_helper
is "$(in_near "$tscope" ping --udp -c 2 -i 0.02 --json 10.9.0.2 | jq -c '[.received, .errors]')" \
	'[0,2]' "a UDP port that is closed"
is "$(in_near "$tscope" ping --udp -c 5 -i 0.3 -w 10 --json 10.9.0.2 | jq -c '[.sent, .errors]')" \
	'[1,1]' "with -w the first error ends it"
in_near "$tscope" ping -q -f -i 0.2 -c 3 10.9.0.2 >"$work/paced"
is "$(sed -n 's/.*, time \([0-9]*\)ms/\1/p' "$work/paced" | awk '{ print ($1 > 380) }')" 1 \
	"-f leaves -i alone"

start_helper python3 -c 'import socket, time
s = socket.create_server(("10.9.0.2", 7777), backlog=64)
print("ready", flush=True)
time.sleep(120)'
is "$(in_near "$tscope" ping --tcp 7777 -c 3 -i 0.02 --json 10.9.0.2 2>"$work/lacking" |
	jq -c '[.received, ([.samples[] | select(.reset)] | length)]')" '[3,0]' \
	"TCP: SYN-ACKs"
end_helper
is "$(in_near "$tscope" ping --tcp 7778 -c 3 -i 0.02 --json 10.9.0.2 2>"$work/lacking" |
	jq -c '[.received, ([.samples[] | select(.reset)] | length)]')" '[3,3]' \
	"TCP: resets"
is "$(in_near "$tscope" ping --tcp 7778 -c 2 -i 0.02 -W 0.3 --json 10.9.0.99 2>"$work/lacking" |
	jq -c '[.sent, .received]')" '[2,0]' "TCP: silence"
