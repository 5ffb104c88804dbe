"""Durations from bins that can be added: half of them took at most so long, nine in ten at most so long."""

from collections import Counter
from collections.abc import Mapping
from math import exp
from typing import NamedTuple

QUARTER = 0.25  # bin b holds seconds s with (b - 1) quarters ≤ ln(s + 1) < b quarters


class Times(NamedTuple):
    """Seconds; None: there was none. The mean is exact, the others within 13 %."""

    amount: int = 0
    mean: float | None = None
    median: float | None = None
    most: float | None = None


def times(bins: Mapping[int, int], seconds: int) -> Times:
    """`bins`: how many took as long as each bin says; bin 0, of what has no time, is left out."""
    held = Counter({number: n for number, n in bins.items() if number > 0 and n > 0})
    count = held.total()
    if count == 0:
        return Times()
    return Times(count, seconds / count, _share(held, count / 2), _share(held, count * 0.9))


def _share(held: Mapping[int, int], wanted: float) -> float:
    passed = 0
    for number in sorted(held):
        if passed + held[number] >= wanted:
            return exp((number - 1 + (wanted - passed) / held[number]) * QUARTER) - 1
        passed += held[number]
    raise AssertionError("a share is at most the whole")
