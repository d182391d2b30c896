# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# Virtual time: what the path does to packets is known to the microsecond, and so must the report be.
. /tests/guest/lib.sh

near() { # GOT WANTED TOLERANCE WHAT
	holds "$4 (got $1, wanted $2 +- $3)" jq -en "($1 - $2) | fabs <= $3"
}
load_module
make_pair
offloads_off
settle

# Full segments at 20 Mbit/s, one every 605.6 us, an ACK for every second: the main mode lies at 1211.2 us.
ip netns exec left tc qdisc add dev l0 root tbf rate 20mbit burst 1600 latency 400ms
start_server right 5201
start_capture left -p 5201 --at driver-rx,socket-rx -o rate.pcapng
ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -n 2M --cport 40001 >iperf.log
stop_capture
wait "$server"
ip netns exec left tc qdisc del dev l0 root
is "$(jq .loss.lost capture.json)" 0 "nothing lost"
tscope acks rate.pcapng --link-rate 20M --flow 40001 --json >rate.json
at_vantage() { jq ".flows[] | select(.src | endswith(\":5201\")) | .vantage_points[] | select(.vantage == \"$1\") | $2" rate.json; }
for vantage in driver-rx socket-rx; do
	near "$(at_vantage $vantage .quantiles_ns.p50)" 1211200 2500 "$vantage: the median gap is the time of two segments, ns"
	near "$(at_vantage $vantage '.modes[0].at_ns')" 1211200 2500 "$vantage: so is the main mode, ns"
	is "$(at_vantage $vantage .segment_time_ns)" 615200 "$vantage: segment time of 1538 bytes at 20 Mbit/s, ns"
done

# ACKs that the network holds for 5 ms: between qdisc and driver and nowhere else.
ip netns exec right tc qdisc add dev r0 root netem delay 5ms
start_capture right -p 5301 --at socket-tx,qdisc-tx,driver-tx -o delay.pcapng
start_exchange delay right 10.9.0.2 5301 30000 1000 20000
stop_capture
stop_exchange
ip netns exec right tc qdisc del dev r0 root
tscope acks delay.pcapng --json >delay.json 2>/dev/null
delay() { jq ".flows[0].pairs[] | select(.second.vantage == \"$1\") | .added_delay_ns.$2" delay.json; }
near "$(delay driver-tx p50)" 5000000 50000 "netem's 5 ms show between qdisc-tx and driver-tx, ns"
near "$(delay qdisc-tx p50)" 0 50000 "and not between socket-tx and qdisc-tx, ns"

# Sends every 10 ms leave every 10 ms.
start_capture left -p dst:5302 --at driver-tx -o paced.pcapng
start_exchange paced right 10.9.0.2 5302 20000 100 10000
stop_capture
stop_exchange
is "$(at driver-tx segments)" "$(jq .segs_out paced.client)" "every segment of the paced transfer is there"
tcpdump -n -tt --time-stamp-precision=nano -r paced.pcapng 'greater 150' 2>tcpdump.log |
	awk '{ split($1, at, "."); us = at[1] % 100000 * 1e6 + at[2] / 1e3; if (NR > 1) print us - last; last = us }' >gaps
is "$(wc -l <gaps)" 199 "200 segments with data"
even=$(awk '$1 > 9900 && $1 < 10100' gaps | wc -l)
holds "three gaps of four are 10 ms to within 100 us ($even of 199)" test "$even" -ge 150
drop_pair
