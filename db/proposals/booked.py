"""A time that is booked, moved or given back because of what a customer said; they are told in words of ours."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from db.boards import leads
from db.bookings import bookings, words
from db.bookings.enums import AppointmentState
from db.conversations import record
from db.messages import answers
from db.messages.replies import TextReply
from db.proposals.args import Book, Books
from db.proposals.errors import ProposalError
from db.proposals.target import Done, Target
from db.work import Work

_COMPANY = "select language, time_zone from company where id = $1"


async def apply(w: Work, target: Target, args: Books, signed: leads.Signed, key: str | None) -> Done:
    """`key`: nobody said so, and the assistant tells the customer under it. Raises Conflict `not_free`, NotFound."""
    assert target.lead_id is not None
    due_on: date | None = await w.fetchval(
        "select due_on from lead where company_id = $1 and id = $2", w.company_id, target.lead_id
    )
    before: dict[str, Any] = {"due_on": due_on}
    was = await bookings.of_lead(w, w.company_id, target.lead_id)
    if not isinstance(args, Book):
        row = await bookings.current(w, w.company_id, target.lead_id)
        row = await bookings.cancel_in(w, row["id"], signed=signed)
        said = words.cancelled
    elif was is not None:
        before["starts_at"] = was
        row = await bookings.current(w, w.company_id, target.lead_id)
        row = await bookings.move_in(w, row["id"], args.starts_at, signed=signed)
        said = words.moved
    else:
        proposal_id = UUID(str(signed["proposal_id"]))
        row = await bookings.book_in(w, target.board_id, target.lead_id, args.starts_at, proposal_id=proposal_id, signed=signed)
        said = words.booked
    await _tell(w, target, row["starts_at"], said, key)
    return Done(target.lead_id, before, {"appointment_id": row["id"], "version": row["version"], "starts_at": row["starts_at"]})


async def _tell(w: Work, target: Target, at: datetime, said: Callable[[datetime, str], str], key: str | None) -> None:
    """Where the channel takes it now; of who accepts it by hand it is their answer."""
    company = await w.fetchrow(_COMPANY, w.company_id)
    assert company is not None
    text = said(at.astimezone(ZoneInfo(company["time_zone"])), company["language"])
    way = await answers.held(w, target.contact_id, target.channel_id)
    if way.obstacle is not None or (key is None and await answers.spent(w, w.company_id, way)):
        return
    if key is None:
        await answers.write(w, target.contact_id, target.channel_id, TextReply(text))
    else:
        await record.assisted(w, await answers.say(w, way, target.contact_id, text, key=key))


async def undo(w: Work, before: Mapping[str, Any], after: Mapping[str, Any], signed: leads.Signed) -> None:
    """The customer is told nothing: who takes it back talks to them. Raises Conflict where somebody changed the appointment since."""
    row = await bookings.one(w, w.company_id, UUID(after["appointment_id"]))
    if row["version"] != after["version"]:
        raise ProposalError.UNDO_CHANGED()
    if row["state"] == AppointmentState.CANCELLED:
        await bookings.restore_in(w, row["id"], signed=signed)
    elif "starts_at" in before:
        await bookings.move_in(w, row["id"], datetime.fromisoformat(before["starts_at"]), signed=signed)
    else:
        due_on = date.fromisoformat(before["due_on"]) if before["due_on"] else None
        await bookings.cancel_in(w, row["id"], due_on=due_on, signed=signed)
