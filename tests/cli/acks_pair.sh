# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Two captures of one stream: figures from tcpdump's own files, and a clear word for files that are no pair.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tscope=build/tscope
host=tests/golden/pair-host.pcap guest=tests/golden/pair-guest.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

verdict() { # WHAT CONDITION...
	local what=$1
	shift
	if "$@"; then
		echo "ok cli: two captures: $what"
	else
		echo "not ok cli: two captures: $what: status $status, said: $(head -c 300 "$work/err")"
	fi
}
compare() { # ARGUMENT...
	status=0
	"$tscope" acks --link-rate 20M "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
refused() { # STATUS PATTERN
	[ $status -eq "$1" ] && [ "$(wc -l <"$work/err")" -eq 1 ] && [ ! -s "$work/out" ] && grep -qE "$2" "$work/err"
}
said() { # WHAT STATUS PATTERN ARGUMENT...
	local what=$1 wanted=$2 pattern=$3
	shift 3
	compare "$@"
	verdict "$what" refused "$wanted" "$pattern"
}
readable() {
	[ $status -eq 0 ] && grep -q 'strongly compressed between the two' "$work/out" && [ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" -le 100 ]
}
# EXPRESSION of the object d; p is its first pair.
holds() {
	[ $status -eq 0 ] && python3 -c "
import json, sys
d = json.load(open('$work/out'))
p = d['pairs'][0] if d['pairs'] else None
sys.exit(not ($1))"
}

compare "$host" "$guest"
verdict "report, at most 100 columns" readable
verdict "batches and events are told" grep -qE '^  compression events +32 .* of 257 ACKs' "$work/out"
compare "$host" "$guest" --json
verdict "JSON has the figures" holds "d['schema'] == 'tscope-acks-pair-1' and len(d['files']) == 2 and p['matched'] == 259 and p['unmatched'] == [0, 0] and p['compressed_share'][1] > 2 * p['compressed_share'][0]"
verdict "the clock that was set ahead is found within the stated error" holds "abs(p['alignment']['offset_ns'] - 3600250000000) <= p['alignment']['error_ns'] < 200000 and p['alignment']['negative'] == 0 and not p['alignment']['steps']"
compare "$guest" "$host"
verdict "swapped files are swapped back, with a word" grep -q 'other way round' "$work/out"
compare "$guest" "$host" --json
verdict "and figures are the same" holds "d['swapped'] and p['matched'] == 259 and p['xi']['events'] == 32"

# The second half of the one, the first two thirds of the other.
size=$(stat -c %s "$host")
{ head -c 24 "$host" && tail -c +$((24 + (size - 24) / 82 / 2 * 82 + 1)) "$host"; } >"$work/late.pcap"
head -c $((24 + (size - 24) / 3 * 2 + 7)) "$guest" >"$work/early.pcap"
compare "$work/late.pcap" "$work/early.pcap" --json
verdict "partly overlapping: what one did not see is outside, not lost" holds "0 < p['matched'] < 100 and min(p['outside']) > 50 and p['unmatched'] == [0, 0] and p['alignment']['negative'] == 0"
verdict "and the one that is cut off is named" grep -q 'early.pcap is cut off' "$work/err"

cp "$host" "$work/copy.pcap"
said "one file twice" 2 'one file' "$host" "$host"
said "two copies of one capture" 1 'same capture twice' "$host" "$work/copy.pcap"
said "three files" 2 'two of the same packets' "$host" "$guest" "$host"
said "standard input" 2 'standard input' "$host" -
said "no flow in common" 1 'no flow in common' "$host" tests/golden/pcap-microseconds.pcap
said "a flow that is not there" 1 'without it' "$host" "$guest" --flow 1.2.3.4
said "a second file that is not there" 1 'name a pcapng' "$host" "$work/none.pcap"
said "an alignment that there is not" 2 'envelope, at-rest' "$host" "$guest" --align best
said "a shared counter where there is none" 1 'leave it out' "$host" "$guest" --align shared
said "too little at rest" 1 'leave it out' "$host" "$guest" --align at-rest
said "an alignment of one file" 2 'second one' "$host" --align none
compare "$host" tests/golden/pcap-microseconds.pcap --json
verdict "nothing in common as JSON: no pairs, and why" holds "d['pairs'] == [] and 'no flow' in d['why_no_pairs']"
compare "$host" "$guest" --align none --json
verdict "no alignment: delays are the clocks' distance" holds "p['alignment']['error_ns'] is None and p['added_delay_ns']['p50'] > 3600e9"
