# SPDX-License-Identifier: MIT
"""A STAMP session-sender that shares no code with tscope (RFC 8762, unauthenticated).

stamp_sender.py ADDRESS PORT [--count N] [--size BYTES] [--ttl N] [--source-port P] [--gap S]
Prints one JSON line a reply, with what must hold for it checked: "wrong" lists what does not.
"""
import argparse
import json
import socket
import struct
import time

EPOCH = 2208988800

arguments = argparse.ArgumentParser()
arguments.add_argument("address")
arguments.add_argument("port", type=int)
arguments.add_argument("--count", type=int, default=10)
arguments.add_argument("--size", type=int, default=44)
arguments.add_argument("--ttl", type=int, default=64)
arguments.add_argument("--ssid", type=int, default=0)
arguments.add_argument("--source-port", type=int, default=0)
arguments.add_argument("--gap", type=float, default=0.002)
arguments.add_argument("--last-after", type=float, default=0, help="pause before the last probe")
arguments = arguments.parse_args()


def to_ntp(seconds_ns):
    seconds, rest = divmod(seconds_ns, 10**9)
    return (seconds + EPOCH) << 32 | (rest << 32) // 10**9


def from_ntp(ntp):
    return ((ntp >> 32) - EPOCH) * 10**9 + ((ntp & 0xFFFFFFFF) * 10**9 >> 32)


six = ":" in arguments.address
family = socket.AF_INET6 if six else socket.AF_INET
udp = socket.socket(family, socket.SOCK_DGRAM)
udp.bind(("::" if six else "0.0.0.0", arguments.source_port))
if six:
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, arguments.ttl)
else:
    udp.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, arguments.ttl)
udp.connect((arguments.address, arguments.port))
udp.setblocking(False)

sent = {}
expected = 0


def receive():
    global expected
    while True:
        try:
            data = udp.recv(65536)
        except (BlockingIOError, ConnectionRefusedError):
            return
        now = time.time_ns()
        wrong = []
        if len(data) < 44:
            print(json.dumps({"wrong": [f"{len(data)} bytes"]}))
            continue
        (sequence, stamp, error, ssid, received, index, sender_stamp, sender_error, zero, ttl) = (
            struct.unpack_from("!IQHHQIQHHB", data)
        )
        probe, at, ntp = sent[index]
        if len(data) != len(probe):
            wrong.append(f"{len(data)} bytes for {len(probe)}")
        if data[44:] != probe[44:]:
            wrong.append("padding changed")
        if sender_stamp != ntp:
            wrong.append("sender's timestamp changed")
        if sender_error != 0x0A01 or ssid != arguments.ssid:
            wrong.append("sender's error estimate or SSID changed")
        if error & 0xFF == 0 or error & 0x4000:
            wrong.append(f"error estimate {error:#x}")
        if zero != 0 or data[41:44] != b"\0\0\0":
            wrong.append("must-be-zero fields are not")
        if ttl != arguments.ttl:
            wrong.append(f"TTL {ttl}")
        if sequence < expected:
            wrong.append(f"number {sequence} after {expected - 1}")
        expected = sequence + 1
        # One machine, one clock: sent, received there, sent back, received here. The last digit is rounding's.
        if not at - 1 <= from_ntp(received) <= from_ntp(stamp) + 1 <= now + 2:
            wrong.append(f"times {at} {from_ntp(received)} {from_ntp(stamp)} {now}")
        print(json.dumps({"index": index, "sequence": sequence, "received": received, "stamp": stamp,
                          "sender_stamp": sender_stamp, "ttl": ttl, "wrong": wrong}))


for index in range(arguments.count):
    if index == arguments.count - 1:
        time.sleep(arguments.last_after)
    at = time.time_ns()
    ntp = to_ntp(at)
    packet = struct.pack("!IQHH", index, ntp, 0x0A01, arguments.ssid) + bytes(28)
    packet += bytes((i * 7) & 0xFF for i in range(max(0, arguments.size - 44)))
    packet = packet[: arguments.size]
    sent[index] = (packet, at, ntp)
    try:
        udp.send(packet)
    except ConnectionRefusedError:
        pass
    if arguments.gap:
        time.sleep(arguments.gap)
    receive()
end = time.monotonic() + 0.5
while time.monotonic() < end:
    receive()
    time.sleep(0.01)
