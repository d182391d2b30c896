# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that engines.sh filled: records of several CPUs in the order of their stamps.
set -uo pipefail
# shellcheck source=tests/results.sh
. "$(dirname "$0")/../results.sh"

for engine in kmod bpf; do
	backward=$(tshark -n -r $engine.pcapng -T fields -e frame.time_delta 2>/dev/null | grep -c '^-')
	is "$backward" "$(jq .loss.late $engine.json)" "$engine: no record is out of order but those counted late"
	is "$(jq '[.cpus[] | select(.records > 0)] | length > 1' $engine.json)" true "$engine: several CPUs made records"
done

# polls FILE: the distinct NAPI polls that the records made in softirq name, and how many records these are.
polls() {
	python3 - "$1" <<'PYTHON'
import struct
import sys

SOFTIRQ = 0x4
with open(sys.argv[1], "rb") as file:
    data = file.read()
polls, at = [], 0
while at < len(data):
    kind, length = struct.unpack_from("<II", data, at)
    body = data[at + 8:at + length - 4]
    at += length
    if kind != 6:
        continue
    option = 20 + (struct.unpack_from("<5I", body)[3] + 3) // 4 * 4
    while option + 4 <= len(body):
        code, size = struct.unpack_from("<HH", body, option)
        if code == 0x8001:
            poll, cpu, _, flags = struct.unpack_from("<IHHH", body, option + 4 + 28)
            if flags & SOFTIRQ:
                polls.append((cpu, poll))
        option += 4 + (size + 3) // 4 * 4
print(len(set(polls)), len(polls))
PYTHON
}

for engine in kmod bpf; do
	read -r polls records < <(polls $engine-socket.pcapng)
	holds "$engine: at the socket alone, segments of calls 3 ms apart came in NAPI polls of their own ($polls polls, $records records)" \
		test "$records" -gt 20 -a $((polls * 2)) -gt "$records"
done
