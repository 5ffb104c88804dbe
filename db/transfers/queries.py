"""What a page shows of calls that are handed to people: the one that rings here, with everything to know before it is taken; those who
wait, and what is owed to whom nobody took."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from db.errors import RequestError
from db.messages import conversation
from db.messages.enums import CallSpeaker
from db.permissions import Permission
from db.tenancy import Actor
from db.transfers.enums import Overflow, TransferOutcome, TransferState
from db.transfers.events import CallQueueChanged
from db.work import read, work

MOST_MESSAGES = 8
MOST_TURNS = 6
MOST_LEADS = 3


class Line(NamedTuple):
    """Something that was said lately. `who`: in, out, or the speaker of this call."""

    at: datetime | None
    who: str
    channel_name: str
    text: str


class Lead(NamedTuple):
    id: UUID
    board_id: UUID
    title: str
    stage: str


class Offer(NamedTuple):
    """A call that rings at the caller's page."""

    transfer_id: UUID
    call_id: UUID
    until: datetime
    reason: str
    summary: str
    contact_id: UUID | None
    contact_name: str
    address: str
    leads: list[Lead]
    said: list[Line]  # in this call
    lately: list[Line]  # on every channel, newest first


class Transfer(NamedTuple):
    """One request for a person. `owed`: what is still to be done for them, until `settled_at`."""

    id: UUID
    call_id: UUID
    contact_id: UUID | None
    contact_name: str
    address: str
    conversation_id: UUID | None
    reason: str
    summary: str
    state: TransferState
    outcome: TransferOutcome | None
    user_id: UUID | None
    user_name: str | None
    requested_at: datetime
    ended_at: datetime | None
    owed: Overflow | None
    settled_at: datetime | None


_WHO = """
    p.id as contact_id, coalesce(p.name, '') as contact_name, coalesce(m.address, i.address, '') as address
"""
_FROM = """
join call c on c.company_id = $1 and c.id = t.call_id
left join message m on m.company_id = $1 and m.id = t.call_id
left join inbound_message i on i.company_id = $1 and i.id = t.call_id
left join contact p on p.company_id = $1 and p.id = coalesce(m.contact_id, i.contact_id)
left join conversation v on v.company_id = $1 and v.contact_id = p.id and v.channel_id = c.channel_id
"""
_OFFER = f"""
select t.id as transfer_id, t.call_id, r.until, t.reason, t.summary, {_WHO}
from call_ring r join call_transfer t on t.company_id = $1 and t.id = r.transfer_id {_FROM}
where r.company_id = $1 and r.user_id = $2 and r.state = 'ringing'
"""
_LEADS = """
select l.id, l.board_id, l.title, s.name as stage from lead l join stage s on s.company_id = $1 and s.id = l.stage_id
where l.company_id = $1 and l.contact_id = $2 order by l.id desc limit $3
"""
_TURNS = """
select speaker, body from call_turn where company_id = $1 and call_id = $2 order by number desc limit $3
"""
_LIST = f"""
select t.id, t.call_id, {_WHO}, v.id as conversation_id, t.reason, t.summary, t.state, t.outcome, t.user_id, u.name as user_name,
    t.requested_at, t.ended_at, t.owed, t.settled_at
from call_transfer t {_FROM} left join account_user u on u.id = t.user_id
where t.company_id = $1
"""
_VIEWS = {
    "open": "t.state <> 'ended'",
    "owed": "t.owed is not null and t.settled_at is null",
    "all": "true",
}
View = Literal["open", "owed", "all"]


async def offer(actor: Actor) -> Offer | None:
    """What rings at the caller's page now."""
    actor.require(Permission.CONTACTS_READ)
    actor.require(Permission.CONVERSATIONS_READ)
    if actor.kind != "user" or actor.id is None:
        return None
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(_OFFER, actor.company_id, actor.id)
        if row is None:
            return None
        leads = []
        if row["contact_id"] is not None and Permission.BOARDS_READ in actor.permissions:
            leads = [Lead(*one) for one in await r.fetch(_LEADS, actor.company_id, row["contact_id"], MOST_LEADS)]
        turns = await r.fetch(_TURNS, actor.company_id, row["call_id"], MOST_TURNS)
    said = [Line(None, CallSpeaker(one["speaker"]).value, "", one["body"]) for one in reversed(turns)]
    lately: list[Line] = []
    if row["contact_id"] is not None:
        found = await conversation.messages(actor, row["contact_id"], before=None, limit=MOST_MESSAGES + 1)
        shown = [one for one in found if one.id != row["call_id"]][:MOST_MESSAGES]
        lately = [Line(one.at, one.direction, one.channel_name, one.text or one.kind) for one in shown]
    known: tuple[UUID, UUID, datetime, str, str, UUID | None, str, str] = tuple(row)
    return Offer(*known, leads, said, lately)


async def transfers(actor: Actor, view: View, *, before: tuple[datetime, UUID] | None, limit: int) -> list[Transfer]:
    """Newest first."""
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        place = "and (t.requested_at, t.id) < ($3::timestamptz, $4::uuid)" if before else ""
        rows = await r.fetch(
            f"{_LIST} and {_VIEWS[view]} {place} order by t.requested_at desc, t.id desc limit $2",
            actor.company_id,
            limit,
            *(before or ()),
        )
        return [_transfer(row) for row in rows]


async def settle(actor: Actor, transfer_id: UUID) -> Transfer:
    """What was owed is done. Harmless when it is repeated. Raises NotFound."""
    actor.require(Permission.CONTACTS_READ)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        done = await w.execute(
            "update call_transfer set settled_at = now(), settled_by = $3 where company_id = $1 and id = $2 and owed is not null"
            " and settled_at is null",
            w.company_id,
            transfer_id,
            actor.id,
        )
        row = await w.fetchrow(f"{_LIST} and t.id = $2", w.company_id, transfer_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="transfer")
        if done:
            w.audit("call.settled", transfer_id, call_id=row["call_id"])
            w.emit(CallQueueChanged(transfer_id=transfer_id))
        return _transfer(row)


def _transfer(row: asyncpg.Record) -> Transfer:
    found = Transfer(*row)
    return found._replace(
        state=TransferState(found.state),
        outcome=TransferOutcome(found.outcome) if found.outcome else None,
        owed=Overflow(found.owed) if found.owed else None,
    )
