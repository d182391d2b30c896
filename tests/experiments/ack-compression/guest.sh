#!/bin/bash
# SPDX-License-Identifier: MIT
# In a guest: joins the lab, waits for its gate, sends. The test guest captures itself while it
# sends.
set -euo pipefail

role=$1 address=$2 peer=$3 port=$4 bytes=$5 offloads=$6
gate=5300
[ "$role" = background ] || gate=5301

# shellcheck source=tests/experiments/common/join_lab.sh
. /files/join_lab.sh

cd "$OUT"
join_lab "$address" "$peer" "$offloads"
ethtool -k eth0 >offloads

if [ "$role" = background ]; then
	ready_at_gate "$peer" $gate
	# Until the server goes.
	iperf3 -c "$peer" -p "$port" -t 3600 -C cubic >iperf 2>&1 || true
	exit 0
fi

insmod /tscope.ko
tscope capture -p "$port" --at driver,socket --json -o acks.pcapng >capture.json 2>capture.log &
capture=$!
wait_for 60 grep -q capturing capture.log
ready_at_gate "$peer" $gate
head -n 1 /proc/stat >stat.before
echo begins
status=0
iperf3 -c "$peer" -p "$port" -n "$bytes" -C cubic --cport 40001 -J >iperf.json || status=$?
echo ended
head -n 1 /proc/stat >stat.after
kill -INT "$capture"
wait "$capture" || status=$?
[ $status -eq 0 ] || cat iperf.json capture.log >&2
rmmod tscope
exit $status
