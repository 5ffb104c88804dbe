"""A campaign and what went another way in its place, as one: each person once, as far as they got by either. The figures of a campaign wherever they
are shown: its page, lists, the first page, its report, exports, analytics.

What the second messages changed is looked up for each of them, and kept in Valkey until the tallies of either campaign, or the people of the company who
became one, change; without Valkey it is looked up each time.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import valkey
from db.campaigns import fallback
from db.campaigns.fallback import Child
from db.campaigns.tallies import Figures, Tally, tallies
from db.messages import fallbacks
from db.messages.fallbacks import FAILED, SENT, WAITING, Counted, Turned
from db.work import Read

NO_REASON = "temporary"
"""What a message is told under whose provider gave none."""
KEPT = 3600
"""Seconds."""
_MERGES = "select count(*), count(undone_at) from contact_merge where company_id = $1"

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
    """`ids`: the campaign, and the one in its place (`other`), with what became of its messages (`second`). `counts`: of the campaign's own messages, by
    state. `saved`: messages that failed and are no failure any more."""

    ids: list[UUID]
    figures: Figures
    counts: dict[str, int]
    alone: Alone | None
    saved: Counter[Failure]
    other: Child | None = None
    second: Counted = Counted()


async def together(r: Read, campaign_ids: Sequence[UUID]) -> dict[UUID, Together]:
    """For each campaign, as of the transaction."""
    others = await fallback.children(r, list(campaign_ids))
    own = await tallies(r, [*campaign_ids, *(one.id for one in others.values())])
    found = {one: Together([one], own[one].figures, own[one].counts, None, Counter()) for one in campaign_ids}
    turned = await _turned(r, others, own) if others else {}
    return found | {one: _with(found[one], others[one], rows) for one, rows in turned.items()}


async def _turned(r: Read, others: Mapping[UUID, Child], own: Mapping[UUID, Tally]) -> dict[UUID, list[Turned]]:
    assert r.actor is not None
    company_id = r.actor.company_id
    merges = tuple(await r.fetchrow(_MERGES, company_id) or ())
    marks = {one: f"{own[one].mark}|{own[child.id].mark}|{merges}" for one, child in others.items()}
    keys = {one: f"together:{{{company_id}}}:{one}:{hashlib.sha256(mark.encode()).hexdigest()}" for one, mark in marks.items()}
    found = await _kept(keys)
    for one, child in others.items():
        if one not in found:
            found[one] = await fallbacks.turned(r, company_id, one, child.id)
            await _keep(keys[one], found[one])
    return found


async def _kept(keys: Mapping[UUID, str]) -> dict[UUID, list[Turned]]:
    if not valkey.connected():
        return {}
    try:
        values = await valkey.client().mget(list(keys.values()))
    except valkey.Down:
        return {}
    return {one: msgspec.json.decode(value, type=list[Turned]) for one, value in zip(keys, values, strict=True) if value}


async def _keep(key: str, turned: list[Turned]) -> None:
    if not valkey.connected():
        return
    try:
        await valkey.client().set(key, msgspec.json.encode(turned), ex=KEPT)
    except valkey.Down:
        return


def _with(first: Together, other: Child, turned: list[Turned]) -> Together:
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
    second = Counted(*(sum(one.second[place] for one in turned) for place in range(len(Counted._fields))))
    return Together([first.ids[0], other.id], figures, first.counts, alone, saved, other, second)
