# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that compare.sh filled: tshark and tcptrace on our file and on tcpdump's.
set -uo pipefail
# shellcheck source=tests/guest/results.sh
. "$(dirname "$0")/results.sh"

# TSval/TSecr, sequence, ACK, flags, window, ports of each packet, sorted by the packet's own identity: two captures
# may see the two directions in another order.
fields() {
	tshark -n -r "$1" -o tcp.relative_sequence_numbers:false -T fields -e ip.src -e ip.id -e tcp.srcport -e tcp.dstport \
		-e tcp.seq_raw -e tcp.ack_raw -e tcp.flags -e tcp.window_size_value -e tcp.options.timestamp.tsval \
		-e tcp.options.timestamp.tsecr -e tcp.len -e frame.len 2>/dev/null | sort
}
count() { tshark -n -r "$1" -Y "$2" 2>/dev/null | wc -l; }
packets() { tshark -n -r "$1" 2>/dev/null | wc -l; }
duration() { capinfos -Tmru "$1" 2>/dev/null | cut -f 2 -d , ; }

is "$(count driver.pcapng tcp.analysis.retransmission)" 0 "tshark sees no retransmission at the driver"
is "$(count driver.pcapng tcp.analysis.lost_segment)" 0 "tshark sees no lost segment at the driver"
is "$(packets driver.pcapng)" "$(packets tcpdump.pcap)" "as many packets as tcpdump"
is "$(fields driver.pcapng | md5sum)" "$(fields tcpdump.pcap | md5sum)" \
	"tshark: ports, sequence, ACK, flags, window, timestamps, lengths of every packet as in tcpdump's file"
ours=$(duration driver.pcapng) theirs=$(duration tcpdump.pcap)
# Five seconds; the emulator may hold a CPU up between the two stamps of the first packet or of the last.
holds "the same duration ($ours s, tcpdump's $theirs s)" awk "BEGIN { d = $ours - $theirs; exit !(d < 0.2 && d > -0.2) }"

trace() { tcptrace -nl "$1" 2>/dev/null | grep -E 'total packets|actual data bytes|rexmt data pkts|unique bytes sent|pure acks sent' | tr -s ' '; }
is "$(trace driver.pcapng | grep -c 'rexmt data pkts: 0 rexmt data pkts: 0')" "$(trace driver.pcapng | grep -c rexmt)" "tcptrace sees no retransmission"
is "$(trace driver.pcapng | md5sum)" "$(trace tcpdump.pcap | md5sum)" "tcptrace: packets, bytes, ACKs as in tcpdump's file"
holds "tcptrace reads our file" test -n "$(trace driver.pcapng)"
for file in all.pcapng driver.pcapng driver-rx.pcapng socket.pcapng; do
	holds "capinfos takes $file" sh -c "capinfos $file 2>capinfos.err && [ ! -s capinfos.err ]"
done
# Records of one file stand in the order of their stamps, but for those that are marked late.
backward=$(tshark -n -r all.pcapng -T fields -e frame.time_delta 2>/dev/null | grep -c '^-')
is "$backward" "$(jq .loss.late capture.json)" "no record is out of order but those counted late"
