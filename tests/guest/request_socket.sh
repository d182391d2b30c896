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
for engine in kmod bpf; do
	start_capture right --engine $engine -p 5201 --at driver-rx,socket-rx -o $engine.pcapng
	ip netns exec left bad_ack 10.9.0.77 10.9.0.2 5201
	stop_capture
	is "$(at driver-rx segments)" 2 "$engine: a SYN and an ACK of what was never sent"
	is "$(at socket-rx segments)" 2 "$engine: each is stamped once at the socket"
done
kill "$server"
wait "$server" 2>/dev/null || true
drop_pair
