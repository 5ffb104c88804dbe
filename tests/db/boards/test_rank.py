"""Ranks: whatever is put between whatever, order holds and texts stay short."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.boards.rank import between, spread

DIGITS = set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")


def _is_rank(text: str) -> bool:
    return bool(text) and set(text) <= DIGITS and not text.endswith("0")


@settings(max_examples=60, deadline=None)
@given(places=st.lists(st.integers(min_value=0, max_value=10**9), min_size=1, max_size=120))
def test_whatever_is_put_anywhere_stands_where_it_was_put(places: list[int]) -> None:
    ranks: list[str] = []
    for place in places:
        at = place % (len(ranks) + 1)
        made = between(ranks[at - 1] if at else None, ranks[at] if at < len(ranks) else None)
        assert _is_rank(made)
        ranks.insert(at, made)
    assert ranks == sorted(ranks, key=str.encode)
    assert len(set(ranks)) == len(ranks)


@settings(max_examples=100, deadline=None)
@given(digits=st.lists(st.text(alphabet=sorted(DIGITS), min_size=1, max_size=30), min_size=2, max_size=2))
def test_there_is_room_between_any_two(digits: list[str]) -> None:
    one, other = sorted(text.rstrip("0") + "1" for text in digits)
    if one == other:
        with pytest.raises(ValueError, match="in front of"):
            between(one, other)
        return
    made = between(one, other)
    assert _is_rank(made)
    assert one < made < other


@settings(max_examples=30, deadline=None)
@given(
    ends=st.sampled_from([(None, None), ("V", None), (None, "V"), ("V", "V1"), (None, "00000000001"), ("zzzzzzzzzzz", None)]),
    count=st.integers(min_value=0, max_value=500),
)
def test_many_are_spread_in_order(ends: tuple[str | None, str | None], count: int) -> None:
    ranks = spread(*ends, count)
    assert len(ranks) == count
    assert all(map(_is_rank, ranks))
    assert all(one < other for one, other in pairwise([ends[0] or "", *ranks, ends[1] or "~"]))


def test_ranks_stay_short() -> None:
    """At an end they do not grow; in one and the same gap by a quarter of a digit each."""
    first = last = between(None, None)
    for _ in range(5000):
        first, last = between(None, first), between(last, None)
    assert max(len(first), len(last)) <= 8
    for side in (0, 1):
        low, high = "V", "W"
        for _ in range(400):
            made = between(low, high)
            low, high = (made, high) if side else (low, made)
        assert len(made) < 8 + 400 / 3.5


def test_who_asks_for_the_same_place_gets_another_rank() -> None:
    assert len({between("V", "V00000001") for _ in range(5)}) == 5
