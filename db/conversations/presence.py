"""Who looks at a conversation now, and who types. Kept in Valkey only: it is gone by itself, and nothing is lost with it."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db import valkey
from db.accounts.errors import AccountError
from db.assistant import human
from db.clock import now
from db.conversations import receipts
from db.conversations.events import ConversationPresence
from db.conversations.queries import Person
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work

STAYS = timedelta(seconds=30)
"""So long somebody is here after they last said so."""
AT_WORK = timedelta(minutes=2)
"""The same, of a whole team."""


class Present(NamedTuple):
    user: Person
    typing: bool
    until: datetime


class _Kept(msgspec.Struct):
    name: str
    typing: bool
    until: datetime


async def present(actor: Actor, conversation_id: UUID) -> list[Present]:
    """Who is here, by name; nobody while Valkey is away. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        await _must_exist(r, actor.company_id, conversation_id)
    return await _present(_key(actor, conversation_id))


async def say(actor: Actor, conversation_id: UUID, *, here: bool, typing: bool) -> list[Present]:
    """The caller is here, writes an answer, or left; tells who listens, and of an answer the person too. Returns who is here. Raises NotFound, Forbidden `people_only`."""
    if actor.kind != "user" or actor.id is None:
        raise AccountError.PEOPLE_ONLY()
    async with work(actor, Permission.CONVERSATIONS_READ) as w:
        await _must_exist(w, w.company_id, conversation_id)
        name: str = await w.fetchval("select name from account_user where id = $1", actor.id)
        event = ConversationPresence(
            conversation_id=conversation_id, user_id=actor.id, name=name, here=here, typing=here and typing
        )
        w.emit(event)
        if Permission.MESSAGES_SEND in actor.permissions:
            await human.types(w, conversation_id, actor.id, typing=event.typing)
    if event.typing:
        await receipts.say_typing(actor, conversation_id)
    key = _key(actor, conversation_id)
    try:
        pipe = valkey.client().pipeline(transaction=False)
        if here:
            pipe.hset(key, str(actor.id), msgspec.json.encode(_Kept(name, event.typing, now() + STAYS)))
            pipe.expire(key, STAYS)
        else:
            pipe.hdel(key, str(actor.id))
        if here:
            pipe.set(_at_work(actor.company_id), 1, ex=int(AT_WORK.total_seconds()))
        await pipe.execute()
    except valkey.Down:
        pass
    return await _present(key)


async def at_work(company_ids: Collection[UUID]) -> set[UUID]:
    """Those of which somebody looks at a conversation now. Raises valkey.Down."""
    asked = list(company_ids)
    found = await valkey.client().mget([_at_work(one) for one in asked]) if asked else []
    return {one for one, here in zip(asked, found, strict=True) if here is not None}


async def _present(key: str) -> list[Present]:
    try:
        found = await valkey.client().hgetall(key)
    except valkey.Down:
        return []
    at = now()
    kept = [(UUID(field.decode()), msgspec.json.decode(value, type=_Kept)) for field, value in found.items()]
    here = [Present(Person(user_id, one.name), one.typing, one.until) for user_id, one in kept if one.until > at]
    return sorted(here, key=lambda one: (one.user.name, one.user.id))


def _at_work(company_id: UUID) -> str:
    return f"presence:{company_id}"


def _key(actor: Actor, conversation_id: UUID) -> str:
    return f"presence:{actor.company_id}:{conversation_id}"


async def _must_exist(r: Read, company_id: UUID, conversation_id: UUID) -> None:
    if not await r.fetchval("select true from conversation where company_id = $1 and id = $2", company_id, conversation_id):
        raise RequestError.NOT_FOUND(what="conversation")
