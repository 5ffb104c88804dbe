"""Runs one turn of the assistant: takes it, composes an answer, keeps it, says it. Repeating any part of it is harmless.

While a model is asked the turn is renewed every second; when it is lost to a newer message or to a person, the task that composes is
cancelled, and what it spent is booked all the same. A run that dies leaves the turn to another one after its lease.
"""

import asyncio
import contextlib
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog

from db import queue
from db.ai import safety
from db.ai.connection import Opened
from db.ai.enums import Purpose
from db.ai.ledger import About
from db.assistant import context, outlet, quiet, turns
from db.assistant.context import Context, Said
from db.assistant.enums import AssistantMode, Decision, TurnReason
from db.assistant.outlet import Held, Spoken
from db.assistant.turns import Answer, Begun, Composed, Later, Stale, Told, Turn
from db.clock import now
from db.conversations import receipts
from db.errors import Unavailable
from db.jobs import NoteGap, RunTurn
from db.permissions import Permission
from db.proposals import offered
from db.tenancy import worker
from db.work import work
from workers.assistant import answer, calling, media, times, words
from workers.assistant.composed import Composed as Made
from workers.assistant.composed import Search, Step
from workers.assistant.prompt import Brief, Line, burst
from workers.llm.ask import moderated
from workers.llm.attempts import ready_for
from workers.registration import Handler, Loop
from workers.runtime import Snooze

log = structlog.get_logger("workers.assistant")

BEAT = 1.0  # seconds between two signs of life
SHORT = timedelta(seconds=0.6)
"""What is due so soon is waited for; who waited for longer would hold a place that others need."""
LONGEST = 150.0  # seconds that one answer may take, all rounds together
ROUND = 0.5  # seconds between two looks for turns that are due before the next one
AT_ONCE = 64
"""So many wake-ups wait at most: more than a process has places."""
_TROUBLE = frozenset(
    (
        TurnReason.MODEL_DOWN,
        TurnReason.BUDGET,
        TurnReason.NO_CREDIT,
        TurnReason.KEY_REFUSED,
        TurnReason.MALFORMED,
        TurnReason.MODEL_GONE,
    )
)
"""Failures that the customer is told of. Where no service is connected at all nobody expects an answer from a machine, unless it spoke
already."""

_ASKS = (Decision.REPLY, Decision.ASK, Decision.CLOSE)


async def run(company_id: UUID, job: RunTurn) -> None:
    """As far as it goes now. Raises Snooze where it is to go on later."""
    begun = await turns.begin(company_id, job.turn_id)
    if isinstance(begun, Later) and begun.until - now() < SHORT:
        await asyncio.sleep(max(0.0, (begun.until - now()).total_seconds()))
        begun = await turns.begin(company_id, job.turn_id)
    match begun:
        case None:
            return
        case Later(turn, until):
            if turn.mode is AssistantMode.AUTO:
                await receipts.say_typing(worker(company_id), turn.conversation_id)
            raise Snooze(until)
        case Stale(turn):
            kept = Answer(decision=Decision.NO_REPLY.value, reason=TurnReason.CRASHED.value, trouble=True)
            await _say(company_id, turn._replace(answer=kept), None)
        case Composed(turn):
            await _say(company_id, turn, await context.of(company_id, turn))
        case Begun(turn):
            await _compose_and_say(company_id, turn)


async def _compose_and_say(company_id: UUID, turn: Turn) -> None:
    found = await context.of(company_id, turn)
    if found is None:
        return
    composing = asyncio.create_task(_answer(company_id, turn, found))
    try:
        if turn.mode is AssistantMode.AUTO and turn.asks is None:
            await receipts.say_typing(worker(company_id), turn.conversation_id)
        while not composing.done():
            await asyncio.wait([composing], timeout=BEAT)
            if not composing.done() and not await turns.renew(company_id, turn):
                log.info("turn.lost", turn_id=str(turn.id))
                return
    finally:
        if not composing.done():
            composing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await composing
    kept = await turns.keep(company_id, turn, composing.result())
    if kept is not None:
        await _say(company_id, kept, found)


async def _say(company_id: UUID, turn: Turn, found: Context | None) -> None:
    team_id = found.serving.config.handover.team_id if found is not None else None
    spoken = await outlet.speak(company_id, turn, team_id=team_id)
    match spoken:
        case Held(until):
            raise Snooze(until)
        case Spoken(state, reason, said):
            log.info("turn.ended", turn_id=str(turn.id), state=state.value, reason=reason and reason.value, said=said)


async def _answer(company_id: UUID, turn: Turn, found: Context) -> Answer:
    """What is to be said. The trace is written whatever comes of it."""
    config = found.serving.config
    if turn.guard is not None:
        return _kept(_with_hours(calling.stopped(_brief(turn, found, {}), turn.guard), found), found)
    if found.persona_closed and turn.mode is AssistantMode.AUTO and turn.asks is None:
        return Answer(decision=Decision.REPLY.value, texts=[config.hours.notice.strip()], reason=TurnReason.OUTSIDE_HOURS.value)
    about = About(
        purpose=Purpose.DRAFT if turn.mode is AssistantMode.SUGGEST else Purpose.ANSWER,
        persona_id=turn.persona_id,
        conversation_id=turn.conversation_id,
        turn_id=turn.id,
        persona_day=config.budget.per_day_micro,
        conversation_most=config.budget.per_conversation_micro,
    )
    steps: list[Step] = []
    try:
        composed = await _composed(company_id, about, turn, found, steps)
    except TimeoutError:
        return _trouble(TurnReason.MODEL_DOWN, words.language_of([line_of(one, None) for one in found.said]), found)
    finally:
        if steps:
            await asyncio.shield(turns.trace(company_id, turn, steps))
    if turn.asks is not None:
        return _asking(composed, found)
    if composed.failure is not None:
        return _trouble(composed.failure, composed.language, found)
    return _kept(_with_hours(composed, found), found)


def _with_hours(composed: Made, found: Context) -> Made:
    """Who is handed over while nobody is there hears when somebody will be."""
    if composed.decision is not Decision.HANDOVER or found.opens_at is None or not composed.texts:
        return composed
    back = words.back_at(found.opens_at, now(), ZoneInfo(found.time_zone), composed.language)
    return msgspec.structs.replace(composed, texts=[*composed.texts, back])


def _kept(composed: Made, found: Context) -> Answer:
    config = found.serving.config
    return Answer(
        decision=composed.decision.value,
        texts=composed.texts,
        citations=[msgspec.Raw(msgspec.json.encode(one)) for one in composed.citations],
        reason=composed.reason.value if composed.reason is not None else None,
        unknown=composed.unknown,
        asked=composed.question if composed.unknown and config.knowledge_base_ids else "",
        base_id=config.knowledge_base_ids[0] if config.knowledge_base_ids else None,
        note=_note(composed, found) if composed.decision is Decision.HANDOVER else "",
        language=composed.language,
        confidence=composed.confidence,
        model=composed.model,
        usage=msgspec.structs.asdict(composed.usage),
        collected=[Told(key=one.key, value=one.value, kept=one.kept, message_id=one.message_id) for one in composed.collected],
    )


def _asking(composed: Made, found: Context) -> Answer:
    """What is said after a silence: nothing but what asks again. Nobody waits for it, so nothing stands in its place."""
    if composed.failure is not None:
        return Answer(decision=Decision.NO_REPLY.value, reason=composed.failure.value, trouble=True, language=composed.language)
    if composed.decision in _ASKS and not composed.unknown and composed.texts:
        return _kept(composed, found)
    kept = _kept(composed, found)
    return msgspec.structs.replace(kept, texts=[], reason=TurnReason.NOTHING_TO_ASK.value, unknown=False, asked="")


async def _composed(company_id: UUID, about: About, turn: Turn, found: Context, steps: list[Step]) -> Made:
    """Raises TimeoutError where it takes too long, unless that hands over all the same. `steps`: what happened, however it ends."""
    brief = await brief_of(company_id, about, turn, found, steps)
    if turn.mode is AssistantMode.AUTO and _unheard(found, brief) and isinstance(await ready_for(company_id), Opened):
        return calling.unheard(brief)
    answering = msgspec.structs.replace(about, merged=max(0, turn.bubbles - 1))
    search = await knowing(company_id, about, brief, found.contact_id)
    looks = await safety.moderates(company_id)
    calls = turn.mode is AssistantMode.AUTO  # what is suggested is a person's own answer
    try:
        async with asyncio.timeout(LONGEST):
            if looks and await _flagged(company_id, [line.text for line in burst(brief.lines)], steps):
                return answer.withheld(company_id, about, brief, steps)
            made = await answer.compose(company_id, answering, brief, search, steps=steps, calls=calls)
            if looks and made.texts and await _flagged(company_id, made.texts, steps):
                kept = answer.withheld(company_id, about, brief, steps)
                return msgspec.structs.replace(kept, usage=made.usage, model=made.model)
            return made
    except TimeoutError:
        if not calls or brief.aim or calling.why(brief) is None:
            raise
        return calling.instead(msgspec.structs.replace(calling.unmade(brief), failure=TurnReason.MODEL_DOWN), brief)


async def knowing(company_id: UUID, about: About, brief: Brief, contact_id: UUID | None) -> Search | None:
    """What the persona may find: its knowledge, and the free times that it may tell."""
    told = await offered.offers(company_id, brief.config, contact_id)
    knows = answer.knowledge_of(company_id, about, brief.config)
    return times.beside(knows, told, ZoneInfo(brief.time_zone), brief.now, words.language_of(burst(brief.lines))[:2])


async def _flagged(company_id: UUID, texts: Sequence[str], steps: list[Step]) -> bool:
    """Whether the service's moderation objects. Where it does not answer nobody is silenced: it is not what holds the rules. Nothing is asked
    where there is no text: after a silence, for example."""
    if not any(text.strip() for text in texts):
        return False
    began = time.monotonic()
    found = await moderated(company_id, texts)
    steps.append(Step(kind="moderation", ms=round((time.monotonic() - began) * 1000), asked=list(texts), answered=found))
    return bool(found)


async def brief_of(company_id: UUID, about: About, turn: Turn, found: Context, steps: list[Step]) -> Brief:
    """What the model is told, files of the burst in words where a model can do that."""
    began, files = time.monotonic(), [one for one in found.said if one.file_id is not None]
    heard = await media.words_of(company_id, about, files, turn.first_inbound_id)
    if files:
        asked, told = [str(one.id) for one in files], {str(one.id): heard.get(one.id) for one in files}
        steps.append(Step(kind="media", ms=round((time.monotonic() - began) * 1000), asked=asked, answered=told))
    return _brief(turn, found, heard)


def _brief(turn: Turn, found: Context, heard: Mapping[UUID, str]) -> Brief:
    """`heard`: files in words, by their message."""
    name = {"name": found.contact_name} if found.contact_name else {}
    config = found.serving.config
    if turn.mode is AssistantMode.SUGGEST:  # a person sends it, who does not say that they are an assistant
        config = msgspec.structs.replace(config, identity=msgspec.structs.replace(config.identity, discloses_ai=False))
    return Brief(
        name=found.serving.name,
        config=config,
        company=found.company,
        secret=str(found.serving.version_id),
        now=now(),
        time_zone=found.time_zone,
        lines=[line_of(one, heard.get(one.id)) for one in found.said],
        contact={**name, **found.fields},
        shapes=found.shapes,
        country=found.country,
        stage=found.stage,
        unanswered=found.unanswered,
        opens_at=found.opens_at,
        aim=_aim(turn, found),
        value_cents=found.value_cents,
        told_of_value=found.told_of_value,
    )


def _unheard(found: Context, brief: Brief) -> bool:
    """Whether all that is to be answered are voice notes without words."""
    asking = burst(brief.lines)
    kinds = {one.kind for one in found.said[len(found.said) - len(asking) :]}
    return kinds == {"audio"} and all(line.text == "[audio]" for line in asking)


def _aim(turn: Turn, found: Context) -> str:
    """What it asks again for; empty: it answers."""
    steps = found.serving.config.followup.steps
    return steps[turn.asks - 1].goal if turn.asks is not None and turn.asks <= len(steps) else ""


def line_of(one: Said, heard: str | None) -> Line:
    """As a model reads it. `heard`: its file in words."""
    text = one.text
    if one.kind not in ("text", "literal", "button", "button_reply", "list_reply", "template", "buttons", "list"):
        what = f"[{one.kind}]" if heard is None else f"[{one.kind}: {heard}]"
        text = f"{what} {text}".strip()
    return Line(who=one.who, text=text, id=one.id, at=one.at)


def _trouble(reason: TurnReason, language: str, found: Context) -> Answer:
    spoke = reason is TurnReason.NOT_CONNECTED and any(one.who == "assistant" for one in found.said)
    texts = [words.say("trouble", language)] if reason in _TROUBLE or spoke else []
    return Answer(decision=Decision.NO_REPLY.value, texts=texts, reason=reason.value, trouble=True, language=language)


def _note(composed: Made, found: Context) -> str:
    """What a colleague finds who takes over, also what was to be found out: who told it, and what is needed and not known."""
    goals = found.serving.config.goals
    told = found.fields | {one.key: one.value for one in composed.collected}
    parts = [f"❓ {composed.question}" if composed.question else "", f"💬 {composed.said}" if composed.said else ""]
    parts.append(composed.summary if composed.summary.startswith("👤") or not composed.summary else f"📝 {composed.summary}")
    parts += [f"• {one.label}: {told.get(one.key) or '?'}" for one in goals if told.get(one.key) or one.required]
    parts += [f"📄 {one.title}: “{one.quote}”" for one in composed.citations]
    return "\n".join(part for part in parts if part)[:4000]


async def wake_due() -> None:
    """Wakes turns that are due, or soon, without waiting for the round of all jobs; those whose run died get another job."""
    found = await turns.due(timedelta(seconds=-ROUND))
    if found:
        for one in found[await queue.waiting("assistant") : AT_ONCE]:  # whose wake-up it is does not matter
            await queue.wake_one("assistant", "run_job", key=queue.wake_key(f"turn:{one.turn_id}"), job_id=str(one.turn_id))
    for one in await turns.due(timedelta(seconds=5)):
        if not one.waits:
            async with work(worker(one.company_id), Permission.CONVERSATIONS_WRITE) as w:
                w.enqueue(RunTurn(turn_id=one.turn_id))


async def note_gap(company_id: UUID, job: NoteGap) -> None:
    await turns.note_gap(company_id, job.turn_id)


async def end_silences() -> None:
    """What is due where customers say nothing more; one that fails does not stop the others."""
    for company_id, conversation_id in await quiet.due():
        try:
            await quiet.act(company_id, conversation_id)
        except Unavailable:
            raise
        except Exception as error:
            log.error("quiet.failed", conversation_id=str(conversation_id), error=repr(error)[:300], exc_info=True)


JOBS = (Handler(RunTurn, lambda _: run), Handler(NoteGap, lambda _: note_gap))
LOOPS = (Loop("assistant", ROUND, wake_due), Loop("silences", 5.0, end_silences))
