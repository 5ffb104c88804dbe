"""Trying a persona: what is said to it, what it answers, what a test case expects. Pure data, because the wire contract re-exports it."""

import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from db.assistant.enums import Decision, TurnReason
from db.personas.enums import MissKind, TrialWho
from db.proposals.enums import LeadTool, ProposalState, ProposalWhy


class Piece(Struct, forbid_unknown_fields=True, kw_only=True, frozen=True):
    """Base of all parts."""


class TrialLine(Piece, frozen=True):
    """One message of the talk."""

    who: TrialWho
    text: Annotated[str, Meta(min_length=1, max_length=4000, examples=["Vocês entregam em Niterói?"])]


Lines = Annotated[list[TrialLine], Meta(min_length=1, max_length=60)]


class TrialCitation(Piece, frozen=True):
    """The passage that proves the answer, and its words."""

    title: Annotated[str, Meta(examples=["Política de entregas"])]
    quote: Annotated[str, Meta(examples=["Entregamos em Niterói em até 3 dias úteis."])]
    heading: Annotated[str, Meta(examples=["Prazos"])] = ""
    page: int | None = None
    url: Annotated[str, Meta(examples=["https://lojaaurora.com.br/entregas"])] | None = None


class TrialTool(Piece, frozen=True):
    """A tool that was called, as the model wrote it, and what it was told."""

    name: Annotated[str, Meta(examples=["search_knowledge"])]
    arguments: Annotated[str, Meta(examples=['{"query": "entrega em Niterói"}'])]
    result: Annotated[str, Meta(examples=['{"passages": []}'])]
    milliseconds: int


class TrialAction(Piece, frozen=True):
    """What the AI would have done beside the answer, because of what the customer wrote. `applied`: by itself; `proposed`: a person would
    have decided; `blocked`: nothing, and `why`. `what`: the stage, file, template, sequence, tag or field that it is about; `at`: the time to book."""

    tool: LeadTool
    state: ProposalState
    board: Annotated[str, Meta(examples=["Vendas"])]
    what: Annotated[str, Meta(examples=["Tabela de medidas"])] = ""
    at: datetime | None = None
    value_cents: int | None = None
    currency: Annotated[str, Meta(examples=["BRL"])] = "BRL"
    why: ProposalWhy | None = None
    reason: Annotated[str, Meta(examples=["A pessoa pediu as medidas."])] = ""


class TrialFact(Piece, frozen=True):
    """A fact that was found out."""

    key: Annotated[str, Meta(examples=["cidade"])]
    value: Annotated[str, Meta(examples=["Niterói"])]


class TrialAnswer(Piece, frozen=True):
    """What it would have done. Nothing of it is sent, and no tool acts. `failure`: there is no answer, and why; `reason`: why a person
    would take over; `held`: what code found that must not leave. Tokens and cost are those of all calls for it."""

    decision: Decision
    texts: list[Annotated[str, Meta(examples=["Entregamos sim, em até 3 dias úteis."])]]
    citations: list[TrialCitation] = []
    tools: list[TrialTool] = []
    actions: list[TrialAction] = []
    collected: list[TrialFact] = []
    held: list[Annotated[str, Meta(examples=["R$ 19,90"])]] = []
    unknown: bool = False
    reason: TurnReason | None = None
    failure: TurnReason | None = None
    said: Annotated[str, Meta(examples=["A pessoa pediu um desconto."])] = ""
    model: Annotated[str, Meta(examples=["gpt-6.1-terra"])] = ""
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost_micro: int | None = None  # micro-dollars; null: nobody knows the model's price
    milliseconds: int = 0


Phrases = Annotated[list[Annotated[str, Meta(min_length=1, max_length=200, examples=["3 dias úteis"])]], Meta(max_length=20)]


class CaseExpectation(Piece, frozen=True):
    """What the answer to a case must be. Phrases are compared whatever case and accents; what is left out is not looked at."""

    contains: Phrases = []  # all of them
    not_contains: Phrases = []  # none of them
    cites: bool | None = None  # whether it cites a passage
    sources: Phrases = []  # titles, of which it cites one at least
    tools: Phrases = []  # that it calls
    hands_over: bool | None = None


class CaseMiss(Piece, frozen=True):
    """What an answer missed."""

    kind: MissKind
    detail: Annotated[str, Meta(examples=["3 dias úteis"])] = ""


def missed(expect: CaseExpectation, answer: TrialAnswer) -> list[CaseMiss]:
    """What an answer lacks; nothing: it passes."""
    if answer.failure is not None:
        return [CaseMiss(kind=MissKind.FAILED, detail=answer.failure.value)]
    said = _folded("\n".join(answer.texts))
    titles = [_folded(one.title) for one in answer.citations]
    called = {tool.name for tool in answer.tools}
    called |= {one.tool.value for one in answer.actions if one.state is not ProposalState.BLOCKED}
    found = [CaseMiss(kind=MissKind.CONTAINS, detail=one) for one in expect.contains if _folded(one) not in said]
    found += [CaseMiss(kind=MissKind.NOT_CONTAINS, detail=one) for one in expect.not_contains if _folded(one) in said]
    if expect.cites is not None and expect.cites != bool(titles):
        found.append(CaseMiss(kind=MissKind.CITES))
    if expect.sources and not any(_folded(one) in title for one in expect.sources for title in titles):
        found.append(CaseMiss(kind=MissKind.SOURCES, detail=", ".join(expect.sources)))
    found += [CaseMiss(kind=MissKind.TOOLS, detail=one) for one in expect.tools if one not in called]
    if expect.hands_over is not None and expect.hands_over != (answer.decision is Decision.HANDOVER):
        found.append(CaseMiss(kind=MissKind.HANDS_OVER))
    return found


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(sign for sign in plain if not unicodedata.combining(sign)).split())


def asks(lines: Sequence[TrialLine]) -> bool:
    """Whether the customer has the last word: something is to be answered."""
    return bool(lines) and lines[-1].who is TrialWho.CUSTOMER
