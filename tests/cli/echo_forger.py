#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers ICMP echo requests, or STAMP probes (RFC 8762), by a script that maps sequence numbers to misdeeds; unlisted numbers get a good
answer.

echo_forger.py [--stamp] ADDRESS OTHER-ADDRESS NUMBER=DEED... ("even=silent" stands for every even number). It says "ready" on standard
output, and ends after 20 s or when asked to. The kernel must not answer echoes by itself (net.ipv4.icmp_echo_ignore_all,
net.ipv6.icmp.echo_ignore_all).
"""
import socket
import struct
import sys
import time


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Echo:
    """A request is (identifier, sequence, payload)."""

    def __init__(self, family):
        self.v6 = family == socket.AF_INET6
        self.request_type, self.reply_type = (128, 129) if self.v6 else (8, 0)

    def socket(self, family, address):
        sock = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if self.v6 else socket.IPPROTO_ICMP)
        sock.bind((address, 0))
        return sock

    def read(self, packet):
        message = packet if self.v6 else packet[(packet[0] & 15) * 4 :]
        if message[0] != self.request_type:
            return None
        return (*struct.unpack("!HH", message[4:8]), message[8:])

    def reply(self, ident, sequence, payload):
        head = struct.pack("!BBHHH", self.reply_type, 0, 0, ident, sequence)
        # Of ICMPv6 the kernel makes the checksum.
        return struct.pack("!BBHHH", self.reply_type, 0, checksum(head + payload), ident, sequence) + payload

    def misdeed(self, deed, ident, sequence, payload):
        return {
            "shorter": lambda: self.reply(ident, sequence, payload[:-8]),
            "changed": lambda: self.reply(ident, sequence, payload[:-1] + bytes([payload[-1] ^ 1])),
            "guessed": lambda: self.reply(ident, sequence, bytes(8) + payload[8:]),
            "unasked": lambda: self.reply(ident, sequence + 1000, payload),
        }[deed]()


class Stamp:
    """A request is (nothing, sequence, the probe)."""

    def socket(self, family, address):
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.bind((address, 862))
        return sock

    def read(self, packet):
        return None, struct.unpack("!I", packet[:4])[0], packet

    def reply(self, _, sequence, probe):
        now = time.time()
        stamp = struct.pack("!II", int(now) + 2208988800, int(now % 1 * 2**32))
        head = struct.pack("!I", sequence) + stamp + struct.pack("!HH", 1, 0) + stamp
        return head + struct.pack("!I", sequence) + probe[4:14] + bytes(2) + b"\x40" + bytes(3 + max(0, len(probe) - 44))

    def misdeed(self, deed, _, sequence, probe):
        return {
            "shorter": lambda: self.reply(_, sequence, probe)[:-8],
            "junk": lambda: bytes(20),
            "guessed": lambda: self.reply(_, sequence, probe[:4] + bytes(8) + probe[12:]),
            "unasked": lambda: self.reply(_, sequence + 1000, probe),
        }[deed]()


arguments = sys.argv[1:]
stamp = arguments[0] == "--stamp"
address, other = arguments[stamp : stamp + 2]
deeds = dict(word.split("=") for word in arguments[stamp + 2 :])
family = socket.AF_INET6 if ":" in address else socket.AF_INET
protocol = Stamp() if stamp else Echo(family)
here, there = protocol.socket(family, address), protocol.socket(family, other)
here.settimeout(1)
held = None
print("ready", flush=True)
end = time.monotonic() + 120
while time.monotonic() < end:
    try:
        packet, sender = here.recvfrom(65536)
    except socket.timeout:
        continue
    request = protocol.read(packet)
    if request is None:
        continue
    sequence = request[1]
    good = protocol.reply(*request)
    deed = deeds.get(str(sequence), deeds.get("even", "good") if sequence % 2 == 0 else "good")
    if deed == "hold":  # until the next one was answered
        held = good
        continue
    if deed in ("shorter", "changed", "guessed", "junk"):
        good = protocol.misdeed(deed, *request)
    elif deed in ("twice", "unasked"):
        here.sendto(good if deed == "twice" else protocol.misdeed(deed, *request), sender)
    if deed != "silent":
        (there if deed == "elsewhere" else here).sendto(good, sender)
    if held is not None:
        here.sendto(held, sender)
        held = None
