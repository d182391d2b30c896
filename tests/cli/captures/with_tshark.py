#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what tscope and tshark count in capture files; prints a line for each that differs.

usage: with_tshark.py [--without EXCEPTION] TSCOPE FILE...

The two mean something else by a packet of TCP or UDP in the cases of EXCEPTIONS alone
(docs/file-format.md); --without leaves one out, so that the difference shows.
"""
import json
import re
import subprocess
import sys

FIELDS = ['frame.protocols', 'tcp.len', 'tcp.flags', 'icmp.type', 'icmpv6.type']
TUNNELS = re.compile(r'(?:vxlan|geneve|gtp|gre|esp|ah|etherip)(?::|$)')
# quoted: tshark takes the segment that an ICMP error quotes for a TCP segment.
# reassembled: tshark shows a segment in fragments at its last fragment, tscope at its first.
# tunnel: tshark calls a tunnel's own UDP header UDP, whatever is in the tunnel.
EXCEPTIONS = {'quoted', 'reassembled', 'tunnel'}


def by_tshark(path, exceptions):
    arguments = ['tshark', '-r', path, '-n', '-T', 'fields', '-E', 'occurrence=l', '-E',
                 'separator=;']
    if 'reassembled' in exceptions:
        arguments += ['-o', 'ip.defragment:FALSE', '-o', 'ipv6.defragment:FALSE']
    for field in FIELDS:
        arguments += ['-e', field]
    lines = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split('\n')
    counts = dict(packets=0, tcp=0, pure_acks=0, tcp_bytes=0, skipped=0)
    for line in lines[:-1]:
        protocols, length, flags, icmp, icmp6 = line.split(';')
        counts['packets'] += 1
        layers = protocols.split(':')
        quoted = 'quoted' in exceptions and ('icmp' in layers or 'icmpv6' in layers)
        if 'tcp' in layers and not quoted:
            bits = int(flags, 16) if flags else 0
            counts['tcp'] += 1
            counts['tcp_bytes'] += int(length or 0)
            counts['pure_acks'] += length == '0' and bits & 0x17 == 0x10
            continue
        inner = TUNNELS.split(protocols)[-1].split(':') if 'tunnel' in exceptions else layers
        echo = icmp in ('0', '8') or icmp6 in ('128', '129')
        counts['skipped'] += not (echo or 'udp' in inner)
    return counts


def by_tscope(tscope, path):
    report = json.loads(subprocess.run([tscope, 'acks', '--json', path], capture_output=True,
                                       text=True, check=True).stdout)
    return {key: report['input'][key] for key in
            ('packets', 'tcp', 'pure_acks', 'tcp_bytes', 'skipped')}


known, arguments = set(EXCEPTIONS), sys.argv[1:]
if arguments[0] == '--without':
    known.remove(arguments[1])
    arguments = arguments[2:]
for file in arguments[1:]:
    ours, theirs = by_tscope(arguments[0], file), by_tshark(file, known)
    for what, count in theirs.items():
        if ours[what] != count:
            print(f'{file}: {ours[what]} {what}, tshark has {count}')
