#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Answers ICMP echo requests by a script that maps sequence numbers to misdeeds; unlisted numbers get a good answer.

echo_forger.py ADDRESS OTHER-ADDRESS NUMBER=DEED... ("even=silent" stands for every even number). It says "ready" on standard
output, and ends after 20 s or when asked to. The kernel must not answer by itself (net.ipv4.icmp_echo_ignore_all).
"""
import socket
import struct
import sys
import time

address, other = sys.argv[1:3]
deeds = dict(word.split("=") for word in sys.argv[3:])


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def reply(ident, sequence, payload):
    head = struct.pack("!BBHHH", 0, 0, 0, ident, sequence)
    return struct.pack("!BBHHH", 0, 0, checksum(head + payload), ident, sequence) + payload


def raw(source):
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    sock.bind((source, 0))
    return sock


here, there = raw(address), raw(other)
here.settimeout(1)
held = None
print("ready", flush=True)
end = time.monotonic() + 20
while time.monotonic() < end:
    try:
        packet, sender = here.recvfrom(65536)
    except socket.timeout:
        continue
    message = packet[(packet[0] & 15) * 4:]
    if message[0] != 8:
        continue
    ident, sequence = struct.unpack("!HH", message[4:8])
    payload = message[8:]
    good = reply(ident, sequence, payload)
    deed = deeds.get(str(sequence), deeds.get("even", "good") if sequence % 2 == 0 else "good")
    if deed == "hold":  # until the next one was answered
        held = good
        continue
    if deed == "twice":
        here.sendto(good, sender)
    if deed == "shorter":
        good = reply(ident, sequence, payload[:-8])
    elif deed == "changed":
        good = reply(ident, sequence, payload[:-1] + bytes([payload[-1] ^ 1]))
    elif deed == "guessed":
        good = reply(ident, sequence, bytes(8) + payload[8:])
    elif deed == "unasked":
        here.sendto(reply(ident, sequence + 1000, payload), sender)
    if deed == "elsewhere":
        there.sendto(good, sender)
    elif deed != "silent":
        here.sendto(good, sender)
    if held is not None:
        here.sendto(held, sender)
        held = None
