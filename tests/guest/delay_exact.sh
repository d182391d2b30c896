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

# One CPU, and something that wants all of it: the receiver waits for the hog's slice to end, the softirq does not. netem's
# timer delivers the data while the hog runs; else it would come with the sender, behind which the receiver is next.
ip netns exec left tc qdisc add dev l0 root netem delay 5ms
chrt -b -p 0 $$ # for all that is started here: its wake-ups preempt nobody
measure alone right 5403 20000 1000 20000
sh -c 'while :; do :; done' &
hog=$!
measure hog right 5404 20000 1000 20000
kill $hog
wait $hog || true
drop_pair
for at in socket-rx app-rx; do
	for field in quantiles_ns.p50 sum_ns; do
		declare "${at%-rx}_${field##*.}_alone=$(stage alone.json receive $at $field)"
		declare "${at%-rx}_${field##*.}_hog=$(stage hog.json receive $at $field)"
	done
done
# shellcheck disable=SC2154 # declared above
holds "a CPU hog shows in wake-up (sum $app_sum_ns_alone ns alone, $app_sum_ns_hog ns beside it)" \
	jq -en "$app_sum_ns_hog > 2 * $app_sum_ns_alone and $app_sum_ns_hog - $app_sum_ns_alone > 1000000"
# shellcheck disable=SC2154
within "$socket_p50_hog" 0 200000 "and not between driver-rx and socket-rx (alone $socket_p50_alone), ns"
