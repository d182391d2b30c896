#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How fast capture files are read: tscope beside tcptrace, capinfos, tshark and cat, on captures made
# here, in turns. The machine may be busy, so CPU time counts, user and system together.
set -euo pipefail

rounds=$1 packets=$2
small=1000000 flows=8 # the small capture shows how memory grows, and is tshark's: it takes minutes
root=$(cd "$(dirname "$0")/../.." && pwd)
# shellcheck source=tests/bench/captures.sh
. "$root/tests/bench/captures.sh"
maker=$root/build/bench-bin/capture_maker tscope=$root/build/tscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
"$maker" "$packets" $flows large.pcap
"$maker" $small $flows small.pcap

names=("acks --link-rate" acks delay tcptrace "capinfos -csdua" cat)
# run NAME FILE: what of that name is run; its CPU seconds and its peak memory, added to NAME.FILE.*.
run() {
	local name=$1 file=$2 command
	case $name in
	"acks --link-rate") command=("$tscope" acks --link-rate 100M) ;;
	acks | delay) command=("$tscope" "$name") ;;
	*) read -ra command <<<"$name" ;;
	esac
	# `delay` reads all of a capture without vantage points, and then fails for want of them.
	/usr/bin/time -q -o times -f '%U %S %M' "${command[@]}" "$file.pcap" >/dev/null 2>&1 || [ "$name" = delay ]
	tail -n 1 times | awk -v to="$name.$file" '{ print $1 + $2 >>(to ".cpu"); print $3 >>(to ".kb") }'
}

# row NAME FILE PACKETS MEMORY-SMALL MEMORY: its median, packets a second, and its speed as a part of tcptrace's.
row() {
	local seconds ratio=-
	seconds=$(median "$1.$2.cpu")
	[ "$2" != large ] || read -r ratio _ < <(ratios tcptrace.large.cpu "$1.large.cpu")
	printf '%-24s %8.2f %12.2f %16s %10s %10s\n' "$1" "$seconds" \
		"$(jq -n "$3 / 1e6 / $seconds")" "$ratio" "$4" "$5"
}

for ((round = 1; round <= rounds; round++)); do
	for name in "${names[@]}"; do
		run "$name" large
		run "$name" small
	done
	echo "  round $round of $rounds done" >&2
done
run "tshark -qz io,stat,0 -r" small

echo "Reading $packets packets of $flows downloads, $(($(stat -c %s large.pcap) / 1000000)) MB in the page cache; CPU time,"
echo "user and system, median of $rounds rounds in turns; memory is the most that a round had"
printf '%-24s %8s %12s %16s %10s %10s\n' "" "CPU s" "M packets/s" "of tcptrace's" "kB at 1 M" "kB at all"
for name in "${names[@]}"; do
	row "$name" large "$packets" "$(sort -n "$name.small.kb" | tail -n 1)" "$(sort -n "$name.large.kb" | tail -n 1)"
done
row "tshark -qz io,stat,0 -r" small $small "$(cat tshark*.kb)" -
