"""What Kommo says is taken over here, and it is noted that both are in step: so it is not sent back.

What was changed here since both were in step counts more: it is on its way there.
"""

from typing import NamedTuple
from uuid import UUID

from db.boards import leads, moves, rule_runs
from db.boards.enums import StageKind
from db.boards.errors import BoardError
from db.boards.rank import between
from db.contacts import actions, erased, upserts
from db.contacts.errors import ContactField
from db.contacts.upserts import Item
from db.errors import AppError, RequestError
from db.kommo import links
from db.kommo.enums import KommoLinkKind, KommoTaskKind
from db.kommo.errors import KommoReason
from db.kommo.links import Facts, Link
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Work, read, work

_STAGE = """
select m.stage_id from kommo_stage m join stage s on s.company_id = $1 and s.id = m.stage_id
where m.company_id = $1 and s.board_id = $2 and m.pipeline_id = $3 and m.status_id = $4 and s.moving_to is null order by s.rank, s.id limit 1
"""
LOST = "Kommo"
"""Why a lead is lost that somebody closed there without a reason."""


class Status(NamedTuple):
    """Where a lead stands in Kommo. `lost_because`: the reason that is written there."""

    pipeline_id: int
    status_id: int
    lost_because: str | None


async def move_lead(company_id: UUID, link: Link, status: Status) -> KommoReason | None:
    """Moves the lead to the stage that stands for the status; why it was not, None: it was."""
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        if status.pipeline_id == link.pipeline_id and status.status_id == link.status_id:
            return KommoReason.SAME
        board_id = await w.fetchval("select board_id from lead where company_id = $1 and id = $2", company_id, link.local_id)
        if board_id is None:
            return KommoReason.GONE
        stage_id = await w.fetchval(_STAGE, company_id, board_id, status.pipeline_id, status.status_id)
        if stage_id is None:
            return KommoReason.NOT_MAPPED
        return await _move(w, link, stage_id, status)


async def _move(w: Work, link: Link, stage_id: UUID, status: Status) -> KommoReason | None:
    try:
        goal = await moves.target(w, stage_id)
        lead = await leads.lock(w, link.local_id, None)
    except AppError:  # a board that was archived, a lead that was deleted
        return KommoReason.GONE
    if lead["stage_id"] != link.stage_id and lead["stage_id"] != stage_id:
        return KommoReason.NEWER_HERE
    same = lead["stage_id"] == stage_id
    if not same:
        first = await w.fetchval(leads.FIRST, w.company_id, stage_id, [lead["id"]])
        because = (status.lost_because or LOST) if goal["kind"] == StageKind.LOST else None
        try:
            await moves.move_in(w, lead, goal, between(None, first), lost_reason=because, chain=rule_runs.Chain())
        except AppError as error:
            if error.code is BoardError.OTHER_BOARD:
                return KommoReason.GONE
            raise
    step = link._replace(stage_id=stage_id, pipeline_id=status.pipeline_id, status_id=status.status_id)
    await links.keep_in(w, KommoLinkKind.LEAD, step)
    return KommoReason.SAME if same else None


async def take_contact(company_id: UUID, link: Link | None, kommo_id: int, theirs: Facts) -> tuple[UUID, KommoReason | None]:
    """Brings our contact up to date, or finds or makes it by phone and e-mail. Its id, and why nothing changed, None: something did.
    What Kommo does not say stays. Raises Invalid for addresses that are none."""
    actor = worker(company_id)
    if link is None:
        await _not_erased(actor, theirs)
        item = Item(name=theirs.name or None, phone=_first(theirs.phones), email=_first(theirs.emails))
        contact_id: UUID = (await upserts.upsert_one(actor, item))["id"]
    else:
        contact_id = link.local_id
        facts, _ = await links.contact(company_id, contact_id)
        assert facts is not None
        given: dict[str, str] = {}
        if theirs.name and theirs.name != facts.name:
            given["name"] = theirs.name
        if theirs.phones and not facts.phones:
            given["phone"] = theirs.phones[0]
        if theirs.emails and not facts.emails:
            given["email"] = theirs.emails[0]
        if given:
            await actions.change_contact(actor, contact_id, **given)  # type: ignore[arg-type]
    after, _ = await links.contact(company_id, contact_id)
    ours = after.digest if after is not None else ""
    step = Link(contact_id, kommo_id, ours, theirs.digest, None, None, None)
    await links.keep(company_id, KommoLinkKind.CONTACT, step)
    return contact_id, KommoReason.SAME if link is not None and not given else None


async def _not_erased(actor: Actor, theirs: Facts) -> None:
    """By any of their addresses, also one that would not be taken over. Raises Invalid."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        gone = await erased.known(r, actor.company_id, (*theirs.phones, *theirs.emails))
    if gone:
        raise RequestError.INVALID(fields=[ContactField.ERASED("phone" if gone & set(theirs.phones) else "email")])


def _first(values: tuple[str, ...]) -> str | None:
    return values[0] if values else None


KINDS = {"leads": KommoTaskKind.TAKE_LEAD, "contacts": KommoTaskKind.TAKE_CONTACT}
"""What of a webhook is taken over, by its name there."""
