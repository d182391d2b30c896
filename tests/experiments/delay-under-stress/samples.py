# SPDX-License-Identifier: MIT
"""The echoes of one case: `tscope ping`'s samples beside what two captures saw of the same echoes. All in nanoseconds."""

import json
import struct

ECHO_BYTES = 100  # of IPv4, which tells our echoes from others


def echoes(path):
    """{sequence: [time of the request, of the reply]} of a pcap file with nanoseconds and Ethernet."""
    data = path.read_bytes()
    order = {b"\x4d\x3c\xb2\xa1": "<", b"\xa1\xb2\x3c\x4d": ">"}.get(data[:4])
    if order is None:
        raise ValueError(f"{path} is no pcap file with nanoseconds")
    found, at = {}, 24
    while at + 16 <= len(data):
        seconds, nanoseconds, kept, _ = struct.unpack_from(order + "IIII", data, at)
        frame = data[at + 16:at + 16 + kept]
        at += 16 + kept
        if len(frame) < 42 or frame[12:14] != b"\x08\x00" or frame[14] != 0x45 or frame[23] != 1:
            continue
        if struct.unpack_from("!H", frame, 16)[0] != ECHO_BYTES or frame[34] not in (0, 8):
            continue
        pair = found.setdefault(struct.unpack_from("!H", frame, 40)[0], [None, None])
        place = 0 if frame[34] == 8 else 1
        # A duplicate comes later.
        pair[place] = pair[place] or seconds * 1_000_000_000 + nanoseconds
    return {sequence: pair for sequence, pair in found.items() if None not in pair}


def align(rows):
    """Offset and drift of the wire's clock against the sender's, and how far the offset may be wrong.

    No packet arrives before it was sent: at each moment the offset is at most (wire − sender) of a request and at least
    that of a reply. Of all lines between those bounds, the one that is farthest from both.
    """
    start = rows[0]["driver_tx"]
    above = [(r["driver_tx"] - start, r["port_request"] - r["driver_tx"]) for r in rows]
    below = [(r["driver_rx"] - start, r["port_reply"] - r["driver_rx"]) for r in rows]

    def bounds(drift):
        return min(y - drift * x for x, y in above), max(y - drift * x for x, y in below)

    # The room between the bounds is a concave function of the drift.
    low, high = -0.05, 0.05
    for _ in range(100):
        third = (high - low) / 3
        rooms = [b[0] - b[1] for b in (bounds(low + third), bounds(high - third))]
        low, high = (low + third, high) if rooms[0] < rooms[1] else (low, high - third)
    upper, lower = bounds((low + high) / 2)
    return {"offset_ns": (upper + lower) / 2, "drift": (low + high) / 2, "error_ns": (upper - lower) / 2, "start_ns": start}


def matched(folder, environment):
    """Samples with every stamp and their echoes on the wire."""
    ping = json.loads((folder / "ping.json").read_text())
    port = echoes(folder / "port.pcap")
    peer = port if environment == "process" else echoes(folder / "peer.pcap")
    rows, left_out = [], 0
    for s in ping["samples"]:
        stamps, number = s.get("stamps_after_app_tx_ns", {}), s["sequence"] & 0xffff
        if number not in port or number not in peer or "driver_rtt_ns" not in s:
            left_out += 1
            continue
        row = {"clean": s["clean"], "app": s["rtt_ns"], "driver": s["driver_rtt_ns"], "socket": s.get("socket_rtt_ns"),
               "port": port[number][1] - port[number][0], "peer": peer[number][1] - peer[number][0],
               "app_tx": s["sent_realtime_ns"], "driver_tx": s["sent_realtime_ns"] + stamps["driver_tx"],
               "driver_rx": s["sent_realtime_ns"] + stamps["driver_rx"], "app_rx": s["sent_realtime_ns"] + stamps["app_rx"],
               "port_request": port[number][0], "port_reply": port[number][1],
               "peer_request": peer[number][0], "peer_reply": peer[number][1]}
        rows.append(row)
    if not rows:
        raise ValueError(f"{folder}: no sample is in both captures with its stamps")
    for row in rows:
        row |= layers(row, environment)
    return ping, rows, left_out, directions(rows, environment)


def layers(row, environment):
    """What each layer added to the RTT; `host` is what lies between the sender's interface and the wire."""
    below_user = row["socket"] or row["driver"]
    return {"d_host": None if environment == "process" else row["port"] - row["peer"], "d_driver": row["driver"] - row["port"],
            "d_socket": row["socket"] and row["socket"] - row["driver"], "d_user": row["app"] - below_user, "total": row["app"] - row["peer"]}


def directions(rows, environment):
    """Adds the stages of sending and receiving. A guest's clock is aligned with the host's first; others share it."""
    clock = align(rows)
    if environment != "guest":
        # The bounds then say how well two clocks agree that are one.
        clock = {"offset_ns": 0, "drift": 0, "start_ns": clock["start_ns"], "error_ns": max(
            0, *(r["driver_tx"] - r["port_request"] for r in rows), *(r["port_reply"] - r["driver_rx"] for r in rows))}
    for r in rows:
        to_wire = {k: r[k] + clock["offset_ns"] + clock["drift"] * (r[k] - clock["start_ns"]) for k in ("driver_tx", "driver_rx")}
        r["send_user"], r["receive_user"] = r["driver_tx"] - r["app_tx"], r["app_rx"] - r["driver_rx"]
        r["send_driver"], r["receive_driver"] = r["port_request"] - to_wire["driver_tx"], to_wire["driver_rx"] - r["port_reply"]
        host = environment != "process"
        r["send_host"] = r["peer_request"] - r["port_request"] if host else None
        r["receive_host"] = r["port_reply"] - r["peer_reply"] if host else None
        for way in ("send", "receive"):
            r[way] = r[f"{way}_user"] + r[f"{way}_driver"] + (r[f"{way}_host"] or 0)
    return clock
