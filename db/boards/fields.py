"""Fields that a board adds to its leads. Values are texts, kept by key in `lead.custom`; the kind says how they are spelled.

The spelling of texts, numbers, dates and yes or no is that of contacts' fields; an amount is a whole number of the currency's smallest
unit; a choice is one of those that the field offers.
"""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from db.boards import boards
from db.boards.enums import LeadFieldKind
from db.boards.errors import BoardError, BoardField
from db.boards.events import BoardChanged
from db.contacts.enums import CustomFieldKind
from db.contacts.errors import ContactError, ContactField
from db.contacts.field_values import written
from db.contacts.mapping import called, distinct, distinct_key, field_key
from db.errors import Field, FieldCode, RequestError, RequestField
from db.jobs import RemoveLeadField
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, read, work

MAX_FIELDS = 50  # per board
MAX_LABEL = 60
BATCH = 1000
_LIKE_CONTACTS = {
    LeadFieldKind.TEXT: CustomFieldKind.TEXT,
    LeadFieldKind.NUMBER: CustomFieldKind.NUMBER,
    LeadFieldKind.DATE: CustomFieldKind.DATE,
    LeadFieldKind.BOOLEAN: CustomFieldKind.BOOLEAN,
}
_NOT_A: dict[LeadFieldKind, FieldCode] = {
    LeadFieldKind.NUMBER: ContactField.NOT_A_NUMBER,
    LeadFieldKind.DATE: ContactField.NOT_A_DATE,
    LeadFieldKind.BOOLEAN: ContactField.NOT_A_BOOLEAN,
    LeadFieldKind.MONEY: BoardField.NOT_AN_AMOUNT,
    LeadFieldKind.CHOICE: BoardField.NOT_A_CHOICE,
}
_SELECT = (
    "select id, key, label, kind, choices, on_card from lead_field where company_id = $1 and board_id = $2 and deleted_at is null"
)
# Locked: who deletes a field waits for values that are being written, and takes them off too.
_HELD = f"{_SELECT} and key = any($3::text[]) for share"
_WITH_VALUE = """
select id from lead where company_id = $1 and board_id = $2 and custom ? $3::text and ($4::uuid is null or id > $4)
order by id limit $5 for update
"""


async def fields(actor: Actor, board_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, key, label, kind, choices, on_card`, in the order of their making. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return await fields_in(r, actor.company_id, board_id)


async def fields_in(r: Read, company_id: UUID, board_id: UUID) -> list[asyncpg.Record]:
    """The same inside a unit of work, of a board that is there."""
    return await r.fetch(f"{_SELECT} order by id", company_id, board_id)


async def _one(r: Read, company_id: UUID, board_id: UUID, field_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(f"{_SELECT} and id = $3", company_id, board_id, field_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="field")
    return row


async def create_field(
    actor: Actor, board_id: UUID, *, key: str | None, label: str, kind: LeadFieldKind, choices: list[str], on_card: bool
) -> asyncpg.Record:
    """Without a key it gets one from its label. Row as in `fields`. Raises NotFound, Invalid, Conflict `field_exists`,
    `field_name_taken`, `field_busy`, `too_many_lead_fields`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await boards.lock(w, board_id)
        rows = await w.fetch(
            "select key, label, deleted_at from lead_field where company_id = $1 and board_id = $2", w.company_id, board_id
        )
        if sum(row["deleted_at"] is None for row in rows) >= MAX_FIELDS:
            raise BoardError.TOO_MANY_LEAD_FIELDS(most=MAX_FIELDS)
        if key is None:
            key = distinct_key(field_key(label), {row["key"] for row in rows})
        for row in rows:
            if row["key"] == key:
                raise ContactError.FIELD_BUSY() if row["deleted_at"] else ContactError.FIELD_EXISTS()
        await _must_be_free(w, board_id, label)
        field_id: UUID = await w.fetchval(
            "insert into lead_field(company_id, board_id, key, label, kind, choices, on_card) values ($1, $2, $3, $4, $5, $6, $7)"
            " returning id",
            w.company_id,
            board_id,
            key,
            label,
            kind.value,
            _offered(kind, choices),
            on_card,
        )
        w.audit("lead_field.created", field_id, key=key)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, board_id, field_id)


async def foreseen(r: Read, board_id: UUID, wanted: Mapping[str, str]) -> list[str]:
    """The labels of the fields that `make` would make of these labels by keys."""
    rows = await r.fetch(_SELECT, r.actor.company_id if r.actor else None, board_id)
    keys, taken = {row["key"] for row in rows}, {called(row["label"]) for row in rows}
    return [distinct(label, taken, MAX_LABEL) for key, label in wanted.items() if key not in keys]


async def make(w: Work, board_id: UUID, wanted: Mapping[str, tuple[str, LeadFieldKind]], *, only_look: bool = False) -> None:
    """Fields by their keys, which a list brings along; a label that another field has already gets a number. Raises Conflict
    `field_busy`, `too_many_lead_fields`."""
    await boards.lock(w, board_id)
    rows = await w.fetch(
        "select key, label, deleted_at from lead_field where company_id = $1 and board_id = $2", w.company_id, board_id
    )
    if any(row["key"] in wanted for row in rows if row["deleted_at"]):
        raise ContactError.FIELD_BUSY()
    there = [row for row in rows if not row["deleted_at"]]
    fresh = {key: one for key, one in wanted.items() if key not in {row["key"] for row in there}}
    if len(there) + len(fresh) > MAX_FIELDS:
        raise BoardError.TOO_MANY_LEAD_FIELDS(most=MAX_FIELDS)
    if only_look or not fresh:
        return
    taken = {called(row["label"]) for row in there}
    await w.execute(
        "insert into lead_field(company_id, board_id, key, label, kind) select $1, $2, * from unnest($3::text[], $4::text[], $5::text[])",
        w.company_id,
        board_id,
        list(fresh),
        [distinct(label, taken, MAX_LABEL) for label, _kind in fresh.values()],
        [kind.value for _label, kind in fresh.values()],
    )
    for key in fresh:
        w.audit("lead_field.created", board_id, key=key)
    w.emit(BoardChanged(board_id=board_id))


def _offered(kind: LeadFieldKind, choices: list[str]) -> list[str]:
    """What a choice offers, each once. Raises Invalid where there is nothing to choose from."""
    if kind is not LeadFieldKind.CHOICE:
        return []
    if not choices:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("choices")])
    return list(dict.fromkeys(choices))


async def _must_be_free(w: Work, board_id: UUID, label: str, *, but: UUID | None = None) -> None:
    rows = await w.fetch(_SELECT, w.company_id, board_id)
    if called(label) in {called(row["label"]) for row in rows if row["id"] != but}:
        raise ContactError.FIELD_NAME_TAKEN(label=label)


async def change_field(actor: Actor, board_id: UUID, field_id: UUID, **columns: Any) -> asyncpg.Record:
    """Row as in `fields`. `columns`: new values of label, choices, on_card; key and kind stay, and a lead keeps a choice that is no
    longer offered. Raises NotFound, Invalid, Conflict `field_name_taken`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await boards.lock(w, board_id)
        field = await _one(w, w.company_id, board_id, field_id)
        if "label" in columns:
            await _must_be_free(w, board_id, columns["label"], but=field_id)
        if "choices" in columns:
            columns["choices"] = _offered(LeadFieldKind(field["kind"]), columns["choices"])
        for name, value in columns.items():
            await w.execute(f"update lead_field set {name} = $3 where company_id = $1 and id = $2", w.company_id, field_id, value)
        w.audit("lead_field.changed", field_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, board_id, field_id)


async def delete_field(actor: Actor, board_id: UUID, field_id: UUID) -> None:
    """Gone for everybody at once; its values go in the background, and its key is free again after that. Deleting it again
    meanwhile begins the job anew, should it have failed. Raises NotFound."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        key = await w.fetchval(
            "update lead_field set deleted_at = coalesce(deleted_at, now()) where company_id = $1 and board_id = $2 and id = $3"
            " returning key",
            w.company_id,
            board_id,
            field_id,
        )
        if key is None:
            raise RequestError.NOT_FOUND(what="field")
        w.enqueue(RemoveLeadField(field_id=field_id))
        w.audit("lead_field.deleted", field_id, key=key)
        w.emit(BoardChanged(board_id=board_id))


async def remove_values(company_id: UUID, field_id: UUID, after: UUID | None) -> UUID | None:
    """Takes the value of a deleted field from the next leads that have one; the last of them, None when that was all."""
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        field = await w.fetchrow(
            "select board_id, key from lead_field where company_id = $1 and id = $2 and deleted_at is not null for update",
            company_id,
            field_id,
        )
        if field is None:
            return None
        board_id: UUID = field["board_id"]
        rows = await w.fetch(_WITH_VALUE, company_id, board_id, field["key"], after, BATCH)
        ids: list[UUID] = [row["id"] for row in rows]
        await w.execute(
            "update lead set custom = custom - $3::text where company_id = $1 and id = any($2::uuid[])",
            company_id,
            ids,
            field["key"],
        )
        if len(ids) == BATCH:
            return ids[-1]
        await w.execute("delete from lead_field where company_id = $1 and id = $2", company_id, field_id)
        w.emit(BoardChanged(board_id=board_id))
        return None


async def checked(w: Work, board_id: UUID, values: dict[str, str]) -> dict[str, str]:
    """The values as they are kept, "" where one is to be taken out. Raises Invalid for an unknown key, or a value of another kind."""
    if not values:
        return {}
    known = {row["key"]: row for row in await w.fetch(_HELD, w.company_id, board_id, list(values))}
    errors: list[Field] = []
    kept: dict[str, str] = {}
    for key, value in values.items():
        text = value.replace("\0", "").strip()
        if key not in known:
            errors.append(ContactField.UNKNOWN(f"values.{key}"))
            continue
        kind = LeadFieldKind(known[key]["kind"])
        spelled = _spelled(kind, known[key]["choices"], text) if text else ""
        if spelled is None:
            errors.append(_NOT_A[kind](f"values.{key}"))
        else:
            kept[key] = spelled
    if errors:
        raise RequestError.INVALID(fields=errors)
    return kept


def _spelled(kind: LeadFieldKind, choices: list[str], text: str) -> str | None:
    """One spelling for each value; None for what is none of the kind."""
    match kind:
        case LeadFieldKind.MONEY:
            return str(int(text)) if re.fullmatch(r"[0-9]{1,13}", text) else None
        case LeadFieldKind.CHOICE:
            return text if text in choices else None
        case _:
            return written(_LIKE_CONTACTS[kind], text)
