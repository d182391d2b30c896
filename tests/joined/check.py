# SPDX-License-Identifier: MIT
"""The joined report of host.pcapng and guest.pcapng against the two files as tshark reads them."""
import decimal
import json
import statistics
import subprocess

HOST, GUEST = 0, 1
STAGES = [
    ("app-tx", "socket-tx", GUEST),
    ("socket-tx", "qdisc-tx", GUEST),
    ("qdisc-tx", "driver-tx", GUEST),
    ("driver-tx", "driver-rx", None),
    ("driver-rx", "app-rx", HOST),
]
# Quantiles come from a histogram, within 1/1024, and what was sent again has a chain of its own.
NEAR = 0.02


def say(good, what):
    print("ok" if good else "not ok", "joined:", what)


def load(name):
    with open(name, encoding="utf-8") as file:
        return json.load(file)


def data_at(file, vantage):
    """First time of each segment with data, by IP identification and sequence number."""
    fields = ["frame.interface_name", "frame.time_epoch", "ip.id", "tcp.seq_raw", "tcp.len"]
    command = ["tshark", "-n", "-r", file, "-T", "fields"]
    for field in fields:
        command += ["-e", field]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    times = {}
    for line in out.splitlines():
        name, time, identification, seq, length = line.split("\t")
        if name.split("/")[1] == vantage and int(length) > 0:
            times.setdefault((identification, seq), int(decimal.Decimal(time).scaleb(9)))
    return times


def median(sample):
    return int(statistics.median_low(sample))


report = load("delay.json")["between"]
alignment = report["alignment"]
chain = next(c for c in report["chains"] if c["kinds"] == ["data", "data"] and c["from"]["file"] == GUEST)
stages = {(s["from"], s["to"]): s for s in chain["stages"]}
say(
    [(s["from"], s["to"], s["file"]) for s in chain["stages"]] == STAGES,
    "one chain from the guest's call to the host's, stage by stage",
)
say(
    sum(s["sum_ns"] for s in chain["stages"]) == chain["total"]["sum_ns"],
    "its stages sum to the total",
)
odd = [chain[name] for name in ("negative", "inconsistent", "unaligned", "before")]
say(odd == [0, 0, 0, 0], f"no packet contradicts itself or came before it was sent {odd}")

sent, arrived = data_at("guest.pcapng", "driver-tx"), data_at("host.pcapng", "driver-rx")
common = sent.keys() & arrived.keys()
say(
    len(common) > 1000 and len(common) == len(sent) == len(arrived),
    f"tshark finds each segment at both ends ({len(common)}, of {len(sent)} and {len(arrived)})",
)
pair = next(p for p in report["pairs"] if p["from"]["file"] == GUEST)
told = sum(c["packets"] for c in report["chains"] if c["from"]["file"] == GUEST)
say(
    chain["packets"] >= 0.99 * len(common) and told + pair["incomplete"] == pair["matched"],
    f"each is in a chain ({chain['packets']} in this one, {told} in all) or incomplete ({pair['incomplete']})",
)
say(
    pair["matched"] >= len(common) and pair["unmatched"] == [0, 0],
    f"and so do we ({pair['matched']} with those without data)",
)

piece = alignment["pieces"][0]


def on_host(guest_ns):
    """Of one piece; its offset is that at its begin, on the host's clock."""
    host_ns = guest_ns - piece["offset_ns"]
    return host_ns - (host_ns - piece["from_ns"]) * piece["drift_ppm"] / 1e6


between = stages["driver-tx", "driver-rx"]["quantiles_ns"]["p50"]
by_hand = median([arrived[k] - on_host(sent[k]) for k in common])
say(
    abs(between - by_hand) <= NEAR * by_hand,
    f"between guest and host: median {between} ns, by tshark's fields {by_hand} ns",
)
say(len(alignment["pieces"]) == 1 and not alignment["steps"], "the clocks were aligned without a step")
