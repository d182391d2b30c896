# SPDX-License-Identifier: MIT
"""polls.py FILE: of the records of a capture file prints how many NAPI polls the ones made in a poll or
soft interrupt name, how many these are, how many say that they can't tell, and how many there are."""
import struct
import sys

SOFTIRQ, POLL_UNKNOWN = 0x4, 0x8000
with open(sys.argv[1], "rb") as file:
    data = file.read()
polls, unknown, records, at = [], 0, 0, 0
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
            records += 1
            unknown += bool(flags & POLL_UNKNOWN)
            if flags & SOFTIRQ:
                polls.append((cpu, poll))
        option += 4 + (size + 3) // 4 * 4
print(len(set(polls)), len(polls), unknown, records)
