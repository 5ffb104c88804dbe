"""Writes what an agent asked for, piece by piece, as they look on. Nothing of it is sent: it goes to who asked.

A draft is composed as the persona's own answers are, evidence and all, so what is shown first may still be taken back; everything else is
one call of a model. What comes of either is looked at by the same checks as an answer that leaves.
"""

import asyncio
import time
from uuid import UUID

import msgspec
import structlog

from db.ai.enums import Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.assistant import assist_context, assists
from db.assistant.assist_context import Talk
from db.assistant.assists import Asked, Written
from db.assistant.enums import REWRITES, AssistKind, AssistNote, Decision, TurnReason
from db.clock import now
from db.jobs import RunAssist
from db.knowledge import gaps
from db.messages.conversation import Citation
from db.permissions import Permission
from db.personas.config import PersonaConfig, Rule
from db.personas.enums import RuleCheck, RuleKind
from db.tenancy import worker
from db.work import work
from workers.assistant import answer, checks, codes, media
from workers.assistant import assist_prompt as prompt
from workers.assistant.composed import Composed, Step, asked_model
from workers.assistant.evidence import Sources
from workers.assistant.prompt import Brief, Line
from workers.assistant.turn import line_of
from workers.assistant.written import Pieces, Stopped, Writer
from workers.llm import outcomes
from workers.llm.chat import Message, Request
from workers.llm.outcomes import Outcome
from workers.registration import Handler

log = structlog.get_logger("workers.assist")

LONGEST = 90.0  # seconds for the whole
_SENTENCES = 600  # tokens of a text that is one call
_WITHHELD = frozenset((TurnReason.LEAK, TurnReason.LINK, TurnReason.UNPROVEN, TurnReason.PAYMENT, TurnReason.PERSONAL))


def _pieces(company_id: UUID, asked: Asked) -> Pieces:
    return Pieces(lambda at, text: assists.write(company_id, asked, at, text))


async def run(company_id: UUID, job: RunAssist) -> None:
    """Once; a run that died is begun anew by the next."""
    asked = await assists.begin(company_id, job.assist_id)
    if asked is None:
        return
    steps: list[Step] = []
    try:
        async with asyncio.timeout(LONGEST):
            written = await _written(company_id, asked, steps)
    except TimeoutError:
        written = Written(failure=CallFailure.TIMED_OUT)
    except Stopped:
        log.info("assist.stopped", assist_id=str(asked.id))
        return
    except Exception:  # somebody looks on: they are told at once, and press again
        log.exception("assist.failed", assist_id=str(asked.id))
        written = Written(failure=CallFailure.UNREACHABLE)
    if written is not None:
        await assists.finish(company_id, asked, written, steps or None)


async def _written(company_id: UUID, asked: Asked, steps: list[Step]) -> Written | None:
    """`steps`: grows while it goes on, however it ends."""
    talk = await assist_context.of(company_id, asked)
    if talk is None:
        return None
    if asked.what in REWRITES:
        sources = Sources({"given": asked.given}, [], [])
        return await _one_call(company_id, asked, prompt.rewriting(asked.what, asked.language, asked.given), sources, steps)
    about = _about(asked, talk)
    heard = await media.words_of(company_id, about, talk.said)
    lines = [line_of(one, heard.get(one.id)) for one in talk.said]
    if asked.what is AssistKind.DRAFT:
        return await _draft(company_id, asked, talk, lines, steps)
    asking = prompt.about(asked.what, asked.language, talk, lines)
    known = [*prompt.known(asked.language, talk).values(), talk.company, *(name for _id, name in talk.labels)]
    sources = Sources({str(n): line.text for n, line in enumerate(lines)}, known, [], stated=known)
    if asked.what is AssistKind.LABELS:
        return await _labels(company_id, asked, talk, asking, steps)
    return await _one_call(company_id, asked, asking, sources, steps)


def _about(asked: Asked, talk: Talk) -> About:
    drafts = asked.what is AssistKind.DRAFT or asked.what in REWRITES
    serving = talk.serving if asked.what is AssistKind.DRAFT else None
    return About(
        purpose=Purpose.DRAFT if drafts else Purpose.SUMMARY,
        persona_id=serving.persona_id if serving is not None else None,
        conversation_id=asked.conversation_id,
        turn_id=asked.id,
        persona_day=serving.config.budget.per_day_micro if serving is not None else None,
        conversation_most=serving.config.budget.per_conversation_micro if serving is not None else None,
    )


# -- a draft -----------------------------------------------------------------------------------------------------


async def _draft(company_id: UUID, asked: Asked, talk: Talk, lines: list[Line], steps: list[Step]) -> Written:
    """An answer to what the customer wrote last, as the agent would say it."""
    if not any(line.who == "customer" for line in lines):
        return Written(note=AssistNote.NOTHING_TO_SAY)
    model, config = Writer(_pieces(company_id, asked), whole=False), _as_agent(talk)
    about = _about(asked, talk)
    brief = Brief(
        name=talk.asker or talk.company,
        config=config,
        company=talk.company,
        secret=str(talk.serving.version_id if talk.serving is not None else company_id),
        now=now(),
        time_zone=talk.time_zone,
        lines=lines,
        contact={"name": talk.contact_name} if talk.contact_name else {},
        stage=talk.stage,
    )
    knows = answer.knowledge_of(company_id, about, config)
    composed = await answer.compose(company_id, about, brief, knows, ask=model, steps=steps, calls=False)
    if composed.unknown and composed.question and config.knowledge_base_ids:
        async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
            await gaps.note_gap(w, config.knowledge_base_ids[0], composed.question, asked.conversation_id)
    return _drafted(composed, model.last)


def _as_agent(talk: Talk) -> PersonaConfig:
    """The persona's knowledge and tone, in the agent's own name: an agent does not say that they are an assistant, nor call another."""
    config = talk.serving.config if talk.serving is not None else PersonaConfig()
    identity = msgspec.structs.replace(config.identity, discloses_ai=False, role="a member of the customer service")
    return msgspec.structs.replace(config, identity=identity, knowledge_base_ids=talk.bases)


def _drafted(composed: Composed, last: Outcome | None) -> Written:
    if composed.failure is not None:
        failure = outcomes.failure_of(last) if last is not None else None
        return Written(failure=failure or CallFailure.MALFORMED)
    if composed.reason in _WITHHELD:
        return Written(note=AssistNote.WITHHELD)
    if composed.reason is TurnReason.REFUSED:
        return Written(failure=CallFailure.REFUSED)
    text = "\n\n".join(composed.texts)
    if composed.decision is Decision.HANDOVER:
        wanted = composed.reason is TurnReason.ASKED_FOR_PERSON
        return Written(note=AssistNote.WANTS_A_PERSON if wanted else AssistNote.NOTHING_KNOWN)
    if not text:
        return Written(note=AssistNote.NOTHING_TO_SAY)
    cited = msgspec.convert(msgspec.to_builtins(composed.citations), list[Citation])
    in_vain = composed.unknown or (composed.decision is Decision.ASK and bool(composed.searched) and not cited)
    return Written(text=text, citations=cited, note=AssistNote.NOTHING_KNOWN if in_vain else None)


# -- one call ----------------------------------------------------------------------------------------------------


async def _one_call(company_id: UUID, asked: Asked, messages: list[Message], sources: Sources, steps: list[Step]) -> Written:
    model = Writer(_pieces(company_id, asked), whole=True)
    request = Request(messages=messages, max_tokens=max(_SENTENCES, len(asked.given)), cache_key=f"assist:{asked.what.value}")
    about = About(
        purpose=Purpose.DRAFT if asked.what in REWRITES else Purpose.SUMMARY,
        conversation_id=asked.conversation_id,
        turn_id=asked.id,
    )
    outcome = await _kept(model, company_id, about, request, steps)
    if not isinstance(outcome, outcomes.Answered | outcomes.CutOff) or not outcome.text.strip():
        return Written(failure=outcomes.failure_of(outcome) or CallFailure.MALFORMED)
    text = prompt.tidied(asked.what, outcome.text)
    if asked.what not in REWRITES:
        text = checks.without_links(codes.without_bare(text))
    return Written(note=AssistNote.WITHHELD) if not text or _must_not_leave(company_id, text, sources) else Written(text=text)


async def _kept(model: Writer, company_id: UUID, about: About, request: Request, steps: list[Step]) -> Outcome:
    """What it asked and was answered is added to `steps`, however it ends."""
    began, asked = time.monotonic(), msgspec.to_builtins(request.messages)
    try:
        outcome = await model(company_id, about, request)
    except BaseException as error:  # also a call that was ended
        steps.append(asked_model(began, asked, error))
        raise
    steps.append(asked_model(began, asked, outcome))
    return outcome


_NO_NEW_PRICES = PersonaConfig(
    instructions=prompt.RULES, rules=[Rule(kind=RuleKind.NEVER, text="New prices", check=RuleCheck.PRICES)]
)


def _must_not_leave(company_id: UUID, text: str, sources: Sources) -> bool:
    """A price, a link, a picture, a code or somebody's number that stands nowhere in what was given; and the rules that the model was told."""
    brief = Brief(name="", config=_NO_NEW_PRICES, company="", secret=str(company_id), now=now(), lines=[])
    given = [*sources.passages.values(), *sources.trusted]
    return codes.foreign(text, given) or checks.looked_at([text], brief, sources) is not None


class _Labels(msgspec.Struct):
    labels: list[str]


async def _labels(company_id: UUID, asked: Asked, talk: Talk, messages: list[Message], steps: list[Step]) -> Written:
    """Of the labels that there are; a name that is none of them is passed over."""
    if not talk.labels:
        return Written(note=AssistNote.NO_LABELS)
    ids = {name: label_id for label_id, name in talk.labels}
    about = About(purpose=Purpose.SUMMARY, conversation_id=asked.conversation_id, turn_id=asked.id)
    request = Request(messages=messages, schema=prompt.labels_schema(list(ids)), max_tokens=200)
    outcome = await _kept(Writer(_Silent(), whole=True), company_id, about, request, steps)
    if not isinstance(outcome, outcomes.Answered):
        return Written(failure=outcomes.failure_of(outcome) or CallFailure.MALFORMED)
    try:
        names = msgspec.json.decode(outcome.text, type=_Labels).labels
    except msgspec.MsgspecError:
        return Written(failure=CallFailure.MALFORMED)
    chosen = [ids[name] for name in dict.fromkeys(names) if name in ids][: prompt.MOST_LABELS]
    return Written(labels=chosen, note=None if chosen else AssistNote.NO_LABELS)


class _Silent(Pieces):
    """Nothing is shown before it is whole."""

    def __init__(self) -> None:
        super().__init__(_nobody)

    def due(self) -> bool:
        return False


async def _nobody(at: int, text: str) -> bool:
    return True


JOBS = (Handler(RunAssist, lambda _: run),)
