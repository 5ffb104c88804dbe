"""What a person is shown of us over their channel: that their message was read, and that somebody writes an answer.

Reading leaves a row and a job, because it stays shown; coalesced, so that a burst of messages costs one call. Typing leaves nothing: it is
told at once or never. Only of messages that came in as they were written: neither past ones that the provider handed over later, nor
what our own people wrote on a phone.
"""

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from db import queue, valkey
from db.channels.events import SandboxChanged
from db.clock import now
from db.jobs import MarkRead
from db.messages.inbound import SILENT
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor, worker
from db.work import Work, read, system_read, work

GATHERED = timedelta(seconds=1.5)
"""So long further messages of a burst are waited for."""
TYPING = 20
"""Seconds: how often at most a person is shown that somebody writes. Meta shows it for 25."""
_LASTING = timedelta(days=30)
"""How old a message may be of which Meta still takes it ("Mark messages as read")."""
_UNREADABLE = [*SILENT, "call"]
"""Kinds that are no message which one reads."""

_NEWEST = """
select id, provider_id, address, received_at from inbound_message where company_id = $1 and contact_id = {contact} and channel_id = {channel}
    and origin is null and kind <> all($3::text[]) and received_at > $4 {until} order by received_at desc, id desc limit 1
"""
_SEEN = f"""
update conversation v set seen_id = i.id, seen_at = now()
from ({_NEWEST.format(contact="$5", channel="$6", until="and received_at <= $7")}) i
where v.company_id = $1 and v.id = $2 and not exists (select from inbound_message p
    where p.company_id = $1 and p.id = v.seen_id and (p.received_at, p.id) >= (i.received_at, i.id))
"""
_WRITES = f"""
select v.channel_id, i.id, i.provider_id, i.address, now() as seen_at from conversation v
join channel c on c.company_id = $1 and c.id = v.channel_id and c.read_receipts and c.archived_at is null
cross join lateral ({_NEWEST.format(contact="v.contact_id", channel="v.channel_id", until="")}) i
where v.company_id = $1 and v.id = $2
"""
_TO_TELL = """
select v.channel_id, i.id, i.provider_id, i.address, v.seen_at from conversation v
join inbound_message i on i.company_id = $1 and i.id = v.seen_id
join channel c on c.company_id = $1 and c.id = v.channel_id and c.read_receipts and c.archived_at is null
where v.company_id = $1 and v.id = $2 and v.told_id is distinct from v.seen_id
"""


class Receipt(NamedTuple):
    """A message that was read. `provider_id` names it at the provider of the channel; `address` is who wrote it."""

    channel_id: UUID
    message_id: UUID
    provider_id: str
    address: str
    seen_at: datetime


async def seen(w: Work, conversation: asyncpg.Record, until: datetime | None) -> None:
    """Somebody read what came in `until` then (None: all of it): the provider is told, where it takes that and the channel is set so."""
    kind = await w.fetchval(
        "select kind from channel where company_id = $1 and id = $2 and read_receipts and archived_at is null",
        w.company_id,
        conversation["channel_id"],
    )
    if kind is None or not registry.provider(kind).capabilities.read_receipts:
        return
    place = conversation["contact_id"], conversation["channel_id"]
    at = now()
    newest = _UNREADABLE, at - _LASTING, *place, until or at + _LASTING
    by_job = registry.provider(kind).capabilities.session is None  # else who holds the connection tells it (`untold`)
    if await w.execute(_SEEN, w.company_id, conversation["id"], *newest) and by_job:
        w.enqueue(MarkRead(conversation_id=conversation["id"]), at=at + GATHERED)


async def to_tell(company_id: UUID, conversation_id: UUID) -> Receipt | None:
    """What the provider does not know yet."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(_TO_TELL, company_id, conversation_id)
    return None if row is None else Receipt(*row)


# Until then further messages of a burst are waited for; later nobody needs to know.
_UNTOLD = """
select v.company_id, v.id from unnest($1::uuid[], $2::uuid[]) h(company_id, channel_id)
join conversation v on v.company_id = h.company_id and v.channel_id = h.channel_id and v.told_id is distinct from v.seen_id
    and v.seen_at between now() - interval '10 minutes' and now() - make_interval(secs => $3)
join channel c on c.company_id = v.company_id and c.id = v.channel_id and c.read_receipts and c.archived_at is null
order by v.seen_at limit 100
"""
# Those after the one of which the platform was told last: each is marked by itself there.
_ALL_SEEN = """
select i.provider_id from conversation v join inbound_message s on s.company_id = $1 and s.id = v.seen_id
left join inbound_message t on t.company_id = $1 and t.id = v.told_id
join inbound_message i on i.company_id = $1 and i.contact_id = v.contact_id and i.channel_id = v.channel_id and i.origin is null
    and i.kind <> all($3::text[]) and i.address = s.address and (i.received_at, i.id) <= (s.received_at, s.id)
    and i.received_at > s.received_at - interval '7 days' and (t.id is null or (i.received_at, i.id) > (t.received_at, t.id))
where v.company_id = $1 and v.id = $2 order by i.received_at desc, i.id desc limit 100
"""


class Untold(NamedTuple):
    """A conversation of which the platform does not know yet that it was read. `provider_ids`: of the messages, the newest first."""

    company_id: UUID
    conversation_id: UUID
    receipt: Receipt
    provider_ids: list[str]


async def untold(channels: Sequence[tuple[UUID, UUID]]) -> list[Untold]:
    """Of these (company, channel), whose platform is told over a connection; some at a time."""
    if not channels:
        return []
    async with system_read() as s:
        due = await s.fetch(_UNTOLD, *map(list, zip(*channels, strict=True)), GATHERED.total_seconds())
    found = []
    for row in due:
        company_id, conversation_id = row["company_id"], row["id"]
        async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
            newest = await r.fetchrow(_TO_TELL, company_id, conversation_id)
            rows = await r.fetch(_ALL_SEEN, company_id, conversation_id, _UNREADABLE)
        if newest is not None:
            found.append(Untold(company_id, conversation_id, Receipt(*newest), [one["provider_id"] for one in rows]))
    return found


async def told(company_id: UUID, conversation_id: UUID, receipt: Receipt) -> None:
    """The provider knows of it."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        await w.execute(
            "update conversation set told_id = $3 where company_id = $1 and id = $2",
            company_id,
            conversation_id,
            receipt.message_id,
        )
        await _rehearsed(w, receipt, typing=False)


async def writes(company_id: UUID, conversation_id: UUID) -> Receipt | None:
    """The message that somebody answers now; None where the person is not to see it."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        window = now() - timedelta(hours=24)
        row = await r.fetchrow(_WRITES, company_id, conversation_id, _UNREADABLE, window)
    return None if row is None else Receipt(*row)


async def shown_typing(company_id: UUID, receipt: Receipt) -> None:
    """The person sees it; the simulator's screen shows it too."""
    async with work(worker(company_id), Permission.CONVERSATIONS_READ) as w:
        await _rehearsed(w, receipt, typing=True)


async def _rehearsed(w: Work, receipt: Receipt, *, typing: bool) -> None:
    if await w.fetchval("select sandbox from channel where company_id = $1 and id = $2", w.company_id, receipt.channel_id):
        verb: Literal["typing", "read"] = "typing" if typing else "read"
        w.emit(SandboxChanged(channel_id=receipt.channel_id, verb=verb, address=receipt.address))


async def say_typing(actor: Actor, conversation_id: UUID) -> None:
    """Has the person shown that somebody writes, soon or never. Outside of any transaction."""
    if not {Permission.MESSAGES_SEND, Permission.CONVERSATIONS_WRITE} <= actor.permissions:
        return
    try:
        first = await valkey.client().set(f"typing:{actor.company_id}:{conversation_id}", 1, nx=True, ex=TYPING)
    except valkey.Down:
        return
    if first:
        key = queue.wake_key(f"typing:{conversation_id}")
        place = {"company_id": str(actor.company_id), "conversation_id": str(conversation_id)}
        await queue.wake_one("default", "show_typing", key=key, timeout=60, **place, at=int(time.time()))
