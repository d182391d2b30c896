# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that upper_calls.sh filled.
set -uo pipefail
here=$(dirname "$0")
# shellcheck source=tests/results.sh
. "$here/../results.sh"

# Lines "INTERFACE SEQ SEQ_END FLAGS" of the records, sorted.
calls() {
	python3 - "$1" <<'PYTHON'
import struct
import sys

TOLD = 0x10 | 0x20 | 0x10000 | 0x20000  # peeked, asked, ULP, MPTCP
with open(sys.argv[1], "rb") as file:
    data = file.read()
lines, at = [], 0
while at < len(data):
    kind, length = struct.unpack_from("<II", data, at)
    body = data[at + 8:at + length - 4]
    at += length
    if kind != 6:
        continue
    interface, _, _, size, _ = struct.unpack_from("<5I", body)
    option = 20 + (size + 3) // 4 * 4
    while option + 4 <= len(body):
        code, size = struct.unpack_from("<HH", body, option)
        if code == 0x8001:
            seq, seq_end = struct.unpack_from("<II", body, option + 4 + 16)
            low, = struct.unpack_from("<H", body, option + 4 + 36)
            high, = struct.unpack_from("<H", body, option + 4 + 44)
            lines.append("%u %u %u %#x" % (interface, seq, seq_end, (low | high << 16) & TOLD))
        option += 4 + (size + 3) // 4 * 4
print("\n".join(sorted(lines)))
PYTHON
}

calls kmod.pcapng >kmod.calls
calls bpf.pcapng >bpf.calls
holds "there are calls ($(wc -l <kmod.calls))" test "$(wc -l <kmod.calls)" -ge 10
holds "some of kTLS ($(grep -c '0x1....$' bpf.calls))" grep -q '0x1....$' bpf.calls
is "$(diff kmod.calls bpf.calls | grep -c '^[<>]')" 0 "both engines say the same of each"
