"""Where the assistant speaks: the check that it still may, and the messages, are one transaction.

The row of the conversation is held from the check to the commit. Who takes the conversation over holds the same row, so either finds the
messages and takes back what was not sent, or comes first, and nothing is said. What is queued here goes the way of every message: before
bulk, committed before its first byte leaves, under a key that makes a second one impossible.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.assistant import gather, human, quiet
from db.assistant.enums import AssistantMode, Decision, Owner, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.assistant.turns import Answer, Turn
from db.clock import now
from db.contacts import told
from db.conversations import record, routing
from db.conversations.enums import LineKind
from db.errors import AppError
from db.jobs import NoteGap
from db.messages import answers
from db.messages.answers import ReplyChannel
from db.messages.errors import MessageError
from db.permissions import Permission
from db.personas import serving as personas
from db.personas.config import PersonaConfig
from db.personas.enums import PersonaState
from db.tenancy import worker
from db.work import Work, work

AGAIN = timedelta(minutes=5)
REPEATS = 2
"""What was said so often within AGAIN is not said once more: two machines talk, or the assistant is stuck."""

_WHERE = """
select v.contact_id, v.channel_id from ai_turn t join conversation v on v.company_id = $1 and v.id = t.conversation_id
where t.company_id = $1 and t.id = $2
"""
_LOCK = "select contact_id from conversation where company_id = $1 and id = $2 for no key update"
_CHECK = f"""
select a.owner, a.told_at, a.alarm, a.typing_until, a.typing_since <= now() - $4::interval and a.typing_until > now() as typed,
    t.seq = a.turn_seq as newest, exists (select from persona p join persona_binding b on b.company_id = $1 and b.persona_id = p.id
        where p.company_id = $1 and p.id = t.persona_id and p.state = '{PersonaState.LIVE.value}' and p.deleted_at is null
            and (b.channel_id is null or b.channel_id = $5)) as serves
from ai_turn t join ai_conversation a on a.company_id = $1 and a.conversation_id = t.conversation_id
where t.company_id = $1 and t.id = $2 and t.epoch = $3 and t.state in ('{TurnState.READY.value}', '{TurnState.GENERATING.value}',
    '{TurnState.COLLECTING.value}') for update of a, t
"""
_HOLD = "update ai_turn set lease_until = $3 where company_id = $1 and id = $2"
_END = """
update ai_turn set state = $3, reason = $4, done_at = now(), lease_until = null where company_id = $1 and id = $2
"""
_SPOKE = """
update ai_conversation set spoke_at = now(), unanswered = case when $3 then unanswered + 1 else 0 end, told_at = null, alarm = null,
    alarm_at = null
where company_id = $1 and conversation_id = $2
"""
_TROUBLE = """
update ai_conversation set alarm = $3, alarm_at = now(), told_at = case when $4 then now() else told_at end
where company_id = $1 and conversation_id = $2
"""
_ASKED = "update ai_conversation set spoke_at = now() where company_id = $1 and conversation_id = $2"
_NOTICED = "update ai_conversation set noticed_at = now(), spoke_at = now() where company_id = $1 and conversation_id = $2"
_HANDED = """
update ai_conversation set owner = $3, owner_reason = $4, owner_by = null, owner_since = now(), human_at = now(), unanswered = 0
where company_id = $1 and conversation_id = $2
"""
_SAID = f"""
select answer->'texts' as texts from ai_turn where company_id = $1 and conversation_id = $2
    and state in ('{TurnState.SENT.value}', '{TurnState.HANDED_OVER.value}') and done_at > now() - $3::interval
"""
_OBSTACLES = {
    MessageError.WINDOW_CLOSED: TurnReason.WINDOW_CLOSED,
    MessageError.OPTED_OUT: TurnReason.OPTED_OUT,
    MessageError.NO_ADDRESS: TurnReason.NO_ADDRESS,
    MessageError.CHANNEL_NOT_CONNECTED: TurnReason.CHANNEL_NOT_CONNECTED,
}


class Spoken(NamedTuple):
    """How the turn ended. `said`: so many messages were queued."""

    state: TurnState
    reason: TurnReason | None
    said: int = 0


class Held(NamedTuple):
    """Somebody of the team is typing, or the person became another one: ask again then."""

    until: datetime


async def speak(company_id: UUID, turn: Turn, *, team_id: UUID | None = None) -> Spoken | Held | None:
    """Says what the turn composed, or ends it unsaid. `team_id`: of whom takes over. None: it is not this run's to say any more."""
    answer = turn.answer
    assert answer is not None
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        where = await w.fetchrow(_WHERE, company_id, turn.id)
        if where is None:
            return None
        keeps = bool(answer.collected) and turn.mode is AssistantMode.AUTO
        way = await _way(w, where, changes=keeps)
        now_of = await w.fetchval(_LOCK, company_id, turn.conversation_id)
        if now_of is None:
            return None
        if now_of != where["contact_id"]:  # two contacts became one meanwhile
            return Held(now())
        check = await w.fetchrow(_CHECK, company_id, turn.id, turn.epoch, human.MEANT, where["channel_id"])
        if check is None or not check["newest"]:
            return None
        if turn.mode is AssistantMode.AUTO and check["owner"] != Owner.ASSISTANT:
            return None
        if not check["serves"]:  # its persona was paused, deleted or taken off the channel meanwhile
            return await _end(w, turn, TurnState.SUPERSEDED, TurnReason.SWITCHED_OFF)
        if turn.mode is AssistantMode.SUGGEST:
            _note_gap(w, turn, answer)
            return await _drafted(w, turn, answer)
        if check["typed"] and answer.texts:
            await w.execute(_HOLD, company_id, turn.id, check["typing_until"])
            return Held(check["typing_until"])
        _note_gap(w, turn, answer)
        if keeps:
            await _keep_told(w, turn, answer, where["contact_id"], way)
        return await _said(w, turn, answer, _Place(where, way, check["told_at"], check["alarm"], team_id))


def _note_gap(w: Work, turn: Turn, answer: Answer) -> None:
    """By a job: whoever writes passages holds the base for longer than a conversation may wait. A turn that was lost notes nothing, the next
    one asks the same."""
    if answer.asked:
        w.enqueue(NoteGap(turn_id=turn.id))


async def _keep_told(w: Work, turn: Turn, answer: Answer, contact_id: UUID, way: ReplyChannel | None) -> None:
    """What the customer told becomes known of them, where nothing was. Without a channel nobody holds the person, and nothing is kept, nor
    of who opted out meanwhile, or is being erased. Of a draft a person decides it (actions.py)."""
    if way is not None and way.obstacle != MessageError.OPTED_OUT:
        facts = {one.key: one.kept for one in answer.collected}
        await told.keep(w, contact_id, facts, turn_id=turn.id, persona=turn.persona_name)


class _Place(NamedTuple):
    where: asyncpg.Record
    way: ReplyChannel | None
    told_at: datetime | None
    alarm: str | None
    team_id: UUID | None


async def _way(w: Work, where: asyncpg.Record, *, changes: bool) -> ReplyChannel | None:
    """How the person is reached; None: the channel is gone. Channel and person are held before the conversation, as by what comes in.
    `changes`: something will be written to the person's row."""
    try:
        return await answers.held(w, where["contact_id"], where["channel_id"], changes=changes)
    except AppError:
        return None


async def _drafted(w: Work, turn: Turn, answer: Answer) -> Spoken | None:
    """A draft waits for the agent; nothing is left to do but to end what is none."""
    if answer.texts and not answer.trouble:
        return None
    state = TurnState.FAILED if answer.trouble else TurnState.NO_ANSWER
    reason = None if answer.reason is None else TurnReason(answer.reason)
    return await _end(w, turn, state, reason)


async def _said(w: Work, turn: Turn, answer: Answer, place: _Place) -> Spoken:
    reason = None if answer.reason is None else TurnReason(answer.reason)
    if turn.asks is not None:
        return await _asked(w, turn, answer, place, reason)
    if answer.trouble:
        return await _troubled(w, turn, answer, place, reason or TurnReason.MODEL_DOWN)
    if not answer.texts:
        await quiet.begins(w, turn.conversation_id, await _config(w, turn), asked=0, again=False)
        return await _end(w, turn, TurnState.NO_ANSWER, reason)
    obstacle = _obstacle(place)
    if obstacle is not None:
        return await _blocked(w, turn, place, obstacle)
    if not answer.unknown and await _repeats(w, turn, answer):
        await gather.stop(w, turn.conversation_id, TurnReason.REPEATED, team_id=place.team_id)
        return await _end(w, turn, TurnState.BLOCKED, TurnReason.REPEATED)
    handed = answer.decision == Decision.HANDOVER
    noticed = reason is TurnReason.OUTSIDE_HOURS and not handed
    said = await _queue(w, turn, answer.texts, place, answered=not (handed or noticed))
    if noticed:
        await w.execute(_NOTICED, w.company_id, turn.conversation_id)
        return await _end(w, turn, TurnState.SENT, reason, said)
    await w.execute(_SPOKE, w.company_id, turn.conversation_id, answer.unknown)
    if not handed:
        more = answer.decision != Decision.CLOSE
        await quiet.begins(w, turn.conversation_id, await _config(w, turn), asked=0, again=more)
        return await _end(w, turn, TurnState.SENT, reason, said)
    await _hand_over(w, turn, answer, place, reason or TurnReason.MODEL_DECIDED)
    return await _end(w, turn, TurnState.HANDED_OVER, reason or TurnReason.MODEL_DECIDED, said, owner=Owner.HUMAN)


def _obstacle(place: _Place) -> TurnReason | None:
    """Why nothing may be said over this channel now."""
    if place.way is None:
        return TurnReason.CHANNEL_NOT_CONNECTED
    return _OBSTACLES.get(place.way.obstacle) if place.way.obstacle else None


async def _config(w: Work, turn: Turn) -> PersonaConfig:
    return (await personas.version(w, turn.persona_version_id)).config


async def _asked(w: Work, turn: Turn, answer: Answer, place: _Place, reason: TurnReason | None) -> Spoken:
    """It asks again, where the customer is still silent; else nothing is said, and nobody is called."""
    assert turn.asks is not None
    if answer.trouble:
        return await _end(w, turn, TurnState.FAILED, reason or TurnReason.MODEL_DOWN)
    if not answer.texts:
        return await _end(w, turn, TurnState.NO_ANSWER, reason)
    config = await _config(w, turn)
    why = _obstacle(place) or await quiet.hinders(w, turn, config)
    if why is None and await _repeats(w, turn, answer):
        why = TurnReason.REPEATED
    if why is not None:
        return await _end(w, turn, TurnState.SUPERSEDED if why is TurnReason.SPOKEN_MEANWHILE else TurnState.BLOCKED, why)
    said = await _queue(w, turn, answer.texts, place, answered=False)
    await w.execute(_ASKED, w.company_id, turn.conversation_id)
    await quiet.begins(w, turn.conversation_id, config, asked=turn.asks)
    return await _end(w, turn, TurnState.SENT, reason, said)


async def _queue(w: Work, turn: Turn, texts: list[str], place: _Place, *, answered: bool) -> int:
    """The messages, in order. `answered`: nothing waits for a person any more."""
    assert place.way is not None
    for number, text in enumerate(texts, 1):
        at = await answers.say(w, place.way, place.where["contact_id"], text, key=f"ai:{turn.id}:{number}")
        if answered:
            await record.assisted(w, at)
        else:
            await record.automatic(w, at)
    return len(texts)


async def _hand_over(w: Work, turn: Turn, answer: Answer, place: _Place, reason: TurnReason) -> None:
    """Once: from now on people answer, who find the reason, a summary and the open question."""
    conversation_id, contact_id = turn.conversation_id, place.where["contact_id"]
    await w.execute(_HANDED, w.company_id, conversation_id, Owner.HUMAN.value, reason.value)
    await record.line(w, conversation_id, contact_id, LineKind.HANDED_OVER, what=reason.value)
    if answer.note:
        await record.note(w, conversation_id, contact_id, answer.note)
    await routing.to_team(w, conversation_id, place.where["channel_id"], place.team_id)
    w.audit("assistant.handed_over", conversation_id, reason=reason.value, turn_id=turn.id)


async def _troubled(w: Work, turn: Turn, answer: Answer, place: _Place, reason: TurnReason) -> Spoken:
    """Nothing could be composed. The person is told once until something is answered again, and people are called once."""
    tell = bool(answer.texts) and place.told_at is None and place.way is not None and place.way.obstacle is None
    said = await _queue(w, turn, answer.texts[:1], place, answered=False) if tell else 0
    await _call(w, turn, place, reason)
    await w.execute(_TROUBLE, w.company_id, turn.conversation_id, reason.value, tell)
    state = TurnState.BLOCKED if reason is TurnReason.BUDGET else TurnState.FAILED
    return await _end(w, turn, state, reason, said)


async def _blocked(w: Work, turn: Turn, place: _Place, reason: TurnReason) -> Spoken:
    """It may not be said now, and is not said later: a person is called."""
    await _call(w, turn, place, reason)
    await w.execute(_TROUBLE, w.company_id, turn.conversation_id, reason.value, False)
    return await _end(w, turn, TurnState.BLOCKED, reason)


async def _call(w: Work, turn: Turn, place: _Place, reason: TurnReason) -> None:
    """People are called because the assistant cannot go on: once, until it answers again or a person did."""
    if place.alarm not in (None, TurnReason.INACTIVE):
        return
    await record.line(w, turn.conversation_id, place.where["contact_id"], LineKind.ASSISTANT_STOPPED, what=reason.value)
    if reason is not TurnReason.OPTED_OUT:  # nobody may answer
        await routing.to_team(w, turn.conversation_id, place.where["channel_id"], place.team_id)


async def _repeats(w: Work, turn: Turn, answer: Answer) -> bool:
    rows = await w.fetch(_SAID, w.company_id, turn.conversation_id, AGAIN)
    said = [msgspec.json.decode(row["texts"]) for row in rows if row["texts"]]
    return said.count(answer.texts) >= REPEATS


async def _end(
    w: Work, turn: Turn, state: TurnState, reason: TurnReason | None, said: int = 0, *, owner: Owner = Owner.ASSISTANT
) -> Spoken:
    await w.execute(_END, w.company_id, turn.id, state.value, None if reason is None else reason.value)
    if not said:
        await record.touched(w, turn.conversation_id)
    shown = Owner.HUMAN if turn.mode is AssistantMode.SUGGEST else owner
    w.emit(AssistantChanged(conversation_id=turn.conversation_id, owner=shown.value, turn=state.value))
    return Spoken(state, reason, said)
