"""What people do with the assistant of one conversation: switch it, take over, give back, put a draft away. Each is one unit of work."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.assistant import back, gather, human, queries
from db.assistant.enums import AssistantMode, Owner, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.assistant.queries import Assistant
from db.clock import now
from db.contacts import told
from db.conversations import record
from db.conversations.enums import LineKind
from db.errors import RequestError
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.serving import Serving
from db.tenancy import Actor
from db.work import Work, work

SOON = timedelta(seconds=2)
"""After it was given back, the assistant answers what waits."""

_LOCK = """
select v.id, v.contact_id, v.channel_id, v.team_id, v.opened_at, v.version,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages,
    (select i.id from inbound_message i where i.company_id = $1 and i.contact_id = v.contact_id and i.channel_id = v.channel_id
        and i.received_at = any(v.unanswered_at) and i.received_at > now() - $3::interval and i.origin is null and i.kind <> all($4::text[])
     order by i.received_at desc, i.id desc limit 1) as waits,
    (select opted_out_at is not null from contact c where c.company_id = $1 and c.id = v.contact_id) as opted_out,
    a.persona_id, a.persona_version_id, a.noticed_at
from conversation v left join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
where v.company_id = $1 and v.id = $2 for no key update of v
"""
_WHOSE = "select contact_id from conversation where company_id = $1 and id = $2"
_HOLD = "select from contact where company_id = $1 and id = $2 for no key update"
_SPEAKER = "select persona_name from ai_turn where company_id = $1 and id = $2"
_ENSURE = """
insert into ai_conversation(company_id, conversation_id, episode_at) values ($1, $2, $3) on conflict do nothing
"""
_MODE = "update ai_conversation set mode = $3 where company_id = $1 and conversation_id = $2 and mode is distinct from $3 returning owner"
_AWAY = f"""
update ai_turn set state = '{TurnState.SUPERSEDED.value}', reason = $3, done_at = now(), lease_until = null
where company_id = $1 and id = $2 and conversation_id = $4 and state = '{TurnState.READY.value}' returning true
"""


class _Held(NamedTuple):
    row: asyncpg.Record
    found: Serving | None


async def set_mode(actor: Actor, conversation_id: UUID, mode: AssistantMode | None) -> Assistant:
    """What becomes of the assistant's answers here; None: as its persona has it. Where it answers by itself from now on, who waits gets
    an answer. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row, found = await _held(w, conversation_id)
        changed = await w.fetchrow(_MODE, w.company_id, conversation_id, None if mode is None else mode.value)
        if changed is not None:
            await human.silence(w, conversation_id, TurnReason.SWITCHED_OFF)
            if found is not None and changed["owner"] == Owner.ASSISTANT and (mode or found.mode.value) == AssistantMode.AUTO:
                if (
                    found.persona_id == row["persona_id"] and row["persona_version_id"] is not None
                ):  # its version stays for this talk
                    found = (await personas.version(w, row["persona_version_id"]))._replace(mode=found.mode)
                await _answer_waiting(w, conversation_id, row, found, AssistantMode.AUTO)
            w.audit("assistant.switched", conversation_id, mode=None if mode is None else mode.value)
            await _changed(w, conversation_id)
        return await queries.one(w, w.company_id, conversation_id)


async def take_over(actor: Actor, conversation_id: UUID) -> Assistant:
    """The caller's people answer from this commit on. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        await _held(w, conversation_id)
        await human.supersede_for_human(w, conversation_id, TurnReason.TAKEN_OVER)
        w.audit("assistant.taken_over", conversation_id)
        await _changed(w, conversation_id)
        return await queries.one(w, w.company_id, conversation_id)


async def give_back(actor: Actor, conversation_id: UUID) -> Assistant:
    """The assistant answers again, as another talk: what was before is not read any more, but for what still waits. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row, found = await _held(w, conversation_id)
        by = actor.id if actor.kind == "user" else None
        given = await back.by_hand(w, conversation_id, by)
        name = found.name if found is not None else given["persona_name"]
        await record.line(w, conversation_id, row["contact_id"], LineKind.GIVEN_BACK, what=name)
        w.audit("assistant.given_back", conversation_id)
        if found is not None and given["mode"] != AssistantMode.OFF:
            await _answer_waiting(w, conversation_id, row, found, AssistantMode(given["mode"] or found.mode.value))
        await _changed(w, conversation_id)
        return await queries.one(w, w.company_id, conversation_id)


async def _answer_waiting(w: Work, conversation_id: UUID, row: asyncpg.Record, found: Serving, mode: AssistantMode) -> None:
    """A turn for what nobody answered yet, where there is something. Outside the persona's hours as for a message that comes."""
    if row["waits"] is None or row["opted_out"]:
        return
    if mode is AssistantMode.AUTO and await gather.closed(w, found, row["noticed_at"]):
        return
    await gather.serves(w, conversation_id, found, mode)
    await gather.open_turn(w, conversation_id, found, mode, _times(found), row["waits"])


def _times(found: Serving) -> tuple[datetime, datetime, datetime]:
    at = now()
    return at, at + SOON, at + timedelta(milliseconds=found.config.turn.hard_wait_ms)


async def put_away(actor: Actor, conversation_id: UUID, turn_id: UUID) -> Assistant:
    """Nobody wants this draft. Does nothing where it is none any more. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        await _held(w, conversation_id)
        if await w.fetchval(_AWAY, w.company_id, turn_id, TurnReason.PUT_AWAY.value, conversation_id):
            await _changed(w, conversation_id)
        return await queries.one(w, w.company_id, conversation_id)


async def keep_facts(actor: Actor, conversation_id: UUID, turn_id: UUID) -> Assistant:
    """What this draft found out becomes known of the contact, where nothing is yet; it stays a draft. Does nothing where it is none any more.
    Raises NotFound."""
    actor.require(Permission.CONTACTS_WRITE)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        contact_id = await w.fetchval(_WHOSE, w.company_id, conversation_id)
        if contact_id is None:
            raise RequestError.NOT_FOUND(what="conversation")
        await w.fetch(_HOLD, w.company_id, contact_id)  # people come before conversations
        row, _ = await _held(w, conversation_id)
        found = await queries.one(w, w.company_id, conversation_id)
        draft = found.draft
        if draft is None or draft.turn_id != turn_id or not draft.facts or row["contact_id"] != contact_id:
            return found
        name = await w.fetchval(_SPEAKER, w.company_id, turn_id)
        await told.keep(w, contact_id, {one.key: one.kept for one in draft.facts}, turn_id=turn_id, persona=name)
        await _changed(w, conversation_id)
        return await queries.one(w, w.company_id, conversation_id)


async def _held(w: Work, conversation_id: UUID) -> _Held:
    """The row of the conversation, locked, the state of its assistant made where there is none, and which persona serves it."""
    row = await w.fetchrow(_LOCK, w.company_id, conversation_id, gather.LIVE, list(gather.MUTE))
    if row is None:
        raise RequestError.NOT_FOUND(what="conversation")
    await w.execute(_ENSURE, w.company_id, conversation_id, row["opened_at"])
    return _Held(row, await personas.serving(w, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"]))


async def _changed(w: Work, conversation_id: UUID) -> None:
    """Tells of it: the row of the inbox shows who answers."""
    await record.touched(w, conversation_id)
    owner = await w.fetchval(
        "select owner from ai_conversation where company_id = $1 and conversation_id = $2", w.company_id, conversation_id
    )
    w.emit(AssistantChanged(conversation_id=conversation_id, owner=owner, turn=None))
