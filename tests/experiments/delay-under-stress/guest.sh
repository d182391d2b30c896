#!/bin/bash
# SPDX-License-Identifier: MIT
# In a guest: joins the lab, waits for its gate; then puts itself under stress or measures.
set -euo pipefail

role=$1 address=$2 peer=$3 case=$4 count=$5 interval=$6 seconds=$7
gate=5301
[ "$role" = measure ] || gate=5300

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
for feature in tso gso gro tx rx; do
	ethtool -K eth0 $feature off >/dev/null 2>&1 || true # some are fixed
done
wait_for 30 ping -q -c 1 -W 1 "$peer" >/dev/null

if [ "$role" = stress ]; then
	modprobe virtio_blk
	for module in crc16 mbcache jbd2 ext4; do insmod "/files/modules/$module.ko"; done
	mkdir /disk
	mount -t ext4 /dev/vda /disk
	echo ready
	wait_for 300 passable
	echo stressing
	exec /files/stress "$case" "$seconds" /disk "$peer" >stress.log 2>&1
fi

insmod /tscope.ko
# Ping sockets: their copy of an echo is made behind socket-rx.
sysctl -qw net.ipv4.ping_group_range='0 2147483647'
echo ready
wait_for 300 passable
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
