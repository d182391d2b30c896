# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 debug
# A raw socket of protocol TCP reads what TCP sockets read too. It is no TCP socket: nothing behind
# its end may be looked at, and its receive calls are not TCP's.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off
for engine in kmod bpf; do
	ip netns exec right raw_reader >raw 2>raw.log &
	reader=$!
	wait_for "the raw socket" grep -q reading raw.log
	start_capture right --engine $engine --at app-rx -o $engine.pcapng
	start_exchange $engine right 10.9.0.2 5401 50 1 10000
	stop_exchange
	stop_capture
	kill $reader
	wait $reader
	packets=$(cat raw)
	# One is enough for the fault. On a slow kernel its buffer may not hold all of them.
	holds "$engine: the raw socket read packets ($packets)" test "$packets" -gt 0
	is "$(at app-rx records)" "$(jq .receives $engine.server)" \
		"$engine: app-rx has the server's receive calls and no others"
done
drop_pair
