#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes one TCP transfer as other programs' files have it, and odd packets beside it.

usage: make.py OUTDIR

OUTDIR/same: files that give base.pcap's answer. OUTDIR/spoilt: those whose times, copies or snap
length have an answer of their own. OUTDIR/odd: others, for a comparison with tshark, and
OUTDIR/exceptions: where the two differ.
"""
import os
import struct
import sys

from packets import (ETHERNET, Packet, Pcapng, ethernet, ip4, ip6, pcap, stream, tcp, udp)

out = sys.argv[1]
base, base6 = stream(), stream(v6=True)
MPLS = struct.pack('>I', 0x00011140)
SNAP = b'\xaa\xaa\3\0\0\0\x08\0'
DIX = ethernet()
DIX6 = ethernet(0x86dd)


def write(folder, name, data):
    os.makedirs(os.path.join(out, folder), exist_ok=True)
    with open(os.path.join(out, folder, name), 'wb') as file:
        file.write(data)


def frames(packets, around):
    wrapped = (p.within(around) for p in packets)
    return [(p.time, p.ip, p.wire) for p in wrapped]


def outer(protocol, inner, ident=7):
    return lambda n: DIX + ip4(protocol, len(inner(n)) + n, ident) + inner(n)


def outer6(protocol, inner=lambda n: b''):
    return lambda n: DIX6 + ip6(protocol, len(inner(n)) + n) + inner(n)


def tunnel(port, header):
    return outer(17, lambda n: udp(port, len(header) + n) + header)


def plain(n):
    return b''


def fixed(head):
    return lambda n: head


def with_length(before, after):
    return lambda n: before + struct.pack('>H', n + len(after)) + after


def tags(*kinds):
    head = ETHERNET
    for i, kind in enumerate(kinds):
        head += struct.pack('>HH', kind, 5 + i)
    return head + b'\x08\0'


vxlan = b'\x08\0\0\0\0\0\7\0'
same = {
    'base': (1, fixed(DIX)),
    'vlan': (1, fixed(tags(0x8100))),
    'qinq': (1, fixed(tags(0x88a8, 0x8100))),
    'qinqinq': (1, fixed(tags(0x88a8, 0x8100, 0x8100))),
    'five-tags': (1, fixed(tags(0x88a8, 0x8100, 0x8100, 0x8100, 0x8100))),
    'mpls': (1, fixed(ethernet(0x8847) + b'\0\1\0\x40' + MPLS)),
    'mpls-multicast': (1, fixed(ethernet(0x8848) + MPLS)),
    'mpls-in-vlan': (1, fixed(ETHERNET + b'\x81\0\0\5\x88\x47' + MPLS)),
    'snap': (1, lambda n: ETHERNET + struct.pack('>H', 8 + n) + SNAP),
    'pppoe': (1, lambda n: ethernet(0x8864) + b'\x11\0\0\1' + struct.pack('>H', 2 + n) + b'\0\x21'),
    'pppoe-in-vlan': (1, lambda n: ETHERNET + b'\x81\0\0\5\x88\x64\x11\0\0\1' +
                      struct.pack('>H', 2 + n) + b'\0\x21'),
    'ppp': (9, fixed(b'\xff\3\0\x21')),
    'ppp-short': (9, fixed(b'\x21')),
    'ppp-hdlc': (50, fixed(b'\xff\3\0\x21')),
    'cisco-hdlc': (104, fixed(b'\x0f\0\x08\0')),
    'raw-ip': (101, plain),
    'raw-ipv4': (228, plain),
    'null': (0, fixed(struct.pack('<I', 2))),
    'loop': (108, fixed(struct.pack('>I', 2))),
    'sll': (113, fixed(struct.pack('>HHHQH', 0, 1, 6, 2 << 56, 0x0800))),
    'sll2': (276, fixed(struct.pack('>HHIHBBQ', 0x0800, 0, 2, 1, 0, 6, 2 << 56))),
    'sll-vlan': (113, fixed(struct.pack('>HHHQH', 0, 1, 6, 2 << 56, 0x8100) + b'\0\5\x08\0')),
    'nflog': (239, lambda n: b'\2\0\0\0' + struct.pack('<HH', 4 + n, 9)),
    'nflog-prefixed': (239, lambda n: b'\2\0\0\0\x08\0\x0a\0abc\0' +
                       struct.pack('<HH', 4 + n, 9)),
    'ipip': (1, outer(4, plain)),
    '4in6': (1, outer6(4)),
    'gre': (1, outer(47, fixed(b'\0\0\x08\0'))),
    'gre-all-fields': (1, outer(47, fixed(b'\xb0\0\x08\0' + bytes(12)))),
    'gre-over-ipv6': (1, outer6(47, fixed(b'\0\0\x08\0'))),
    'gretap-key': (1, outer(47, fixed(b'\x20\0\x65\x58\0\0\0\7' + DIX))),
    'gre-mpls': (1, outer(47, fixed(b'\0\0\x88\x47' + MPLS))),
    'erspan': (1, outer(47, fixed(b'\x10\0\x88\xbe\0\0\0\1' + b'\x10\0\0\0\0\0\0\0' + DIX))),
    'vxlan': (1, tunnel(4789, vxlan + DIX)),
    'vxlan-with-vlan-inside': (1, tunnel(4789, vxlan + tags(0x8100))),
    'geneve': (1, tunnel(6081, b'\0\0\x65\x58\0\0\7\0' + DIX)),
    'geneve-options': (1, tunnel(6081, b'\2\0\x65\x58\0\0\7\0' + b'\1\1\x80\1\0\0\0\0' + DIX)),
    'gtp-u': (1, lambda n: tunnel(2152, b'\x30\xff' + struct.pack('>H', n) + b'\0\0\0\1')(n)),
    'ipip-twice': (1, lambda n: DIX + ip4(4, 20 + n, 7) + ip4(4, n, 8)),
    'ethernet-in-ip': (1, outer(97, fixed(b'\x30\0' + DIX))),
    'authenticated': (1, None),
    'provider-backbone': (1, fixed(ethernet(0x88e7) + b'\0\0\0\7' + DIX)),
    'vxlan-in-qinq': (1, lambda n: tags(0x88a8, 0x8100) + tunnel(4789, vxlan + DIX)(n)[14:]),
}


def authenticated(packet):
    """The transport header behind an authentication header."""
    head, rest = packet.ip[:20], packet.ip[20:]
    ah = b'\6\4\0\0\0\0\0\1\0\0\0\1' + bytes(12)
    length = struct.unpack_from('>H', head, 2)[0] + len(ah)
    head = head[:2] + struct.pack('>H', length) + head[4:9] + b'\x33' + head[10:]
    return Packet(packet.time, head + ah + rest, packet.wire + len(ah))


def write_same():
    for name, (link, around) in same.items():
        if around is None:
            made = frames([authenticated(p) for p in base], fixed(DIX))
        else:
            made = frames(base, around)
        snap = 192
        if link == 239:  # tshark wants its attributes whole
            made, snap = [(t, d + bytes(n - len(d)), n) for t, d, n in made], 65535
        write('same', name + '.pcap', pcap(made, link, snap))
    made = frames(base, fixed(DIX))
    write('same', 'big-endian.pcap', pcap(made, 1, 96, '>'))
    write('same', 'nanoseconds.pcap', pcap(made, 1, 96, '<', True))
    write('same', 'exact-snap-length.pcap', pcap(made, 1, 66))
    for order, name in (('<', 'enhanced'), ('>', 'enhanced-big-endian')):
        file = Pcapng(order)
        file.interface(1)
        for time, data, wire in made:
            file.enhanced(0, time // 1000, data[:96], wire)
        write('same', name + '.pcapng', file.bytes())
    file = Pcapng()
    file.interface(1, options=file.option(9, b'\x09'))
    for time, data, wire in made:
        file.obsolete(0, time, data[:96], wire)
    write('same', 'obsolete-packet-blocks.pcapng', file.bytes())
    file = Pcapng()
    file.interface(1)
    for i, (time, data, wire) in enumerate(made):
        file.enhanced(0, time // 1000, data[:96], wire)
        if i % 100 == 0:
            file.block(0x80000bad, b'unknown')
    write('same', 'unknown-blocks.pcapng', file.bytes())


def write_spoilt():
    made = frames(base, fixed(DIX))
    twice = lambda which: [f for i, f in enumerate(made) for _ in range(2 if which(i) else 1)]
    write('spoilt', 'each-twice.pcap', pcap(twice(lambda i: True), 1))
    write('spoilt', 'every-tenth-twice.pcap', pcap(twice(lambda i: i % 10 == 0), 1))
    six = frames(base6, fixed(DIX6))
    write('spoilt', 'ipv6-each-twice.pcap', pcap([f for f in six for _ in (0, 1)], 1))
    write('spoilt', 'ipv6-every-tenth-twice.pcap',
          pcap([f for i, f in enumerate(six) for _ in range(2 if i % 10 == 0 else 1)], 1))
    write('spoilt', 'back-in-time.pcap',
          pcap([(t - (50_000_000 if i % 5 == 0 else 0), d, n) for i, (t, d, n) in enumerate(made)],
               1))
    write('spoilt', 'no-times.pcap', pcap([(0, d, n) for _, d, n in made], 1))
    write('spoilt', 'one-time.pcap', pcap([(made[0][0], d, n) for _, d, n in made], 1))
    write('spoilt', 'whole-milliseconds.pcap',
          pcap([(t // 10**6 * 10**6, d, n) for t, d, n in made], 1))
    write('spoilt', 'snaplen-40.pcap', pcap(made, 1, 40))
    file = Pcapng()
    file.interface(1)
    for _, data, wire in made:
        file.simple(data + bytes(wire - len(data)), wire)
    write('spoilt', 'simple-packet-blocks.pcapng', file.bytes())
    places = []
    for p in base:
        for device, way, later in ((2, 0, 0), (3, 4, 8000)):
            head = struct.pack('>HHIHBBQ', 0x0800, 0, device, 1, way, 6, 2 << 56)
            places.append((p.time + later, head + p.ip, 20 + p.wire))
    write('spoilt', 'sll2-router.pcap', pcap(sorted(places, key=lambda f: f[0]), 276))
    sides = []
    for p in base:
        behind = p.ip[:8] + bytes([p.ip[8] - 1]) + p.ip[9:]
        sides += [(p.time, DIX + p.ip, 14 + p.wire), (p.time + 8000, DIX + behind, 14 + p.wire)]
    write('spoilt', 'router.pcap', pcap(sorted(sides, key=lambda f: f[0]), 1))
    third = len(made) // 3
    for i, name in enumerate(('rotated', 'rotated1', 'rotated2')):
        write('spoilt', name, pcap(made[i * third:(i + 1) * third if i < 2 else None], 1))


def mixed(*others):
    """The transfer with each of the other frames behind every 100th packet."""
    all_frames = []
    for i, frame in enumerate(frames(base[:400], fixed(DIX))):
        all_frames.append(frame)
        if i % 100 == 0:
            all_frames += [(frame[0], other, len(other)) for other in others]
    return pcap(all_frames, 1, 192)


def write_odd():
    datagram = udp(53, 20) + bytes(20)
    echo = b'\x08\0\0\0\0\1\0\1' + bytes(20)
    quoted = b'\3\4\0\0\0\0\5\0' + base[5].ip[:28]
    segment = tcp((1, 2), 1, 1, 0x10)
    odd = {
        'arp': [ethernet(0x0806) + bytes(28)],
        'lldp': [ethernet(0x88cc) + b'\2\4' + bytes(30)],
        'spanning-tree': [b'\1\x80\xc2\0\0\0' + ETHERNET[6:] + b'\0\x26\x42\x42\3' + bytes(35)],
        'udp': [DIX + ip4(17, 28) + datagram],
        'echo': [DIX + ip4(1, 28) + echo],
        'icmp-error': [DIX + ip4(1, len(quoted)) + quoted],
        'igmp': [DIX + ip4(2, 8) + b'\x16\0\0\0\xe0\0\0\1'],
        'ospf': [DIX + ip4(89, 24) + b'\2\1\0\x18' + bytes(20)],
        'sctp': [DIX + ip4(132, 12) + bytes(12)],
        'esp': [DIX + ip4(50, 40) + bytes([0, 0, 1, 0]) + bytes(36)],
        'later-fragment': [DIX + ip4(6, 40, 9, fragment=0x0064) + bytes(40)],
        'first-fragment': [DIX + ip4(6, 60, 9, fragment=0x2000) + segment + bytes(40)],
        'vxlan-arp': [tunnel(4789, vxlan)(42) + ethernet(0x0806) + bytes(28)],
        'gre-keepalive': [DIX + ip4(47, 4) + bytes(4)],
        'ip-options': [DIX + ip4(6, 20, 9, options=b'\x94\4\0\0') + segment],
        'ip-options-longest': [DIX + ip4(6, 20, 9, options=b'\1' * 40) + segment],
        'padding': [DIX + ip4(6, 20, 9) + segment + bytes(6)],
        'ether-type-unknown': [ethernet(0x1234) + bytes(46)],
        'pppoe-discovery': [ethernet(0x8863) + b'\x11\x09\0\0\0\4\1\1\0\0'],
        'ppp-lcp': [ethernet(0x8864) + b'\x11\0\0\1\0\x0a\xc0\x21\x09\1\0\x08\0\0\0\0'],
        'empty-segments': [DIX + ip4(6, 20, 9) + tcp((1, 2), 1, 1, flags)
                           for flags in (0, 1, 2, 4, 8, 0x10, 0x11, 0x12, 0x14, 0x18, 0x30, 0x50)],
        'sack': [DIX + ip4(6, 32, 9) + tcp((1, 2), 1, 1, 0x10,
                                           sack=b'\1\1\5\x0a' + struct.pack('>II', 5, 9))],
        'urgent': [DIX + ip4(6, 30, 9) + tcp((1, 2), 1, 1, 0x38) + bytes(10)],
        'several': [ethernet(0x0806) + bytes(28), DIX + ip4(17, 28) + datagram,
                    DIX + ip4(2, 8) + bytes(8), ethernet(0x88cc) + b'\2\4' + bytes(30)],
    }
    for name, others in odd.items():
        write('odd', name + '.pcap', mixed(*others))
    six = {
        'ipv6': (1, fixed(DIX6)),
        'ipv6-vlan': (1, fixed(ETHERNET + b'\x81\0\0\5\x86\xdd')),
        'ipv6-raw': (101, plain),
        'ipv6-raw-229': (229, plain),
        'ipv6-loopback-bsd': (0, fixed(struct.pack('<I', 24))),
        'ipv6-loopback-freebsd': (0, fixed(struct.pack('<I', 28))),
        'ipv6-loopback-macos': (0, fixed(struct.pack('<I', 30))),
        'ipv6-sll': (113, fixed(struct.pack('>HHHQH', 0, 1, 6, 2 << 56, 0x86dd))),
        'ipv6-ppp': (9, fixed(b'\xff\3\0\x57')),
        'ipv6-mpls': (1, fixed(ethernet(0x8847) + MPLS)),
        '6in4': (1, outer(41, plain)),
        '6in6': (1, outer6(41)),
        'ipv6-gre': (1, outer(47, fixed(b'\0\0\x86\xdd'))),
        'ipv6-vxlan': (1, tunnel(4789, vxlan + DIX6)),
        'ipv6-geneve': (1, tunnel(6081, b'\0\0\x65\x58\0\0\7\0' + DIX6)),
    }
    for name, (link, around) in six.items():
        write('odd', name + '.pcap', pcap(frames(base6[:400], around), link, 192))
    for name, first, head in (('hop-by-hop', 0, b'\6\0\1\4\0\0\0\0'),
                              ('destination-options', 60, b'\6\0\1\4\0\0\0\0'),
                              ('routing', 43, b'\6\2\4\0\0\0\0\0' + bytes(16)),
                              ('two-extensions', 0, b'\x3c\0\1\4\0\0\0\0\6\0\1\4\0\0\0\0'),
                              ('fragment-header', 44, b'\6\0\0\1\0\0\0\7'),
                              ('later-fragments-ipv6', 44, b'\6\0\0\x51\0\0\0\7')):
        made = []
        for p in base6[:400]:
            length = struct.unpack_from('>H', p.ip, 4)[0] + len(head)
            data = DIX6 + p.ip[:4] + struct.pack('>HB', length, first) + p.ip[7:40] + head + p.ip[40:]
            made.append((p.time, data, 14 + p.wire + len(head)))
        write('odd', name + '.pcap', pcap(made, 1, 192))
    made = frames(base[:400], fixed(DIX))
    file = Pcapng()
    for link in (1, 101, 105, 113):
        file.interface(link)
    for i, p in enumerate(base[:400]):
        heads = (DIX, b'', b'', struct.pack('>HHHQH', 0, 1, 6, 2 << 56, 0x0800))
        head = heads[i % 4]
        file.enhanced(i % 4, p.time // 1000, (head + p.ip)[:96], len(head) + p.wire)
    write('odd', 'four-link-types.pcapng', file.bytes())
    whole = b''
    for order in '<>':
        file = Pcapng(order)
        file.interface(1)
        for time, data, wire in made:
            file.enhanced(0, time // 1000, data[:96], wire)
        whole += file.bytes()
    write('odd', 'two-sections.pcapng', whole)
    for snap in (54, 66, 70):
        write('odd', 'snap-length-%d.pcap' % snap, pcap(made, 1, snap))
    write('odd', 'no-packets.pcap', pcap([], 1))
    write('odd', 'delayed-acks.pcap',
          pcap(frames(stream(per_ack=2, segments=300), fixed(DIX)), 1))
    write('odd', 'no-ids.pcap', pcap(frames(stream(ident=False, segments=300), fixed(DIX)), 1))


def write_exceptions():
    """One packet each, of which tshark and tscope say different things (with_tshark.py)."""
    quoted = b'\3\4\0\0\0\0\5\0' + base[1].ip[:40]
    first = tcp((1, 2), 1, 1, 0x18) + bytes(40)
    for name, frame in (('quoted', DIX + ip4(1, len(quoted)) + quoted),
                        ('reassembled', DIX + ip4(6, len(first), 9, fragment=0x2000) + first),
                        ('tunnel', tunnel(4789, vxlan)(42) + ethernet(0x0806) + bytes(28))):
        write('exceptions', name + '.pcap', pcap([(base[0].time, frame, len(frame))], 1, 192))


write_same()
write_spoilt()
write_exceptions()
write_odd()
