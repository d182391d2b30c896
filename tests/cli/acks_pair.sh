# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Two captures of one stream: figures from tcpdump's own files, and a clear word for files that are
# no pair.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
tscope=build/tscope
host=tests/golden/pair-host.pcap guest=tests/golden/pair-guest.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

acks() { "$tscope" acks --link-rate 20M "$@"; }
compare() { # ARGUMENT...
	status=0
	acks "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
}
readable() {
	[ $status -eq 0 ] && grep -q 'strongly compressed between the two' "$work/out" &&
		[ "$(LC_ALL=C.UTF-8 wc -L <"$work/out")" -le 100 ]
}
# EXPRESSION of the object d; p is its first pair.
json_has() {
	[ $status -eq 0 ] && python3 -c "
import json, sys
d = json.load(open('$work/out'))
p = d['pairs'][0] if d['pairs'] else None
sys.exit(not ($1))"
}

compare "$host" "$guest"
holds "report, at most 100 columns" readable
holds "batches and events are told" grep -qE '^  compression events +32 .* of 257 ACKs' "$work/out"
compare "$host" "$guest" --json
holds "JSON has the figures" json_has \
	"d['schema'] == 'tscope-acks-pair-2' and len(d['files']) == 2 and p['matched'] == 259 and
		p['unmatched'] == [0, 0] and p['compressed_share'][1] > 2 * p['compressed_share'][0]"
holds "the clock that was set ahead is found within the stated error" \
	json_has "abs(p['alignment']['offset_ns'] - 3600250000000) <=
		p['alignment']['error_ns'] < 200000 and
		p['alignment']['negative'] == 0 and not p['alignment']['steps']"
compare "$guest" "$host"
holds "swapped files are swapped back, with a word" grep -q 'other way round' "$work/out"
compare "$guest" "$host" --json
holds "and figures are the same" json_has \
	"d['swapped'] and p['matched'] == 259 and p['xi']['events'] == 32"

# The second half of the one, the first two thirds of the other.
size=$(stat -c %s "$host")
{
	head -c 24 "$host"
	tail -c +$((24 + (size - 24) / 82 / 2 * 82 + 1)) "$host"
} >"$work/late.pcap"
head -c $((24 + (size - 24) / 3 * 2 + 7)) "$guest" >"$work/early.pcap"
compare "$work/late.pcap" "$work/early.pcap" --json
holds "partly overlapping: what one did not see is outside, not lost" \
	json_has "0 < p['matched'] < 100 and min(p['outside']) > 50 and
		p['unmatched'] == [0, 0] and p['alignment']['negative'] == 0"
holds "and the one that is cut off is named" grep -q 'early.pcap is cut off' "$work/err"

cp "$host" "$work/copy.pcap"
refused 2 'one file' "one file twice" acks "$host" "$host"
refused 1 'same capture twice' "two copies of one capture" acks "$host" "$work/copy.pcap"
refused 2 'two of the same packets' "three files" acks "$host" "$guest" "$host"
refused 2 'standard input' "standard input" acks "$host" -
refused 1 'no flow in common' "no flow in common" acks "$host" tests/golden/pcap-microseconds.pcap
refused 1 'without it' "a flow that is not there" acks "$host" "$guest" --flow 1.2.3.4
refused 1 'name a pcapng' "a second file that is not there" acks "$host" "$work/none.pcap"
refused 2 'envelope, at-rest' "an alignment that there is not" acks "$host" "$guest" --align best
refused 1 'leave it out' "a shared counter where there is none" acks "$host" "$guest" --align shared
refused 1 'leave it out' "too little at rest" acks "$host" "$guest" --align at-rest
refused 2 'second one' "an alignment of one file" acks "$host" --align none
compare "$host" tests/golden/pcap-microseconds.pcap --json
holds "nothing in common as JSON: no pairs, and why" \
	json_has "d['pairs'] == [] and 'no flow' in d['why_no_pairs']"
compare "$host" "$guest" --align none --json
holds "no alignment: delays are the clocks' distance" \
	json_has "p['alignment']['error_ns'] is None and p['added_delay_ns']['p50'] > 3600e9"
