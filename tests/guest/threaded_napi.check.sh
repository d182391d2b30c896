# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that threaded_napi.sh filled.
set -uo pipefail
here=$(dirname "$0")
# shellcheck source=tests/results.sh
. "$here/../results.sh"

for engine in kmod bpf; do
	for mode in softirq thread; do
		read -r polls batched unknown records < <(python3 "$here/polls.py" $engine-$mode.pcapng)
		holds "$engine, $mode: records at driver-rx ($records)" test "$records" -ge 40
		is "$batched" "$records" "$engine, $mode: each says that it came in a poll"
		is "$unknown" 0 "$engine, $mode: and none that it can't tell"
		# 40 calls of four segments.
		holds "$engine, $mode: calls 3 ms apart came in polls of their own ($polls)" test "$polls" -ge 20
	done
done
