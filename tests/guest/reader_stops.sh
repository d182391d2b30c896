# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# A capture that is stopped for a while, and goes on: what found the rings full is counted, to the last call.
. /tests/guest/lib.sh

load_module
make_pair
start_capture right -p 5201 --at app-tx --ring-slots 64 -o stopped.pcapng
start_capture_of_calls=$capture
kill -STOP "$start_capture_of_calls"
start_exchange calls left 10.9.0.1 5201 200000 200
kill -CONT "$start_capture_of_calls"
wait_for "the reader to catch up" sh -c 'sleep 1'
stop_exchange
stop_capture
sends=$(jq .sends calls.client)
holds "the rings were full ($(jq -c .loss capture.json))" jq -e '.loss.full > 0 and .loss.full == .loss.lost' capture.json
is "$(accounted app-tx records)" "$sends" "delivered plus lost is every send call"
holds "the file can be read" sh -c 'tscope acks --json stopped.pcapng >report.json'
is "$(jq .loss.lost report.json)" "$(jq .loss.lost capture.json)" "and has the loss as well"
drop_pair
