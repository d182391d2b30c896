#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Compares what tscope and tshark count in capture files; prints a line for each that differs.

usage: with_tshark.py TSCOPE FILE...
"""
import json
import re
import subprocess
import sys

FIELDS = ['frame.protocols', 'tcp.len', 'tcp.flags', 'icmp.type', 'icmpv6.type']
TUNNELS = re.compile(r'(?:vxlan|geneve|gtp|gre|esp|ah|etherip)(?::|$)')


def by_tshark(path):
    arguments = ['tshark', '-r', path, '-n', '-T', 'fields', '-E', 'occurrence=l', '-E',
                 'separator=;']
    for preference in ('ip.defragment', 'ipv6.defragment', 'tcp.desegment_tcp_streams'):
        arguments += ['-o', preference + ':FALSE']
    for field in FIELDS:
        arguments += ['-e', field]
    lines = subprocess.run(arguments, capture_output=True, text=True, check=True).stdout.split('\n')
    counts = dict(packets=0, tcp=0, pure_acks=0, tcp_bytes=0, skipped=0)
    for line in lines[:-1]:
        protocols, length, flags, icmp, icmp6 = line.split(';')
        counts['packets'] += 1
        layers = protocols.split(':')
        if 'tcp' in layers and 'icmp' not in layers and 'icmpv6' not in layers:
            bits = int(flags, 16)
            counts['tcp'] += 1
            counts['tcp_bytes'] += int(length or 0)
            counts['pure_acks'] += length == '0' and bits & 0x17 == 0x10
            continue
        inner = TUNNELS.split(protocols)[-1].split(':')
        echo = icmp in ('0', '8') or icmp6 in ('128', '129')
        counts['skipped'] += not (echo or 'udp' in inner)
    return counts


def by_tscope(tscope, path):
    report = json.loads(subprocess.run([tscope, 'acks', '--json', path], capture_output=True,
                                       text=True, check=True).stdout)
    return {key: report['input'][key] for key in
            ('packets', 'tcp', 'pure_acks', 'tcp_bytes', 'skipped')}


for file in sys.argv[2:]:
    ours, theirs = by_tscope(sys.argv[1], file), by_tshark(file)
    for what, count in theirs.items():
        if ours[what] != count:
            print(f'{file}: {ours[what]} {what}, tshark has {count}')
