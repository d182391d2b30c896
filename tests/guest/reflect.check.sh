# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that reflect.sh filled: what tcpdump wrote at both ends, as tshark's own dissector reads it, against the
# train's file and report.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# FILE: arrival, ports, and the fields of RFC 8762; a probe's receive timestamp and what follows are its padding.
fields=(-e frame.time_epoch -e udp.srcport -e udp.dstport -e ip.ttl -e twamp.test.seq_number -e twamp.test.timestamp
	-e twamp.test.error_estimate -e twamp.test.receive_timestamp -e twamp.test.sender_seq_number -e twamp.test.sender_timestamp
	-e twamp.test.sender_error_estimate -e twamp.test.sender_ttl)
for file in *.pcap *.pcapng; do
	TZ=UTC tshark -n -r "$file" -d udp.port==862,twamp.test -Y 'udp.port==862 && !icmp' -T fields "${fields[@]}" >"${file%.*}.fields" 2>/dev/null
done
python3 "$here/reflect_check.py"
