"""Looks at a conversation for a board that watches it, once it is quiet: a model proposes, the board's rules decide (db/proposals).

One call of a model for each look. While it is asked the watch is renewed; when it is lost, the call is ended and booked. What came of it is kept
in one transaction with the end of the look, so that a worker that dies at any moment leaves either all of it or none, and another one looks again.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import structlog

from db.ai.enums import Purpose
from db.ai.ledger import About
from db.clock import now
from db.jobs import JudgeConversation
from db.permissions import Permission
from db.proposals import context, store, watch
from db.proposals.context import Context
from db.proposals.store import Proposed
from db.proposals.watch import Judging
from db.tenancy import worker
from db.work import work
from workers.assistant import media
from workers.assistant.composed import Step, asked_model
from workers.leads import own_words
from workers.leads.prompt import VERSION, messages
from workers.leads.read import read
from workers.leads.shown import Shown, shown
from workers.leads.tools import offered
from workers.llm import outcomes
from workers.llm.ask import ask
from workers.llm.chat import Message, Request, Tool
from workers.llm.outcomes import Outcome
from workers.registration import Handler, Loop

log = structlog.get_logger("workers.leads")

BEAT = 5.0  # seconds between two signs of life
SECONDS = 45.0  # for one call of a model
ROUND = 1.0  # seconds between two looks for conversations that are due
AGAIN = timedelta(minutes=2)
"""After a model that did not answer."""
TOKENS = 1200
"""Of the longest answer: several proposals with their quotes."""
_PASSES = (outcomes.RateLimited, outcomes.Unreachable, outcomes.TimedOut)
"""Outcomes that are others a little later."""


class Looked(NamedTuple):
    """What came of asking. `proposed` None: nothing that can be read; `later`: it is worth another look, though nobody wrote."""

    proposed: list[Proposed] | None
    later: bool = False


async def run(company_id: UUID, job: JudgeConversation) -> None:
    """One look, if it is due."""
    judging = await watch.begin(company_id, job.conversation_id, job.board_id)
    if judging is None:
        return
    seen = await context.of(judging)
    if seen is None:
        await watch.fail(judging)
        return
    steps: list[Step] = []
    found = await _looked_while_it_is_ours(judging, seen, steps)
    if found is None:
        log.info("judging.lost", judging_id=str(judging.id))
        await watch.lost(judging, steps)
        return
    seen, looked = found
    if looked.later:
        await watch.later(judging, now() + AGAIN, steps)
    elif looked.proposed is None:
        await watch.fail(judging, steps)
    else:
        kept = await store.propose(seen, looked.proposed, steps)
        told = None if kept is None else [f"{one.tool.value}:{one.state.value}:{one.why and one.why.value}" for one in kept]
        log.info("judging.done", judging_id=str(judging.id), proposals=told)


async def _looked_while_it_is_ours(judging: Judging, seen: Context, steps: list[Step]) -> tuple[Context, Looked] | None:
    """With what it saw. None: the watch was lost, and the call that ran is ended."""
    looking = asyncio.create_task(_listened_and_looked(judging, seen, steps))
    try:
        while not looking.done():
            await asyncio.wait([looking], timeout=BEAT)
            if not looking.done() and not await watch.renew(judging):
                return None
    finally:
        if not looking.done():
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
    return looking.result()


async def _listened_and_looked(judging: Judging, seen: Context, steps: list[Step]) -> tuple[Context, Looked]:
    """Voice notes and pictures that came since the last look are turned into words first, where anything may be proposed at all."""
    unread = [one for one in seen.said if one.file_id is not None and one.who == "customer" and not one.text]
    if unread and offered(seen, shown(seen)):
        began = time.monotonic()
        about = About(purpose=Purpose.LEAD, conversation_id=judging.conversation_id, turn_id=judging.id)
        heard = await media.words_of(judging.company_id, about, unread, judging.judged_id)
        asked, told = [str(one.id) for one in unread], {str(one.id): heard.get(one.id) for one in unread}
        steps.append(Step(kind="media", ms=round((time.monotonic() - began) * 1000), asked=asked, answered=told))
        said = [one._replace(text=one.text or heard.get(one.id, "")) for one in seen.said]
        seen = seen._replace(said=said)
    return seen, await look(seen, steps)


async def look(seen: Context, steps: list[Step]) -> Looked:
    """Asks once; a second time where the answer cannot be read, or with the older half left out where all of it is too long. `steps`: grows
    with what was asked and answered."""
    names = shown(seen)
    tools = offered(seen, names)
    if not names.new or not tools:  # all of it was signs without words, or nothing may be proposed
        steps.append(Step(kind="result", answered={"platform": VERSION, "proposed": 0}))
        return Looked([])
    asked = messages(seen, names, now())
    for again in (True, False):
        outcome = await _asked(seen, asked, tools, steps)
        match outcome:
            case outcomes.Called():
                return _read(outcome, seen, names, steps)
            case outcomes.Answered():
                steps.append(Step(kind="result", answered={"platform": VERSION, "proposed": 0}))
                return Looked([])
            case outcomes.TooLong() if again:
                asked = _shortened(asked)
            case outcomes.Malformed() | outcomes.CutOff() if again:
                continue
            case _:
                return Looked(None, later=isinstance(outcome, _PASSES))
    return Looked(None)


def _read(outcome: outcomes.Called, seen: Context, names: Shown, steps: list[Step]) -> Looked:
    found, unknown = read(outcome.calls, seen, names)
    proposed = [own_words.kept(one, seen) for one in found]
    told: dict[str, Any] = {"platform": VERSION, "proposed": len(proposed)}
    steps.append(Step(kind="result", answered=told | ({"no_such_tool": unknown} if unknown else {})))
    return Looked(proposed)


async def _asked(seen: Context, asked: Sequence[Message], tools: Sequence[Tool], steps: list[Step]) -> Outcome:
    judging = seen.judging
    about = About(purpose=Purpose.LEAD, conversation_id=judging.conversation_id, turn_id=judging.id)
    request = Request(
        messages=tuple(asked),
        tools=tuple(tools),
        max_tokens=TOKENS,
        temperature=0.0,
        cache_key=f"lead:{judging.board_id}",
        timeout=SECONDS,
    )
    began = time.monotonic()
    shown_to = {"messages": msgspec.to_builtins(asked), "tools": [tool.name for tool in tools]}
    try:
        outcome = await ask(judging.company_id, about, request)
    except BaseException as error:  # a call that was ended is booked all the same
        steps.append(asked_model(began, shown_to, error))
        raise
    steps.append(asked_model(began, shown_to, outcome))
    return outcome


def _shortened(asked: list[Message]) -> list[Message]:
    """Without the older half of what was said."""
    said = [one for one in asked if one.role in ("user", "assistant") and not one.tool_calls]
    gone = {id(one) for one in said[: len(said) // 2]}
    return [one for one in asked if id(one) not in gone]


async def wake_due() -> None:
    """A job for each look that is due and has none."""
    by_company: dict[UUID, list[watch.Due]] = {}
    for one in await watch.due():
        by_company.setdefault(one.company_id, []).append(one)
    for company_id, found in by_company.items():
        async with work(worker(company_id), Permission.LEADS_WRITE) as w:
            for one in found:
                w.enqueue(JudgeConversation(conversation_id=one.conversation_id, board_id=one.board_id))


JOBS = (Handler(JudgeConversation, lambda _: run),)
LOOPS = (Loop("leads", ROUND, wake_due),)
