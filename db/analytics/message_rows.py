"""The messages behind a figure: found by when they were sent, ended or received, and told apart by the functions that count them."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.analytics.enums import MessageFact
from db.analytics.period import period
from db.messages import reached
from db.messages.enums import MessageState
from db.messages.reasons import NUMBERED, FailureReason
from db.permissions import Permission
from db.stats.metrics import Author, Metric
from db.tenancy import Actor
from db.work import read

METRICS = {
    MessageFact.SENT: Metric.SENT,
    MessageFact.DELIVERED: Metric.DELIVERED,
    MessageFact.READ: Metric.READ,
    MessageFact.REPLIED: Metric.REPLIED,
    MessageFact.FAILED: Metric.FAILED,
    MessageFact.NO_RESULT: Metric.NO_RESULT,
    MessageFact.RECEIVED: Metric.INBOUND,
}
_ENDED = (MessageFact.FAILED, MessageFact.NO_RESULT)


class MessageWhere(NamedTuple):
    """Only these. `of_campaigns`: sent by campaigns and sequences, or one by one; `author`, `user_id`: who wrote what was sent one by one;
    `reason`: why it failed."""

    channel_id: UUID | None = None
    campaign_id: UUID | None = None
    of_campaigns: bool | None = None
    author: Author | None = None
    user_id: UUID | None = None
    reason: FailureReason | None = None


class MessageRow(NamedTuple):
    """`at`: when it is counted. `conversation_id` None: it was deleted. `state` None: it was received."""

    id: UUID
    conversation_id: UUID | None
    contact_name: str | None
    channel_name: str
    campaign_id: UUID | None
    campaign_name: str | None
    author_name: str | None
    at: datetime
    state: MessageState | None
    reason: FailureReason | None


# What is counted as written by somebody may also have been written on a phone (`origin`); all else was sent from here.
_COUNTS = """
exists (select from message_facts(m.state, m.sent_at, m.replied_at, m.done_at) f where f.metric = $4) and m.origin is null
"""
_MARKED = """
exists (select from message_marks(m.campaign_id, m.channel_id, m.author_id, m.origin, m.dedupe_key, m.state, m.reason, m.sent_at, m.done_at) f
    where f.metric = {metric} and {which})
"""
_SENT = """
select m.id, m.contact_id, m.channel_id, m.campaign_id, m.author_id, m.{at} as at, m.state, m.reason from message m
where m.company_id = $1 and m.{at} >= $2 and m.{at} < $3 and {found} and m.reacts_to is null and {counts} and {where}
"""
_RECEIVED = """
select m.id, m.contact_id, m.channel_id, null::uuid as campaign_id, null::uuid as author_id, m.at, null::smallint as state, null::text as reason
from channel c cross join lateral (
    select i.id, i.contact_id, i.channel_id, i.received_at as at from inbound_message i
    where i.company_id = $1 and i.channel_id = c.id and i.received_at >= $2 and i.received_at < $3 and i.origin is null
        and i.kind <> all('{preference,reaction,edit,revoke,system}') and ($5::timestamptz is null or (i.received_at, i.id) < ($5, $6))
    order by i.received_at desc, i.id desc limit $7) m
where c.company_id = $1 and ($4::uuid is null or c.id = $4) order by m.at desc, m.id desc limit $7
"""
_RECEIVED_TOTAL = """
select count(*) from inbound_message i where i.company_id = $1 and i.received_at >= $2 and i.received_at < $3 and i.origin is null
    and i.kind <> all('{preference,reaction,edit,revoke,system}') and ($4::uuid is null or i.channel_id = $4)
    and i.channel_id = any(array(select c.id from channel c where c.company_id = $1))
"""
_DRESSED = """
select n.id, v.id as conversation_id, coalesce(nullif(c.name, ''), v.address) as contact_name, coalesce(h.name, '') as channel_name, n.campaign_id,
    k.name as campaign_name, u.name as author_name, n.at, n.state, n.reason
from ({rows}) n
left join contact c on c.company_id = $1 and c.id = n.contact_id
left join conversation v on v.company_id = $1 and v.contact_id = n.contact_id and v.channel_id = n.channel_id
left join channel h on h.company_id = $1 and h.id = n.channel_id
left join campaign k on k.company_id = $1 and k.id = n.campaign_id
left join account_user u on u.id = n.author_id
order by n.at desc, n.id desc
"""
_FOUND = {
    "sent_at": (reached.STANDS.format("m"), reached.OTHERWISE.format("m")),
    "done_at": ("m.in_trouble",),
    "replied_at": ("m.sent_at is null and m.replied_at is not null",),
}
"""Each is what an index holds."""


def _parts(fact: MessageFact, where: MessageWhere, args: list[object]) -> list[str]:
    """Queries of the messages, each by an index of its own; adds to the arguments."""
    said = ["true"]

    def add(sql: str, value: object) -> None:
        if value is not None:
            args.append(value)
            said.append(sql.format(f"${len(args)}"))

    add("m.channel_id = {}", where.channel_id)
    add("m.campaign_id = {}", where.campaign_id)
    add("(m.campaign_id is not null) = {}", where.of_campaigns)
    add("m.author_id = {}", where.user_id)
    counts = _COUNTS
    if where.author is not None:
        counts = _MARKED.format(metric=int(Metric.AUTHORED), which=f"f.dim2 = {where.author:d} and $4::int > 0")
    elif where.user_id is not None:
        counts = _MARKED.format(metric=int(Metric.WROTE), which="$4::int > 0")
    elif where.reason is not None:
        number = NUMBERED.index(where.reason) + 1
        counts = _MARKED.format(metric=int(Metric.REFUSED), which=f"f.dim2 = {number} and $4::int > 0")
    columns = ["done_at"] if fact in _ENDED else ["sent_at", "replied_at"] if fact is MessageFact.REPLIED else ["sent_at"]
    return [
        _SENT.format(at=column, found=found, counts=counts, where=" and ".join(said))
        for column in columns
        for found in _FOUND[column]
    ]


def _row(row: asyncpg.Record) -> MessageRow:
    state = None if row["state"] is None else MessageState(row["state"])
    reason = FailureReason(row["reason"]) if row["reason"] in set(FailureReason) else None
    return MessageRow(**{**row, "state": state, "reason": reason})


async def rows(
    actor: Actor,
    fact: MessageFact,
    first: date | None,
    last: date | None,
    where: MessageWhere,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> tuple[list[MessageRow], int]:
    """The messages that a figure counts, newest first, and how many there are: what was received is of no campaign, no author and no
    failure. Raises Forbidden, Invalid."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        of = await period(r, actor.company_id, first, last)
        if fact is MessageFact.RECEIVED:
            if any(one is not None for one in where[1:]):
                return [], 0
            args: list[object] = [actor.company_id, of.begins, of.ends, where.channel_id]
            found = await r.fetch(_DRESSED.format(rows=_RECEIVED), *args, *(after or (None, None)), limit)
            return [_row(row) for row in found], await r.fetchval(_RECEIVED_TOTAL, *args)
        args = [actor.company_id, of.begins, of.ends, int(METRICS[fact])]
        parts = _parts(fact, where, args)
        place = len(args) + 1
        page = f" and (${place}::timestamptz is null or (m.{{at}}, m.id) < (${place}, ${place + 1})) order by m.{{at}} desc, m.id desc limit ${place + 2}"
        limited = " union all ".join(f"({part}{page.format(at=_at(part))})" for part in parts)
        found = await r.fetch(
            _DRESSED.format(rows=f"select * from ({limited}) p order by at desc, id desc limit ${place + 2}"),
            *args,
            *(after or (None, None)),
            limit,
        )
        counted = " + ".join(f"(select count(*) from ({part}) p)" for part in parts)
        return [_row(row) for row in found], await r.fetchval(f"select {counted}", *args)


def _at(part: str) -> str:
    """The time by which a part is found."""
    return next(column for column in _FOUND if f"m.{column} as at" in part)
