#!/bin/bash
# SPDX-License-Identifier: MIT
# In a guest in virtual time: what would differ between two runs if real time or chance had a
# part in them.
# shellcheck source=tests/guest/lib.sh
. /tests/guest/lib.sh

cd "$OUT"
echo "to stdout, in the middle of it"
head -c 64 /dev/urandom >random
load_module
make_pair
quiet_pair
sh -c 'while :; do :; done' &
hog=$!
start_capture left -p 5201 --at app,socket,qdisc,driver -o capture.pcapng
start_exchange paced right 10.9.0.2 5201 200000 1000 2000
stop_capture
stop_exchange
echo "to stderr, in the middle of it" >&2
train() { ip netns exec left tscope train 10.9.0.2 --gap 1ms --count 200 -o "$1.pcapng" "${@:2}"; }
train kmod --engine kmod
train user --engine user
kill $hog
wait $hog 2>/dev/null || true
drop_pair
rmmod tscope
cat /proc/interrupts /proc/uptime /proc/schedstat >counts
