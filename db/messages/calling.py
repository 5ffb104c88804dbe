"""Calling a person: over which channel it may be done now, and the message that does it.

One decision for the screen and for the call. What it allows is looked at again when the call is about to go out: the hours
(`workers/gated.py`) and the person's wish (the ledger).
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.contacts import holidays
from db.contacts.notes import must_exist
from db.conversations import record
from db.errors import ErrorCode
from db.messages import answers, call_hours, calls, conversation, queueing, render, tries
from db.messages.answers import ReplyChannel
from db.messages.conversation import Entry
from db.messages.errors import CallError
from db.messages.events import ConversationChanged
from db.messages.render import CallContent
from db.messages.variables import first_name
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work


class CallChannel(NamedTuple):
    """One way to call. `obstacle`: why not now; `opens_at`: when the hours allow it, where they are why."""

    channel_id: UUID
    channel_name: str
    channel_kind: str
    sandbox: bool
    address: str | None
    obstacle: ErrorCode | None
    opens_at: datetime | None


_PERSON = """
select p.name, c.name as company from contact p join company c on c.id = $1 where p.company_id = $1 and p.id = $2
"""


async def channels(actor: Actor, contact_id: UUID) -> list[CallChannel]:
    """All that call people. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        return [
            await _judged(r, actor.company_id, contact_id, way)
            for way in await answers.call_ways(r, actor.company_id, contact_id)
        ]


async def call(actor: Actor, contact_id: UUID, channel_id: UUID, agent: str = "") -> Entry:
    """Queues one call, to be placed at once. `agent`: who speaks, by the provider's id; "": the number's own. Raises NotFound, Conflict with the obstacle as its code."""
    async with work(actor, Permission.MESSAGES_SEND) as w:
        await must_exist(w, w.company_id, contact_id)
        # Two at once are one call and a refusal.
        await w.fetchval("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"call:{contact_id}")
        way = await _judged(w, w.company_id, contact_id, await answers.held(w, contact_id, channel_id, calls=True))
        if way.obstacle is not None:
            raise way.obstacle()
        assert way.address is not None
        row = await w.fetchrow(_PERSON, w.company_id, contact_id)
        assert row is not None
        variables = {"first_name": first_name(row["name"]), "name": row["name"], "company": row["company"]}
        message_id = await queueing.queue(
            w,
            channel_id,
            purpose="call",
            contact_id=contact_id,
            address=way.address,
            content=render.encode(CallContent(variables=variables, agent=agent)),
            author_id=actor.id if actor.kind == "user" else None,
        )
        await calls.begin(w, message_id, channel_id)
        w.audit("call.placed", message_id, channel_id=channel_id, contact_id=contact_id)
        w.emit(ConversationChanged(contact_id=contact_id))
        entry = await conversation.sent(w, w.company_id, message_id)
        await record.automatic(w, record.Place(channel_id, contact_id, way.address, message_id, entry.at))
        return entry


async def _judged(r: Read, company_id: UUID, contact_id: UUID, way: ReplyChannel) -> CallChannel:
    """With what stands in the way of a call now. A simulator's number calls nobody: neither hours nor tries count there."""
    obstacle: ErrorCode | None = way.obstacle
    opens_at: datetime | None = None
    if obstacle is None and way.address is not None:
        known = (await tries.of(r, company_id, [contact_id])).get(contact_id, tries.NONE)
        calendar = await holidays.calendar(r)
        wait = call_hours.wait(way.address, now(), calendar)
        if known.under_way:
            obstacle = CallError.CALL_UNDER_WAY
        elif not way.sandbox and tries.free_at(way.address, known, calendar) is not None:
            obstacle = CallError.TOO_MANY_CALLS
        elif not way.sandbox and wait:
            obstacle, opens_at = CallError.CALL_HOURS, now() + wait
    return CallChannel(way.channel_id, way.channel_name, way.channel_kind, way.sandbox, way.address, obstacle, opens_at)
