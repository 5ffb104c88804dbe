"""What a closed connection comes to: one table, without a database. It decides; who heard of it only told what the platform said."""

from datetime import datetime
from typing import NamedTuple

from db.clock import now
from db.qr.enums import CloseReason, SessionState

R, S = CloseReason, SessionState
REPLACED_AFTER = 60.0
"""Seconds until it is tried once more after another program had opened the same session: two that fight are both banned."""
SOONEST, LATEST = 1.0, 60.0
"""Seconds between tries of a connection that does not come about."""
MARGIN = 30.0
"""Seconds that a ban's end is waited beyond."""


class Closed(NamedTuple):
    """`code`: the platform's or the engine's number for it; `until`: of a ban."""

    reason: CloseReason
    code: int | None = None
    until: datetime | None = None
    detail: str = ""


class After(NamedTuple):
    """`again_in`: seconds until it is opened again, None: not by itself."""

    state: SessionState
    again_in: float | None
    failures: int


def next_state(why: Closed, *, failures: int, replaced_before: bool, paired: bool, wanted: bool) -> After:
    """`failures`: how often it closed since it was open last; `paired`: a phone let it in before; `wanted`: somebody waits for a code."""
    if not paired and why.reason in (R.NETWORK, R.RESTART, R.CODE_EXPIRED, R.ENGINE, R.LOGGED_OUT):
        if wanted and why.reason is not R.CODE_EXPIRED:
            return After(S.PAIRING, _pause(failures), failures + 1)
        return After(S.NEW, None, 0)
    match why.reason:
        case R.RESTART:
            return After(S.RECONNECTING, 0.0, failures)
        case R.REPLACED:
            return After(S.REPLACED, None, 0) if replaced_before else After(S.RECONNECTING, REPLACED_AFTER, failures + 1)
        case R.LOGGED_OUT:
            return After(S.LOGGED_OUT, None, 0)
        case R.BANNED_FOR_A_TIME if why.until is not None:
            return After(S.BANNED, max(0.0, (why.until - now()).total_seconds()) + MARGIN, 0)
        case R.BANNED | R.BANNED_FOR_A_TIME:
            return After(S.BANNED, None, 0)
        case R.OUTDATED:
            return After(S.OUTDATED, None, 0)
        case _:
            return After(S.RECONNECTING, _pause(failures), failures + 1)


def _pause(failures: int) -> float:
    return min(LATEST, SOONEST * 2.0 ** min(failures, 10))
