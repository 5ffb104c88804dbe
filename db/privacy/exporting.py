"""Everything about a person as one file: who asked, how far it is, and the rows that go into it. The file is made by `workers/privacy/`, and
deleted a day after it was ready. Refuses to leave out: what is handed out is the tables themselves, not what somebody chose of them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import blobs
from db.clock import now
from db.contacts.notes import must_exist
from db.contacts.phones import variants
from db.errors import RequestError
from db.jobs import ExportContact
from db.permissions import Permission
from db.privacy.enums import ExportState
from db.privacy.events import ContactExportProgress
from db.subjects import Subject
from db.tenancy import Actor, worker
from db.work import Read, Work, read, system_read, work

KEPT = timedelta(days=1)
_PAGE = 500
_OF_CONVERSATIONS = "t.conversation_id = any($3::uuid[])"
_MESSAGES = (
    "(select id from message where company_id = $1 and contact_id = any($2::uuid[])"
    " union all select id from inbound_message where company_id = $1 and contact_id = any($2::uuid[])"
    " union all select c.id from message m join call c on c.company_id = $1 and c.try_of = m.id where m.company_id = $1 and m.contact_id = any($2::uuid[]))"
)
_OVERHEARD = (
    "{0}contact_id in (select id from chat_group where company_id = $1)"
    " and ({0}context->>'writer_number' = any($4::text[]) or {0}context->>'writer_lid' = any($4::text[]))"
)
"""What they said in groups, of which nobody is a contact."""
_OF_MESSAGES = f"t.message_id in {_MESSAGES}"
_LEADS = "select id from lead where company_id = $1 and contact_id = any($2::uuid[])"
_OF_LEADS = f"t.lead_id in ({_LEADS})"
_THEIRS = "t.contact_id = any($2::uuid[])"
TABLES: dict[str, str] = {
    "contact": "t.id = any($2::uuid[])",
    "contact_identity": _THEIRS,
    "identity_past": _THEIRS,
    "contact_tag": _THEIRS,
    "contact_note": _THEIRS,
    "contact_merge": f"({_THEIRS} or t.merged_id = any($2::uuid[]))",
    "contact_import_member": _THEIRS,
    "suppression": "t.address = any($4::text[])",
    "consent_entry": f"({_THEIRS} or t.contact_id is null and t.address = any($4::text[]))",
    "conversation": "t.id = any($3::uuid[])",
    "conversation_entry": _OF_CONVERSATIONS,
    "conversation_label": _OF_CONVERSATIONS,
    "message": _THEIRS,
    "attempt": _OF_MESSAGES,
    "lost_attempt": _THEIRS,
    "inbound_message": f"({_THEIRS} or {_OVERHEARD.format('t.')})",
    "message_file": f"({_OF_MESSAGES} or t.message_id in (select id from inbound_message where company_id = $1 and {_OVERHEARD.format('')}))",
    "call": f"t.id in {_MESSAGES}",
    "call_turn": f"t.call_id in {_MESSAGES}",
    "call_order": f"t.call_id in {_MESSAGES}",
    "call_transfer": f"t.call_id in {_MESSAGES}",
    "ai_conversation": _OF_CONVERSATIONS,
    "ai_turn": _OF_CONVERSATIONS,
    "ai_trace": "t.turn_id in (select id from ai_turn where company_id = $1 and conversation_id = any($3::uuid[]))",
    "ai_assist": _OF_CONVERSATIONS,
    "lead": _THEIRS,
    "lead_note": _OF_LEADS,
    "appointment": _OF_LEADS,
    "lead_change": _OF_LEADS,
    "lead_proposal": _OF_CONVERSATIONS,
    "lead_judging": _OF_CONVERSATIONS,
    "lead_watch": _OF_CONVERSATIONS,
    "knowledge_gap": _OF_CONVERSATIONS,
    "incoming_delivery": _THEIRS,
    "kommo_task": f"(t.local_id = any($2::uuid[]) or t.local_id in ({_LEADS}))",
    "kommo_link": f"(t.local_id = any($2::uuid[]) or t.local_id in ({_LEADS}))",
    "audit_log": "t.subject_id = any($2::uuid[])",
}
"""Table → which of its rows are about the person: $2 contacts, $3 conversations, $4 addresses."""
ELSEWHERE = {
    "channel_log": "lines about the provider, in which several people may stand",
    "contact_import_reject": "rows that were not taken: of nobody who is known",
    "webhook_delivery": "what is said here, as it was told to others",
    "webhook_attempt": "how it was told",
}
"""Tables that are erased and not handed out, and why."""
_ORDER = {"contact_tag": "t.tag_id", "contact_import_member": "t.import_id", "conversation_label": "t.label_id", "ai_conversation": "t.conversation_id",
          "ai_trace": "t.turn_id", "lead_watch": "t.board_id", "suppression": "t.address", "kommo_link": "t.kind, t.local_id", "call_turn": "t.call_id, t.number"}  # fmt: skip


class Export(NamedTuple):
    id: UUID
    contact_id: UUID
    state: ExportState
    language: str
    total: int
    processed: int
    key: str | None
    size: int | None
    created_at: datetime
    expires_at: datetime | None


_SELECT = "select id, contact_id, state, language, total, processed, key, size, created_at, expires_at from contact_export where company_id = $1"


async def start(actor: Actor, contact_id: UUID, language: Literal["pt-BR", "en"]) -> Export:
    """Noted in the audit log; a job makes the file. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_EXPORT) as w:
        await must_exist(w, w.company_id, contact_id)
        export_id: UUID = await w.fetchval(
            "insert into contact_export(company_id, contact_id, language, key, asked_by) values ($1, $2, $3, $4, $5) returning id",
            w.company_id,
            contact_id,
            language,
            blobs.new_key(w.company_id, ".zip"),
            actor.id,
        )
        w.audit("contact.exported", contact_id)
        w.enqueue(ExportContact(export_id=export_id))
        return await _one(w, export_id)


async def export(actor: Actor, export_id: UUID) -> Export:
    """Raises NotFound."""
    async with read(actor, Permission.CONTACTS_EXPORT) as r:
        return await _one(r, export_id)


async def _one(r: Read, export_id: UUID) -> Export:
    assert r.actor is not None
    row = await r.fetchrow(f"{_SELECT} and id = $2", r.actor.company_id, export_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="contact_export")
    return _export(row)


def _export(row: asyncpg.Record) -> Export:
    found = Export(**dict(row) | {"state": ExportState(row["state"])})
    over = found.expires_at is not None and found.expires_at <= now()
    return found._replace(state=ExportState.EXPIRED) if over else found


async def served(company_id: UUID, export_id: UUID) -> Export:
    """One that is ready, for who holds a signed address of it. Raises NotFound."""
    async with system_read() as s:
        row = await s.fetchrow(f"{_SELECT} and id = $2 and state = 'done'", company_id, export_id)
    if row is None or (found := _export(row)).state is not ExportState.DONE:
        raise RequestError.NOT_FOUND(what="file")
    return found


async def needed(keys: list[str]) -> set[str]:
    """Which of these keys of the file store are such files."""
    async with system_read() as s:
        rows = await s.fetch("select key from contact_export where key = any($1::text[])", keys)
    return {row["key"] for row in rows}


# -- making it


async def waiting(company_id: UUID, export_id: UUID) -> tuple[Export, Subject] | None:
    """What is to be made; None when it is no longer, or the person is gone."""
    async with read(worker(company_id), Permission.CONTACTS_EXPORT) as r:
        row = await r.fetchrow(f"{_SELECT} and id = $2 and state = 'waiting'", company_id, export_id)
        if row is None:
            return None
        found = _export(row)
        ids = [found.contact_id]
        conversations = await r.fetch(
            "select id from conversation where company_id = $1 and contact_id = any($2::uuid[])", company_id, ids
        )
        addresses = await r.fetch(
            "select value from contact_identity where company_id = $1 and contact_id = any($2::uuid[])", company_id, ids
        )
    forms = {form for one in addresses for form in (one["value"], *variants(one["value"]))}
    return found, Subject(ids, [one["id"] for one in conversations], sorted(forms))


async def there(company_id: UUID, person: Subject) -> int:
    """How many messages and files there are to hand out; 0 without a contact."""
    async with read(worker(company_id), Permission.CONTACTS_EXPORT) as r:
        found: int = await r.fetchval(
            "select count(*) + (select count(*) from message where company_id = $1 and contact_id = any($2::uuid[]))"
            " + (select count(*) from inbound_message where company_id = $1 and contact_id = any($2::uuid[]))"
            " from contact where company_id = $1 and id = any($2::uuid[])",
            company_id,
            person.contact_ids,
        )
    return found


async def rows(company_id: UUID, person: Subject, table: str) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows of one of TABLES, a page at a time."""
    order, page = _ORDER.get(table, "t.id"), 0
    sql = (
        f"select (to_jsonb(t) - '{{company_id,search,t,lease_until,epoch}}'::text[])::text as row from {table} t where t.company_id = $1"
        f" and {TABLES[table]} and ($2::uuid[], $3::uuid[], $4::text[]) is not null order by {order} limit {_PAGE} offset $5"
    )
    while True:
        async with read(worker(company_id), Permission.CONTACTS_EXPORT) as r:
            found = await r.fetch(sql, company_id, person.contact_ids, person.conversation_ids, person.addresses, page * _PAGE)
        if found:
            yield [msgspec.json.decode(row["row"]) for row in found]
        if len(found) < _PAGE:
            return
        page += 1


async def progressed(company_id: UUID, export_id: UUID, processed: int, total: int) -> None:
    async with work(worker(company_id), Permission.CONTACTS_EXPORT) as w:
        await w.execute(
            "update contact_export set processed = $3, total = $4 where company_id = $1 and id = $2 and state = 'waiting'",
            company_id,
            export_id,
            processed,
            total,
        )
        w.emit(ContactExportProgress(export_id=export_id, state=ExportState.WAITING, processed=processed, total=total))


async def ended(company_id: UUID, export_id: UUID, size: int | None) -> bool:
    """It is there and so large, or could not be made. Harmless when it is repeated. False: it was over before, as the person was erased."""
    state = ExportState.DONE if size is not None else ExportState.FAILED
    async with work(worker(company_id), Permission.CONTACTS_EXPORT) as w:
        row = await w.fetchrow(
            "update contact_export set state = $3, size = $4, processed = total, expires_at = $5 where company_id = $1 and id = $2"
            " and state = 'waiting' returning total",
            company_id,
            export_id,
            state.value,
            size,
            now() + KEPT,
        )
        if row is not None:
            w.emit(ContactExportProgress(export_id=export_id, state=state, processed=row["total"], total=row["total"]))
        over = "select true from contact_export where company_id = $1 and id = $2 and state = 'expired'"
        return not await w.fetchval(over, company_id, export_id)


# -- deleting it


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Files of a person who is erased are over now; `delete_over` deletes them. Rows by table."""
    over = "update contact_export set state = 'expired' where company_id = $1 and contact_id = any($2::uuid[]) and state <> 'expired'"
    return {"contact_export": await w.execute(over, w.company_id, person.contact_ids)}


async def over() -> list[UUID]:
    """Companies with files that are to be deleted."""
    async with system_read() as s:
        found = await s.fetch(
            "select distinct company_id from contact_export where key is not null and (expires_at < now() or state = 'expired')"
        )
    return [row["company_id"] for row in found]


async def delete_over(company_id: UUID) -> None:
    """The bytes before the row says so. Harmless when it is repeated."""
    async with read(worker(company_id), Permission.CONTACTS_EXPORT) as r:
        found = await r.fetch(
            "select id, key from contact_export where company_id = $1 and key is not null and (expires_at < now() or state = 'expired')",
            company_id,
        )
    for row in found:
        await blobs.store().delete(row["key"])
    async with work(worker(company_id), Permission.CONTACTS_EXPORT) as w:
        await w.execute(
            "update contact_export set key = null, state = case when state = 'failed' then state else 'expired' end"
            " where company_id = $1 and id = any($2::uuid[])",
            company_id,
            [row["id"] for row in found],
        )
