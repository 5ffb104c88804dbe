"""What a closed connection comes to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.clock import now
from db.qr.closing import LATEST, After, Closed, next_state
from db.qr.enums import CloseReason as R
from db.qr.enums import SessionState as S

closes = st.builds(
    Closed,
    st.sampled_from(R),
    st.none() | st.integers(0, 600),
    st.none() | st.integers(-10, 10**6).map(lambda s: now() + timedelta(seconds=s)),
)


def after(reason: R, *, failures: int = 0, fought: bool = False, paired: bool = True, wanted: bool = False) -> After:
    return next_state(Closed(reason), failures=failures, replaced_before=fought, paired=paired, wanted=wanted)


@pytest.mark.parametrize(
    ("reason", "state", "by_itself"),
    [
        (R.NETWORK, S.RECONNECTING, True),
        (R.ENGINE, S.RECONNECTING, True),
        (R.RESTART, S.RECONNECTING, True),
        (R.REPLACED, S.RECONNECTING, True),
        (R.LOGGED_OUT, S.LOGGED_OUT, False),
        (R.BANNED, S.BANNED, False),
        (R.BANNED_FOR_A_TIME, S.BANNED, False),
        (R.OUTDATED, S.OUTDATED, False),
    ],
)
def test_of_a_number_that_was_paired(reason: R, state: S, by_itself: bool) -> None:
    found = after(reason)
    assert (found.state, found.again_in is not None) == (state, by_itself)


def test_two_that_open_the_same_session_do_not_fight() -> None:
    assert after(R.REPLACED).again_in == 60
    assert after(R.REPLACED, fought=True) == After(S.REPLACED, None, 0)


def test_a_ban_for_a_time_ends_after_it() -> None:
    until = now() + timedelta(hours=2)
    found = next_state(Closed(R.BANNED_FOR_A_TIME, 402, until), failures=0, replaced_before=False, paired=True, wanted=False)
    assert found.state is S.BANNED
    assert found.again_in is not None
    assert 7_200 < found.again_in < 7_300


def test_a_code_that_nobody_scanned_is_not_made_anew_by_itself() -> None:
    assert after(R.CODE_EXPIRED, paired=False, wanted=True) == After(S.NEW, None, 0)
    assert after(R.NETWORK, paired=False, wanted=True).state is S.PAIRING
    assert after(R.NETWORK, paired=False, wanted=False) == After(S.NEW, None, 0)


@given(closes, st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_nothing_is_tried_in_a_hurry_or_for_ever_by_who_is_thrown_out(
    why: Closed, failures: int, fought: bool, paired: bool, wanted: bool
) -> None:
    found = next_state(why, failures=failures, replaced_before=fought, paired=paired, wanted=wanted)
    if found.state in (S.LOGGED_OUT, S.OUTDATED, S.REPLACED, S.NEW):
        assert found.again_in is None
    if found.state is S.BANNED and why.until is None:
        assert found.again_in is None
    if found.state is S.RECONNECTING and why.reason is not R.RESTART:
        assert found.again_in is not None
        assert 1 <= found.again_in <= max(LATEST, 60)
