# SPDX-License-Identifier: MIT
"""What the RFCs make of the packets that tcpdump saw, beside what tscope reports. Shares no code with tscope.

Reads NAME-l0.fields, NAME-r0.fields and NAME.fields (tshark's) and NAME.json; prints results.
"""
import collections
import datetime
import json

COUNT = 512
PORT = 862
TTL = 255

Packet = collections.namedtuple(
    "Packet", "at source destination ttl sequence stamp error received index index_stamp index_error index_ttl"
)


def ns(seconds):
    whole, rest = seconds.split(".")
    return int(whole) * 10**9 + int(rest.ljust(9, "0")[:9])


def wall_ns(text):
    """Of tshark's "Jan  1, 2026 00:00:12.345678901 UTC"."""
    day, rest = text.removesuffix(" UTC").split(".")
    second = datetime.datetime.strptime(" ".join(day.split()), "%b %d, %Y %H:%M:%S")
    return ns(f"{int(second.replace(tzinfo=datetime.timezone.utc).timestamp())}.{rest}")


def read(name):
    packets = []
    for line in open(name + ".fields", encoding="utf-8"):
        field = line.rstrip("\n").split("\t")
        packets.append(
            Packet(
                ns(field[0]),
                *(int(text, 0) for text in field[1:5]),
                wall_ns(field[5]),
                int(field[6], 0),
                wall_ns(field[7]),
                int(field[8], 0),
                wall_ns(field[9]),
                *(int(text, 0) for text in field[10:12]),
            )
        )
    return packets


def probes(packets):
    return [p for p in packets if p.destination == PORT and p.sequence < COUNT]


def answers(packets):
    return [p for p in packets if p.source == PORT and p.index < COUNT]


def report(name):
    with open(name + ".json", encoding="utf-8") as file:
        return json.load(file)["replies"]


def check(good, what):
    print(f"{'ok' if good else 'not ok'} reflect: {what}")


def equal(got, wanted, what):
    check(got == wanted, f"{what} ({got})" if got == wanted else f"{what}: got {got}, wanted {wanted}")


def reordering(numbers):
    """RFC 4737: sections 3.4 (reordered if below the next expected) and 4.2.2 (extent); [count, greatest extent]."""
    expected, reordered, greatest = 0, 0, 0
    for place, number in enumerate(numbers):
        if number >= expected:
            expected = number + 1
            continue
        reordered += 1
        earliest = next(i for i in range(place) if numbers[i] > number)
        greatest = max(greatest, place - earliest)
    return [reordered, greatest]


def quantile(values, share):
    """The smallest value that a share of them does not exceed."""
    values = sorted(values)
    return values[max(0, -(-len(values) * round(share * 100) // 100) - 1)]


def check_order(name):
    replies = report(name)
    there = [p.sequence for p in probes(read(name + "-r0"))]
    arrived = answers(read(name + "-l0"))
    for way, numbers in (
        ("forward", there),
        ("backward", [p.sequence - min(a.sequence for a in arrived) for p in arrived]),
        ("round_trip", [p.index for p in arrived]),
    ):
        got = [replies[way]["reordered"], replies[way]["reordering_extent"]["max"]]
        equal(got, reordering(numbers), f"{name}: {way}: reordered, greatest extent as tcpdump saw the packets")


def check_fields():
    sent = {p.sequence: p for p in probes(read("plain"))}
    there = probes(read("plain-r0"))
    back = answers(read("plain-r0"))
    arrived = answers(read("plain-l0"))
    check(sorted(sent) == list(range(COUNT)), "our file has every probe, by tshark's reading")
    check([p.sequence for p in there] == list(range(COUNT)), "so has tcpdump's at the reflector")
    check(
        all(sent[p.sequence][4:7] == p[4:7] for p in there),
        "number, timestamp and error estimate in our file are those of the wire",
    )
    away = max(abs(p.at - p.stamp) for p in sent.values())
    check(away <= 1000, f"the timestamp sent is the hand-over in our file, to a microsecond (at most {away} ns away)")
    equal({p.ttl for p in there}, {TTL - 1}, "probes' TTL at the reflector")
    check([p.index for p in back] == list(range(COUNT)), "answers name every probe")
    first = back[0].sequence
    check([p.sequence for p in back] == list(range(first, first + COUNT)), "and have numbers of their own")
    check(
        all(p[9:11] == sent[p.index][5:7] for p in back),
        "answers give the probe's timestamp and error estimate back",
    )
    equal({p.index_ttl for p in back}, {TTL - 1}, "and the TTL it arrived with")
    check(
        all(p.received <= p.stamp <= p.at + 1 for p in back),
        "the transmit timestamp lies between it and the answer's leaving",
    )
    check([p[4:] for p in back] == [p[4:] for p in arrived], "answers arrive as they left")


def before_tcpdump(name):
    """How far the receive timestamps lie before tcpdump's stamps of the probes, in ns."""
    at = {p.sequence: p.at for p in probes(read(name + "-r0"))}
    return [at[p.index] - p.received for p in answers(read(name + "-r0"))]


def check_received():
    away = max(abs(ns) for ns in before_tcpdump("order"))
    check(away <= 1, f"the kernel's stamps: receive timestamps are those that tcpdump has too (at most {away} ns away)")
    for name in ("plain", "copies"):
        before = before_tcpdump(name)
        check(min(before) >= -1000, f"{name}: the driver had the probes before tcpdump (by {min(before)} ns at least)")
    stay = report("copies")["residence_ns"]["max"]
    ahead = quantile(before_tcpdump("copies"), 0.9)
    check(ahead < stay / 10, f"copies: receive timestamps stay right (9 of 10 within {ahead} ns; in the reflector {stay} ns)")


def check_delays(name):
    replies = report(name)
    error = replies["alignment"]["error_ns"]
    arrived = answers(read(name + "-l0"))
    round_trip = [p.at - p.index_stamp - (p.stamp - p.received) for p in arrived]
    forward = [p.received - p.index_stamp for p in arrived]
    backward = [p.at - p.stamp for p in arrived]
    equal(len(arrived), COUNT, f"{name}: answers that tcpdump saw")
    for share, key in ((0, "min"), (0.5, "p50"), (0.99, "p99"), (1, "max")):
        away = replies["round_trip"]["delay_ns"][key] - quantile(round_trip, share)
        check(abs(away) <= 1000, f"{name}: round trip {key} as by tcpdump's stamps, to a microsecond ({away} ns away)")
        for way, delays in (("forward", forward), ("backward", backward)):
            away = replies[way]["delay_ns"][key] - quantile(delays, share)
            check(abs(away) <= error, f"{name}: {way} {key} within the error stated ({away} ns away, error {error} ns)")
    # PDV and IPDV (RFC 5481, sections 4.2 and 4.1) need no offset; the drift that is taken off them is 0 here, so what was
    # estimated may move a delay and the least of them, each by that much over the whole train.
    span = max(p.at for p in arrived) - min(p.index_stamp for p in arrived)
    noise = 1000 + 2 * abs(replies["alignment"]["drift_ppm"]) * 1e-6 * span
    in_order = [p.received - p.index_stamp for p in sorted(arrived, key=lambda p: p.index)]
    pdv = [delay - min(forward) for delay in forward]
    ipdv = [b - a for a, b in zip(in_order, in_order[1:])]
    for metric, values in (("pdv_ns", pdv), ("ipdv_ns", ipdv)):
        away = max(abs(replies["forward"][metric][k] - quantile(values, q)) for q, k in ((0.5, "p50"), (0.99, "p99")))
        check(away <= noise, f"{name}: forward {metric} as by tcpdump's stamps ({away} ns away)")


check_fields()
check_received()
for case in ("plain", "order"):
    check_order(case)
for case in ("plain", "delay", "order"):
    check_delays(case)
