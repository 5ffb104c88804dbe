"""What composing an answer takes and gives: pure data."""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct

from db.assistant.enums import Decision, TurnReason
from db.knowledge.search import Passage
from workers.llm.outcomes import Outcome, Usage

Search = Callable[[str], Awaitable[Sequence[Passage]]]
"""Question → the best passages of the persona's knowledge."""


class Cited(Struct, frozen=True, kw_only=True):
    """A passage as it was when it was cited, and the words of it that prove the answer."""

    passage_id: UUID
    source_id: UUID
    title: str
    heading: str = ""
    quote: str
    body: str
    page: int | None = None
    url: str | None = None
    statements: list[str] = []
    """Sentences of the answer that stand in it."""


class Collected(Struct, frozen=True, kw_only=True):
    """A fact that the customer told. `kept`: as it is spelled where it is kept; `message_id`: where they told it."""

    key: str
    value: str
    kept: str
    message_id: UUID | None = None


class _Message(Struct):
    text: str
    quote_message: str | None = None


class _Citation(Struct):
    chunk: str
    quote: str


class Claim(Struct):
    """A fact as a model names it, and the message that is to say it."""

    key: str
    value: str
    evidence: str


class Proposal(Struct):
    """What a model writes at last, before anything of it is believed."""

    decision: Decision
    messages: list[_Message] = []
    citations: list[_Citation] = []
    collected: list[Claim] = []
    handover_reason: str | None = None
    summary: str | None = None
    confidence: float = 0.0
    language: str = ""


class Query(Struct):
    """Arguments of a search."""

    query: str


class Step(Struct, frozen=True, kw_only=True):
    """One thing that happened, for the trace. `kind` media: files of the burst and their words; model: the messages that were new to it and
    what came of them; tool: a call and its result; check: what code found; moderation: texts and
    what the service flags in them, None: it did not say."""

    kind: str
    ms: int = 0
    asked: Any = None
    answered: Any = None
    usage: Usage | None = None


def asked_model(began: float, asked: object, outcome: Outcome | BaseException) -> Step:
    """A call of a model: what was asked since `began` (`time.monotonic()`) and what came of it."""
    answered = {} if isinstance(outcome, BaseException) else msgspec.to_builtins(outcome)
    usage = getattr(outcome, "usage", None)
    answered = {"outcome": type(outcome).__name__, **{key: value for key, value in answered.items() if key != "usage"}}
    return Step(kind="model", ms=round((time.monotonic() - began) * 1000), asked=asked, answered=answered, usage=usage)


class Composed(Struct, frozen=True, kw_only=True):
    """What is to be done. `failure`: nothing could be composed, and why. `unknown`: the question has no answer in the knowledge; `searched`
    is what was looked for. `reason`: why a person takes over, in the model's words `said`. `question`: what the customer waits for. `summary`:
    of the talk before it, for who takes over."""

    decision: Decision = Decision.NO_REPLY
    texts: list[str] = []
    citations: list[Cited] = []
    collected: list[Collected] = []
    reason: TurnReason | None = None
    said: str = ""
    question: str = ""
    summary: str = ""
    unknown: bool = False
    searched: list[str] = []
    failure: TurnReason | None = None
    confidence: float = 0.0
    language: str = "pt-BR"
    model: str = ""
    usage: Usage
    steps: list[Step] = []
