"""What somebody of the team asks of a call that goes on: to hear it, to tell the virtual agent something, to take it, to end it.

Asking writes a row and its job; a worker tells the provider once. What may have got there is never sent again. Refuses to speak to a
provider.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.accounts.errors import AccountError
from db.conversations import record
from db.errors import RequestError, RequestField
from db.jobs import OrderCall
from db.messages.enums import CallOrderKind as Kind
from db.messages.enums import CallStage
from db.messages.events import ConversationChanged
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.transfers import ringing
from db.transfers.enums import CallOrderOutcome as Out
from db.transfers.errors import OrderError
from db.work import Work, read, work

PATIENCE = timedelta(seconds=45)
"""So long it makes sense: what was not sent by then is not sent any more."""


class Order(NamedTuple):
    """`outcome` None: it goes on. `listen_url`: where the provider plays the call, for who asked and while it goes on."""

    id: UUID
    call_id: UUID
    kind: Kind
    user_id: UUID | None
    user_name: str | None
    text: str
    outcome: Out | None
    listen_url: str | None
    created_at: datetime


class Open(NamedTuple):
    """What a worker is to tell the provider. `number`: of who takes the call; `summary`: what they hear before."""

    id: UUID
    call_id: UUID
    channel_id: UUID
    provider_call_id: str
    kind: Kind
    text: str
    number: str
    summary: str


_CALL = """
select c.id, c.channel_id, c.stage, h.kind, coalesce(c.provider_call_id, m.provider_id) as provider_id, coalesce(m.contact_id, i.contact_id) as contact_id
from call c join channel h on h.company_id = $1 and h.id = c.channel_id left join message m on m.company_id = $1 and m.id = c.id
left join inbound_message i on i.company_id = $1 and i.id = c.id where c.company_id = $1 and c.id = $2
"""
_ASK = """
insert into call_order(company_id, call_id, user_id, kind, body, transfer_id) values ($1, $2, $3, $4, $5, $6) returning id
"""
_SHOWN = f"""
select o.id, o.call_id, o.kind, o.user_id, u.name, o.body,
    case when o.state <> 'ended' and o.created_at < now() - $4::interval then case o.state when 'sent' then 'unknown' else 'too_late' end
        else o.outcome end as outcome,
    case when o.user_id is not distinct from $3 and c.stage < {CallStage.ENDED} then o.listen_url end as listen_url, o.created_at
from call_order o join call c on c.company_id = $1 and c.id = o.call_id left join account_user u on u.id = o.user_id
where o.company_id = $1 and
"""
_BEGIN = """
update call_order set state = 'sent' where company_id = $1 and id = $2 and state = 'waiting' and created_at > now() - $3::interval
returning call_id, kind, body, user_id, transfer_id
"""
_END = """
update call_order set state = 'ended', outcome = $3, listen_url = $4, ended_at = now() where company_id = $1 and id = $2 and state <> 'ended'
returning call_id, transfer_id, kind
"""
_SAID = "select string_agg(body, ' / ' order by number) from (select body, number from call_turn where company_id = $1 and call_id = $2 order by number desc limit 4) x"
_PHONE = "select phone from call_agent where company_id = $1 and user_id = $2"


async def order(actor: Actor, call_id: UUID, kind: Kind, text: str = "") -> Order:
    """Asks it of a call that goes on, and returns at once. Raises NotFound, Conflict (`call_not_live`, `order_not_taken`, `no_phone_to_take`,
    `call_gone`), Invalid for a hint without words, Forbidden `people_only` where a key wants to take a call."""
    text = text.strip()
    if kind is Kind.HINT and not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("text")])
    if kind is Kind.TAKE_OVER and (actor.kind != "user" or actor.id is None):
        raise AccountError.PEOPLE_ONLY()
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        call = await w.fetchrow(_CALL, w.company_id, call_id)
        if call is None:
            raise RequestError.NOT_FOUND(what="call")
        if kind not in registry.provider(call["kind"]).capabilities.orders:
            raise OrderError.ORDER_NOT_TAKEN()
        if call["contact_id"] is not None:
            await record.hold(w, call["channel_id"], call["contact_id"])
            call = await w.fetchrow(_CALL, w.company_id, call_id)
            assert call is not None
        if call["stage"] != CallStage.TALKING or not call["provider_id"]:
            raise OrderError.CALL_NOT_LIVE()
        user_id, transfer_id = actor.id if actor.kind == "user" else None, None
        if kind is Kind.TAKE_OVER:
            assert user_id is not None
            if not await w.fetchval(_PHONE, w.company_id, user_id):
                raise OrderError.NO_PHONE_TO_TAKE()
            transfer_id = await ringing.take(w, call_id, user_id)
        made = await w.fetchval(_ASK, w.company_id, call_id, user_id, kind.value, text if kind is Kind.HINT else "", transfer_id)
        _audit(w, kind, call_id, made)
        w.enqueue(OrderCall(order_id=made))
        if call["contact_id"] is not None:
            w.emit(ConversationChanged(contact_id=call["contact_id"]))
        row = await w.fetchrow(f"{_SHOWN} o.id = $2", w.company_id, made, user_id, PATIENCE)
        assert row is not None
        return _order(row)


def _audit(w: Work, kind: Kind, call_id: UUID, order_id: UUID) -> None:
    match kind:
        case Kind.LISTEN:
            w.audit("call.listened", call_id, order_id=order_id)
        case Kind.HINT:
            w.audit("call.hinted", call_id, order_id=order_id)
        case Kind.TAKE_OVER:
            w.audit("call.taken_over", call_id, order_id=order_id)
        case Kind.HANG_UP:
            w.audit("call.hung_up", call_id, order_id=order_id)


async def orders(actor: Actor, call_id: UUID) -> list[Order]:
    """What was asked of a call, newest first, at most a hundred. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_WRITE) as r:
        if await r.fetchrow(_CALL, actor.company_id, call_id) is None:
            raise RequestError.NOT_FOUND(what="call")
        user_id = actor.id if actor.kind == "user" else None
        wanted = f"{_SHOWN} o.call_id = $2 order by o.id desc limit 100"
        return [_order(row) for row in await r.fetch(wanted, actor.company_id, call_id, user_id, PATIENCE)]


async def begin(w: Work, order_id: UUID) -> Open | None:
    """To be told to the provider now, once; None: it was before, or it is too late. A run that died leaves it as unknown."""
    row = await w.fetchrow(_BEGIN, w.company_id, order_id, PATIENCE)
    if row is None:
        state = await w.fetchval("select state from call_order where company_id = $1 and id = $2", w.company_id, order_id)
        if state is not None and state != "ended":
            await end(w, order_id, Out.UNKNOWN if state == "sent" else Out.TOO_LATE)
        return None
    call = await w.fetchrow(_CALL, w.company_id, row["call_id"])
    assert call is not None
    number = await w.fetchval(_PHONE, w.company_id, row["user_id"]) if row["transfer_id"] is not None else None
    said = await w.fetchval(_SAID, w.company_id, row["call_id"]) if row["transfer_id"] is not None else None
    return Open(
        order_id,
        call["id"],
        call["channel_id"],
        call["provider_id"],
        Kind(row["kind"]),
        row["body"],
        number or "",
        (said or "")[:900],
    )


async def end(w: Work, order_id: UUID, outcome: Out, listen_url: str | None = None) -> None:
    """What became of it. A call that surely did not go to who took it is theirs no more."""
    call_id = await w.fetchval("select call_id from call_order where company_id = $1 and id = $2", w.company_id, order_id)
    call = None if call_id is None else await w.fetchrow(_CALL, w.company_id, call_id)
    if call is None:
        return
    if call["contact_id"] is not None:
        await record.hold(w, call["channel_id"], call["contact_id"])
    row = await w.fetchrow(_END, w.company_id, order_id, outcome.value, listen_url)
    if row is None:
        return
    if row["transfer_id"] is not None and outcome not in (Out.DONE, Out.UNKNOWN):
        await ringing.not_taken(w, call_id, row["transfer_id"])
    if call["contact_id"] is not None:
        w.emit(ConversationChanged(contact_id=call["contact_id"]))


def _order(row: asyncpg.Record) -> Order:
    outcome = Out(row["outcome"]) if row["outcome"] else None
    return Order(
        row["id"],
        row["call_id"],
        Kind(row["kind"]),
        row["user_id"],
        row["name"],
        row["body"],
        outcome,
        row["listen_url"],
        row["created_at"],
    )
