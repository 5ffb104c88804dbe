"""What follows a call of a campaign, by how it ended: rules as data. Pure.

Growing gaps, and no two tries at the same time of the day: who does not answer at ten may at one, or at five.
"""

from datetime import datetime, timedelta

from db.campaigns.plan import PlanCalls
from db.messages.enums import CallOutcome as C
from db.messages.reasons import FailureReason as F

_HOUR = timedelta(hours=1)
AGAIN: dict[C, tuple[timedelta, ...]] = {
    C.NO_ANSWER: (2 * _HOUR, 27 * _HOUR, 45 * _HOUR, 75 * _HOUR),
    C.BUSY: (_HOUR / 4, _HOUR, 4 * _HOUR, 27 * _HOUR),
    C.VOICEMAIL: (4 * _HOUR, 27 * _HOUR, 45 * _HOUR, 75 * _HOUR),
    C.MENU: (24 * _HOUR, 51 * _HOUR),
    C.REFUSED: (24 * _HOUR, 72 * _HOUR),
    C.NO_LINE: (_HOUR / 2, 2 * _HOUR, 6 * _HOUR, 24 * _HOUR),
    C.FAULT: (_HOUR / 2, 2 * _HOUR, 6 * _HOUR, 24 * _HOUR),
    C.NO_CREDIT: (_HOUR, 4 * _HOUR, 24 * _HOUR),
    C.CALLBACK_WANTED: (),
    C.ANSWERED: (),
    C.TRANSFERRED: (),
    C.OPTED_OUT: (),
    C.WRONG_NUMBER: (),
    C.BLOCKED: (),
    C.CANCELLED: (),
}
"""So long after each try somebody is called again; after the last one, and where there is none, nobody is."""
BY_REASON: dict[str, C] = {
    F.CALL_UNANSWERED: C.NO_ANSWER,
    F.CALL_BUSY: C.BUSY,
    F.CALL_REFUSED: C.REFUSED,
    F.CALL_MACHINE: C.VOICEMAIL,
    F.CALL_FAULT: C.FAULT,
}
"""How a call ended of which nothing but its failure was told."""
REHEARSED, SOONEST = 3600, timedelta(seconds=3)
"""On a simulator's number an hour is a second, and nothing comes sooner."""
LATER = timedelta(hours=23)
"""So long after a call somebody is called back who asked for it and did not say when."""


def again(plan: PlanCalls, outcome: C | None, tries: int, ended: datetime, *, simulated: bool) -> datetime | None:
    """When somebody is called again after so many tries; None: not by itself. A machine that has taken the message is not called again."""
    gaps = AGAIN[outcome] if outcome is not None else ()
    if not 0 < tries < plan.tries or tries > len(gaps) or (outcome is C.VOICEMAIL and plan.voicemail):
        return None
    return ended + (max(gaps[tries - 1] / REHEARSED, SOONEST) if simulated else gaps[tries - 1])


def back(plan: PlanCalls, outcome: C | None, wished: datetime | None, ended: datetime, at: datetime) -> datetime | None:
    """When somebody who asked for it is called back: at the time that they said, unless it is past or beyond a month."""
    if outcome is not C.CALLBACK_WANTED or not plan.callback:
        return None
    known = wished is not None and at < wished < at + timedelta(days=31)
    return wished if known else ended + LATER
