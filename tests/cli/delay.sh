# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# tscope delay on files that are here: figures, and one line that says what to do where there are none.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit 1
tscope=build/tscope
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check() { # WHAT WANTED-STATUS PATTERN ARGUMENT...
	local what=$1 wanted=$2 pattern=$3 status=0
	shift 3
	"$tscope" delay "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
	if [ $status -eq "$wanted" ] && cat "$work/out" "$work/err" | grep -qE "$pattern" &&
		{ [ $status -eq 0 ] || [ "$(wc -l <"$work/err")" -eq 1 ]; }; then
		echo "ok cli: delay: $what"
	else
		echo "not ok cli: delay: $what: status $status, said: $(head -c 300 "$work/err")"
	fi
}

file=tests/golden/pcapng-tscope.pcapng
check "a table" 0 'qdisc-tx > driver-tx +1\.50' $file
check "JSON" 0 '"schema": "tscope-delay-1"' --json $file
check "another program's capture has no layers" 1 'use tscope capture --at' tests/golden/pair-host.pcap
check "which JSON says too" 0 'why_no_delays' --json tests/golden/pair-host.pcap
check "two files" 2 'one capture' $file $file
check "no such file" 1 'no-such-file' no-such-file
check "no such flow" 1 'try without it' --flow nothing $file
head -c 9000 $file >"$work/cut.pcapng"
check "a file that is cut off" 0 'is cut off' "$work/cut.pcapng"
