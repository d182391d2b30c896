# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tscope delay on files that are here: figures, and one line that says what to do where there are
# none.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

delay() { build/tscope delay "$@"; }

file=tests/golden/pcapng-tscope.pcapng
prints 'qdisc-tx > driver-tx +1\.50' "a table" delay $file
prints '"schema": "tscope-delay-1"' "JSON" delay --json $file
prints '^Flow by flow' "flow by flow" delay --per-flow $file
prints '"largest_stage": ' "flow by flow as JSON" delay --per-flow --json $file
refused 2 'is for one capture' "flow by flow of two captures" \
	delay --per-flow tests/golden/pair-host.pcap tests/golden/pair-guest.pcap
refused 1 'use tscope capture --at' "another program's capture has no layers" \
	delay tests/golden/pair-host.pcap
prints 'why_no_delays' "which JSON says too" delay --json tests/golden/pair-host.pcap
host=tests/golden/pair-host.pcap guest=tests/golden/pair-guest.pcap
prints '^  2 > 1 +tap > tap .* ±[0-9.]+ µs$' "two captures: a table" delay $host $guest
prints '"before_within_error": 0' "two captures: JSON" delay --json $host $guest
prints 'found at both' "two captures the other way round" delay $guest $host
prints '3 packets$' "two captures, with few packets too" delay --all $host $guest
prints '^Clocks \(none\): not aligned' "two captures: no alignment" delay --align none $host $guest
refused 2 'or two of the same packets' "three files" delay $file $file $file
refused 2 'one file' "one file twice" delay $file $file
cp $host "$work/copy.pcap"
refused 1 'same capture twice' "two copies of one capture" delay $host "$work/copy.pcap"
refused 2 'standard input' "standard input beside a file" delay $host -
refused 1 'no flow in common' "no flow in common" delay $host tests/golden/pcap-microseconds.pcap
prints '"why_nothing": "the captures have no flow' "nothing in common as JSON" \
	delay --json $host tests/golden/pcap-microseconds.pcap
refused 1 'try without it' "no such flow in two" delay --flow nothing $host $guest
refused 2 'envelope, at-rest' "an alignment that there is not" delay --align best $host $guest
refused 2 'second one' "an alignment of one file" delay --align none $file
refused 1 'no-such-file' "no such file" delay no-such-file
refused 1 'try without it' "no such flow" delay --flow nothing $file
head -c 9000 $file >"$work/cut.pcapng"
head -c 9000 $guest >"$work/cut.pcap"
prints 'cut.pcap is cut off' "two captures, one cut off" delay --json $host "$work/cut.pcap"
prints 'is cut off' "a file that is cut off" delay "$work/cut.pcapng"
