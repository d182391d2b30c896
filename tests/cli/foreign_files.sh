# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Other programs' capture files: one transfer in every wrapping gives one answer, what is spoilt is
# said, and odd packets are counted as tshark counts them.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
# shellcheck source=tests/results.sh
. tests/results.sh
tscope=build/tscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
same=$work/same spoilt=$work/spoilt
PYTHONDONTWRITEBYTECODE=1 python3 tests/cli/captures/make.py "$work" || exit 1
gzip -k "$same/base.pcap"
zstd -q "$same/base.pcap"
xz -k "$same/base.pcap"
lz4 -q "$same/base.pcap" "$same/base.pcap.lz4"

acks() { "$tscope" acks --json --link-rate 20M "$@"; }
# All that is said of the ACKs, vantage point by vantage point, but for the device's name and for
# packet numbers, which copies raise.
answers() { acks "$@" | jq -c '[.flows[] | .verdict as $verdict | .withheld as $withheld |
	.vantage_points[] | del(.interface, .max_at.packets) | . + {verdict: $verdict, withheld: $withheld}]'; }
answer=$(answers "$same/base.pcap")
holds "the transfer has a verdict" jq -e '.[0].acks > 700 and .[0].withheld == []' <<<"$answer"
different=
for file in "$same"/*; do
	[ "$(answers "$file")" = "$answer" ] || different+=" ${file##*/}"
done
is "$different" "" "$(find "$same" -type f | wc -l) files give one answer"
is "$(answers - <"$same/base.pcap.zst")" "$answer" "so does a compressed file by a pipe"
is "$(acks --rotated "$spoilt"/rotated2 "$spoilt"/rotated "$spoilt"/rotated1 |
	jq -c '[.input.packets, .flows[0].vantage_points[0].gaps]')" \
	"$(acks "$same/base.pcap" | jq -c '[.input.packets, .flows[0].vantage_points[0].gaps]')" \
	"rotated files are one capture, in whatever order they are named"
refused 2 'opened twice' "rotated files can't be a pipe" $tscope acks --rotated - "$spoilt/rotated"
for wrapping in mpls:MPLS pppoe:PPPoE ipip:IPIP 4in6:4in6 gre:GRE gretap-key:GRETAP erspan:ERSPAN \
	vxlan:VXLAN geneve:Geneve gtp-u:GTP-U; do
	prints "packets in ${wrapping#*:}[.,]" "${wrapping#*:} is named" \
		$tscope acks "$same/${wrapping%:*}.pcap"
done

packets=$(acks "$same/base.pcap" | jq .input.packets)
input() { acks "$spoilt/$1" | jq -c ".input | $2"; }
codes() { acks "$spoilt/$1" | jq -r '[.flows[0].withheld[].code] | join(" ")'; }
is "$(answers "$spoilt/each-twice.pcap")" "$answer" "copies of all packets change nothing"
is "$(input each-twice.pcap .copies)" "$packets" "and are counted"
is "$(answers "$spoilt/every-tenth-twice.pcap")" "$answer" "copies of some packets change nothing"
is "$(input every-tenth-twice.pcap .copies)" "$(((packets + 9) / 10))" "and are counted"
prints 'are copies of another' "and told" $tscope acks "$spoilt/every-tenth-twice.pcap"
is "$(input ipv6-each-twice.pcap '[.copies, .perhaps_copies]')" "[$packets,0]" \
	"IPv6: a whole stream that repeats is copied"
is "$(input ipv6-every-tenth-twice.pcap '[.copies, .perhaps_copies]')" "[0,$(((packets + 9) / 10))]" \
	"IPv6: whether some packets are copies can't be told"
prints "can't be told" "and that is said" $tscope acks "$spoilt/ipv6-every-tenth-twice.pcap"
is "$(codes back-in-time.pcap)" times-go-back "times that go back: no verdict"
is "$(input back-in-time.pcap .back_in_time)" "$(((packets - 1) / 5))" "and they are counted"
for file in no-times.pcap one-time.pcap simple-packet-blocks.pcapng; do
	is "$(codes "$file")" no-times "$file: no verdict, since it has no times"
	is "$(acks "$spoilt/$file" | jq '[.flows[].vantage_points[].gaps] | add')" 0 "$file: no gaps"
	is "$(input "$file" '[.packets, .tcp, .pure_acks, .tcp_bytes]')" \
		"$(acks "$same/base.pcap" | jq -c '.input | [.packets, .tcp, .pure_acks, .tcp_bytes]')" \
		"$file: the counts are right"
done
is "$(codes whole-milliseconds.pcap | grep -ow coarse-clock)" coarse-clock \
	"times in whole milliseconds: no verdict"
prints 'steps of 1.00 ms' "and the steps are told" $tscope acks "$spoilt/whole-milliseconds.pcap" --link-rate 20M
refused 1 "snap length of 40 bytes cuts off the ACK numbers of $packets packets.*at least 54" \
	"a snap length that cuts off all ACK numbers" $tscope acks "$spoilt/snaplen-40.pcap"
both=$(jq -c '.[0] | del(.verdict, .max_at)' <<<"$answer")
for file in sll2-router router; do
	is "$(answers "$spoilt/$file.pcap" | jq -c '.[0, 1] | del(.verdict, .max_at)')" "$both"$'\n'"$both" \
		"$file.pcap: two places, with the same answer at each"
done
refused 1 'holds no packets' "a file without packets" $tscope acks "$work/odd/no-packets.pcap"
rm "$work/odd/no-packets.pcap"

with_tshark() { PYTHONDONTWRITEBYTECODE=1 python3 tests/cli/captures/with_tshark.py "$@" 2>&1; }
is "$(with_tshark $tscope "$same"/*.pcap "$same"/*.pcapng "$work"/odd/* "$work"/exceptions/*)" "" \
	"TCP packets, pure ACKs, bytes and skipped packets as tshark has them in $(find "$same" "$work/odd" "$work/exceptions" -name '*.pcap*' | wc -l) files"
# Each kind of exception, left out, differs in its capture of one packet, but neither in the number
# of packets nor in TCP's bytes; docs/file-format.md names all.
for exception in quoted reassembled tunnel; do
	differs=$(with_tshark --without $exception $tscope "$work/exceptions/$exception.pcap")
	prints "skipped, tshark has" "tshark differs: $exception" echo "$differs"
	is "$(grep -cE ' (packets|tcp_bytes), ' <<<"$differs")" 0 "but not in packets or bytes: $exception"
done
is "$(find "$work/exceptions" -type f | wc -l)" 3 "there are no other exceptions"
