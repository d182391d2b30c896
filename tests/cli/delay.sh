# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tscope delay on files that are here: figures, and one line that says what to do where there are none.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tscope=build/tscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # WHAT WANTED-STATUS PATTERN ARGUMENT...
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$tscope" delay "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status -eq "$wanted" ] && cat "$work/out" "$work/err" | grep -qE "$pattern" &&
		{ [ $status -eq 0 ] || [ "$(wc -l <"$work/err")" -eq 1 ]; }; then
		echo "ok cli: delay: $what"
	else
		echo "not ok cli: delay: $what: status $status, said: $(head -c 300 "$work/err")"
	fi
}

file=tests/golden/pcapng-tscope.pcapng
check "a table" 0 'qdisc-tx > driver-tx +1\.50' $file
check "JSON" 0 '"schema": "tscope-delay-1"' --json $file
check "flow by flow" 0 '^Flow by flow' --per-flow $file
check "flow by flow as JSON" 0 '"largest_stage": ' --per-flow --json $file
check "flow by flow of two captures" 2 'is for one capture' --per-flow tests/golden/pair-host.pcap tests/golden/pair-guest.pcap
check "another program's capture has no layers" 1 'use tscope capture --at' tests/golden/pair-host.pcap
check "which JSON says too" 0 'why_no_delays' --json tests/golden/pair-host.pcap
host=tests/golden/pair-host.pcap guest=tests/golden/pair-guest.pcap
check "two captures: a table" 0 '^  2 > 1 +tap > tap .* ±[0-9.]+ µs$' $host $guest
check "two captures: JSON" 0 '"before_within_error": 0' --json $host $guest
check "two captures the other way round" 0 'found at both' $guest $host
check "two captures, with few packets too" 0 '3 packets$' --all $host $guest
check "two captures: no alignment" 0 '^Clocks \(none\): not aligned' --align none $host $guest
check "three files" 2 'or two of the same packets' $file $file $file
check "one file twice" 2 'one file' $file $file
cp $host "$work/copy.pcap"
check "two copies of one capture" 1 'same capture twice' $host "$work/copy.pcap"
check "standard input beside a file" 2 'standard input' $host -
check "no flow in common" 1 'no flow in common' $host tests/golden/pcap-microseconds.pcap
check "nothing in common as JSON" 0 '"why_nothing": "the captures have no flow' --json $host tests/golden/pcap-microseconds.pcap
check "no such flow in two" 1 'try without it' --flow nothing $host $guest
check "an alignment that there is not" 2 'envelope, at-rest' --align best $host $guest
check "an alignment of one file" 2 'second one' --align none $file
check "no such file" 1 'no-such-file' no-such-file
check "no such flow" 1 'try without it' --flow nothing $file
head -c 9000 $file >"$work/cut.pcapng"
head -c 9000 $guest >"$work/cut.pcap"
check "two captures, one cut off" 0 'cut.pcap is cut off' --json $host "$work/cut.pcap"
check "a file that is cut off" 0 'is cut off' "$work/cut.pcapng"
