"""What a test of variants tells, honestly: for each the share with the interval in which it lies with a probability of 95 %, and the probability that
it is the best. Beta posteriors over a flat prior; the probability is integrated, not drawn, so that it is the same each time.

A winner is named only where the evidence suffices: enough people, and a probability of at least SURE.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

SURE = 0.95
LEAST = 100
"""People for each variant, before anything is said of a winner."""
_STEPS = 400


class Arm(NamedTuple):
    """So many reached, and so many of them did what counts (read, replied)."""

    reached: int
    counted: int


class Verdict(NamedTuple):
    """`share` is the middle, `low` to `high` hold it with 95 %; `best`: the probability that no other is better."""

    share: float
    low: float
    high: float
    best: float


def verdicts(arms: Sequence[Arm]) -> list[Verdict]:
    """One for each, in their order."""
    shapes = [(1.0 + arm.counted, 1.0 + arm.reached - arm.counted) for arm in arms]
    bests = _bests(shapes)
    return [
        Verdict(a / (a + b), _quantile(a, b, 0.025), _quantile(a, b, 0.975), best)
        for (a, b), best in zip(shapes, bests, strict=True)
    ]


def winner(arms: Sequence[Arm]) -> int | None:
    """The place of the one that is surely the best; None: nobody can say so yet."""
    if len(arms) < 2 or min(arm.reached for arm in arms) < LEAST:
        return None
    found = verdicts(arms)
    first = max(range(len(found)), key=lambda place: found[place].best)
    return first if found[first].best >= SURE else None


def _bests(shapes: Sequence[tuple[float, float]]) -> list[float]:
    """By the middle of each strip of a grid over the range where there is anything: Σ density · Π of the others below."""
    low = min(_quantile(a, b, 1e-7) for a, b in shapes)
    high = max(_quantile(a, b, 1 - 1e-7) for a, b in shapes)
    width = (high - low) / _STEPS
    points = [low + (step + 0.5) * width for step in range(_STEPS)]
    below = [[betainc(a, b, point) for point in points] for a, b in shapes]
    mass = [
        [betainc(a, b, low + (step + 1) * width) - betainc(a, b, low + step * width) for step in range(_STEPS)] for a, b in shapes
    ]
    found = [
        sum(
            mass[me][step] * math.prod(below[other][step] for other in range(len(shapes)) if other != me)
            for step in range(_STEPS)
        )
        for me in range(len(shapes))
    ]
    whole = sum(found)
    return [one / whole for one in found]


def _quantile(a: float, b: float, share: float) -> float:
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if betainc(a, b, middle) < share else (low, middle)
    return (low + high) / 2


def betainc(a: float, b: float, x: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Lentz)."""
    if x <= 0.0 or x >= 1.0:
        return 0.0 if x <= 0.0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1.0 - betainc(b, a, 1.0 - x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)) / a
    tiny = 1e-300
    c, d, found = 1.0, 0.0, 1.0
    for step in range(2_000):
        m = step // 2
        if step == 0:
            part = 1.0
        elif step % 2 == 0:
            part = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        else:
            part = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1.0 / ((1.0 + part * d) or tiny)
        c = (1.0 + part / c) or tiny
        found *= c * d
        if abs(1.0 - c * d) < 1e-12:
            break
    return front * (found - 1.0)
