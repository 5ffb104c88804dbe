"""A person answers: the assistant falls silent, in the transaction of what that person did.

Called with the conversation's row held (it was just written, or locked). Stands beneath the messages: knows the assistant's tables, and
the verb of the ledger that takes back what was not sent yet.
"""

from datetime import timedelta
from uuid import UUID

import asyncpg

from db.assistant.enums import OPEN_TURN, AssistantMode, Owner, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.conversations import record
from db.conversations.enums import LineKind
from db.messages import queueing
from db.work import Work

HOLD = timedelta(seconds=30)
"""So long the assistant keeps still after somebody of the team was seen typing."""
MEANT = timedelta(seconds=3)
"""Who types for longer than this means to answer."""

OPEN = ", ".join(f"'{state.value}'" for state in OPEN_TURN)
_TAKE = """
update ai_conversation a set owner = $3, owner_reason = $4, owner_by = $5, human_at = now(), alarm = null, alarm_at = null,
    owner_since = case when a.owner = $3 then a.owner_since else now() end, typing_since = null, typing_until = null,
    typing_by = '{}'
from conversation v where a.company_id = $1 and a.conversation_id = $2 and v.company_id = $1 and v.id = $2
returning old.owner as was, a.serving, a.persona_name, v.contact_id, v.channel_id
"""
_END = f"""
update ai_turn set state = '{TurnState.SUPERSEDED.value}', reason = $3, done_at = now(), lease_until = null
where company_id = $1 and conversation_id = $2 and state in ({OPEN}) returning id
"""
_FORGET = """
delete from ai_conversation a using conversation v
where a.company_id = $1 and v.company_id = $1 and v.id = a.conversation_id and v.contact_id = any($2::uuid[])
"""
_FORGET_ASSISTS = """
delete from ai_assist a using conversation v
where a.company_id = $1 and v.company_id = $1 and v.id = a.conversation_id and v.contact_id = any($2::uuid[])
"""
_SHARE = f"""
insert into ai_conversation as a (company_id, conversation_id, mode, serving, owner, owner_reason, owner_by, human_at, episode_at, persona_id,
    persona_name) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
on conflict (company_id, conversation_id) do update set owner = excluded.owner, owner_reason = excluded.owner_reason,
    owner_by = excluded.owner_by, human_at = excluded.human_at
    where excluded.owner <> '{Owner.ASSISTANT.value}' and a.owner = '{Owner.ASSISTANT.value}'
"""
# Before those that are there, so that the newest stays the newest.
_MOVE_TURNS = """
update ai_turn set conversation_id = $2, seq = seq - 1 - (select max(seq) from ai_turn where company_id = $1 and conversation_id = $3)
    + least(0, (select min(seq) from ai_turn where company_id = $1 and conversation_id = $2))
where company_id = $1 and conversation_id = $3
"""
_TYPES = """
update ai_conversation set
    typing_by = case when typing_until > now() then array_append(array_remove(typing_by, $3), $3) else array[$3::uuid] end,
    typing_since = case when typing_until > now() then coalesce(typing_since, now()) else now() end,
    typing_until = now() + $4::interval
where company_id = $1 and conversation_id = $2
"""
_STOPS_TYPING = """
update ai_conversation set typing_by = array_remove(typing_by, $3),
    typing_since = case when typing_by <@ array[$3::uuid] then null else typing_since end,
    typing_until = case when typing_by <@ array[$3::uuid] then null else typing_until end
where company_id = $1 and conversation_id = $2 and $3 = any(typing_by)
"""


async def supersede_for_human(w: Work, conversation_id: UUID, why: TurnReason) -> None:
    """From this commit on the assistant says nothing here: its open turn ends, what waits to be sent is taken back, and a person answers
    until the conversation is given back or closed. Does nothing where no assistant ever was."""
    by = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    row = await w.fetchrow(_TAKE, w.company_id, conversation_id, Owner.HUMAN.value, why.value, by)
    if row is None:
        return
    ended = await end_turn(w, conversation_id, why)
    await queueing.cancel_assistants(w, row["contact_id"], row["channel_id"])
    if row["was"] == Owner.ASSISTANT and row["serving"] == AssistantMode.AUTO:
        await record.line(w, conversation_id, row["contact_id"], LineKind.TAKEN_OVER, what=row["persona_name"])
    if ended or row["was"] != Owner.HUMAN:
        w.emit(AssistantChanged(conversation_id=conversation_id, owner=Owner.HUMAN.value, turn=None))


async def end_turn(w: Work, conversation_id: UUID, why: TurnReason) -> bool:
    """The open turn says nothing any more. Returns whether there was one."""
    return bool(await w.fetch(_END, w.company_id, conversation_id, why.value))


async def silence(w: Work, conversation_id: UUID, why: TurnReason) -> None:
    """The open turn says nothing any more, and what waits to be sent, or may be tried again, is taken back."""
    await end_turn(w, conversation_id, why)
    row = await w.fetchrow(
        "select contact_id, channel_id from conversation where company_id = $1 and id = $2", w.company_id, conversation_id
    )
    if row is not None:
        await queueing.cancel_assistants(w, row["contact_id"], row["channel_id"])


async def forget(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts are deleted: what the assistant did with them goes too."""
    await w.execute(_FORGET_ASSISTS, w.company_id, contact_ids)
    await w.execute(_FORGET, w.company_id, contact_ids)


async def join(w: Work, keep: UUID, gone: UUID) -> None:
    """Two conversations become one: people go on where they answered in either, and the turns of both stand together. What
    agents asked for there is of before."""
    await w.execute("delete from ai_assist where company_id = $1 and conversation_id = any($2)", w.company_id, [keep, gone])
    row = await w.fetchrow("select * from ai_conversation where company_id = $1 and conversation_id = $2", w.company_id, gone)
    if row is None:
        return
    await end_turn(w, gone, TurnReason.MERGED)
    await _share(w, keep, row)
    await w.execute(_MOVE_TURNS, w.company_id, keep, gone)
    await w.execute("delete from ai_conversation where company_id = $1 and conversation_id = $2", w.company_id, gone)


async def part(w: Work, kept: UUID, back: UUID) -> None:
    """One conversation becomes two again: where people answered they go on in both."""
    row = await w.fetchrow("select * from ai_conversation where company_id = $1 and conversation_id = $2", w.company_id, kept)
    if row is not None:
        await end_turn(w, kept, TurnReason.MERGED)
        await _share(w, back, row)


async def _share(w: Work, conversation_id: UUID, row: asyncpg.Record) -> None:
    """Another conversation is in the same hands; the hands of people come before those of the assistant."""
    columns = ("mode", "serving", "owner", "owner_reason", "owner_by", "human_at", "episode_at", "persona_id", "persona_name")
    await w.execute(_SHARE, w.company_id, conversation_id, *(row[name] for name in columns))


async def types(w: Work, conversation_id: UUID, user_id: UUID, *, typing: bool) -> None:
    """Somebody of the team writes an answer, or stopped to: who goes on for a moment holds the assistant back for a while, until all who
    write have stopped."""
    if typing:
        await w.execute(_TYPES, w.company_id, conversation_id, user_id, HOLD)
    else:
        await w.execute(_STOPS_TYPING, w.company_id, conversation_id, user_id)
