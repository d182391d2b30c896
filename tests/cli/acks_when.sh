# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# When a longest gap and each compression event was, and which packets: as tshark has them.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
export TZ=UTC LC_ALL=C.UTF-8
tscope=build/tscope
host=tests/golden/pair-host.pcap guest=tests/golden/pair-guest.pcap
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
PYTHONDONTWRITEBYTECODE=1 python3 tests/cli/captures/make.py "$work" || exit 1
base=$work/same/base.pcap

acks() { "$tscope" acks --link-rate 20M "$@"; }

# by_tshark FILE: the pure ACKs, and the numbers and times that they have.
by_tshark() {
	tshark -r "$1" -Y 'tcp.len == 0 && tcp.flags == 0x10' -T fields -E separator=' ' \
		-e ip.src -e tcp.srcport -e frame.number -e frame.time_epoch 2>/dev/null
}
cat >"$work/compare.py" <<'PYTHON'
import json
import sys


def read(name):
    acks = {}
    for line in open(name, encoding='ascii'):
        address, port, number, time = line.split()
        second, _, rest = time.partition('.')
        acks.setdefault(f'{address}:{port}', []).append(
            (int(number), int(second) * 10**9 + int(rest.ljust(9, '0')[:9])))
    return acks


def is_at(acks, place, count):
    numbers = [n for n, _ in acks]
    first, last = (numbers.index(n) for n in place['packets'])
    return (last - first + 1 >= count and acks[first][1] == place['from_ns'] and
            acks[last][1] == place['to_ns'])


report = json.load(open(sys.argv[1], encoding='utf-8'))
files = [read(name) for name in sys.argv[2:]]
if 'pairs' in report:
    pair = report['pairs'][0]
    events = pair['xi']['list']
    right = all(is_at(files[i][pair['src']], event[place], event['acks'])
                for event in events for i, place in enumerate(('first', 'second')))
    print(right and len(events) == pair['xi']['events'] > 0)
    sys.exit()
flow = report['flows'][0]
point = flow['vantage_points'][0]
acks = files[0][flow['src']]
gaps = [(b[1] - a[1], a, b) for a, b in zip(acks, acks[1:])]
longest = max(gaps, key=lambda gap: gap[0])
at = point['max_at']
events = point['events']
print(longest[0] == point['quantiles_ns']['max'] and longest[1][1] == at['time_ns'] and
      [longest[1][0], longest[2][0]] == at['packets'],
      all(is_at(acks, event, event['acks']) for event in events) and
      sum(event['acks'] - 1 for event in events) == point['compressed_gaps'])
PYTHON

for file in "$base" $host $guest; do
	by_tshark "$file" >"$work/${file##*/}.acks"
	acks --events --json "$file" >"$work/report"
	is "$(python3 "$work/compare.py" "$work/report" "$work/${file##*/}.acks")" "True True" \
		"${file##*/}: the longest gap and the events are where tshark has them"
done
holds "the guest's capture has events" jq -e '.flows[0].vantage_points[0].events | length > 20' \
	"$work/report"
acks --events --json $host $guest >"$work/report"
is "$(python3 "$work/compare.py" "$work/report" "$work/pair-host.pcap.acks" \
	"$work/pair-guest.pcap.acks")" True "events between two captures have their places in both"

read -r number time < <(acks --json "$base" | jq -r \
	'.flows[0].vantage_points[0].max_at | "\(.packets[0]) \(.time_ns)"')
shown=$(tshark -r "$base" -Y "frame.number == $number" -T fields -e frame.time 2>/dev/null |
	grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}')
prints "longest gap at tap of .*, from $shown on, packet $number to packet [0-9]+" \
	"the report has the time of day that tshark shows (${time}ns)" acks "$base"
prints '^  [0-9:.]{15} +[0-9]+ to [0-9]+ +[0-9]+ ' "events are listed" acks --events $guest
prints 'xi 0\.' "those between two captures too" acks --events $host $guest
for files in "$host $guest" $guest; do
	# shellcheck disable=SC2086 # one or two
	is "$(acks --events $files | wc -L)" "$(acks $files | wc -L)" "no wider than without events"
done
holds "no events unless asked for" jq -e '.flows[0].vantage_points[0].events == null' \
	< <(acks --json $guest)
"$tscope" acks --events --json "$base" | jq -e '.flows[0].vantage_points[0].events != null' \
	>"$work/said"
is "$?" 0 "without --link-rate the file is read again with the rate that it shows"
refused 2 'give --link-rate' "which a pipe can't be" "$tscope" acks --events -
