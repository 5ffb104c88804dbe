"""What each proposal does to a lead, and how that is taken back: through the verbs of leads that people's changes go through, with the same
rules, history, events and totals. The history names the proposal and the persona."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.boards import fields, history, leads, moves, rule_runs
from db.boards.arrivals import TOUCHED
from db.boards.enums import LeadEvent, StageKind
from db.boards.moves import Moved
from db.boards.rank import between
from db.bookings import words
from db.cadences import enrolling
from db.cadences.enums import EntrySource, Joined
from db.conversations import record
from db.errors import AppError, RequestError
from db.messages import answers, shelf
from db.messages.render import CONSTANT, Binding
from db.messages.replies import FileReply, TemplateReply
from db.proposals import booked, settings
from db.proposals.args import (
    AddTag,
    AddToCadence,
    Assign,
    Book,
    Books,
    CreateLead,
    FollowUp,
    Message,
    MoveLead,
    RemoveTag,
    SendFile,
    SendTemplate,
    SetField,
    SetValue,
    ToolArgs,
)
from db.proposals.errors import ProposalError
from db.proposals.target import Done as Done
from db.proposals.target import Target as Target
from db.work import Work

MOST_TAGS = 20  # as in the contract
_OPEN = """
select l.id from lead l join stage s on s.company_id = $1 and s.id = l.stage_id and s.kind = 'open'
where l.company_id = $1 and l.board_id = $2 and l.contact_id = $3 order by l.id desc limit 1
"""


async def hold(w: Work, target: Target, stage_ids: list[UUID]) -> None:
    """What is to be changed, in the order in which everybody takes locks: the person, stages, the lead. A lead that is to be made keeps
    out others for the same person."""
    strength = "for no key update" if target.lead_id is None else "for share"
    await w.execute(f"select from contact where company_id = $1 and id = $2 {strength}", w.company_id, target.contact_id)
    await w.execute(
        "select from stage where company_id = $1 and id = any($2::uuid[]) order by id for key share", w.company_id, stage_ids
    )
    if target.lead_id is not None:
        await w.execute("select from lead where company_id = $1 and id = $2 for update", w.company_id, target.lead_id)


async def apply(w: Work, target: Target, args: ToolArgs, signed: leads.Signed, *, key: str | None = None) -> Done:
    """Does it. `key`: nobody said so, and a message goes as the assistant's, under this key. Raises as the change by hand does."""
    if isinstance(args, CreateLead):
        row = await leads.create_in(
            w,
            board_id=target.board_id,
            stage_id=args.stage_id or await _first(w, target.board_id),
            title=args.title.strip(),
            contact_id=target.contact_id,
            conversation_id=target.conversation_id,
            value_cents=args.value_cents,
            signed=signed,
        )
        return Done(row["id"], {}, {"stage_id": row["stage_id"]}, row["stage_since"])
    if isinstance(args, SendTemplate):
        given = [Binding(name, CONSTANT, value) for name, value in args.values.items()]
        entry = await answers.write(w, target.contact_id, target.channel_id, TemplateReply(args.template_id, given))
        return Done(target.lead_id, {}, {"message_id": entry.id})
    if isinstance(args, SendFile):
        return Done(target.lead_id, {}, {"message_id": await _send_file(w, target, args, key)})
    if isinstance(args, AddToCadence | Books):
        return await _beside(w, target, args, signed, key)
    if target.lead_id is None:
        raise RequestError.NOT_FOUND(what="lead")
    if isinstance(args, MoveLead):
        return await _move(w, target.lead_id, args, signed)
    lead = await leads.lock(w, target.lead_id, None)
    match args:
        case SetValue():
            await leads.change_in(w, lead["id"], value_cents=args.value_cents, signed=signed)
            return Done(lead["id"], {"value_cents": lead["value_cents"]}, {"value_cents": args.value_cents})
        case SetField():
            was = msgspec.json.decode(lead["custom"]).get(args.key, "")
            row = await leads.change_in(w, lead["id"], values={args.key: args.value}, signed=signed)
            return Done(lead["id"], {"value": was}, {"value": msgspec.json.decode(row["custom"]).get(args.key, "")})
        case AddTag() | RemoveTag():
            return await _tag(w, lead, args, signed)
        case Assign():
            await leads.change_in(w, lead["id"], owner_id=args.user_id, signed=signed)
            return Done(lead["id"], {"owner_id": lead["owner_id"]}, {"owner_id": args.user_id})
        case FollowUp():
            await leads.change_in(w, lead["id"], due_on=args.due_on, signed=signed)
            note = args.note.strip()
            note_id = await history.note_in(w, lead["id"], note, signed=signed) if note else None
            return Done(lead["id"], {"due_on": lead["due_on"]}, {"due_on": args.due_on, "note_id": note_id})


async def _send_file(w: Work, target: Target, args: SendFile, key: str | None) -> UUID:
    """With what the board says goes with it."""
    files = (await settings.of(w, w.company_id, target.board_id)).files
    found = next((one for one in files if one.file_id == args.file_id), None)
    if found is None:
        raise RequestError.NOT_FOUND(what="file")
    reply = FileReply(await shelf.copied(w, found.file_id), found.caption, shelved=True)
    if key is None:
        return (await answers.write(w, target.contact_id, target.channel_id, reply)).id
    way = await answers.held(w, target.contact_id, target.channel_id)
    if way.obstacle is not None:
        raise way.obstacle()
    place = await answers.put(w, way, target.contact_id, reply, key=key)
    await record.assisted(w, place)
    return place.message_id


async def _lead(w: Work, target: Target, signed: leads.Signed) -> UUID:
    """The one that the same look made, else a new one: who books is somebody to look after."""
    made: UUID | None = await w.fetchval(_OPEN, w.company_id, target.board_id, target.contact_id)
    if made is not None:
        return made
    language = await w.fetchval("select language from company where id = $1", w.company_id)
    row = await leads.create_in(
        w,
        board_id=target.board_id,
        stage_id=await _first(w, target.board_id),
        title=words.title(language),
        contact_id=target.contact_id,
        conversation_id=target.conversation_id,
        value_cents=None,
        signed=signed,
    )
    lead_id: UUID = row["id"]
    return lead_id


async def _beside(w: Work, target: Target, args: AddToCadence | Books, signed: leads.Signed, key: str | None) -> Done:
    """What stands beside the lead. Who books gets one."""
    if isinstance(args, Book) and target.lead_id is None:
        target = target._replace(lead_id=await _lead(w, target, signed))
    if target.lead_id is None:
        raise RequestError.NOT_FOUND(what="lead")
    if isinstance(args, AddToCadence):
        return await _add_to_cadence(w, target, args)
    return await booked.apply(w, target, args, signed, key)


async def _add_to_cadence(w: Work, target: Target, args: AddToCadence) -> Done:
    """As any other way into it: who asked for no more messages stays out, and nobody stands in it twice."""
    if await enrolling.join(w, args.cadence_id, target.contact_id, EntrySource.AI) is not Joined.IN:
        raise ProposalError.NOT_ENROLLED()
    enrolment_id = await enrolling.standing(w, w.company_id, args.cadence_id, target.contact_id)
    return Done(target.lead_id, {}, {"enrolment_id": enrolment_id})


async def _first(w: Work, board_id: UUID) -> UUID:
    """The board's first open stage."""
    found: UUID | None = await w.fetchval(
        "select id from stage where company_id = $1 and board_id = $2 and kind = $3 and moving_to is null order by rank, id limit 1",
        w.company_id,
        board_id,
        StageKind.OPEN.value,
    )
    if found is None:
        raise RequestError.NOT_FOUND(what="stage")
    return found


async def _move(w: Work, lead_id: UUID, args: MoveLead, signed: leads.Signed) -> Done:
    goal = await moves.target(w, args.stage_id)
    lead = await leads.lock(w, lead_id, None)
    first = await w.fetchval(leads.FIRST, w.company_id, goal["id"], [lead_id])
    rank = between(None, first)
    chain = rule_runs.Chain()
    await moves.move_in(w, lead, goal, rank, lost_reason=args.lost_reason, chain=chain, signed=signed)
    before = {name: lead[name] for name in ("stage_id", "rank", "lost_reason", "stage_since")}
    since = await w.fetchval("select stage_since from lead where company_id = $1 and id = $2", w.company_id, lead_id)
    return Done(lead_id, before, {"stage_id": goal["id"]}, since)


async def _tag(w: Work, lead: asyncpg.Record, args: AddTag | RemoveTag, signed: leads.Signed) -> Done:
    kept = [tag for tag in lead["tags"] if tag.casefold() != args.tag.casefold()]
    if isinstance(args, AddTag):
        if len(kept) >= MOST_TAGS:
            raise RequestError.INVALID()
        kept.append(args.tag)
    await leads.change_in(w, lead["id"], tags=kept, signed=signed)
    return Done(lead["id"], {"tags": lead["tags"]}, {"tags": kept})


async def undo(
    w: Work,
    target: Target,
    args: ToolArgs,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    since: datetime | None,
    signed: leads.Signed,
) -> None:
    """Takes it back. Raises Conflict `undo_changed` where somebody changed the same since, `cannot_undo`."""
    if isinstance(args, Message) or target.lead_id is None:
        raise ProposalError.CANNOT_UNDO()
    if isinstance(args, AddToCadence):
        enrolment_id = _id(after["enrolment_id"])
        _same(enrolment_id is not None and await enrolling.leave(w, args.cadence_id, enrolment_id))
        return
    try:
        if isinstance(args, Books):
            await booked.undo(w, before, after, signed)
            return
        if isinstance(args, MoveLead):
            await _move_back(w, target.lead_id, before, after, since, signed)
            return
        lead = await leads.lock(w, target.lead_id, None)
        await _undo(w, lead, args, before, after, signed)
    except AppError as error:
        if error.status >= 500 or error.code is ProposalError.UNDO_CHANGED:
            raise
        raise ProposalError.UNDO_CHANGED() from error  # the lead, the stage, the field or the person is gone


async def _undo(
    w: Work, lead: asyncpg.Record, args: ToolArgs, before: Mapping[str, Any], after: Mapping[str, Any], signed: leads.Signed
) -> None:
    lead_id: UUID = lead["id"]
    match args:
        case CreateLead():
            if await w.fetchval(f"select {TOUCHED} from lead l where l.company_id = $1 and l.id = $2", w.company_id, lead_id):
                raise ProposalError.UNDO_CHANGED()
            await leads.delete_in(w, lead_id)
        case SetValue():
            _same(lead["value_cents"] == after["value_cents"])
            await leads.change_in(w, lead_id, value_cents=before["value_cents"], signed=signed)
        case SetField():
            _same(msgspec.json.decode(lead["custom"]).get(args.key, "") == after["value"])
            if not await fields.checked(w, lead["board_id"], {args.key: before["value"]}):
                raise ProposalError.UNDO_CHANGED()
            await leads.change_in(w, lead_id, values={args.key: before["value"]}, signed=signed)
        case AddTag() | RemoveTag():
            # Others that came or went since stay as they are.
            there = any(tag.casefold() == args.tag.casefold() for tag in lead["tags"])
            _same(there == isinstance(args, AddTag))
            kept = [tag for tag in lead["tags"] if tag.casefold() != args.tag.casefold()]
            was = [tag for tag in before["tags"] if tag.casefold() == args.tag.casefold()]
            await leads.change_in(w, lead_id, tags=[*kept, *was][:MOST_TAGS], signed=signed)
        case Assign():
            _same(str(lead["owner_id"]) == after["owner_id"])
            await leads.change_in(w, lead_id, owner_id=_id(before["owner_id"]), signed=signed)
        case FollowUp():
            _same(lead["due_on"] is not None and lead["due_on"].isoformat() == after["due_on"])
            was_due = date.fromisoformat(before["due_on"]) if before["due_on"] else None
            await leads.change_in(w, lead_id, due_on=was_due, signed=signed)
            note_id = _id(after["note_id"])
            if note_id is not None and await w.fetchval(
                "select true from lead_note where company_id = $1 and id = $2", w.company_id, note_id
            ):
                await history.delete_note_in(w, lead_id, note_id)
        case _:
            raise ProposalError.CANNOT_UNDO()


async def _move_back(
    w: Work, lead_id: UUID, before: Mapping[str, Any], after: Mapping[str, Any], since: datetime | None, signed: leads.Signed
) -> None:
    """To the stage and place it had, as if it had never left."""
    stage_id = UUID(before["stage_id"])
    goal = await moves.target(w, stage_id)
    lead = await leads.lock(w, lead_id, None)
    _same(str(lead["stage_id"]) == after["stage_id"] and lead["stage_since"] == since)
    reason = before["lost_reason"] if goal["kind"] == StageKind.LOST else None
    _same(goal["kind"] != StageKind.LOST or bool(reason))
    back = Moved(lead, stage_id, before["rank"], reason, datetime.fromisoformat(before["stage_since"]))
    await moves.write(w, [back], LeadEvent.MOVED_BACK, signed=signed)
    w.audit("lead.moved_back", lead_id, stage=str(stage_id))
    await moves.tell_moved(w, [back])


def _same(unchanged: bool) -> None:
    if not unchanged:
        raise ProposalError.UNDO_CHANGED()


def _id(text: str | None) -> UUID | None:
    return UUID(text) if text else None
