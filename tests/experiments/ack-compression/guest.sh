#!/bin/bash
# SPDX-License-Identifier: MIT
# In a guest: joins the lab, waits for its gate, sends. The test guest captures itself while it sends.
set -euo pipefail

role=$1 address=$2 peer=$3 port=$4 bytes=$5 offloads=$6
gate=5300
[ "$role" = background ] || gate=5301

# shellcheck disable=SC2317 # wait_for calls it
passable() { (exec 3<>"/dev/tcp/$peer/$gate") 2>/dev/null; }
wait_for() { # SECONDS COMMAND...
	local i tenths=$(($1 * 10))
	shift
	for ((i = 0; i < tenths; i++)); do
		"$@" && return 0
		sleep 0.1
	done
	echo "waited in vain for: $*" >&2
	return 1
}

cd "$OUT"
modprobe virtio_net
ip addr add "$address/24" dev eth0
ip link set eth0 up
if [ "$offloads" = off ]; then
	for feature in tso gso gro tx rx; do
		ethtool -K eth0 $feature off >/dev/null 2>&1 || true # some are fixed
	done
fi
ethtool -k eth0 >offloads
wait_for 30 ping -q -c 1 -W 1 "$peer" >/dev/null

if [ "$role" = background ]; then
	echo ready
	wait_for 300 passable
	# Until the server goes.
	iperf3 -c "$peer" -p "$port" -t 3600 -C cubic >iperf 2>&1 || true
	exit 0
fi

insmod /tscope.ko
tscope capture -p "$port" --at driver,socket --json -o acks.pcapng >capture.json 2>capture.log &
capture=$!
wait_for 60 grep -q capturing capture.log
echo ready
wait_for 300 passable
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
