"""Composes one answer: a model searches and writes, code decides what of it may be said.

The loop is ours: at most so many rounds of tools, then a JSON object of a strict schema. What it states must stand in what it cites
(evidence.py), and nothing may leave that must not (checks.py); the model is told once what was missing, then "I do not know" takes the
place of its answer: a question back, or a person. Nothing here writes to the database or to a customer.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from db.ai.enums import ModelLevel
from db.ai.ledger import About
from db.assistant.enums import Decision, TurnReason
from db.knowledge.search import Passage
from db.personas.config import PersonaConfig
from db.personas.enums import ModelPreset, RuleKind
from workers.assistant import calling, checks, evidence, facts, times, words
from workers.assistant.clean import clean
from workers.assistant.composed import Cited, Composed, Proposal, Query, Search, Step, asked_model
from workers.assistant.evidence import Quote, Sources
from workers.assistant.orders import orders
from workers.assistant.prompt import (
    ANSWER,
    GET_CONTACT,
    QUOTE,
    SEARCH,
    VERSION,
    Brief,
    burst,
    known_of,
    messages,
    quoted,
)
from workers.knowledge.ask import find
from workers.llm import outcomes
from workers.llm.ask import ask
from workers.llm.chat import Message, Request, Tool, ToolCall
from workers.llm.outcomes import Outcome, Usage

PASSAGES = 8
CALLS = 4
"""So many tool calls of one round are carried out."""
SECONDS = 45.0
"""For one call of a model."""
Ask = Callable[[UUID, About, Request], Awaitable[Outcome]]

_FAILURES: dict[type[Any], TurnReason] = {
    outcomes.RateLimited: TurnReason.MODEL_DOWN,
    outcomes.Unreachable: TurnReason.MODEL_DOWN,
    outcomes.TimedOut: TurnReason.MODEL_DOWN,
    outcomes.NoCredit: TurnReason.NO_CREDIT,
    outcomes.KeyRefused: TurnReason.KEY_REFUSED,
    outcomes.ModelGone: TurnReason.MODEL_GONE,
    outcomes.NotConnected: TurnReason.NOT_CONNECTED,
    outcomes.OverBudget: TurnReason.BUDGET,
}


def knowledge_of(company_id: UUID, about: About, config: PersonaConfig) -> Search | None:
    """What a persona may search; None: it knows nothing."""
    if not config.knowledge_base_ids:
        return None

    async def search(question: str) -> Sequence[Passage]:
        return await find(company_id, about, config.knowledge_base_ids, question, limit=PASSAGES)

    return search


async def compose(
    company_id: UUID,
    about: About,
    brief: Brief,
    search: Search | None,
    *,
    ask: Ask = ask,
    steps: list[Step] | None = None,
    calls: bool = True,
) -> Composed:
    """One answer to what the customer wrote last. `search` None: the persona knows no passage. Calls models and searches; cancelling it
    ends the call that runs. Never raises for what a model or its provider does. `steps`: grows while it goes on, so that a composition that
    is ended leaves its trace too. `calls`: who asks for a person gets one, whatever a model says; False: a person writes it."""
    made = await Run(company_id, about, brief, search, ask, [] if steps is None else steps).run()
    return calling.instead(made, brief) if calls else made


def withheld(company_id: UUID, about: About, brief: Brief, steps: list[Step]) -> Composed:
    """A person takes over, because a moderation objects to what was written or to what would be said."""
    return calling.instead(Run(company_id, about, brief, None, ask, steps)._handed(TurnReason.REFUSED), brief)


class Run:
    """One composition: what was found and spent so far."""

    def __init__(self, company_id: UUID, about: About, brief: Brief, search: Search | None, ask: Ask, steps: list[Step]) -> None:
        self._company_id, self._about, self._brief = company_id, about, brief
        self._search, self._ask = search, ask
        self._messages, self._lines = messages(brief)
        self._told = 0  # messages that stand in a step already
        self._passages: dict[str, Passage] = {}
        self._handles: dict[UUID, str] = {}
        self._searched: list[str] = []
        self._steps = steps
        self._usage = Usage()
        self._model = ""

    async def run(self) -> Composed:
        answer = await self._answer()
        if not isinstance(answer, Proposal):
            return answer
        found = checks.looked_at([one.text for one in answer.messages], self._brief, self._sources())
        mends = found is None or found.reason is TurnReason.UNPROVEN  # what else must not leave is not asked for again
        if mends and (missing := self._missing(answer)) and answer.decision in (Decision.REPLY, Decision.ASK, Decision.CLOSE):
            self._check("unproven", missing)
            self._messages += _repair(missing)
            again = await self._answer()
            if isinstance(again, Proposal):
                answer = again
                missing = self._missing(answer)
            if missing:
                self._check("unknown", missing)
                return self._unknown(answer)
        return self._judged(answer)

    # asking the model

    async def _answer(self) -> Proposal | Composed:
        """What the model writes at last, after the tools that it wanted; or why there is nothing."""
        config, malformed = self._brief.config, False
        for left in range(config.budget.max_tool_rounds, -2, -1):
            tools = self._tools() if left > 0 and self._spent() < config.budget.per_turn_tokens else ()
            outcome = await self._call(tools)
            match outcome:
                case outcomes.Called():
                    self._messages.append(Message(role="assistant", content=outcome.text, tool_calls=tuple(outcome.calls)))
                    for number, call in enumerate(outcome.calls):
                        result = await self._tool(call) if number < CALLS and left > 0 else _refused("too many calls")
                        self._messages.append(Message(role="tool", content=result, tool_call_id=call.id))
                    continue
                case outcomes.Answered():
                    try:
                        return msgspec.json.decode(outcome.text, type=Proposal)
                    except msgspec.MsgspecError:
                        failure = TurnReason.MALFORMED
                case outcomes.Malformed() | outcomes.CutOff():
                    failure = TurnReason.MALFORMED
                case outcomes.Refused() | outcomes.Filtered():
                    return self._handed(TurnReason.REFUSED)
                case outcomes.TooLong():
                    if not self._shortened():
                        return self._failed(TurnReason.MALFORMED)
                    continue
                case _:
                    return self._failed(_FAILURES.get(type(outcome), TurnReason.MODEL_DOWN))
            if malformed:
                return self._failed(failure)
            malformed = True
        return self._failed(TurnReason.MALFORMED)

    async def _call(self, tools: Sequence[Tool]) -> Outcome:
        config, (name, level) = self._brief.config, model_of(self._brief)
        request = Request(
            messages=tuple(self._messages),
            model=name,
            level=level,
            tools=tuple(tools),
            schema=self._schema(),
            max_tokens=config.model.max_output_tokens,
            temperature=None if config.model.temperature_percent is None else config.model.temperature_percent / 100,
            effort=None if config.model.effort is None else config.model.effort.value,
            cache_key=self._brief.secret[:64],
            timeout=SECONDS,
        )
        began = time.monotonic()
        try:
            outcome = await self._ask(self._company_id, self._about, request)
        except BaseException as error:  # a call that was ended is booked all the same
            self._step(began, error)
            raise
        usage: Usage | None = getattr(outcome, "usage", None)
        if usage is not None:
            self._usage = _sum(self._usage, usage)
        self._model = getattr(outcome, "model", "") or self._model
        self._step(began, outcome)
        return outcome

    def _schema(self) -> dict[str, Any]:
        return ANSWER

    def _step(self, began: float, outcome: Outcome | BaseException) -> None:
        new, self._told = self._messages[self._told :], len(self._messages)
        self._steps.append(asked_model(began, msgspec.to_builtins(new), outcome))

    def _tools(self) -> tuple[Tool, ...]:
        known = (GET_CONTACT,) if known_of(self._brief) is not None else ()
        return (SEARCH, *known) if self._search is not None else known

    async def _tool(self, call: ToolCall) -> str:
        began = time.monotonic()
        result = await self._carried_out(call)
        self._steps.append(
            Step(
                kind="tool",
                ms=round((time.monotonic() - began) * 1000),
                asked={"name": call.name, "arguments": clean(call.arguments, 2000)},
                answered=result,
            )
        )
        return result

    async def _carried_out(self, call: ToolCall) -> str:
        if call.name == GET_CONTACT.name:
            return known_of(self._brief) or "{}"
        if call.name != SEARCH.name or self._search is None:
            return _refused("no such tool")
        try:
            query = clean(msgspec.json.decode(call.arguments, type=Query).query, 500).strip()
        except msgspec.MsgspecError:
            return _refused("the arguments do not fit the schema")
        if not query:
            return _refused("the query is empty")
        self._searched.append(query)
        found = []
        for passage in await self._search(query):
            if order := orders(f"{passage.source_title}\n{passage.heading}\n{passage.body}"):
                self._check("orders", [f"{passage.source_title}: {order}"])  # it is written for a model: it proves nothing either
                continue
            handle = self._handles.setdefault(passage.id, f"k{len(self._handles) + 1}")
            self._passages[handle] = passage
            title = " · ".join(part for part in (passage.source_title, passage.heading) if part)
            found.append({"id": handle, "title": clean(title, 200), "text": clean(passage.body, 6000)})
        return quoted({"passages": found})

    def _shortened(self) -> bool:
        """Drops the older half of what was said; False when there is nothing left to drop."""
        said = [one for one in self._messages if one.role in ("user", "assistant") and not one.tool_calls]
        if len(said) < 2:
            return False
        gone = {id(one) for one in said[: len(said) // 2]}
        self._messages = [one for one in self._messages if id(one) not in gone]
        return True

    def _spent(self) -> int:
        return self._usage.input + self._usage.output

    # judging what it wrote

    def _sources(self) -> Sources:
        brief = self._brief
        said = {who: [line.text for line in brief.lines if line.who == who] for who in ("customer", "assistant", "team")}
        always = [rule.text for rule in brief.config.rules if rule.kind is RuleKind.ALWAYS]
        stated = [brief.config.instructions, brief.aim, *always, *said["team"]]
        return Sources(
            {handle: f"{passage.heading}\n{passage.body}" for handle, passage in self._passages.items()},
            [brief.name, brief.company, brief.config.identity.role, *(goal.label for goal in brief.config.goals), *stated],
            [*said["customer"], *brief.contact.values()],
            stated=stated,
            moment=words.moment(brief),
            before=said["assistant"],
        )

    def _missing(self, answer: Proposal) -> list[str]:
        sources = self._sources()
        cited = self._valid(answer, sources)
        asking = burst(self._brief.lines)
        asked = self._search is not None and any("?" in line.text for line in asking)
        return evidence.unproven([one.text for one in answer.messages], cited, sources, asked=asked)

    def _valid(self, answer: Proposal, sources: Sources) -> list[Quote]:
        return evidence.valid((Quote(one.chunk, one.quote) for one in answer.citations), sources.passages)

    def _judged(self, answer: Proposal) -> Composed:
        texts = checks.bubbles([one.text for one in answer.messages], self._brief)
        sources = self._sources()
        found = checks.looked_at(texts, self._brief, sources)
        if found is not None:
            self._check(found.reason.value, [found.what])
            return self._handed(found.reason, answer)
        decision = answer.decision
        if decision is Decision.HANDOVER:
            if self._missing(answer):  # it promises something on the way out
                texts = []
            return self._handed(calling.why(self._brief) or TurnReason.MODEL_DECIDED, answer, texts)
        if self._search is not None and evidence.admits(texts) and not self._valid(answer, sources):
            return self._unknown(answer, texts)
        if not texts and decision is not Decision.NO_REPLY:
            return self._failed(TurnReason.MALFORMED)
        return self._made(answer, decision=decision, texts=[] if decision is Decision.NO_REPLY else texts)

    def _unknown(self, answer: Proposal, texts: Sequence[str] = ()) -> Composed:
        """It does not know: it asks back, in its words where they may be said; asked in vain often enough it hands over."""
        if self._brief.unanswered + 1 >= self._brief.config.handover.unanswered:
            return self._handed(TurnReason.UNANSWERED, answer, unknown=True)
        return self._made(
            answer, decision=Decision.ASK, texts=list(texts) or [words.say("unknown", self._language(answer))], unknown=True
        )

    def _handed(
        self, reason: TurnReason, answer: Proposal | None = None, texts: Sequence[str] = (), *, unknown: bool = False
    ) -> Composed:
        """A person takes over. What the persona's owner wrote for this is said where the model says nothing that may be said."""
        language = self._language(answer)
        said = list(texts) or calling.message(self._brief, language)
        return self._made(answer, decision=Decision.HANDOVER, texts=said, reason=reason, unknown=unknown)

    def _failed(self, reason: TurnReason) -> Composed:
        return self._made(None, decision=Decision.NO_REPLY, failure=reason)

    def _made(self, answer: Proposal | None, **more: Any) -> Composed:
        sources, says = self._sources(), bool(more.get("texts")) and not more.get("unknown")
        cited = self._valid(answer, sources) if answer is not None and says else []
        proven = evidence.proven_by(more.get("texts", []), cited, sources)
        asking = burst(self._brief.lines)
        self._steps.append(Step(kind="result", answered={"platform": VERSION, "decision": more["decision"]}))
        return Composed(
            citations=[
                self._cited(one, proven[one.passage]) for one in cited if self._passages[one.passage].source_id != times.SOURCE
            ],
            collected=facts.collected(answer.collected, self._lines, self._brief) if answer is not None else [],
            said=clean((answer.handover_reason if answer is not None else None) or "", 300),
            summary=calling.summed_up(answer.summary, self._brief, sources) if answer is not None else "",
            question=clean("\n".join(line.text for line in asking), 600),
            searched=self._searched,
            confidence=min(1.0, max(0.0, answer.confidence)) if answer is not None else 0.0,
            language=self._language(answer),
            model=self._model,
            usage=self._usage,
            steps=self._steps,
            **more,
        )

    def _cited(self, one: Quote, statements: Sequence[str]) -> Cited:
        passage = self._passages[one.passage]
        return Cited(
            passage_id=passage.id,
            source_id=passage.source_id,
            title=passage.source_title,
            heading=passage.heading,
            quote=clean(one.quote)[:QUOTE],
            body=passage.body,
            page=passage.page,
            url=passage.url,
            statements=[clean(text, 500) for text in statements],
        )

    def _language(self, answer: Proposal | None) -> str:
        if answer is not None and answer.language:
            return clean(answer.language)[:10]
        return words.language_of(burst(self._brief.lines))

    def _check(self, what: str, found: Sequence[str]) -> None:
        self._steps.append(Step(kind="check", answered={"found": what, "what": [clean(one, 200) for one in found[:8]]}))


_REPAIR = """\
Not sent. Nothing that you cited proves what check_answer lists. Search again, cite what proves it letter by letter, leave it out, or say \
that you do not know.\
"""


def _repair(missing: Sequence[str]) -> list[Message]:
    """The rule, and as the result of a tool, so that it stays data, what of the answer is meant: it may repeat a customer or a passage."""
    call = ToolCall(id="checked", name="check_answer", arguments="{}")
    told = quoted({"unproven": [clean(one, 200) for one in missing[:8]]})
    return [
        Message(role="system", content=_REPAIR),
        Message(role="assistant", tool_calls=(call,)),
        Message(role="tool", content=told, tool_call_id=call.id),
    ]


def model_of(brief: Brief) -> tuple[str, ModelLevel | None]:
    """The model that a persona asks for: its name, or its level."""
    model = brief.config.model
    return (model.name.strip(), None) if model.preset is ModelPreset.CUSTOM else ("", ModelLevel(model.preset))


def _refused(why: str) -> str:
    return quoted({"error": why})


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(**{name: getattr(one, name) + getattr(other, name) for name in Usage.__struct_fields__})
