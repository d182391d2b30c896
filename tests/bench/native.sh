#!/bin/bash
# SPDX-License-Identifier: MIT
# On this machine: speed of a transfer without a capture, with BPF programs and with tcpdump, in
# turns. Two network namespaces made here, no module.
set -euo pipefail

rounds=$1 megabytes=$2
# shellcheck source=tests/bench/native_pair.sh
. "$(dirname "$0")/native_pair.sh"
transfer >/dev/null # warms up

ours_turn() {
	local capture
	"$tscope" capture --engine bpf --netns $right -p 5201 --at driver -o ours.pcapng --json >ours.json 2>ours.log &
	capture=$!
	wait_for "the capture" grep -q capturing ours.log
	transfer >>ours
	kill -INT $capture
	wait $capture
	jq .records ours.json >>ours.records
	jq .loss.lost ours.json >>ours.lost
	rm ours.pcapng
}

turns=("transfer_alone" "ours_turn" "tcpdump_turn $right transfer")
transfer_alone() { transfer >>none; }
for ((round = 1; round <= rounds; round++)); do
	# Each is the first in a third of the rounds, for what came before a transfer may tell on it.
	for ((turn = 0; turn < 3; turn++)); do
		${turns[(round + turn) % 3]}
	done
	echo "  round $round of $rounds done" >&2
done
echo "BPF programs on this machine, Linux $(uname -r), $(nproc) CPUs: MTU 1500, offloads off, $megabytes MB over a veth,"
echo "$rounds rounds in turns; captures at the receiver, both directions"
print_table "tscope --engine bpf, driver" 1 "tcpdump -s 96"
