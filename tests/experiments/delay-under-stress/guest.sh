#!/bin/bash
# SPDX-License-Identifier: MIT
# In a guest: joins the lab, waits for its gate; then puts itself under stress or measures.
set -euo pipefail

role=$1 address=$2 peer=$3 case=$4 count=$5 interval=$6 seconds=$7
gate=5301
[ "$role" = measure ] || gate=5300

# shellcheck source=tests/experiments/common/join_lab.sh
. /files/join_lab.sh

cd "$OUT"
join_lab "$address" "$peer" off

if [ "$role" = stress ]; then
	modprobe virtio_blk
	for module in crc16 mbcache jbd2 ext4; do insmod "/files/modules/$module.ko"; done
	mkdir /disk
	mount -t ext4 /dev/vda /disk
	ready_at_gate "$peer" $gate
	echo stressing
	exec /files/stress "$case" "$seconds" /disk "$peer" >stress.log 2>&1
fi

insmod /tscope.ko
# Ping sockets: their copy of an echo is made behind socket-rx.
sysctl -qw net.ipv4.ping_group_range='0 2147483647'
ready_at_gate "$peer" $gate
stress=
case $case in
own-*)
	/files/stress "$case" "$seconds" /tmp "$peer" >stress.log 2>&1 &
	stress=$!
	sleep 1.5
	;;
esac
echo begins
status=0
timeout "$seconds" tscope ping "$peer" -c "$count" -i "$interval" -s 72 --engine kmod --json >ping.json || status=$?
echo ended
[ -z "$stress" ] || { kill "$stress" && wait "$stress"; } 2>/dev/null || true
rmmod tscope
exit $status
