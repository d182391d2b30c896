#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two guests in virtual time run the same command: all that they bring back is the same, byte for
# byte.
set -uo pipefail

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
TEST=repeat
# shellcheck source=tests/results.sh
. "$root/tests/results.sh"
dir=$root/build/repeat

rm -rf "$dir"
for run in 1 2; do
	mkdir -p "$dir/$run"
	"$root/tests/vm/run" --kernel 6.12 --deterministic --out "$dir/$run" --file "$here/guest.sh" -- \
		bash /files/guest.sh </dev/null >"$dir/$run/stdout" 2>"$dir/$run/stderr" ||
		{ not_ok "run $run ended with status $?: $(tail -n 3 "$dir/$run/stderr" | tr '\n' ' ')"; exit; }
done

cd "$dir" || exit
# Raw stamps stand in the captures, in ticks; the kernel log has a time in every line.
records=$("$root/build/tscope" acks --json 1/capture.pcapng 2>/dev/null | jq .packets)
lines=$(wc -l <1/dmesg.txt)
holds "there is something to compare ($records records, $lines lines of the kernel log)" \
	test "${records:-0}" -gt 500 -a "$lines" -gt 200
for file in 1/*; do
	file=${file#1/}
	if cmp -s "1/$file" "2/$file"; then
		ok "$file is the same in two runs ($(wc -c <"1/$file") bytes)"
	else
		not_ok "$file differs between two runs: $(cmp "1/$file" "2/$file" 2>&1)"
	fi
done
holds "both have the same files" diff <(ls 1) <(ls 2)
