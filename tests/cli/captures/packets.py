# SPDX-License-Identifier: MIT
"""Headers, and captures of them, in the ways in which other programs write them."""
import random
import struct


def checksum(data):
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip4(protocol, length, ident=0, ttl=64, ends=(1, 2), fragment=0x4000, options=b''):
    head = struct.pack('>BBHHHBBH4B4B', 0x45 + len(options) // 4, 0, 20 + len(options) + length,
                       ident, fragment, ttl, protocol, 0, 198, 51, 100, ends[0], 198, 51, 100,
                       ends[1]) + options
    return head[:10] + struct.pack('>H', checksum(head)) + head[12:]


def ip6(protocol, length, hops=64, ends=(1, 2)):
    address = lambda n: bytes.fromhex('20010db8') + bytes(11) + bytes([n])
    return struct.pack('>IHBB', 0x60000000, length, protocol, hops) + address(ends[0]) + \
        address(ends[1])


def tcp(ports, seq, ack, flags, tsval=None, sack=b'', window=501):
    options = b'\1\1\x08\n' + struct.pack('>II', tsval, 1) if tsval is not None else b''
    options += sack
    return struct.pack('>HHIIBBHHH', *ports, seq & 0xffffffff, ack & 0xffffffff,
                       (20 + len(options)) // 4 << 4, flags, window, 0, 0) + options


def udp(port, length):
    return struct.pack('>HHHH', 50000, port, 8 + length, 0)


class Packet:
    """time in nanoseconds, of whole microseconds; ip: headers from the IP header on; wire: its length with payload."""

    def __init__(self, time, ip, wire):
        self.time, self.ip, self.wire = time // 1000 * 1000, ip, wire

    def within(self, around):
        """The packet with `around(wire length)` before it."""
        head = around(self.wire)
        return Packet(self.time, head + self.ip, self.wire + len(head))


SEGMENT = 1440  # bytes: leaves room in a frame for what is put around the packet
ETHERNET = b'\x02\0\0\0\0\x0a\x02\0\0\0\0\x0b'


def ethernet(kind=0x0800):
    return ETHERNET + struct.pack('>H', kind)


def stream(v6=False, segments=800, per_ack=1, ident=True):
    """A transfer through a token bucket of 20 Mbit/s that counts 1514 bytes a frame, seen at the
    receiver's side of it: a segment every 605.6 us, an ACK for each `per_ack`."""
    rng = random.Random(12)
    packets, ids = [], [1000, 30000]
    now = 1_700_000_000_000_000_000

    def add(time, way, seq, ack, flags, payload=0, zero_id=False):
        ports, ends = ((5201, 40000), (2, 1)) if way else ((40000, 5201), (1, 2))
        segment = tcp(ports, seq, ack, flags, (time // 1_000_000) & 0xffffffff)
        length = len(segment) + payload
        ids[way] = ids[way] % 65535 + 1
        number = 0 if zero_id or not ident else ids[way]
        head = ip6(6, length, ends=ends) if v6 else ip4(6, length, number, ends=ends)
        packets.append(Packet(time, head + segment, len(head) + length))

    add(now, 0, 999, 0, 2)
    add(now + 30_000, 1, 4999, 1000, 0x12, zero_id=True)
    add(now + 60_000, 0, 1000, 5000, 0x10)
    for i in range(segments):
        at = now + 1_000_000 + i * 605_600
        add(at, 0, 1000 + SEGMENT * i, 5000, 0x10, SEGMENT)
        if i % per_ack == per_ack - 1:
            add(at + 20_000 + rng.randrange(-8000, 8000), 1, 5000, 1000 + SEGMENT * (i + 1), 0x10)
    end = now + 2_000_000 + segments * 605_600
    add(end, 0, 1000 + SEGMENT * segments, 5000, 0x11)
    add(end + 30_000, 1, 5000, 1001 + SEGMENT * segments, 0x11)
    add(end + 60_000, 0, 1001 + SEGMENT * segments, 5001, 0x10)
    return packets


def pcap(frames, link, snap=96, order='<', nanoseconds=False):
    """frames: (time, bytes, wire length)."""
    out = [struct.pack(order + 'IHHiIII', 0xa1b23c4d if nanoseconds else 0xa1b2c3d4, 2, 4, 0, 0,
                       snap, link)]
    for time, data, wire in frames:
        data = data[:snap]
        fraction = time % 10**9 // (1 if nanoseconds else 1000)
        out.append(struct.pack(order + 'IIII', time // 10**9, fraction, len(data), wire) + data)
    return b''.join(out)


class Pcapng:
    def __init__(self, order='<'):
        self.order, self.out = order, []
        self.block(0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1))

    def block(self, kind, body):
        body += b'\0' * (-len(body) % 4)
        length = struct.pack(self.order + 'I', 12 + len(body))
        self.out.append(struct.pack(self.order + 'I', kind) + length + body + length)

    def option(self, code, value):
        return struct.pack(self.order + 'HH', code, len(value)) + value + b'\0' * (-len(value) % 4)

    def interface(self, link, snap=0, options=b''):
        self.block(1, struct.pack(self.order + 'HHI', link, 0, snap) + options)

    def enhanced(self, interface, ticks, data, wire):
        self.block(6, struct.pack(self.order + 'IIIII', interface, ticks >> 32, ticks & 0xffffffff,
                                  len(data), wire) + data)

    def obsolete(self, interface, ticks, data, wire):
        self.block(2, struct.pack(self.order + 'HHIIII', interface, 0, ticks >> 32,
                                  ticks & 0xffffffff, len(data), wire) + data)

    def simple(self, data, wire):
        self.block(3, struct.pack(self.order + 'I', wire) + data)

    def bytes(self):
        return b''.join(self.out)
