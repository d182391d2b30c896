#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Other programs on our capture file, and `tscope convert`. TSCOPE names the command to test.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh

tscope=${TSCOPE:-build/tscope}
golden=tests/golden
capture=$golden/pcapng-tscope.pcapng
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

packets() { tshark -n -r "$1" 2>/dev/null | wc -l; }

for program in tshark tcpdump capinfos tcptrace; do
	command -v $program >/dev/null && continue
	skip "capture file in other programs" "no $program: make deps installs it"
	exit 0
done

# Of several interfaces each, in Ethernet and in raw IP. Nothing may show for the blocks of ours.
for capture in $golden/pcapng-tscope-raw.pcapng $golden/pcapng-tscope.pcapng; do
	name=${capture##*/}
	records=$(packets "$capture")
	tcpdump -n -r "$capture" >"$work/tcpdump" 2>"$work/tcpdump.err"
	is $? 0 "tcpdump reads $name"
	is "$(grep -vc '^reading from file' "$work/tcpdump.err")" 0 \
		"tcpdump has no complaint about $name"
	is "$(wc -l <"$work/tcpdump")" "$records" \
		"tcpdump and tshark see the same number of packets in $name"
	is "$(capinfos -Tmrc "$capture" 2>"$work/capinfos.err" | cut -d , -f 2)" "$records" \
		"capinfos counts the same in $name"
	is "$(wc -c <"$work/capinfos.err")" 0 "capinfos has no complaint about $name"
	is "$(tshark -n -r "$capture" -Y _ws.malformed 2>/dev/null | wc -l)" 0 \
		"no packet of $name is malformed"
	is "$(tshark -n -r "$capture" -Y frame.comment -T fields -e frame.comment 2>/dev/null |
		paste -sd ,)" \
		"connection opened,connection closed" "session events of $name carry a comment"
	is "$(tshark -n -r "$capture" -T fields -e frame.interface_name 2>/dev/null | sort -u |
		paste -sd ,)" \
		"any/session,any/socket-tx,eth0/driver-rx,eth0/driver-tx,eth0/qdisc-tx,eth0/socket-rx" \
		"interfaces of $name have their names"
	is "$(packets "$capture" | awk '{ print ($1 > 100) }')" 1 "$name has packets"
done

for at in driver socket qdisc-tx; do
	"$tscope" convert "$capture" --at $at -o "$work/$at.pcapng" 2>"$work/said"
	is $? 0 "convert --at $at"
	is "$(packets "$work/$at.pcapng")" "$(tshark -n -r "$capture" \
		-Y "frame.interface_name matches \"/$at\"" 2>/dev/null | wc -l)" \
		"convert --at $at takes all its packets"
	is "$(tshark -n -r "$work/$at.pcapng" \
		-Y 'tcp.analysis.retransmission or tcp.analysis.duplicate_ack' 2>/dev/null | wc -l)" 0 \
		"no false retransmission at $at"
	is "$(tcptrace -nl "$work/$at.pcapng" 2>/dev/null |
		grep -c 'rexmt data pkts: *0 *rexmt data pkts: *0')" 1 \
		"tcptrace sees none either at $at"
done
"$tscope" convert "$work/driver.pcapng" --at driver -o "$work/again.pcapng" 2>/dev/null
is "$(cmp "$work/driver.pcapng" "$work/again.pcapng" 2>&1)" "" \
	"converting what was converted changes nothing"
is "$("$tscope" convert "$capture" --at driver-rx -o "$work/rx.pcapng" --json |
	jq -c '[.schema, .packets, .truncated]')" \
	'["tscope-convert-1",16,false]' "convert --json"
head -c 5000 "$capture" >"$work/cut.pcapng"
"$tscope" convert "$work/cut.pcapng" --at driver -o "$work/rx.pcapng" 2>"$work/said"
is "$?,$(grep -c 'cut off' "$work/said")" 0,1 "a cut file is converted, with a warning"

# One capture in two files, in whatever order they are named.
middle=$(tshark -n -r "$work/driver.pcapng" -T fields -e frame.time_epoch 2>/dev/null | sed -n 12p)
middle=$(date -d "@$middle" '+%F %T.%N')
"$tscope" convert "$capture" --at driver --to "$middle" -o "$work/part1.pcapng" 2>/dev/null
"$tscope" convert "$capture" --at driver --from "$middle" -o "$work/part2.pcapng" 2>/dev/null
fields() { tshark -n -r "$1" -T fields -e frame.time_epoch -e tcp.seq_raw -e tcp.ack_raw 2>/dev/null; }
is "$("$tscope" convert --rotated "$work/part2.pcapng" "$work/part1.pcapng" --at driver \
	-o "$work/joined.pcapng" --json | jq .packets)" "$(packets "$work/driver.pcapng")" \
	"convert --rotated takes the packets of all files"
holds "of which both have some" test "$(packets "$work/part1.pcapng")" -gt 5 -a \
	"$(packets "$work/part2.pcapng")" -gt 5
is "$(fields "$work/joined.pcapng" | sha256sum)" "$(fields "$work/driver.pcapng" | sha256sum)" \
	"in their order"
refused 2 "one capture.*--rotated" "two files that are not said to be one capture" \
	"$tscope" convert "$work/part1.pcapng" "$work/part2.pcapng" --at driver -o "$work/x"
refused 2 "opened twice|can't be" "a pipe among rotated files" \
	"$tscope" convert --rotated - "$work/part1.pcapng" --at driver -o "$work/x"

refused 2 "several times" "two vantage points of a direction" \
	"$tscope" convert "$capture" --at driver-rx,socket-rx -o "$work/x"
refused 2 "no vantage point" "an unknown vantage point" \
	"$tscope" convert "$capture" --at wire -o "$work/x"
refused 2 "is the input" "writing over the input" \
	"$tscope" convert "$work/driver.pcapng" --at driver -o "$work/driver.pcapng"
refused 1 "name one of: driver-rx, socket-rx" "a vantage point without packets" \
	"$tscope" convert "$capture" --at app -o "$work/x"
refused 1 "not captured by tscope" "a foreign file" \
	"$tscope" convert $golden/pcap-raw-ip.pcap --at driver -o "$work/x"
refused 1 "link type 165" "a link type without IP" \
	"$tscope" convert $golden/pcap-without-ip.pcap --at driver -o "$work/x"
refused 1 "No such file" "no input" "$tscope" convert "$work/none" --at driver -o "$work/x"
refused 1 "can't write" "an unwritable output" \
	"$tscope" convert "$capture" --at driver -o "$work/no/such/folder"
refused 1 "name one of: [a-z0-9]+(, [a-z0-9]+)*$" "a device that is not there: the devices" \
	"$tscope" convert "$capture" --at driver -i nosuch0 -o "$work/x"
refused 1 "No space left" "a full disk" "$tscope" convert "$capture" --at driver -o /dev/full
: >"$work/empty"
refused 1 "is empty" "an empty file" "$tscope" convert "$work/empty" --at driver -o "$work/x"
echo "no capture" >"$work/text"
refused 1 "neither pcapng nor pcap" "a text" "$tscope" convert "$work/text" --at driver -o "$work/x"
{ head -c "$(od -An -tu4 -j4 -N4 "$capture")" "$capture" &&
	printf '\6\0\0\0\377\377\377\377\0\0\0\0'; } >"$work/damaged"
refused 1 "claims a length of 4294967295 bytes" "a block of 4 GiB" \
	"$tscope" convert "$work/damaged" --at driver -o "$work/x"
