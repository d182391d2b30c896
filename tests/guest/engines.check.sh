# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that engines.sh filled: records of several CPUs in the order of their stamps.
set -uo pipefail
# shellcheck source=tests/results.sh
here=$(dirname "$0")
. "$here/../results.sh"

for engine in kmod bpf; do
	backward=$(tshark -n -r $engine.pcapng -T fields -e frame.time_delta 2>/dev/null | grep -c '^-')
	is "$backward" "$(jq .loss.late $engine.json)" "$engine: no record is out of order but those counted late"
	is "$(jq '[.cpus[] | select(.records > 0)] | length > 1' $engine.json)" true "$engine: several CPUs made records"
done

for engine in kmod bpf; do
	read -r polls records _ < <(python3 "$here/polls.py" $engine-socket.pcapng)
	holds "$engine: at the socket alone, segments of calls 3 ms apart came in NAPI polls of their own ($polls polls, $records records)" \
		test "$records" -gt 20 -a $((polls * 2)) -gt "$records"
done
