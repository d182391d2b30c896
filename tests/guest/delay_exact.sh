# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# guests: deterministic
# Virtual time: delays put at known places are found there, and nowhere else.
. /tests/guest/lib.sh

stage() { # FILE WAY TO FIELD: of data, in ns
	jq ".chains[] | select(.way == \"$2\" and .kind == \"data\") | .stages[] | select(.to == \"$3\") | .$4" "$1"
}
measure() { # NAME NAMESPACE PORT EXCHANGE-ARGUMENT...
	local name=$1 netns=$2 port=$3
	shift 3
	start_capture "$netns" -p "dst:$port" --at app,socket,qdisc,driver -o "$name.pcapng"
	start_exchange "$name" right 10.9.0.2 "$port" "$@"
	stop_capture
	stop_exchange
	tscope delay "$name.pcapng" --json >"$name.json"
}

load_module
make_pair
offloads_off
settle

ip netns exec left tc qdisc add dev l0 root netem delay 5ms
measure queued left 5401 20000 1000 20000
ip netns exec left tc qdisc del dev l0 root
within "$(stage queued.json send driver-tx quantiles_ns.p50)" 4950000 5100000 "netem's 5 ms lie between qdisc-tx and driver-tx, ns"
within "$(stage queued.json send socket-tx quantiles_ns.p50)" 0 200000 "not between app-tx and socket-tx, ns"
within "$(stage queued.json send qdisc-tx quantiles_ns.p50)" 0 100000 "not between socket-tx and qdisc-tx, ns"

# The receiver naps 20 ms once data is there; it comes every 50 ms.
RECEIVE_NAP_US=20000 measure nap right 5402 20000 1000 50000
within "$(stage nap.json receive app-rx quantiles_ns.p50)" 15000000 25000000 "a receiver that sleeps 20 ms first: before app-rx, ns"
within "$(stage nap.json receive socket-rx quantiles_ns.p50)" 0 200000 "and not between driver-rx and socket-rx, ns"
within "$(stage nap.json receive socket-rx quantiles_ns.p99)" 0 500000 "for no packet, ns"

# One CPU, and something that has it for 10 ms of every 20, before everybody else. The queue holds each packet 12 ms, so what was
# sent while the hog slept comes while it runs: the softirq takes it at once, the receiver waits for the hog's sleep.
hog() {
	mkfifo nothing
	# shellcheck disable=SC2016 # its own variables
	exec chrt -f 50 bash -c 'exec 9<>nothing; now() { time=${EPOCHREALTIME/./}; }
		while now; do
			for ((end = time + 10000; time < end; )); do now; done
			read -rt 0.01 -u 9
		done'
}
packets=200 limit=1000000
longer() { # FILE TO: how many of the packets took longer than $limit ns
	jq --argjson limit $limit "$(printf '.chains[] | select(.way == "receive" and .kind == "data") | .packets as $packets |
		.stages[] | select(.to == "%s") | ([.cdf[] | select(.below_ns <= $limit) | .share] | last // 0) as $within |
		$packets * (1 - $within) | round' "$2")" "$1"
}
ip netns exec left tc qdisc add dev l0 root netem delay 12ms
measure alone right 5403 $((packets * 1448)) 1448 25000 # full segments, which go out at once
hog &
hog=$!
measure hog right 5404 $((packets * 1448)) 1448 25000
kill $hog
wait $hog || true
drop_pair
for name in alone hog; do
	declare "socket_$name=$(longer $name.json socket-rx)" "app_$name=$(longer $name.json app-rx)"
done
# shellcheck disable=SC2154 # declared above
{
	within "$app_alone" 0 $((packets / 4)) "alone, few of $packets packets wait longer than 1 ms for the receiver"
	within "$app_hog" $((packets / 2)) $((packets + 2)) "beside a CPU hog most of them do: it shows in wake-up"
	within "$socket_alone" 0 $((packets / 10)) "between driver-rx and socket-rx next to none does alone"
	within "$socket_hog" 0 $((packets / 10)) "nor beside the hog"
}
