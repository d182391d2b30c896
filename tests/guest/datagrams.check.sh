# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that datagrams.sh filled: the same packets as tcpdump's, and each from one vantage point to the
# next in the order of time.
set -uo pipefail

python3 - <<'PYTHON'
import collections
import struct

DRIVER_RX, SOCKET_RX, APP_RX, APP_TX, SOCKET_TX, QDISC_TX, DRIVER_TX = range(7)
NAMES = "driver-rx socket-rx app-rx app-tx socket-tx qdisc-tx driver-tx".split()
SYNTHESISED, PEEK, ASKED = 0x3, 0x10, 0x20
PAYLOAD_MAX = 16
GSO_LENGTH = 308  # of three by one call: their payload is in page fragments, where BPF programs can't read
WAYS = ((APP_TX, SOCKET_TX, QDISC_TX, DRIVER_TX), (DRIVER_RX, SOCKET_RX, APP_RX))

Record = collections.namedtuple("Record", "at tsc wire_len segs flags seq seq_end headers")


def verdict(good, what):
    print(f"{'ok' if good else 'not ok'} datagrams: {what}")


def records(name):
    """The file's records as the kernel wrote them, by pcapng's blocks."""
    with open(name, "rb") as file:
        data = file.read()
    vantages, at = [], 0
    while at < len(data):
        kind, length = struct.unpack_from("<II", data, at)
        body = data[at + 8:at + length - 4]
        at += length
        if kind == 1:
            vantages.append(next(NAMES.index(n) for n in NAMES if b"/" + n.encode() in body))
        if kind != 6:
            continue
        interface, _, _, captured, _ = struct.unpack_from("<5I", body)
        option = 20 + (captured + 3) // 4 * 4
        while True:
            code, size = struct.unpack_from("<HH", body, option)
            if code == 0x8001:
                break
            option += 4 + (size + 3) // 4 * 4
        tsc, _, _, seq, seq_end, wire_len, _, _, segs, flags = struct.unpack_from("<QIIIIIIHHH", body, option + 4)
        yield Record(vantages[interface], tsc, wire_len, segs, flags, seq, seq_end, body[20 + 14:20 + captured])


def split(headers):
    """(protocol, source, destination), transport header, payload."""
    if headers[0] >> 4 == 4:
        return (headers[9], headers[12:16], headers[16:20]), headers[20:28], headers[28:]
    return (headers[6], headers[8:24], headers[24:40]), headers[40:48], headers[48:]


def identity(headers):
    """All that stays the same on the way: no checksum, which may be filled in late."""
    ends, transport, payload = split(headers)
    transport = transport[:6] if ends[0] == 17 else transport[:2] + transport[4:]
    payload = b"" if ends[0] == 17 and int.from_bytes(transport[4:6], "big") == GSO_LENGTH else payload
    return ends + (transport, payload[:PAYLOAD_MAX])


def is_udp(record):
    return split(record.headers)[0][0] == 17


def call(headers):
    """What a send call can be known by."""
    (protocol, _, destination), transport, _ = split(headers)
    return (protocol, destination, transport[:4] if protocol == 17 else b"")


def tcpdump_packets():
    with open("tcpdump.pcap", "rb") as file:
        data = file.read()
    at = 24
    while at < len(data):
        captured = struct.unpack_from("<I", data, at + 8)[0]
        yield identity(data[at + 16 + 14:at + 16 + captured])
        at += 16 + captured


def in_order(name, found, way):
    good = bad = 0
    calls = collections.defaultdict(list)
    stamps = collections.defaultdict(dict)
    for record in sorted(found, key=lambda r: r.tsc):
        if record.at == APP_TX:
            calls[call(record.headers)].append(record.tsc)
        elif record.at in way and not record.flags & PEEK:
            key = identity(record.headers)
            if record.at in stamps[key]:
                key += (sum(1 for k in stamps if k[:5] == key),)
            stamps[key][record.at] = record.tsc
    for key, at in stamps.items():
        if way[0] == APP_TX and SOCKET_TX in at:
            protocol, _, destination, transport = key[:4]
            asked = calls[protocol, destination, transport[:4] if protocol == 17 else b""]
            at[APP_TX] = asked.pop(0) if asked else 1 << 64
        times = [at[v] for v in way if v in at]
        good += len(times) == len(way) and times == sorted(times)
        bad += len(times) != len(way) or times != sorted(times)
    path = " <= ".join(NAMES[v] for v in way)
    verdict(good >= 3 * 41 + 20 and not bad, f"{name}: {good} packets at {path}, {bad} not")


wire = collections.Counter(tcpdump_packets())
for name in ("kmod", "bpf"):
    found = list(records(name + ".pcapng"))
    ours = collections.Counter(identity(r.headers) for r in found if r.at in (DRIVER_RX, DRIVER_TX))
    verdict(ours == wire, f"{name}: driver-rx and driver-tx have the {sum(wire.values())} packets that tcpdump saw")
    # Raw sockets get their copy before the ICMP handler does, so only what a ping socket asked is sure to be in order.
    raw_from = min((r.tsc for r in found
                    if r.at == APP_TX and not is_udp(r) and split(r.headers)[1][4:6] == b"\0\0"), default=0)
    for way in WAYS:
        in_order(name, [r for r in found if is_udp(r) or r.tsc < raw_from], way)
    verdict(all(r.seq == 0 and r.seq_end == 0 for r in found), f"{name}: no sequence numbers")
    verdict(all((r.flags & (SYNTHESISED | ASKED) == SYNTHESISED | ASKED) == (r.at == APP_TX) for r in found),
            f"{name}: transport headers are made up at app-tx alone")
    verdict(all(bool(r.flags & 1) == (r.at == APP_TX or (r.at == SOCKET_TX and not is_udp(r))) for r in found),
            f"{name}: and IP headers there and of pings at socket-tx")
    verdict(sum(1 for r in found if r.flags & PEEK) == 3, f"{name}: three looks are flagged")
    verdict(all(len(split(r.headers)[2]) == (0 if r.at == APP_TX else PAYLOAD_MAX) for r in found
                if name == "kmod" or r.segs == 1),
            f"{name}: {PAYLOAD_MAX} bytes of payload but at app-tx")
    verdict(all(struct.unpack_from(">H", r.headers, 2)[0] == r.wire_len if r.headers[0] >> 4 == 4 else
                struct.unpack_from(">H", r.headers, 4)[0] + 40 == r.wire_len for r in found),
            f"{name}: lengths in headers are the packets'")
PYTHON
