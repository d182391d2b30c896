# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# The veth's full speed, 1500-byte frames one by one, two vantage points, default settings: nothing is lost.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
start_server right 5201
start_capture right -p 5201 --at driver-rx,socket-rx -o fast.pcapng
ip netns exec left iperf3 -c 10.9.0.2 -p 5201 -n 320M >iperf.log
stop_capture
wait "$server"
segments=$(at driver-rx segments)
holds "at least 200,000 packets ($segments, $(awk '/sender/ { print $7, $8 }' iperf.log))" test "$segments" -ge 200000
is "$(jq .loss.lost capture.json)" 0 "nothing lost at full speed"
rm fast.pcapng
drop_pair
