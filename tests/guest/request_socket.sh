# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12
# A segment is stamped once at the socket, also where a request socket hands it on to the listener:
# that is so of one that acknowledges what was never sent.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
start_server right 5201
start_capture right -p 5201 --at driver-rx,socket-rx -o request.pcapng
ip netns exec left bad_ack 10.9.0.77 10.9.0.2 5201
stop_capture
is "$(at driver-rx segments)" 2 "a SYN and an ACK of what was never sent"
is "$(at socket-rx segments)" 2 "each is stamped once at the socket"
kill "$server"
wait "$server" 2>/dev/null || true
drop_pair
