"""What each action of a rule does to a lead, inside one unit of work with the outcome of its run. Refuses rather than guesses: what a rule
cannot do has a reason."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from db.boards import history, leads, moves, rule_runs, rule_sends
from db.boards.enums import LeadEvent, RunReason, RunState
from db.boards.errors import BoardError, BoardField
from db.boards.events import BoardChanged
from db.boards.rank import between
from db.boards.rule import (
    AddTag,
    Assign,
    Move,
    Notify,
    RemoveTag,
    RuleAction,
    SendTemplate,
    SendText,
    SetDue,
    WriteNote,
)
from db.contacts.tags import plain
from db.conversations import routing
from db.errors import AppError, Invalid, NotFound
from db.messages import answers
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.work import Work

MOST_DEPTH = 10
"""Moves by rules in a row, until a person moves the lead again."""
MOST_TAGS = 20  # as in the contract


class Outcome(NamedTuple):
    """`detail`: what a try-out says of it: the person's name, the text of the message."""

    state: RunState
    reason: RunReason | None = None
    detail: str | None = None
    message_id: UUID | None = None


_DONE = Outcome(RunState.DONE)
_MOVED_ON = """
select exists (select from lead_change where company_id = $1 and lead_id = $2 and id > $3 and kind in ('moved', 'moved_back')
    and what->>'rule_id' is null)
"""
_REASONS = {
    BoardError.BOARD_ARCHIVED: RunReason.BOARD_ARCHIVED,
    BoardError.OTHER_BOARD: RunReason.STAGE_GONE,
    BoardError.STAGE_LEAVING: RunReason.STAGE_GONE,
    BoardError.LOST_REASON_MISSING: RunReason.LOST_REASON_MISSING,
}


def skipped(reason: RunReason) -> Outcome:
    return Outcome(RunState.SKIPPED, reason)


async def lock(w: Work, action: RuleAction, lead: asyncpg.Record) -> None:
    """What the action needs, in the order in which everybody takes locks; before its run is locked. `lead`: lead_id and contact_id."""
    if isinstance(action, SendTemplate | SendText) and lead["contact_id"] is not None:
        await rule_sends.hold_channel(w, action)
        await answers.hold_still(w, lead["contact_id"])  # who is merged meanwhile takes the lead along: contacts come first
    if isinstance(action, Move):
        await w.execute("select from stage where company_id = $1 and id = $2 for key share", w.company_id, action.stage_id)
    await w.execute("select from lead where company_id = $1 and id = $2 for update", w.company_id, lead["lead_id"])


async def carry_out(w: Work, run: asyncpg.Record, action: RuleAction) -> Outcome:
    """Does it, or says why not; undone alone where it is refused."""
    try:
        async with w.connection.transaction():
            return await _carry_out(w, run, action)
    except AppError as error:
        if error.status >= 500:
            raise
        return skipped(_reason(error))


def _reason(error: AppError) -> RunReason:
    if isinstance(error, Invalid) and any(field.code is BoardField.OWNER_UNKNOWN for field in error.fields):
        return RunReason.PERSON_GONE
    if isinstance(error, NotFound):
        return RunReason.STAGE_GONE
    return next((reason for code, reason in _REASONS.items() if error.code is code), RunReason.REFUSED)


async def _carry_out(w: Work, run: asyncpg.Record, action: RuleAction) -> Outcome:
    lead_id: UUID = run["lead_id"]
    match action:
        case Assign():
            return await _assign(w, run, action)
        case AddTag() | RemoveTag():
            return await _tag(w, run, action)
        case SetDue():
            zone = await w.fetchval("select time_zone from company where id = $1", w.company_id)
            day = datetime.now(ZoneInfo(zone)).date() + timedelta(days=action.days)
            if run["due_on"] == day:
                return skipped(RunReason.ALREADY_SO)
            await leads.change_in(w, lead_id, due_on=day)
            return _DONE._replace(detail=day.isoformat())
        case SendTemplate() | SendText():
            return await _send(w, run, action)
        case WriteNote():
            await history.note_in(w, lead_id, action.body)
            return _DONE
        case Move():
            return await _move(w, run, action)
        case Notify():
            if await _name(w, action.user_id) is None:
                return skipped(RunReason.PERSON_GONE)
            await calls.call_to_lead(w, action.user_id, NotificationKind.LEAD, lead_id)
            return _DONE


async def _name(w: Work, user_id: UUID) -> str | None:
    """Of a member of the company."""
    name: str | None = await w.fetchval(
        "select u.name from membership m join account_user u on u.id = m.user_id where m.company_id = $1 and m.user_id = $2",
        w.company_id,
        user_id,
    )
    return name


async def _assign(w: Work, run: asyncpg.Record, action: Assign) -> Outcome:
    user_id = action.user_id if action.team_id is None else await routing.by_turns(w, action.team_id)
    if user_id is None:
        return skipped(RunReason.TEAM_EMPTY)
    name = await _name(w, user_id)
    if name is None:
        return skipped(RunReason.PERSON_GONE)
    if run["owner_id"] == user_id:
        return skipped(RunReason.ALREADY_SO)
    await leads.change_in(w, run["lead_id"], owner_id=user_id)
    return _DONE._replace(detail=name)


async def _tag(w: Work, run: asyncpg.Record, action: AddTag | RemoveTag) -> Outcome:
    wanted = plain(action.tag).casefold()
    there = any(tag.casefold() == wanted for tag in run["tags"])
    if there == isinstance(action, AddTag):
        return skipped(RunReason.ALREADY_SO)
    kept = [tag for tag in run["tags"] if tag.casefold() != wanted]
    if isinstance(action, AddTag):
        if len(kept) >= MOST_TAGS:
            return skipped(RunReason.REFUSED)
        kept.append(action.tag)
    await leads.change_in(w, run["lead_id"], tags=kept)
    return _DONE


async def _send(w: Work, run: asyncpg.Record, action: SendTemplate | SendText) -> Outcome:
    if await w.fetchval(_MOVED_ON, w.company_id, run["lead_id"], run["entry_id"]):
        return skipped(RunReason.MOVED_ON)
    if run["contact_id"] is None:
        return skipped(RunReason.NO_CONTACT)
    written = await rule_sends.write(w, run["rule_id"], run["contact_id"], action)
    if isinstance(written, RunReason):
        return skipped(written)
    return _DONE._replace(detail=written.text, message_id=written.message_id)


async def _move(w: Work, run: asyncpg.Record, action: Move) -> Outcome:
    if run["lead_stage_id"] != run["stage_id"]:
        return skipped(RunReason.MOVED_ON)
    goal = await moves.target(w, action.stage_id)
    if action.stage_id in run["visited"] or run["depth"] >= MOST_DEPTH:
        await _stop(w, run, goal)
        return Outcome(RunState.STOPPED, RunReason.LOOP, goal["name"])
    lead = await leads.lock(w, run["lead_id"], None)
    first = await w.fetchval(leads.FIRST, w.company_id, goal["id"], [lead["id"]])
    chain = rule_runs.Chain(run["depth"] + 1, tuple(run["visited"]), run["id"])
    await moves.move_in(w, lead, goal, between(None, first), lost_reason=action.lost_reason, chain=chain)
    return _DONE._replace(detail=goal["name"])


async def _stop(w: Work, run: asyncpg.Record, goal: asyncpg.Record) -> None:
    """A line in the lead's history, and a call to whoever made the rule; its board says it until the rule is changed."""
    await leads.note_change(w, run["lead_id"], LeadEvent.STOPPED, goal)
    w.audit("stage_rule.stopped", run["rule_id"], lead_id=str(run["lead_id"]))
    w.emit(BoardChanged(board_id=run["board_id"]))
    await leads.tell(w, run["lead_id"], run["board_id"], [run["lead_stage_id"]], version=None, totals=False)
    if run["made_by"] is not None and await _name(w, run["made_by"]) is not None:
        await calls.call_to_lead(w, run["made_by"], NotificationKind.RULE_STOPPED, run["lead_id"])
