# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that stamps.sh filled: how far apart the two engines stamped each packet.
set -uo pipefail

stamps() { tshark -n -r "$1" -T fields -e frame.interface_name -e frame.time_epoch -e tcp.srcport -e tcp.seq_raw -e tcp.ack_raw -e tcp.flags -e tcp.len 2>/dev/null; }
stamps kmod.pcapng >kmod.stamps
stamps bpf.pcapng >bpf.stamps
python3 - <<'PYTHON'
import decimal

LIMIT_NS = 20_000


def stamps(name):
    found = {}
    with open(name, encoding="ascii") as lines:
        for line in lines:
            interface, time, *packet = line.rstrip("\n").split("\t")
            at = found.setdefault(interface.split("/")[-1], {})
            same = sum(1 for other in at if other[:-1] == tuple(packet))
            at[*packet, same] = int(decimal.Decimal(time) * 10**9)
    return found


kmod, bpf = stamps("kmod.stamps"), stamps("bpf.stamps")
for at in ("driver-rx", "driver-tx", "qdisc-tx", "socket-rx", "socket-tx"):
    ours, theirs = kmod.get(at, {}), bpf.get(at, {})
    apart = sorted(abs(theirs[p] - ours[p]) for p in ours.keys() & theirs.keys())
    if len(apart) < 100 or len(apart) != len(ours) or len(apart) != len(theirs):
        print(f"not ok stamps: {at}: {len(ours)} packets by kmod, {len(theirs)} by bpf, {len(apart)} in both")
        continue
    signed = sorted(theirs[p] - ours[p] for p in ours)
    p50, p90, p99 = (apart[int(q * (len(apart) - 1))] for q in (0.5, 0.9, 0.99))
    verdict = "ok" if p99 < LIMIT_NS else "not ok"
    print(f"{verdict} stamps: {at}: {len(apart)} packets stamped by both; apart p50 {p50} p90 {p90} p99 {p99} "
          f"max {apart[-1]} ns (bpf - kmod from {signed[0]} to {signed[-1]}), p99 below {LIMIT_NS} wanted")
PYTHON
