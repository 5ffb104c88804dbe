"""Which campaigns wrote to one person, and what came of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.campaigns import fallback
from db.campaigns.waits import Wait, of_message
from db.contacts.notes import must_exist
from db.errors import RequestError
from db.messages.enums import AttemptState, MessageState, WaitRule
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

MOST = 50

# The order is that of the index message_thread.
_RECEIVED = f"""
select m.campaign_id, c.name, m.state, coalesce(m.replied_at, f.replied_at) as replied_at, f.state as fallback_state,
    case when m.sent_at is not null then m.sent_at when m.done_at is not null then m.done_at else m.next_at end as at
from message m
join campaign c on c.company_id = $1 and c.id = m.campaign_id and c.fallback_of is null
left join lateral (select o.state, o.replied_at from campaign i join message o on o.company_id = $1 and o.contact_id = $2 and o.campaign_id = i.id
    where i.company_id = $1 and i.fallback_of = c.id and o.state <> {MessageState.CANCELLED} order by o.id limit 1) f on true
where m.company_id = $1 and m.contact_id = $2 and m.state not in ({MessageState.SKIPPED}, {MessageState.CANCELLED})
    and m.dedupe_key not like 'test:%'
order by at desc, m.id desc limit {MOST}
"""


_ONE = """
select m.id, m.state, m.reason, m.address, m.sent_at, m.delivered_at, m.read_at, m.replied_at, m.done_at,
    case when m.queued then m.next_at end as next_at
from message m where m.company_id = $1 and m.contact_id = $2 and m.campaign_id = $3 order by m.id limit 1
"""
_TRIES = (
    "select started_at, done_at, state, code, held_by, coalesce(held_name, '') as held_name from attempt"
    " where company_id = $1 and message_id = $2 order by epoch desc limit 50"
)


class Try(NamedTuple):
    """One time that it was its turn. Outcome `held`: the rule of ours kept it here, and the provider never saw it."""

    at: datetime
    answered_at: datetime | None
    outcome: str
    code: int | None
    held_by: WaitRule | None
    held_name: str


class History(NamedTuple):
    """What became of a campaign's message to one person. `next_at`: it waits until then, `waits`: for what. `tries`: the newest first. `fallback`: what
    went another way in its place, over `channel_name`."""

    message_id: UUID
    address: str
    state: str
    reason: str | None
    next_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    replied_at: datetime | None
    ended_at: datetime | None
    tries: list[Try]
    waits: Wait | None
    fallback: "History | None" = None
    channel_name: str = ""


class Received(NamedTuple):
    """A campaign's message to the person. `at`: when it went, or is to go; `fallback_state`: of what went another way in its place."""

    campaign_id: UUID
    name: str
    at: datetime
    state: str
    replied_at: datetime | None
    fallback_state: str | None


async def received(actor: Actor, contact_id: UUID) -> list[Received]:
    """The newest first, at most MOST. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        rows = await r.fetch(_RECEIVED, actor.company_id, contact_id)
    return [
        Received(
            row["campaign_id"],
            row["name"],
            row["at"],
            MessageState(row["state"]).label,
            row["replied_at"],
            MessageState(row["fallback_state"]).label if row["fallback_state"] is not None else None,
        )
        for row in rows
    ]


async def history(actor: Actor, contact_id: UUID, campaign_id: UUID) -> History:
    """Raises NotFound, also where the campaign never was for the person."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        found = await _of(r, contact_id, campaign_id)
        if found is None:
            raise RequestError.NOT_FOUND(what="campaign")
        other = (await fallback.children(r, [campaign_id])).get(campaign_id)
        if other is None:
            return found
        return found._replace(fallback=await _of(r, contact_id, other.id), channel_name=other.channel_name)


async def _of(r: Read, contact_id: UUID, campaign_id: UUID) -> History | None:
    assert r.actor is not None
    company_id = r.actor.company_id
    row = await r.fetchrow(_ONE, company_id, contact_id, campaign_id)
    if row is None:
        return None
    tries = await r.fetch(_TRIES, company_id, row["id"])
    waits = None
    if row["next_at"] is not None:
        waits = await of_message(r, company_id, campaign_id, row["reason"], row["address"], row["next_at"])
    return History(
        row["id"],
        row["address"],
        MessageState(row["state"]).label,
        row["reason"],
        row["next_at"],
        row["sent_at"],
        row["delivered_at"],
        row["read_at"],
        row["replied_at"],
        row["done_at"],
        [_try(one) for one in tries],
        waits,
    )


def _try(row: asyncpg.Record) -> Try:
    by = WaitRule(row["held_by"]) if row["held_by"] else None
    outcome = AttemptState(row["state"]).name.lower() if by is None else "held"
    return Try(row["started_at"], row["done_at"], outcome, row["code"], by, row["held_name"])
