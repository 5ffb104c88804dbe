"""An answer on the phone, as the persona gives it in a chat: the same rules, the same knowledge, the same checks, but spoken as it is written.

The passages are looked up before the model is asked, so that one call is enough. What it cites comes first, so that each sentence is held
against it before it is said: one that is not proven is not said, and nothing after it.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import msgspec
import structlog

from db import valkey
from db.ai import safety
from db.ai.enums import Purpose
from db.ai.ledger import About
from db.assistant import speaking
from db.assistant.enums import Decision, TurnReason
from db.assistant.speaking import Asked, Persona, Piece
from db.clock import now
from db.jobs import SpeakAnswer
from db.knowledge import gaps
from db.permissions import Permission
from db.tenancy import worker
from db.work import work
from workers.assistant import answer, calling, checks, evidence, support
from workers.assistant.answer import Run
from workers.assistant.composed import Composed, Proposal, Search, Step
from workers.assistant.evidence import Quote
from workers.assistant.prompt import ANSWER, SEARCH, Brief, Line, burst, quoted
from workers.assistant.written import texts_so_far
from workers.llm.ask import moderated, stream
from workers.llm.chat import Message, Request, ToolCall
from workers.llm.outcomes import Outcome
from workers.registration import Handler

log = structlog.get_logger("workers.speaking")

LONGEST = 25.0
"""Seconds for one answer; nobody holds the line for longer."""
LETTERS = 600
"""Of one answer."""
LOOKS = 0.3
"""Seconds between two looks at whether somebody still listens."""
ON_THE_PHONE = """\
This is a phone call: what you write is spoken to the person, and what they say was written down by a machine, so forgive wrong words. \
Answer in one or two short sentences as people speak, without lists, addresses of pages, emoji or anything that only eyes read. \
The passages that fit what they said stand above; there is nothing else to search in. Write `citations` before `messages`.\
"""
_FIRST = ("decision", "citations", "messages")
_PROPERTIES = {
    name: ANSWER["properties"][name] for name in (*_FIRST, *(one for one in ANSWER["properties"] if one not in _FIRST))
}
SPOKEN: dict[str, Any] = {**ANSWER, "properties": _PROPERTIES, "required": list(_PROPERTIES)}
"""The same schema, what is cited before what is said."""
_CITED = re.compile(r'"citations"\s*:\s*(\[.*?\])\s*,\s*"messages"', re.S)

_OPENED = re.compile(r'"text"\s*:\s*"')
_CLOSED = re.compile(r'"text"\s*:\s*"(?:[^"\\]|\\.)*"')
_STATES = (Decision.REPLY, Decision.ASK, Decision.CLOSE)
Tell = Callable[[str], Awaitable[None]]


class _Citation(msgspec.Struct):
    chunk: str
    quote: str


class Speech(Run):
    """One answer that is told as it is written. `looks`: the service's moderation is asked about each sentence."""

    def __init__(
        self, company_id: UUID, about: About, brief: Brief, search: Search | None, steps: list[Step], tell: Tell, *, looks: bool
    ) -> None:
        super().__init__(company_id, about, brief, search, self._written, steps)
        self._tell, self._looks = tell, looks
        self.told: list[str] = []
        self.held_back = False
        self.refused = False  # by the moderation

    async def spoken(self) -> Composed:
        """Tells what may be said, and returns what came of it."""
        await self._know()
        found = await self._answer()
        if not isinstance(found, Proposal):
            return found
        if self.refused:
            return self._handed(TurnReason.REFUSED, found)
        if found.decision in _STATES and (self.held_back or self._missing(found)):
            self.held_back = True
            return self._unknown(found)
        return self._judged(found)

    async def _know(self) -> None:
        """Passages for what was said, as if the model had searched for them."""
        self._messages.append(Message(role="system", content=ON_THE_PHONE))
        if self._search is None:
            return
        asking = "\n".join(line.text for line in burst(self._brief.lines))[:500].strip()
        if asking:
            call = ToolCall(id="heard", name=SEARCH.name, arguments=quoted({"query": asking}))
            result = await self._tool(call)
            self._messages += [
                Message(role="assistant", tool_calls=(call,)),
                Message(role="tool", content=result, tool_call_id=call.id),
            ]

    def _tools(self) -> tuple[Any, ...]:
        return ()

    def _schema(self) -> dict[str, Any]:
        return SPOKEN

    async def _written(self, company_id: UUID, about: About, request: Request) -> Outcome:
        written: list[str] = []
        outcome: Outcome | None = None
        self.held_back = self.held_back or bool(self.told)  # it is asked again: what was said of the first stays alone
        async with contextlib.aclosing(stream(company_id, about, request)) as coming:
            async for piece in coming:
                if isinstance(piece, str):
                    written.append(piece)
                    await self._on("".join(written))
                else:
                    outcome = piece
        assert outcome is not None
        return outcome

    async def _on(self, written: str) -> None:
        """Tells the sentences that are whole by now and were not told yet."""
        found = _CITED.search(written)
        if found is None or self.held_back:
            return
        try:
            cited = [Quote(one.chunk, one.quote) for one in msgspec.json.decode(found[1], type=list[_Citation])]
        except msgspec.MsgspecError:
            return
        text = checks.without_links(" ".join(texts_so_far(written).split()))
        after = written.partition('"messages"')[2]
        closed = len(_OPENED.findall(after)) == len(_CLOSED.findall(after))
        whole = support.sentences(text)[: None if closed else -1]  # the last one may go on
        for sentence in whole[len(self.told) :]:
            if sum(map(len, self.told)) + len(sentence) > LETTERS:
                return
            if not await self._may(sentence, cited):
                self.held_back = True
                return
            self.told.append(sentence)
            await self._tell(sentence)

    async def _may(self, sentence: str, cited: list[Quote]) -> bool:
        sources = self._sources()
        proven = evidence.valid(cited, sources.passages)
        so_far = [*self.told, sentence]
        if (found := checks.looked_at([" ".join(so_far)], self._brief, sources)) is not None:
            self._check(found.reason.value, [found.what])
            return False
        asked = self._search is not None and any("?" in line.text for line in burst(self._brief.lines))
        if missing := evidence.unproven([sentence], proven, sources, asked=asked):
            self._check("unproven", missing)
            return False
        if self._looks and await moderated(self._company_id, [sentence]):
            self.refused = True
        return not self.refused


async def speak(company_id: UUID, job: SpeakAnswer) -> None:
    """Once: whoever waits has gone on, should this run have died."""
    given = await speaking.asked(job.speech_id)
    if given is None:
        return
    who = await speaking.persona_of(company_id, given)
    if who is None:
        await speaking.say(job.speech_id, Piece(end=Decision.HANDOVER.value))
        return
    composing = asyncio.create_task(_answered(company_id, job.speech_id, given, who))
    try:
        while not composing.done():
            await asyncio.wait([composing], timeout=LOOKS)
            if not composing.done() and not await speaking.wanted(job.speech_id):
                return
        await speaking.say(job.speech_id, composing.result())
    except valkey.Down as error:
        log.warning("speech.lost", speech_id=str(job.speech_id), error=repr(error)[:200])
    finally:
        if not composing.done():
            composing.cancel()
            with contextlib.suppress(asyncio.CancelledError, *valkey.Down):
                await composing


async def _answered(company_id: UUID, speech_id: UUID, given: Asked, who: Persona) -> Piece:
    """Says the answer, and how it ends."""
    config = who.found.config
    if who.closed and config.hours.notice.strip():
        await speaking.say(speech_id, Piece(text=config.hours.notice.strip()))
        return Piece(end=Decision.CLOSE.value)
    brief = _brief(given, who)
    if (reason := calling.why(brief)) is not None:
        made = calling.stopped(brief, reason)
        await speaking.say(speech_id, Piece(text=" ".join(made.texts)))
        return _end(made)

    async def tell(sentence: str) -> None:
        await speaking.say(speech_id, Piece(text=sentence))

    about = About(purpose=Purpose.ANSWER, persona_id=who.found.persona_id, persona_day=config.budget.per_day_micro)
    looks = await safety.moderates(company_id)
    speech = Speech(company_id, about, brief, answer.knowledge_of(company_id, about, config), [], tell, looks=looks)
    try:
        async with asyncio.timeout(LONGEST):
            if looks and await moderated(company_id, [line.text for line in burst(brief.lines)]):
                made = calling.stopped(brief, TurnReason.REFUSED)
            else:
                made = await speech.spoken()
    except TimeoutError:
        return Piece(end="trouble")
    if made.failure is not None:
        return Piece(end="trouble")
    made = calling.instead(made, brief)
    if made.unknown and made.question and config.knowledge_base_ids:
        async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
            await gaps.note_gap(w, config.knowledge_base_ids[0], made.question, None)
    if made.texts and (not speech.told or speech.held_back or speech.refused):
        await tell(" ".join(made.texts))
    return _end(made)


def _end(made: Composed) -> Piece:
    return Piece(
        end=made.decision.value,
        unknown=made.unknown,
        reason=made.said or made.question,
        summary=made.summary,
    )


def _brief(given: Asked, who: Persona) -> Brief:
    config = who.found.config
    if given.script:
        told = f"{config.instructions}\nWhat this call is about, which you began:\n{given.script}".strip()
        config = msgspec.structs.replace(config, instructions=told)
    name = {"name": who.contact_name} if who.contact_name else {}
    return Brief(
        name=who.found.name,
        config=config,
        company=who.company,
        secret=str(who.found.version_id),
        now=now(),
        time_zone=who.time_zone,
        lines=[Line(who="customer" if one.who == "person" else "assistant", text=one.text) for one in given.said if one.text],
        contact={**name, **who.fields},
        shapes=who.shapes,
        country=who.country,
        unanswered=given.unanswered,
    )


JOBS = (Handler(SpeakAnswer, lambda _: speak),)
