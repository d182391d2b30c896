# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# On the host, in the folder that train_fit.sh filled: do the gaps between probes, as handed over, have their distribution?
set -uo pipefail

for name in poisson geometric even; do
	tshark -n -r $name.pcapng -T fields -e frame.time_epoch >$name.handed 2>/dev/null
done
python3 - <<'PYTHON'
import decimal
import math

PROBES = 2000
ALPHA = 0.001  # seeds are fixed: a failure is a bug, not bad luck
MEAN_NS = 500_000
SLOT_NS, PROBABILITY = 100_000, 0.2
CELLS = 20


def gaps(name):
    with open(name + ".handed", encoding="ascii") as lines:
        times = [int(decimal.Decimal(line.strip()).scaleb(9)) for line in lines]
    say(len(times) == PROBES, f"{name}: {len(times)} probes in the file")
    return [after - before for before, after in zip(times, times[1:])]


def say(good, what):
    print("ok" if good else "not ok", "train_fit:", what)


def ks_distance(sample):
    """From the exponential distribution, of Kolmogorov and Smirnov."""
    n = len(sample)
    distance = 0
    for i, gap in enumerate(sorted(sample)):
        p = 1 - math.exp(-gap / MEAN_NS)
        distance = max(distance, p - i / n, (i + 1) / n - p)
    return distance


def ks_critical(n):
    """Stephens 1970."""
    root = math.sqrt(n)
    return math.sqrt(-math.log(ALPHA / 2) / 2) / (root + 0.12 + 0.11 / root)


def chi_square(sample):
    """From the geometric distribution, over 1, 2, ... slots with the tail as one cell."""
    seen = [0] * CELLS
    for gap in sample:
        seen[min(max(round(gap / SLOT_NS), 1), CELLS) - 1] += 1
    total, tail = 0, 1
    for i, count in enumerate(seen):
        expected = len(sample) * (tail if i + 1 == CELLS else tail * PROBABILITY)
        tail *= 1 - PROBABILITY
        total += (count - expected) ** 2 / expected
    return total


def chi_square_critical():
    """Wilson and Hilferty's approximation; 3.0902 is the normal quantile of 1 - ALPHA."""
    freedom = CELLS - 1
    part = 2 / (9 * freedom)
    return freedom * (1 - part + 3.0902 * math.sqrt(part)) ** 3


poisson, geometric, even = gaps("poisson"), gaps("geometric"), gaps("even")
limit = ks_critical(len(poisson))
distance = ks_distance(poisson)
say(distance < limit, f"Poisson gaps are exponential as they left (distance {distance:.4f}, limit {limit:.4f})")
say(ks_distance(even) > limit, f"even gaps are not ({ks_distance(even):.4f})")
limit = chi_square_critical()
square = chi_square(geometric)
off = max(abs(gap - SLOT_NS * round(gap / SLOT_NS)) for gap in geometric)
say(square < limit, f"geometric gaps are geometric as they left (chi-square {square:.1f}, limit {limit:.1f})")
say(off < 5000, f"and whole slots (off by {off} ns at most)")
say(chi_square(even) > limit, f"even gaps are not ({chi_square(even):.1f})")
PYTHON
