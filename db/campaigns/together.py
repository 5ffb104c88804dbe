"""A campaign and what went another way in its place, as one: each person once, as far as they got by either."""

from collections import Counter
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.campaigns import fallback
from db.campaigns.queries import NO_REASON
from db.campaigns.tallies import Figures, tallies
from db.messages import fallbacks
from db.messages.fallbacks import FAILED, SENT, WAITING, Turned
from db.work import Read

Failure = tuple[int, str, int | None]
"""State, reason and code of a message that did not arrive."""


class Alone(msgspec.Struct, frozen=True):
    """Of the figures of both: people who were sent it, got it, read it, answered it by the second message only; `waiting`: who is to get that one."""

    channel_name: str
    channel_kind: str
    waiting: int
    sent: int
    delivered: int
    read: int
    replied: int


class Together(NamedTuple):
    """`ids`: the campaign, and the one in its place. `saved`: messages that failed and are no failure any more."""

    ids: list[UUID]
    figures: Figures
    alone: Alone | None
    saved: Counter[Failure]


async def together(r: Read, campaign_ids: list[UUID]) -> dict[UUID, Together]:
    """For each campaign, as of the transaction."""
    assert r.actor is not None
    own = await tallies(r, campaign_ids)
    found = {one: Together([one], own[one].figures, None, Counter()) for one in campaign_ids}
    for campaign_id, other in (await fallback.children(r, campaign_ids)).items():
        turned = await fallbacks.turned(r, r.actor.company_id, campaign_id, other.id)
        found[campaign_id] = _with(found[campaign_id], other, turned)
    return found


def _with(first: Together, other: fallback.Child, turned: list[Turned]) -> Together:
    moves = [one for one in turned if one.after > one.before]
    n = first.figures

    def now(place: int, before: int) -> int:
        return before + sum(one.people * ((one.after == place) - (one.before == place)) for one in moves)

    waiting, sent, failed = now(WAITING, n.waiting), now(SENT, n.sent), now(FAILED, n.failed)
    delivered, read, replied = (sum(getattr(one, name) for one in turned) for name in ("delivered", "read", "replied"))
    figures = Figures(
        n.audience,
        waiting,
        sent,
        n.delivered + delivered,
        n.read + read,
        n.replied + replied,
        failed,
        n.audience - waiting - sent - failed,
    )
    alone = Alone(
        other.channel_name,
        other.channel_kind,
        sum(one.people for one in moves if one.after == WAITING),
        sent - n.sent,
        delivered,
        read,
        replied,
    )
    saved: Counter[Failure] = Counter()
    for one in moves:
        if one.before == FAILED and one.state is not None:
            saved[one.state, one.reason or NO_REASON, one.code] += one.people
    return Together([first.ids[0], other.id], figures, alone, saved)
