# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: 6.1 6.12 cloud debug
# Many sessions at once, each with its own filter and its own namespace; and connection events alone.
. /tests/guest/lib.sh

load_module
make_pair
offloads_off

capture_as() { # NAME NAMESPACE ARGUMENT...
	local name=$1 netns=$2
	shift 2
	ip netns exec "$netns" tscope capture --json --ring-slots 8192 -o "$name.pcapng" "$@" >"$name.json" 2>"$name.log" &
	pids+=($!)
	wait_for "capture $name" grep -q capturing "$name.log"
}
pids=()
capture_as one left -p 5301 --at driver-tx
capture_as two left -p 5302 --at driver-tx
capture_as dst left -p dst:5301 --at driver-tx
capture_as src left -p src:5301 --at driver-tx
capture_as net left --address 10.9.0.0/24 --at driver-tx
capture_as elsewhere left --address 192.168.0.0/16 --at driver-tx
capture_as events left -p 5301 --sessions
capture_as loopback left -i lo --at driver
start_exchange a right 10.9.0.2 5301 200000 1000
start_exchange b right 10.9.0.2 5302 100000 1000
a=$(jq .segs_out a.client) b=$(jq .segs_out b.client)
# Traffic inside another namespace must not show anywhere.
exchange_between c right right 127.0.0.1 5301 5000 100
stop_exchange
sleep 1
kill -INT "${pids[@]}"
wait "${pids[@]}"

more() { # NAME AT-LEAST: the exchange's own segments, and the few that close it
	local got
	got=$(at driver-tx segments "$1.json")
	holds "$3 ($got, $2 before the close)" test "$got" -ge "$2" -a "$got" -le $(($2 + 4))
}
more one "$a" "a capture of port 5301 sees its packets and no others"
more two "$b" "a capture of port 5302 at the same time sees its packets and no others"
more dst "$a" "dst:5301 sees what goes there"
is "$(at driver-tx records src.json)" 0 "src:5301 sees nothing of what goes there"
more net $((a + b)) "an address prefix sees both connections"
is "$(at driver-tx records elsewhere.json)" 0 "another prefix sees none"
is "$(jq .records loopback.json)" 0 "another interface sees none, nor does another namespace's lo show"
is "$(jq .records events.json)" 2 "connection events: one opened, one closed"
is "$(tcpdump -n -r events.pcapng 2>/dev/null | wc -l)" 2 "tcpdump reads the events"

# All namespaces, by root alone.
pids=()
capture_as all left --all-netns -p 5303 --at driver-tx
exchange_between d right right 127.0.0.1 5303 5000 100
kill -INT "${pids[@]}"
wait "${pids[@]}"
stop_exchange
more all $(($(jq .segs_out d.client) + $(jq .segs_out d.server))) "--all-netns sees another namespace"
drop_pair
