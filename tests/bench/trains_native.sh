#!/bin/bash
# SPDX-License-Identifier: MIT
# On this machine: when probes leave, sent by user space, and by the module if it is loaded. Two
# network namespaces made here.
set -euo pipefail

rounds=$1 probes=$2 gaps=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
PATH=$root/build:$PATH
senders="spin sleep txtime"
[ ! -e /dev/tscope ] || senders="kmod $senders"
# shellcheck source=tests/bench/trains.sh
. "$root/tests/bench/trains.sh"
work=$(mktemp -d)
server='' hog='' traffic='' tap=''
clean() {
	local pid netns
	for pid in $server $hog $traffic $tap; do kill "$pid" 2>/dev/null || true; done
	for netns in tscope-$$-l tscope-$$-r; do ip netns del $netns 2>/dev/null || true; done
	rm -rf "$work"
}
trap clean EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
cd "$work"

make_path tscope-$$-l tscope-$$-r
for sender in $senders; do send "$sender" 9 1000 200 || true; done # warms up
for ((round = 1; round <= rounds; round++)); do
	echo "  round $round of $rounds" >&2
	run_round $round "$senders" "$gaps" "$probes"
done

echo "Probe trains on this machine, Linux $(uname -r), $(nproc) CPUs: $rounds x $probes probes over a veth, in turns"
print_table "$senders" "$gaps"
explain "${senders%% *}"
echo
