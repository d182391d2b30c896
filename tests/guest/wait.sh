# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What guest tests and benchmarks wait with, here and in a guest.

# wait_for WHAT COMMAND...: up to two minutes until the command succeeds: an emulated CPU may get little of a busy machine.
wait_for() {
	local what=$1 i
	shift
	for ((i = 0; i < 1200; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	echo "waited two minutes for $what" >&2
	return 1
}
