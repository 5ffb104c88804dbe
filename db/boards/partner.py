"""Leads as another system has them: found by its own id and brought up to date, else made; and all that it keeps something with."""

from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.boards import leads, moves, rule_runs
from db.boards.errors import BoardError
from db.boards.rank import between
from db.contacts.metadata import marks, merged
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

_HOLD = "select pg_advisory_xact_lock(hashtextextended('lead:' || $1::text || ':' || $2::text, 0))"
_texts = msgspec.json.Decoder(dict[str, str])


async def partner_leads(
    actor: Actor,
    *,
    external_id: str | None,
    metadata: dict[str, str],
    board_id: UUID | None,
    after: UUID | None,
    limit: int,
) -> list[asyncpg.Record]:
    """Rows of `leads.COLUMNS`, of all boards, newest first."""
    args: list[object] = [actor.company_id]
    wanted = ["l.company_id = $1"]

    def add(text: str, value: object) -> None:
        args.append(value)
        wanted.append(text.format(f"${len(args)}"))

    if external_id is not None:
        add("l.external_id = {}", external_id)
    if metadata:
        add("l.id in (select lead_kept({}::text[]))", marks(metadata))
    if board_id is not None:
        add("l.board_id = {}", board_id)
    if after is not None:
        add("l.id < {}", after)
    async with read(actor, Permission.BOARDS_READ) as r:
        return await r.fetch(
            f"select {leads.COLUMNS} from lead l {leads.JOINS} where {' and '.join(wanted)} order by l.id desc limit {limit}",
            *args,
        )


async def upsert(
    actor: Actor, external_id: str, *, board_id: UUID | None, stage_id: UUID | None, lost_reason: str | None, **columns: Any
) -> asyncpg.Record:
    """Row of `leads.COLUMNS`. `columns`: as `change_lead` takes them, and `metadata`. What is left out stays; in another stage it is moved there. Twins wait for each other.
    Raises NotFound, Invalid, Conflict `other_board`, `board_archived`, `stage_leaving`, Invalid `lost_reason_missing`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        await w.execute(_HOLD, str(w.company_id), external_id)
        lead_id: UUID | None = await w.fetchval(
            "select id from lead where company_id = $1 and external_id = $2", w.company_id, external_id
        )
        if lead_id is not None:
            return await _change(w, lead_id, board_id, stage_id, lost_reason, columns)
        missing = [name for name, value in (("board_id", board_id), ("title", columns.get("title"))) if value is None]
        if missing:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED(name) for name in missing])
        assert board_id is not None
        columns["metadata"] = merged({}, columns.get("metadata", {}))
        columns.setdefault("contact_id", None)
        columns.setdefault("conversation_id", None)
        return await leads.create_in(
            w, board_id=board_id, stage_id=stage_id, lost_reason=lost_reason, external_id=external_id, **columns
        )


async def _change(
    w: Work, lead_id: UUID, board_id: UUID | None, stage_id: UUID | None, lost_reason: str | None, columns: dict[str, Any]
) -> asyncpg.Record:
    goal = await moves.target(w, stage_id) if stage_id is not None else None
    before = await leads.lock(w, lead_id, None)
    if board_id not in (None, before["board_id"]):
        raise BoardError.OTHER_BOARD()
    if "metadata" in columns:
        known = _texts.decode(before["metadata"])
        own = merged(known, columns["metadata"])
        columns["metadata"] = before["metadata"] if own == known else msgspec.json.encode(own).decode()
    row = await leads.change_in(w, lead_id, **columns)
    if goal is None or goal["id"] == before["stage_id"]:
        return row
    first = await w.fetchval(leads.FIRST, w.company_id, goal["id"], [lead_id])
    lead = await leads.lock(w, lead_id, None)
    await moves.move_in(w, lead, goal, between(None, first), lost_reason=lost_reason, chain=rule_runs.Chain())
    return await leads.one(w, w.company_id, lead_id)
