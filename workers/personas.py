"""Trying personas: composes the answer as a real turn does, and sends it to nobody; asks what boards that watch would have done because of
the talk (workers/leads/rehearse.py), and does nothing of it. Repeating it is harmless: who has an answer is left."""

import time
from typing import Any
from uuid import UUID

from db.clock import now
from db.jobs import RunCase, TryPersona
from db.personas import trials
from db.personas.enums import TrialWho
from db.personas.trial import TrialAnswer, TrialCitation, TrialFact, TrialTool
from workers.assistant import answer, turn
from workers.assistant.composed import Composed, Step
from workers.assistant.prompt import Brief, Line
from workers.assistant.written import Pieces, Stopped, Writer
from workers.leads.rehearse import Rehearsed, rehearse
from workers.registration import Handler

_SHOWN = 4000
"""Characters of what a tool was told."""


async def run(company_id: UUID, job: TryPersona | RunCase) -> None:
    """Composes and keeps what came of it."""
    found = await trials.waiting(company_id, job.trial_id)
    if found is None:
        return
    about, began = trials.about(found), time.monotonic()
    brief = Brief(
        name=found.name,
        config=found.config,
        company=found.company,
        secret=str(found.id),
        now=now(),
        time_zone=found.time_zone,
        lines=[Line(who="customer" if one.who is TrialWho.CUSTOMER else "assistant", text=one.text) for one in found.lines],
    )
    knows = await turn.knowing(company_id, about, brief, None)
    if found.asked_by is None:
        composed = await answer.compose(company_id, about, brief, knows)
    else:
        writer = Writer(Pieces(lambda at, text: trials.write(company_id, found, at, text)), whole=False)
        try:
            composed = await answer.compose(company_id, about, brief, knows, ask=writer)
        except Stopped:
            return
    milliseconds = round((time.monotonic() - began) * 1000)
    done = Rehearsed([], [])
    if composed.failure is None:
        said = [(one.who, one.text) for one in brief.lines]
        done = await rehearse(company_id, about, found.name, found.config, said)
    await trials.keep(company_id, found.id, _told(composed, done, milliseconds))


def _told(composed: Composed, done: Rehearsed, milliseconds: int) -> TrialAnswer:
    return TrialAnswer(
        decision=composed.decision,
        texts=list(composed.texts),
        citations=[
            TrialCitation(title=one.title, heading=one.heading, quote=one.quote, page=one.page, url=one.url)
            for one in composed.citations
        ],
        tools=[_tool(step) for step in composed.steps if step.kind == "tool"],
        actions=done.actions,
        collected=[TrialFact(key=one.key, value=one.value) for one in composed.collected],
        held=[what for step in composed.steps if step.kind == "check" for what in _found(step.answered)],
        unknown=composed.unknown,
        reason=composed.reason,
        failure=composed.failure,
        said=composed.said,
        model=composed.model,
        tokens_in=composed.usage.input + sum(one.input for one in done.usage),
        tokens_cached=composed.usage.cached + sum(one.cached for one in done.usage),
        tokens_out=composed.usage.output + sum(one.output for one in done.usage),
        milliseconds=milliseconds,
    )


def _tool(step: Step) -> TrialTool:
    asked: dict[str, Any] = step.asked if isinstance(step.asked, dict) else {}
    return TrialTool(
        name=str(asked.get("name", "")),
        arguments=str(asked.get("arguments", ""))[:_SHOWN],
        result=str(step.answered)[:_SHOWN],
        milliseconds=step.ms,
    )


def _found(answered: Any) -> list[str]:
    """Of its answer: a passage that gives orders was no part of it."""
    return (
        [str(one) for one in answered.get("what", ())] if isinstance(answered, dict) and answered.get("found") != "orders" else []
    )


JOBS = (Handler(TryPersona, lambda _: run, trials.give_up), Handler(RunCase, lambda _: run, trials.give_up))
