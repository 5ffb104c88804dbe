"""One lead: read, made, changed, deleted. Where it stands is `moves.py`."""

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import versions
from db.boards import fields, rule_runs
from db.boards.enums import LeadEvent, StageKind
from db.boards.errors import BoardError, BoardField
from db.boards.events import BoardTotals, LeadChanged
from db.boards.rank import between
from db.boards.suggestions import WAITING_OF_LEAD
from db.boards.totals import totals_of
from db.contacts.tags import plain
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

COLUMNS = f"""
l.id, l.version, l.board_id, l.stage_id, l.rank, l.title, l.contact_id, c.name as contact_name, l.conversation_id, l.value_cents,
l.owner_id, u.name as owner_name, l.due_on, l.tags, l.custom::text as custom, l.external_id, l.metadata::text as metadata, l.lost_reason, l.note_count, l.created_at, l.stage_since,
l.title_key,
{WAITING_OF_LEAD} as proposals,
(select jsonb_build_object('proposal_id', p.id, 'persona_name', p.persona_name, 'at', p.applied_at, 'undo_until', p.undo_until,
        'reason', p.reason, 'quote', coalesce(p.evidence->0->>'quote', ''))::text from lead_proposal p
    where p.company_id = l.company_id and p.lead_id = l.id and p.state = 'applied' and p.stood_since = l.stage_since
    order by p.id desc limit 1) as moved_by_ai
"""
"""Subqueries are asked of the rows of a page only, each by an index of few rows."""
JOINS = """
left join contact c on c.company_id = l.company_id and c.id = l.contact_id
left join account_user u on u.id = l.owner_id
"""
FIRST = "select rank from lead where company_id = $1 and stage_id = $2 and id <> all($3::uuid[]) order by rank, id limit 1"
"""The rank at the top of a stage, without some leads."""
_INSERT = """
insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id, conversation_id, value_cents, owner_id, due_on, tags,
    custom, lost_reason, external_id, metadata)
select $1, $2, $3, $4, $5, lead_text($5, (select name from contact where company_id = $1 and id = $6)), $6, $7, $8, $9, $10, $11, $12::jsonb, $13, $14, $15::jsonb
returning id
"""
_CHANGE = """
insert into lead_change(company_id, lead_id, by_id, kind, to_stage_id, to_stage, what)
values ($1, $2, $3, $4, $5, $6, $7::jsonb) returning id
"""


async def lead(actor: Actor, lead_id: UUID) -> asyncpg.Record:
    """Its `COLUMNS`; names are null once the contact or the person is gone. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        return await one(r, actor.company_id, lead_id)


async def one(r: Read, company_id: UUID, lead_id: UUID) -> asyncpg.Record:
    """As `lead`, inside a unit of work."""
    row = await r.fetchrow(f"select {COLUMNS} from lead l {JOINS} where l.company_id = $1 and l.id = $2", company_id, lead_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="lead")
    return row


def doer(actor: Actor) -> UUID | None:
    """The person whom a history names; None for keys and workers."""
    return actor.id if actor.kind == "user" else None


def rule_of(actor: Actor) -> UUID | None:
    """The rule of a stage that acts by itself."""
    return actor.id if actor.kind == "worker" else None


Signed = Mapping[str, str]
"""What a line of history says beside who did it: `proposal_id`, `persona`."""
UNSIGNED: Signed = {}


async def note_change(w: Work, lead_id: UUID, kind: LeadEvent, stage: Any = None, **what: object) -> UUID:
    """A line of the lead's history."""
    assert w.actor is not None
    if rule_id := rule_of(w.actor):
        what["rule_id"] = rule_id
    line_id: UUID = await w.fetchval(
        _CHANGE,
        w.company_id,
        lead_id,
        doer(w.actor),
        kind.value,
        stage["id"] if stage else None,
        stage["name"] if stage else None,
        msgspec.json.encode(what).decode(),
    )
    return line_id


async def _stage(w: Work, board_id: UUID, stage_id: UUID | None) -> asyncpg.Record:
    """The stage for a new lead, or the first of its board, kept from being deleted meanwhile."""
    row = await w.fetchrow(
        "select * from stage where company_id = $1 and board_id = $2 and case when $3::uuid is null then moving_to is null else id = $3 end"
        " order by rank, id limit 1 for key share",
        w.company_id,
        board_id,
        stage_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="stage")
    if row["moving_to"] is not None:
        raise BoardError.STAGE_LEAVING()
    return row


async def _check(w: Work, *, owner_id: UUID | None, contact_id: UUID | None) -> None:
    """Raises Invalid for an owner who is no member, NotFound for the contact, which stays what it is to the end."""
    member = "select true from membership where company_id = $1 and user_id = $2"
    if owner_id is not None and not await w.fetchval(member, w.company_id, owner_id):
        raise RequestError.INVALID(fields=[BoardField.OWNER_UNKNOWN("owner_id")])
    kept = "select true from contact where company_id = $1 and id = $2 for key share"
    if contact_id is not None and not await w.fetchval(kept, w.company_id, contact_id):
        raise RequestError.NOT_FOUND(what="contact")


async def _check_conversation(w: Work, conversation_id: UUID | None, contact_id: UUID | None) -> None:
    """Raises NotFound for one that is not this contact's."""
    theirs = "select true from conversation where company_id = $1 and id = $2 and contact_id = $3"
    if conversation_id is not None and not await w.fetchval(theirs, w.company_id, conversation_id, contact_id):
        raise RequestError.NOT_FOUND(what="conversation")


def _tags(names: list[str]) -> list[str]:
    """Each once, whatever case, as it was written first."""
    return list({name.casefold(): name for name in reversed([plain(name) for name in names])}.values())[::-1]


async def create_lead(
    actor: Actor,
    *,
    board_id: UUID,
    stage_id: UUID | None = None,
    title: str,
    contact_id: UUID | None = None,
    conversation_id: UUID | None = None,
    value_cents: int | None = None,
    owner_id: UUID | None = None,
    due_on: date | None = None,
    tags: list[str] | None = None,
    values: dict[str, str] | None = None,
    lost_reason: str | None = None,
) -> asyncpg.Record:
    """The first one of its stage, as `lead`. Raises NotFound, Invalid, Invalid `lost_reason_missing`, Conflict `board_archived`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        return await create_in(
            w,
            board_id=board_id,
            stage_id=stage_id,
            title=title,
            contact_id=contact_id,
            conversation_id=conversation_id,
            value_cents=value_cents,
            owner_id=owner_id,
            due_on=due_on,
            tags=tags,
            values=values,
            lost_reason=lost_reason,
        )


async def create_in(
    w: Work,
    *,
    board_id: UUID,
    stage_id: UUID | None,
    title: str,
    contact_id: UUID | None,
    conversation_id: UUID | None,
    value_cents: int | None = None,
    owner_id: UUID | None = None,
    due_on: date | None = None,
    tags: list[str] | None = None,
    values: dict[str, str] | None = None,
    lost_reason: str | None = None,
    external_id: str | None = None,
    metadata: dict[str, str] | None = None,
    signed: Signed = UNSIGNED,
) -> asyncpg.Record:
    """The same inside a unit of work."""
    board = await w.fetchrow("select archived_at from board where company_id = $1 and id = $2", w.company_id, board_id)
    if board is None:
        raise RequestError.NOT_FOUND(what="board")
    if board["archived_at"] is not None:
        raise BoardError.BOARD_ARCHIVED()
    stage = await _stage(w, board_id, stage_id)
    if stage["kind"] == StageKind.LOST and not lost_reason:
        raise BoardError.LOST_REASON_MISSING()
    await _check(w, owner_id=owner_id, contact_id=contact_id)
    await _check_conversation(w, conversation_id, contact_id)
    own = {key: value for key, value in (await fields.checked(w, board_id, values or {})).items() if value}
    lead_id: UUID = await w.fetchval(
        _INSERT,
        w.company_id,
        board_id,
        stage["id"],
        between(None, await w.fetchval(FIRST, w.company_id, stage["id"], [])),
        title,
        contact_id,
        conversation_id,
        value_cents,
        owner_id,
        due_on,
        _tags(tags or []),
        msgspec.json.encode(own).decode(),
        lost_reason if stage["kind"] == StageKind.LOST else None,
        external_id,
        msgspec.json.encode(metadata or {}).decode(),
    )
    entry_id = await note_change(w, lead_id, LeadEvent.CREATED, stage, **signed)
    await rule_runs.entered(w, stage["id"], {lead_id: entry_id})
    w.audit("lead.created", lead_id)
    await tell(w, lead_id, board_id, [stage["id"]])
    return await one(w, w.company_id, lead_id)


async def tell(
    w: Work,
    lead_id: UUID,
    board_id: UUID,
    stage_ids: list[UUID],
    *,
    version: int | None = 1,
    deleted: bool = False,
    totals: bool = True,
) -> None:
    """Emits what became of a lead that stands in the last of the stages, and left the first one if there are two."""
    left = stage_ids[0] if len(stage_ids) > 1 else None
    w.emit(
        LeadChanged(
            board_id=board_id, lead_id=lead_id, stage_id=stage_ids[-1], from_stage_id=left, deleted=deleted, version=version
        )
    )
    if totals:
        w.emit(BoardTotals(board_id=board_id, stages=await totals_of(w, stage_ids)))


async def lock(w: Work, lead_id: UUID, expected: Expected) -> asyncpg.Record:
    """The lead's row. Raises NotFound, PreconditionFailed."""
    row = await w.fetchrow("select * from lead where company_id = $1 and id = $2 for update", w.company_id, lead_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="lead")
    versions.check(row["version"], expected)
    return row


_TEXTUAL = frozenset({"title", "contact_id"})


async def change_lead(actor: Actor, lead_id: UUID, *, expected: Expected = None, **columns: Any) -> asyncpg.Record:
    """As `lead`. `columns`: new values of title, contact_id, conversation_id, value_cents, owner_id, due_on, tags and values, which are
    merged: an empty one takes its key out. Another contact without a conversation leaves none. Raises NotFound, PreconditionFailed, Invalid."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        return await change_in(w, lead_id, expected=expected, **columns)


async def change_in(
    w: Work, lead_id: UUID, *, expected: Expected = None, signed: Signed = UNSIGNED, **columns: Any
) -> asyncpg.Record:
    """The same inside a unit of work."""
    await _check(w, owner_id=columns.get("owner_id"), contact_id=columns.get("contact_id"))
    before = await lock(w, lead_id, expected)
    contact_id = columns.get("contact_id", before["contact_id"])
    if contact_id != before["contact_id"]:
        columns.setdefault("conversation_id", None)
    await _check_conversation(w, columns.get("conversation_id"), contact_id)
    if "tags" in columns:
        columns["tags"] = _tags(columns["tags"])
    if "values" in columns:
        known = msgspec.json.decode(before["custom"])
        given = await fields.checked(w, before["board_id"], columns.pop("values"))
        own = {key: value for key, value in {**known, **given}.items() if value}
        columns["custom"] = before["custom"] if own == known else msgspec.json.encode(own).decode()
    changed = {name: value for name, value in columns.items() if before[name] != value}
    if changed:
        sets = "".join(
            f", {name} = ${number}{'::jsonb' * (name in ('custom', 'metadata'))}" for number, name in enumerate(changed, 3)
        )
        await w.execute(
            f"update lead set version = version + 1{sets} where company_id = $1 and id = $2",
            w.company_id,
            lead_id,
            *changed.values(),
        )
        if _TEXTUAL & set(changed):
            await refresh(w, "id", [lead_id])
        told = {("values" if name == "custom" else name) for name in changed}
        await note_change(w, lead_id, LeadEvent.UPDATED, fields=sorted(told), **signed)
        w.audit("lead.changed", lead_id)
    row = await one(w, w.company_id, lead_id)
    if changed:
        worth = "value_cents" in changed
        await tell(w, lead_id, row["board_id"], [row["stage_id"]], version=row["version"], totals=worth)
    return row


async def refresh(w: Work, column: str, ids: list[UUID]) -> None:
    """Brings the search text up to date of the leads whose `column` is one of the ids."""
    await w.execute(
        "update lead l set search = lead_text(l.title, (select name from contact c where c.company_id = $1 and c.id = l.contact_id))"
        f" where l.company_id = $1 and l.{column} = any($2::uuid[])",
        w.company_id,
        ids,
    )


async def delete_lead(actor: Actor, lead_id: UUID, *, expected: Expected = None) -> None:
    """With its notes and history. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        await delete_in(w, lead_id, expected=expected)


async def delete_in(w: Work, lead_id: UUID, *, expected: Expected = None) -> None:
    """The same inside a unit of work."""
    row = await lock(w, lead_id, expected)
    await w.execute("delete from lead where company_id = $1 and id = $2", w.company_id, lead_id)
    w.audit("lead.deleted", lead_id)
    await tell(w, lead_id, row["board_id"], [row["stage_id"]], version=None, deleted=True)
