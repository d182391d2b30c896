# SPDX-License-Identifier: MIT
"""What the experiments' summaries share: what a lab's folder tells of the machine, and tables."""

import json
import re


def read_json(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _spent(folder):
    """Ticks by kind between two lines of /proc/stat."""
    before, after = ([int(x) for x in (folder / f"stat.{when}").read_text().split()[1:9]] for when in ("before", "after"))
    return [b - a for a, b in zip(before, after)]


def idle_share(folder):
    """Idle share of a machine's CPUs."""
    try:
        spent = _spent(folder)
    except (OSError, ValueError):
        return None
    return (spent[3] + spent[4]) / sum(spent) if sum(spent) > 0 else None  # idle and iowait


def others_share(folder):
    """Share of the machine's CPU time that went neither to the lab nor to idling."""
    try:
        spent = _spent(folder)
        ours = int((folder / "ticks.after").read_text()) - int((folder / "ticks.before").read_text())
    except (OSError, ValueError):
        return None
    # An incomplete reading is none.
    return max(0.0, (sum(spent) - spent[3] - spent[4] - ours) / sum(spent)) if sum(spent) > 0 and ours > 0 else None


def tcpdump_lost(log):
    """A pcap file does not tell its loss; tcpdump's last words do."""
    found = re.search(r"^(\d+) packets? dropped by kernel", log.read_text(), re.M) if log.exists() else None
    return int(found.group(1)) if found else None


def percent(share, digits=1):
    return "–" if share is None else f"{100 * share:.{digits}f} %"


def as_markdown(tables):
    """TABLES: of (title, [(column's name, text of a row)], rows)."""
    lines = []
    for title, columns, rows in tables:
        lines += [f"{title}:", "", "| " + " | ".join(name for name, _ in columns) + " |", "|" + " --- |" * len(columns)]
        lines += ["| " + " | ".join(text(row) for _, text in columns) + " |" for row in rows]
        lines.append("")
    return "\n".join(lines)


def as_text(tables):
    lines = []
    for title, columns, rows in tables:
        cells = [[name for name, _ in columns]] + [[text(row) for _, text in columns] for row in rows]
        widths = [max(len(line[i]) for line in cells) for i in range(len(columns))]
        lines.append(title)
        lines += ["  " + "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in cells]
        lines.append("")
    return "\n".join(lines)
