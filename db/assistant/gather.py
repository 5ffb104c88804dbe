"""What a customer wrote opens a turn, or joins the one that still waits: in the transaction that stores the message.

Who does not get an answer from the assistant is decided here, before any model is asked: old, past and doubled messages, signs that ask
for nothing, who opted out, where people answer, and where a guard against loops struck. The row of the conversation is held by then.
"""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg

from db.assistant import back, human
from db.assistant.enums import OPEN_TURN, AssistantMode, Owner, TurnReason, TurnState
from db.assistant.events import AssistantChanged
from db.assistant.window import window
from db.clock import now
from db.conversations import office_hours, record, routing
from db.conversations.enums import LineKind
from db.conversations.hours import OfficeHours
from db.ids import uuid7
from db.jobs import RunTurn
from db.messages import inbound
from db.messages.inbound import SILENT, Inbound
from db.personas import serving as personas
from db.personas.enums import OutsideHours, PersonaState
from db.personas.serving import Serving
from db.work import Read, Work

LIVE = timedelta(minutes=10)
"""What is older was told late, and is for people."""
LATELY = timedelta(days=1)
"""Who answered within it, before there was an assistant, goes on."""
BEGINNING = datetime.min.replace(tzinfo=UTC)
MUTE = (*SILENT, "sticker", "call", "call_permission", "unsupported", "order")
"""Kinds that ask for no answer, or that no model can read."""
NOTICED = timedelta(hours=12)
"""So long nobody is told again that the hours are over."""
FAST = 2.0  # seconds in which no person answers
COARSE = timedelta(seconds=1)
"""Providers tell times in whole seconds, cut off."""
FAST_ANSWERS = 5  # so many of them in a row come from a machine

_STATE = """
select v.contact_id, v.channel_id, v.team_id, v.opened_at, v.assignee_id, uuid_extract_timestamp(v.answer_id) as answered_at, v.closed_at, c.opted_out_at, a.conversation_id is not null as known,
    a.mode, a.serving, a.owner, a.owner_reason, a.human_at, a.episode, a.episode_at, a.persona_id, a.persona_version_id, a.turn_seq,
    a.fast, a.spoke_at, a.noticed_at,
    exists (select from ai_turn t where t.company_id = $1 and t.conversation_id = v.id and t.opened_at > a.spoke_at) as heard,
    array(select x.label_id from conversation_label x where x.company_id = $1 and x.conversation_id = v.id) as labels,
    array(select l.stage_id from lead l where l.company_id = $1 and l.contact_id = v.contact_id order by l.id desc limit 50) as stages,
    exists (select from conversation_entry e where e.company_id = $1 and e.conversation_id = v.id and (e.kind = $3
        and e.whom_id = v.assignee_id or e.kind = $4 and e.what is not null and v.team_id is not null)) as assigned
from conversation v join contact c on c.company_id = $1 and c.id = v.contact_id
left join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
where v.company_id = $1 and v.id = $2 and exists (select from persona_binding b where b.company_id = $1)
"""
_ANSWERS = f"""
select true from conversation v join ai_conversation a on a.company_id = $1 and a.conversation_id = v.id
join persona p on p.company_id = $1 and p.id = a.persona_id and p.state = '{PersonaState.LIVE.value}'
where v.company_id = $1 and v.id = $2 and v.opened_at <= a.episode_at and a.owner = '{Owner.ASSISTANT.value}'
    and a.serving = '{AssistantMode.AUTO.value}' and a.mode is distinct from '{AssistantMode.OFF.value}'
"""
_BEGIN = """
insert into ai_conversation(company_id, conversation_id, owner, owner_reason, episode_at, human_at) values ($1, $2, $3, $4, $5, $6)
on conflict do nothing
"""
_EPISODE = """
update ai_conversation set episode = episode + 1, episode_at = $3, owner = $4, owner_since = now(),
    owner_reason = case when $4 = 'human' then owner_reason end, owner_by = case when $4 = 'human' then owner_by end, persona_version_id = null, unanswered = 0, fast = 0, told_at = null, noticed_at = null, alarm = null, alarm_at = null
where company_id = $1 and conversation_id = $2
"""
_SERVES = """
update ai_conversation set serving = $3, persona_id = $4, persona_version_id = $5, persona_name = $6, fast = $7
where company_id = $1 and conversation_id = $2
"""
_JOIN = f"""
update ai_turn set last_inbound_id = $3, bubbles = bubbles + 1, due_at = least(now() + $4::interval, hard_at)
where company_id = $1 and conversation_id = $2 and state = '{TurnState.COLLECTING.value}' and asks is null returning id, due_at
"""
_OPEN = """
insert into ai_turn(company_id, id, conversation_id, seq, episode, mode, persona_id, persona_version_id, persona_name, since, due_at, hard_at,
                    first_inbound_id, last_inbound_id, bubbles, asks, reason)
select $1, $2, $3, a.turn_seq, a.episode, $4, $5, $6, $7, $8, $9, $10, coalesce($11::uuid, $12::uuid), $12::uuid, $13, $14, $15
from ai_conversation a where a.company_id = $1 and a.conversation_id = $3
"""
_HOUR = f"""
select count(*) filter (where state = '{TurnState.SENT.value}' and opened_at > now() - interval '1 hour') as hour,
    count(*) filter (where state = '{TurnState.SENT.value}' and episode = $3) as episode
from ai_turn where company_id = $1 and conversation_id = $2 and (opened_at > now() - interval '1 hour' or episode = $3)
"""


async def gather(w: Work, conversation_id: UUID, message: Inbound, message_id: UUID) -> bool:
    """Somebody wrote: a turn opens that is due when they pause, or the open one takes the message too; one that was composing starts
    anew. Returns whether the assistant answers here by itself, so that nothing else does."""
    if message.history:
        return False
    if message.kind in MUTE or message.received_at < now() - LIVE:
        return message.kind not in record.FOR_PEOPLE and bool(await w.fetchval(_ANSWERS, w.company_id, conversation_id))
    if await inbound.wanted(w, w.company_id, message.kind, message.body) == "out":
        await human.end_turn(w, conversation_id, TurnReason.OPTED_OUT)
        return False
    row = await w.fetchrow(_STATE, w.company_id, conversation_id, LineKind.ASSIGNED.value, LineKind.TEAM.value)
    if row is None or row["opted_out_at"] is not None or row["mode"] == AssistantMode.OFF:
        return False
    found = await personas.serving(w, row["channel_id"], row["labels"], row["stages"], team_id=row["team_id"])
    if found is None:
        return False
    mode = AssistantMode(row["mode"] or found.mode.value)
    row = await _row(w, conversation_id, row)
    if mode is AssistantMode.AUTO and row["owner"] == Owner.HUMAN:
        begins = max(row["opened_at"], min(now(), message.received_at))
        if await back.by_itself(w, conversation_id, row["contact_id"], found, begins):
            row = await _state(w, conversation_id)
    if not _may(row, mode):
        return False
    if row["persona_id"] == found.persona_id and row["persona_version_id"] is not None:
        pinned = await personas.version(w, row["persona_version_id"])
        found = pinned._replace(mode=found.mode)
    if mode is AssistantMode.AUTO and await closed(w, found, row["noticed_at"]):
        return False
    fast = _fast(row, message.received_at)
    await serves(w, conversation_id, found, mode, fast)
    guard = await _guard(w, conversation_id, row["episode"], found, fast) if mode is AssistantMode.AUTO else None
    if guard is TurnReason.TWO_BOTS:
        await stop(w, conversation_id, guard, team_id=found.config.handover.team_id)
        return False
    await _take(w, conversation_id, found, mode, message, message_id, guard)
    return mode is AssistantMode.AUTO


async def serves(w: Work, conversation_id: UUID, found: Serving, mode: AssistantMode, fast: int = 0) -> None:
    """This version of a persona has the conversation until its next episode."""
    values = mode.value, found.persona_id, found.version_id, found.name, fast
    await w.execute(_SERVES, w.company_id, conversation_id, *values)


async def _row(w: Work, conversation_id: UUID, row: asyncpg.Record) -> asyncpg.Record:
    """The state of the assistant here: made by the first message, begun anew by one that reopens the conversation. Where people were
    answering before there was an assistant they go on."""
    if not row["known"]:
        answered = row["answered_at"] is not None and row["answered_at"] > max(row["closed_at"] or BEGINNING, now() - LATELY)
        theirs = answered or (row["assignee_id"] is not None and row["assigned"])
        owner, why = (Owner.HUMAN, TurnReason.WROTE if answered else TurnReason.ASSIGNED) if theirs else (Owner.ASSISTANT, None)
        begun = row["opened_at"], row["answered_at"] if answered else None
        await w.execute(_BEGIN, w.company_id, conversation_id, owner.value, None if why is None else why.value, *begun)
    elif row["opened_at"] > row["episode_at"]:  # somebody closed it since
        since = row["closed_at"]
        theirs = row["owner"] == Owner.HUMAN and row["human_at"] is not None and (since is None or row["human_at"] > since)
        owner = Owner.HUMAN if theirs else Owner.ASSISTANT  # who wrote after it was closed goes on
        await w.execute(_EPISODE, w.company_id, conversation_id, row["opened_at"], owner.value)
    else:
        return row
    return await _state(w, conversation_id)


async def _state(w: Work, conversation_id: UUID) -> asyncpg.Record:
    row = await w.fetchrow(_STATE, w.company_id, conversation_id, LineKind.ASSIGNED.value, LineKind.TEAM.value)
    assert row is not None
    return row


def _may(row: asyncpg.Record, mode: AssistantMode) -> bool:
    """Whether the assistant may do its part: speak where it is its turn, draft unless somebody said that they do it alone."""
    if mode is AssistantMode.SUGGEST:
        return bool(row["owner"] != Owner.NOBODY and row["owner_reason"] != TurnReason.TAKEN_OVER)
    return bool(row["owner"] == Owner.ASSISTANT)


def _fast(row: asyncpg.Record, received_at: datetime) -> int:
    """Answers in a row, with this one, that came quicker than a person writes. Only the first message after the assistant spoke answers
    it, and one that was written before does not."""
    spoke = row["spoke_at"]
    if spoke is None:
        return 0
    if row["heard"]:
        return int(row["fast"])
    quick = -COARSE <= min(now(), received_at) - spoke < timedelta(seconds=FAST)
    return row["fast"] + 1 if quick else 0


async def closed(w: Work, found: Serving, noticed_at: datetime | None) -> bool:
    """Whether people answer because the persona's hours are over, and nothing is to be said about it any more."""
    hours = found.config.hours
    if not hours.open or await hours_over(w, found) is None:
        return False
    told = noticed_at is not None and noticed_at > now() - NOTICED
    return hours.outside is OutsideHours.SILENT or not hours.notice.strip() or told


async def hours_over(r: Read, found: Serving) -> datetime | None:
    """Since when the persona's hours are over; None: it answers."""
    if not found.config.hours.open or r.actor is None:
        return None
    company = await office_hours.of(r, r.actor.company_id)
    return OfficeHours(True, found.config.hours.open, [], "", 1, company.zone).closed_since(now())


async def _guard(w: Work, conversation_id: UUID, episode: int, found: Serving, fast: int) -> TurnReason | None:
    if fast >= FAST_ANSWERS:
        return TurnReason.TWO_BOTS
    count = await w.fetchrow(_HOUR, w.company_id, conversation_id, episode)
    assert count is not None
    if count["hour"] >= found.config.budget.max_turns_per_hour:
        return TurnReason.TOO_MANY_TURNS
    return TurnReason.MAX_TURNS if count["episode"] >= found.config.budget.max_turns else None


async def _take(
    w: Work,
    conversation_id: UUID,
    found: Serving,
    mode: AssistantMode,
    message: Inbound,
    message_id: UUID,
    guard: TurnReason | None,
) -> None:
    turn = found.config.turn
    wait = window(message.body, turn)
    joined = await w.fetchrow(_JOIN, w.company_id, conversation_id, message_id, wait)
    if joined is not None:
        await w.execute(
            "update ai_turn set mode = $3, reason = $4 where company_id = $1 and id = $2 and (mode, reason) is distinct from ($3, $4::text)",
            w.company_id,
            joined["id"],
            mode.value,
            guard,
        )
        w.enqueue(RunTurn(turn_id=joined["id"]), at=joined["due_at"])
        return
    before = await w.fetchrow(
        f"update ai_turn set state = $3, reason = $4, done_at = now(), lease_until = null where company_id = $1 and conversation_id = $2"
        f" and state in ({human.OPEN}) returning since, first_inbound_id, bubbles, asks, old.state as was, old.mode as as_what",
        w.company_id,
        conversation_id,
        TurnState.SUPERSEDED.value,
        TurnReason.NEWER_MESSAGE.value,
    )
    if before is not None and before["asks"] is not None:  # it was about to ask again: that answers nothing
        before = None
    drafted = before is not None and before["was"] == TurnState.READY and before["as_what"] == AssistantMode.SUGGEST
    since = before["since"] if before is not None and not drafted else now()  # a draft was waited for: this burst is another one
    hard = max(since + timedelta(milliseconds=turn.hard_wait_ms), now() + timedelta(milliseconds=turn.debounce_min_ms))
    due = min(now() + wait, hard)
    await open_turn(
        w,
        conversation_id,
        found,
        mode,
        (since, due, hard),
        message_id,
        first=before["first_inbound_id"] if before is not None else None,
        bubbles=before["bubbles"] + 1 if before is not None and not drafted else 1,
        guard=guard,
    )


async def open_turn(
    w: Work,
    conversation_id: UUID,
    found: Serving,
    mode: AssistantMode,
    times: tuple[datetime, datetime, datetime],
    message_id: UUID,
    *,
    first: UUID | None = None,
    bubbles: int = 1,
    asks: int | None = None,
    guard: TurnReason | None = None,
) -> UUID:
    """A new turn, when none is open. `times`: since when they wait, when it is due, and at the latest. `asks`: it answers nothing, but asks
    again for this time. `guard`: it hands over because of this, without a model. Returns it."""
    turn_id = uuid7()
    await w.execute(
        "update ai_conversation set turn_seq = turn_seq + 1 where company_id = $1 and conversation_id = $2",
        w.company_id,
        conversation_id,
    )
    who = found.persona_id, found.version_id, found.name
    await w.execute(
        _OPEN, w.company_id, turn_id, conversation_id, mode.value, *who, *times, first, message_id, bubbles, asks, guard
    )
    w.enqueue(RunTurn(turn_id=turn_id))  # at once, so that they see that somebody writes
    owner = Owner.ASSISTANT if mode is AssistantMode.AUTO else Owner.HUMAN
    w.emit(AssistantChanged(conversation_id=conversation_id, owner=owner.value, turn=OPEN_TURN[0].value))
    return turn_id


async def stop(w: Work, conversation_id: UUID, why: TurnReason, *, team_id: UUID | None) -> None:
    """The assistant answers here no more until a person decides, who is called: a guard struck. Its open turn ends, and nothing that waits
    is sent. `team_id`: of whom takes over."""
    await human.silence(w, conversation_id, why)
    row = await w.fetchrow(
        "update ai_conversation a set owner = $3, owner_reason = $4, owner_by = null, owner_since = now(), alarm = $4, alarm_at = now()"
        " from conversation v where a.company_id = $1 and a.conversation_id = $2 and v.company_id = $1 and v.id = $2 returning v.contact_id, v.channel_id",
        w.company_id,
        conversation_id,
        Owner.NOBODY.value,
        why.value,
    )
    assert row is not None
    await record.line(w, conversation_id, row["contact_id"], LineKind.ASSISTANT_STOPPED, what=why.value)
    await routing.to_team(w, conversation_id, row["channel_id"], team_id)
    w.emit(AssistantChanged(conversation_id=conversation_id, owner=Owner.NOBODY.value, turn=None))
