"""What a person is shown of us over their channel: that their message was read, and that somebody writes an answer.

Reading leaves a row and a job, because it stays shown; coalesced, so that a burst of messages costs one call. Typing leaves nothing: it is
told at once or never. Only of messages that came in as they were written: neither past ones that the provider handed over later, nor
what our own people wrote on a phone.
"""

import time
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
from db.work import Work, read, work

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
    if await w.execute(_SEEN, w.company_id, conversation["id"], *newest):
        w.enqueue(MarkRead(conversation_id=conversation["id"]), at=at + GATHERED)


async def to_tell(company_id: UUID, conversation_id: UUID) -> Receipt | None:
    """What the provider does not know yet."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(_TO_TELL, company_id, conversation_id)
    return None if row is None else Receipt(*row)


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
