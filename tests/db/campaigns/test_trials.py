"""The figures of a test of variants against exact sums, and that nobody wins by luck."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.campaigns.trials import LEAST, Arm, betainc, verdicts, winner


def exactly(one: Arm, other: Arm) -> float:
    """P(the other is better), a sum that holds for whole numbers (Miller, 2014)."""
    a1, b1 = 1 + one.counted, 1 + one.reached - one.counted
    a2, b2 = 1 + other.counted, 1 + other.reached - other.counted

    def beta(a: float, b: float) -> float:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)

    return sum(math.exp(beta(a1 + i, b1 + b2) - math.log(b2 + i) - beta(1 + i, b2) - beta(a1, b1)) for i in range(a2))


arms = st.integers(0, 400).flatmap(lambda reached: st.builds(Arm, st.just(reached), st.integers(0, reached)))


@settings(max_examples=60, deadline=None)
@given(arms, arms)
def test_the_probability_to_be_the_best_is_the_exact_one(one: Arm, other: Arm) -> None:
    first, second = verdicts([one, other])
    assert second.best == pytest.approx(exactly(one, other), abs=0.01)
    assert first.best + second.best == pytest.approx(1.0)
    assert 0 <= first.low <= first.share <= first.high <= 1


@pytest.mark.parametrize(
    ("a", "b", "x", "value"), [(1, 1, 0.3, 0.3), (2, 3, 0.5, 0.6875), (5, 1, 0.8, 0.8**5), (1, 7, 0.1, 1 - 0.9**7)]
)
def test_the_beta_function(a: float, b: float, x: float, value: float) -> None:
    assert betainc(a, b, x) == pytest.approx(value, abs=1e-10)


def test_nobody_wins_without_evidence() -> None:
    assert winner([Arm(LEAST - 1, 0), Arm(5000, 4000)]) is None
    assert winner([Arm(1000, 100), Arm(1000, 105)]) is None
    assert winner([Arm(1000, 100), Arm(1000, 150), Arm(1000, 90)]) == 1
    assert winner([Arm(1000, 100)]) is None


def test_large_numbers_are_no_trouble() -> None:
    found = verdicts([Arm(500_000, 30_000), Arm(500_000, 30_900)])
    assert found[1].best > 0.999
    assert found[0].high - found[0].low < 0.002
