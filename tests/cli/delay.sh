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

# When, and which packet.
export TZ=UTC
prints 'longest whole way: at [0-9:.]+, packet [0-9]+ to packet [0-9]+' "when the longest time was, and which packets" delay $file
longest=$(delay --json $file | jq -c '.chains[0].total.max_at.packets')
first=${longest//[\[\]]/}
is "$(tshark -r $file -Y "frame.number == ${first%,*}" -T fields -e frame.interface_name 2>/dev/null | sed "s,.*/,,")" \
	"$(delay --json $file | jq -r .chains[0].total.from)" "the packet that Wireshark has by that number is the first one"
prints '"used": [1-9]' "a part of the time" delay --from 0 --to 3600 --json $file
refused 2 'invalid time' "a time that is none" delay --from noon $file
refused 2 'not later' "a part that ends before it begins" delay --from 5 --to 2 $file
refused 2 'for one capture' "a part of two captures" delay --from 1 $host $guest
refused 1 'the flows there are: .* > ' "no such flow, and those there are" delay --flow nothing $file
flow=$(delay --json $file | jq -r '.flows[0] | .src + " > " + .dst')
prints "$flow" "a flow as the report prints it" delay --per-flow --flow "  $flow, send" $file
prints 'packets' "which convert takes too" build/tscope convert --at driver --flow "$flow" $file -o "$work/flow.pcapng" --json
refused 1 'the flows there are' "and says which there are" build/tscope convert --at driver --flow nothing $file -o "$work/none.pcapng"
holds "writing no file then" test ! -e "$work/none.pcapng"
build/tscope convert --at driver --from 0 --to 0.001 $file -o "$work/part.pcapng" 2>"$work/said"
holds "convert takes a part of the time" grep -q 'packets at driver written' "$work/said"
