#!/bin/bash
# SPDX-License-Identifier: MIT
# On this machine: what the BPF programs take for a packet at each place of the driver and the queue,
# beside an empty program at the same place, in turns, by the kernel's own measurement. Two network
# namespaces made here, no module.
set -euo pipefail

rounds=$1 megabytes=$2
# shellcheck source=tests/bench/native_pair.sh
. "$(dirname "$0")/native_pair.sh"

# Program, and the tracepoint where it is.
places=(driver_netif_rx:netif_rx_entry net_dev_start_x:net_dev_start_xmit net_dev_queue:net_dev_queue)
coproc cost { "$root/build/bench-bin/program_cost" "${places[@]#*:}"; }
# shellcheck disable=SC2154 # set by coproc
tell() { echo "$1" >&"${cost[1]}"; }
show() { # FILE
	local line
	tell show
	: >"$1"
	while read -r line <&"${cost[0]}" && [ "$line" != . ]; do echo "$line" >>"$1"; done
}
# measure CASE [OPTION...]: a transfer's mean of each program, added to PROGRAM.CASE. With options a
# capture with them runs, without empty programs do.
measure() {
	local case=$1 capture
	shift
	if [ $# -eq 0 ]; then
		tell attach
	else
		"$tscope" capture --engine bpf --at driver,qdisc -o /dev/null "$@" >ours.out 2>ours.log &
		capture=$!
		wait_for "the capture" grep -q capturing ours.log
	fi
	show before
	transfer >/dev/null
	show after
	if [ $# -eq 0 ]; then tell detach; else kill -INT "$capture" && wait "$capture"; fi
	awk -v case="$case" '
		FNR == NR { runs[$1] += $2; ns[$1] += $3; next }
		{ runs_after[$1] += $2; ns_after[$1] += $3 }
		END {
			for (name in runs_after) if (runs_after[name] > runs[name] + 1000)
				printf "%.1f\n", (ns_after[name] - ns[name]) / (runs_after[name] - runs[name]) >>(name "." case)
		}' before after
}

ip netns add $other
transfer >/dev/null # warms up
for ((round = 1; round <= rounds; round++)); do
	measure empty
	measure recorded --netns all -p 5201
	measure port --netns all -p 9
	measure netns --netns $other -p 5201
	echo "  round $round of $rounds done" >&2
done
echo "BPF programs on this machine, Linux $(uname -r), $(nproc) CPUs: nanoseconds a packet as the kernel measures them, less"
echo "those of an empty program there; median of $rounds rounds in turns, each of $megabytes MB over a veth"
printf '%-22s %8s %10s %14s %20s\n' "" empty recorded "other's port" "other's namespace"
for place in "${places[@]}"; do
	tracepoint=${place#*:} program=${place%:*}
	empty=$(median "empty_${tracepoint:0:9}.empty")
	printf '%-22s %8.0f' "$tracepoint" "$empty"
	for column in recorded:10 port:14 netns:20; do
		printf ' %*.0f' "${column#*:}" "$(jq -n "$(median "$program.${column%:*}") - $empty")"
	done
	echo
done
echo
