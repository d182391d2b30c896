# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# What tests and benchmarks wait with, on this machine and in guests.

# wait_until SECONDS COMMAND...: up to so many until the command succeeds; fails if it never does.
wait_until() {
	local i tenths=$(($1 * 10))
	shift
	for ((i = 0; i < tenths; i++)); do
		"$@" >/dev/null 2>&1 && return 0
		sleep 0.1
	done
	return 1
}

# wait_for WHAT COMMAND...: the same with two minutes and a message. An emulated CPU may get little
# of a busy machine.
wait_for() {
	wait_until 120 "${@:2}" && return
	echo "waited two minutes for $1" >&2
	return 1
}
