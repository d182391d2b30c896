# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# The same transfer by tscope and by tcpdump, side by side. compare.check.sh looks at the files with tshark and tcptrace.
. /tests/guest/lib.sh

transfer() {
	start_server right 5201
	ip netns exec left tcpdump -i l0 -s 128 -B 32768 -j host --time-stamp-precision=nano -Z root -w tcpdump.pcap tcp port 5201 >tcpdump.log 2>&1 &
	dump=$!
	wait_for tcpdump grep -q listening tcpdump.log
	start_capture left -p 5201 --at driver,socket -o all.pcapng
	ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -n 3M --cport 40001 >iperf.log
	sleep 1
	stop_capture
	kill -INT $dump
	wait $dump || true
	wait "$server"
}

load_module
make_pair
offloads_off
# A queue that the window fits into: no loss. A slotted return path, so that there is compression to be measured. At
# this rate a segment takes 2.5 ms: what the kernel does between the driver, where we stamp, and the tap, where
# tcpdump's packets are stamped, is small beside it.
ip netns exec left tc qdisc add dev l0 root stab overhead 24 tbf rate 5mbit burst 3100 latency 1600ms
ip netns exec right tc qdisc add dev r0 root netem slot 32ms
# A stalled guest makes TCP retransmit what was not lost; a transfer with retransmissions is no loss-free one.
for attempt in 1 2 3 4 5; do
	transfer
	retransmitted=$(awk '/sender/ { print $9 }' iperf.log)
	[ "$retransmitted" != 0 ] || break
	echo "attempt $attempt had $retransmitted retransmissions" >&2
done
is "$retransmitted" 0 "a transfer without retransmissions"
is "$(jq .loss.lost capture.json)" 0 "nothing lost"
holds "tcpdump dropped nothing" grep -q '^0 packets dropped by kernel' tcpdump.log
tscope acks all.pcapng --link-rate 5M --flow 40001 --json >ours.json
tscope acks tcpdump.pcap --link-rate 5M --flow 40001 --json >theirs.json
acks() { jq '.flows[] | select(.src | endswith(":5201")) | .vantage_points[0].'"$2" "$1"; }
is "$(acks ours.json acks)" "$(acks theirs.json acks)" "the same number of ACKs as in tcpdump's file"
ours=$(acks ours.json compressed_share) theirs=$(acks theirs.json compressed_share)
holds "compressed share within 2 points of tcpdump's ($ours, $theirs)" \
	jq -e -n "($ours - $theirs) | fabs < 0.02"
holds "the share is worth comparing" jq -en "$ours > 0.2"
# Analyses give the same on the same packets under another name.
cp all.pcapng renamed.pcapng
is "$(tscope acks renamed.pcapng --link-rate 5M --json | jq -c '[.flows[].verdict]')" \
	"$(tscope acks all.pcapng --link-rate 5M --json | jq -c '[.flows[].verdict]')" "the verdict does not depend on the file's name" >verdict.line
sed 's/ (\[.*//' verdict.line
tscope convert all.pcapng --at driver -o driver.pcapng 2>/dev/null
tscope convert all.pcapng --at driver-rx -o driver-rx.pcapng 2>/dev/null
tscope convert all.pcapng --at socket -o socket.pcapng 2>/dev/null
tcpdump -n -r all.pcapng 2>/dev/null | wc -l >tcpdump-reads
is "$(cat tcpdump-reads)" "$(jq .records capture.json)" "tcpdump reads every record of our file"
drop_pair
