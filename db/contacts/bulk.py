"""One action over many contacts, carried out by a job in batches: what is done stays done, a killed worker goes on behind it."""

from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import consent, tags
from db.contacts.actions import delete_contacts
from db.contacts.errors import ContactError, ContactField
from db.contacts.events import BulkProgress, ContactsChanged
from db.contacts.filter import ContactFilter
from db.contacts.filters import picked
from db.contacts.segments import resolved
from db.errors import RequestError, RequestField
from db.jobs import BulkContacts
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, read, work

Verb = Literal["add_tags", "remove_tags", "opt_out", "delete"]
BATCH = 1000


class Params(msgspec.Struct):
    tags: list[UUID] = []


async def start_bulk(actor: Actor, filter: ContactFilter, verb: Verb, tag_names: list[str]) -> asyncpg.Record:
    """The row of `bulk`. Contacts that turn up after this moment are left alone. Raises Invalid."""
    if verb in ("add_tags", "remove_tags") and not tag_names:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("tags")])
    if not filter.picks:
        raise ContactError.NOBODY_CHOSEN(fields=[ContactField.NOBODY_CHOSEN("filter")])
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        args: list[object] = [w.company_id]
        filter = await resolved(w, filter)  # as the segment says now, whoever changes it meanwhile
        condition = picked(filter, args)
        total = await w.fetchval(f"select count(*) from contact c where c.company_id = $1 and {condition}", *args)
        params = Params(tags=await tags.ensure_tags(w, tag_names) if verb in ("add_tags", "remove_tags") else [])
        bulk_id: UUID = await w.fetchval(
            "insert into contact_bulk(company_id, verb, filter, params, total, created_by) "
            "values ($1, $2, $3::jsonb, $4::jsonb, $5, $6) returning id",
            w.company_id,
            verb,
            msgspec.json.encode(filter).decode(),
            msgspec.json.encode(params).decode(),
            total,
            actor.id if actor.kind == "user" else None,
        )
        w.audit(f"contacts.bulk_{verb}", bulk_id, total=total)
        w.enqueue(BulkContacts(bulk_id=bulk_id))
        return await _one(w, bulk_id)


async def bulk(actor: Actor, bulk_id: UUID) -> asyncpg.Record:
    """Row `id, verb, total, processed, done, error`. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await _one(r, bulk_id)


async def _one(r: Read, bulk_id: UUID) -> asyncpg.Record:
    assert r.actor is not None
    row = await r.fetchrow(
        "select id, verb, total, processed, finished_at is not null as done, error from contact_bulk "
        "where company_id = $1 and id = $2",
        r.actor.company_id,
        bulk_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="bulk_action")
    return row


class _State(NamedTuple):
    verb: Verb
    filter: ContactFilter
    params: Params
    total: int
    processed: int
    last_id: UUID | None
    created_at: object


async def step(company_id: UUID, bulk_id: UUID) -> bool:
    """Carries out one batch, with the place to go on from in the same transaction; False when all is done."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        row = await w.fetchrow(
            "select verb, filter::text, params::text, total, processed, last_id, created_at from contact_bulk "
            "where company_id = $1 and id = $2 and finished_at is null for update",
            company_id,
            bulk_id,
        )
        if row is None:
            return False
        state = _State(
            row["verb"],
            msgspec.json.decode(row["filter"], type=ContactFilter),
            msgspec.json.decode(row["params"], type=Params),
            *row[3:],
        )
        ids = await _next(w, state)
        if ids:
            await _carry_out(w, state, ids)
        done = len(ids) < BATCH
        processed = state.processed + len(ids)
        await w.execute(
            "update contact_bulk set processed = $3, total = case when $4 then $3 else greatest(total, $3) end, "
            "last_id = coalesce($5, last_id), finished_at = case when $4 then now() end where company_id = $1 and id = $2",
            company_id,
            bulk_id,
            processed,
            done,
            ids[-1] if ids else None,
        )
        total = processed if done else max(state.total, processed)
        w.emit(BulkProgress(bulk_id=bulk_id, processed=processed, total=total, done=done))
        w.emit(ContactsChanged())
    return not done


async def _next(w: Work, state: _State) -> list[UUID]:
    args: list[object] = [w.company_id]
    condition = picked(await resolved(w, state.filter, kept=True), args)  # what it names may have been deleted meanwhile
    args += [state.last_id, state.created_at, BATCH]
    after, until, most = (f"${len(args) - back}" for back in (2, 1, 0))
    rows = await w.fetch(
        f"select c.id from contact c where c.company_id = $1 and {condition} "
        f"and ({after}::uuid is null or c.id > {after}) and c.created_at <= {until}::timestamptz order by c.id limit {most}",
        *args,
    )
    return [row["id"] for row in rows]


async def _carry_out(w: Work, state: _State, ids: list[UUID]) -> None:
    if "tags" in state.verb:  # tags are part of what If-Match compares
        await w.execute("update contact set updated_at = now() where company_id = $1 and id = any($2::uuid[])", w.company_id, ids)
    match state.verb:
        case "add_tags":
            await tags.add_tags(w, ids, state.params.tags)
        case "remove_tags":
            await tags.remove_tags(w, ids, state.params.tags)
        case "opt_out":
            await consent.opt_out(w, ids, "person")
        case "delete":
            await consent.await_audiences(w)
            await delete_contacts(w, ids)
