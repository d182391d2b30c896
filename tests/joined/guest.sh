#!/bin/bash
# SPDX-License-Identifier: MIT
# In the guest: sends to its host and captures itself meanwhile.
set -euo pipefail
# shellcheck source=tests/experiments/common/join_lab.sh
. /files/join_lab.sh

cd "$OUT"
join_lab 10.78.0.1 10.78.0.254 off
insmod /tscope.ko
tscope capture -p 5201 --at app,socket,qdisc,driver --json -o guest.pcapng >guest.json \
	2>capture.log &
capture=$!
wait_for 60 grep -q capturing capture.log
# In a second and a half, so that there is a line to align the clocks by.
exchange client 10.78.0.254 5201 3000000 5000 2500 >exchange.client &
exchange=$!
wait_for 60 test -s exchange.client
kill -INT "$capture"
wait "$capture"
kill "$exchange"
rmmod tscope
