"""Taking an import back: who came by it and was left alone since goes, the others get back what they had.

Carried out by a job in batches: what is done stays done, a killed worker goes on behind it. A value is given back only where it still
is what the import wrote. Lifts no opt-out: who asked for no messages in the list stays opted out, under every address.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import arrivals, prospects
from db.contacts import imports
from db.contacts.actions import delete_contacts
from db.contacts.consent import await_audiences
from db.contacts.enums import ImportState
from db.contacts.errors import ContactImportError
from db.contacts.events import ContactsChanged, ImportProgress
from db.contacts.identities import refresh
from db.contacts.reasons import StayReason
from db.errors import RequestError
from db.jobs import UndoImport
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Work, read, system_read, work

BATCH = 1000
FORGOTTEN_AT_ONCE = 20_000

# Of a contact that the import made: why it stays. What was skipped or cancelled was never sent.
_STAYS = f"""
case when c.import_id is distinct from m.import_id then null
    when exists (select from inbound_message i where i.company_id = c.company_id and i.contact_id = c.id)
      or exists (select from message s where s.company_id = c.company_id and s.contact_id = c.id
                 and s.state not in ({M.QUEUED}, {M.SKIPPED}, {M.CANCELLED})) then '{StayReason.MESSAGED}'
    when exists (select from message s where s.company_id = c.company_id and s.contact_id = c.id) then '{StayReason.IN_CAMPAIGN}'
    when c.updated_at is distinct from m.left_at then '{StayReason.CHANGED}'
    when exists (select from lead l where l.company_id = c.company_id and l.contact_id = c.id
                 and (l.import_id is distinct from m.import_id or {arrivals.TOUCHED})) then '{StayReason.WITH_LEAD}'
    when exists (select from contact_note n where n.company_id = c.company_id and n.contact_id = c.id) then '{StayReason.NOTED}'
    when exists (select from contact_import_member o where o.company_id = c.company_id and o.contact_id = c.id
                 and o.import_id <> m.import_id) then '{StayReason.IN_OTHER_IMPORT}'
end
"""
_FORECAST = f"""
select p.created, p.stays, count(*) as contacts, count(*) filter (where p.changed) as changed from (
    select c.import_id is not distinct from m.import_id as created, {_STAYS} as stays,
        m.before is not null or m.tags is not null or m.addresses is not null as changed
    from contact_import_member m join contact c on c.company_id = m.company_id and c.id = m.contact_id
    where m.company_id = $1 and m.import_id = $2
) p group by 1, 2
"""
_NEXT = """
select contact_id from contact_import_member
where company_id = $1 and import_id = $2 and ($3::uuid is null or contact_id > $3) order by contact_id limit $4
"""
_BATCH = f"""
select c.id, c.import_id is not distinct from m.import_id as created, {_STAYS} as stays, c.name, c.language, c.custom::text as custom,
    m.before::text as before, m.after::text as after, m.tags, m.addresses
from contact_import_member m join contact c on c.company_id = m.company_id and c.id = m.contact_id
where m.company_id = $1 and m.import_id = $2 and m.contact_id = any($3::uuid[]) order by c.id
"""
_WRITE = """
update contact c set name = r.name, language = r.language, custom = r.custom::jsonb
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) r(id, name, language, custom)
where c.company_id = $1 and c.id = r.id
"""
_TAGS_OFF = """
delete from contact_tag t using unnest($2::uuid[], $3::uuid[]) r(contact_id, tag_id)
where t.company_id = $1 and t.contact_id = r.contact_id and t.tag_id = r.tag_id returning t.contact_id
"""
# One over which something was said stays with the person.
_ADDRESSES_OFF = """
delete from contact_identity i using unnest($2::uuid[], $3::text[], $4::text[]) r(contact_id, kind, value)
where i.company_id = $1 and i.contact_id = r.contact_id and i.kind = r.kind and i.value = r.value and i.scope = ''
    and not exists (select from message m where m.company_id = $1 and m.contact_id = i.contact_id and m.address = i.value)
    and not exists (select from inbound_message m where m.company_id = $1 and m.contact_id = i.contact_id and m.address = i.value)
returning i.contact_id
"""


class Undo(msgspec.Struct, frozen=True):
    """How many contacts an undo removes, gives something back to, and leaves by StayReason; of one under way: so far. `processed` of
    `total` people of the list were dealt with. Of the leads that came with the list: how many go, and how many stay, which is known at the
    end; None of an undo that began before they were counted."""

    removed: int
    restored: int
    kept: dict[str, int]
    processed: int
    total: int
    leads_removed: int | None = 0
    leads_kept: int | None = 0


async def preview(actor: Actor, import_id: UUID) -> Undo:
    """What undoing it now would do; `restored` is an upper bound, because values that were changed since stay. Raises as `start_undo`."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            "select state, undo_until > now() as open from contact_import where company_id = $1 and id = $2",
            actor.company_id,
            import_id,
        )
        _must_be_possible(row)
        rows = await r.fetch(_FORECAST, actor.company_id, import_id)
        leads = await arrivals.forecast(r, actor.company_id, import_id)
    removed = sum(row["contacts"] for row in rows if row["created"] and row["stays"] is None)
    restored = sum(row["changed"] for row in rows if not row["created"])
    kept = {row["stays"]: row["contacts"] for row in rows if row["stays"] is not None}
    return Undo(removed, restored, kept, 0, sum(row["contacts"] for row in rows), leads.removed, leads.kept)


def _must_be_possible(row: asyncpg.Record | None) -> None:
    if row is None:
        raise RequestError.NOT_FOUND(what="import")
    if row["state"] in imports.OPEN:
        raise ContactImportError.IMPORT_NOT_OVER()
    if not row["open"]:
        raise ContactImportError.UNDO_TOO_LATE(days=imports.UNDOABLE.days)


async def start_undo(actor: Actor, import_id: UUID) -> asyncpg.Record:
    """The row of `one_import`. Harmless when it was undone; one that is being undone goes on. Raises NotFound, and Conflict `import_not_over` and
    `undo_too_late`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        row = await w.fetchrow(
            "select state, undo_until > now() as open from contact_import where company_id = $1 and id = $2 for update",
            w.company_id,
            import_id,
        )
        if row is None or row["state"] not in (ImportState.UNDOING, ImportState.UNDONE):
            _must_be_possible(row)
            total: int = await w.fetchval(
                "insert into contact_import_undo(company_id, import_id, total, created_by) select $1, $2, count(*), $3"
                " from contact_import_member where company_id = $1 and import_id = $2 returning total",
                w.company_id,
                import_id,
                actor.id if actor.kind == "user" else None,
            )
            await w.execute(
                "update contact_import set state = 'undoing' where company_id = $1 and id = $2", w.company_id, import_id
            )
            w.audit("import.undo_started", import_id, total=total)
            w.enqueue(UndoImport(import_id=import_id))
            w.emit(ImportProgress(import_id=import_id, state=ImportState.UNDOING, processed=0, total=total))
        elif row["state"] == ImportState.UNDOING:
            w.enqueue(UndoImport(import_id=import_id))  # goes on where its job was given up
        return await imports.one(w, import_id)


async def step(company_id: UUID, import_id: UUID) -> bool:
    """Carries out one batch, with the place to go on from in the same transaction; False when all is done."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await await_audiences(w)
        await imports.take_turn(w)
        row = await w.fetchrow(
            "select processed, total, last_id, kept::text as kept from contact_import_undo"
            " where company_id = $1 and import_id = $2 and finished_at is null for update",
            company_id,
            import_id,
        )
        if row is None:
            return False
        ids = [found["contact_id"] for found in await w.fetch(_NEXT, company_id, import_id, row["last_id"], BATCH)]
        last = len(ids) < BATCH
        await w.execute(
            "select from contact where company_id = $1 and id = any($2::uuid[]) order by id for update", company_id, ids
        )
        # Leads go in steps of their own: what is done to contacts locks further leads, which come before the totals.
        taken = await (arrivals.take_back(w, import_id, ids, BATCH) if ids else arrivals.take_back_others(w, import_id, BATCH))
        if taken.found:
            ids = []
        gone = await _take_back(w, import_id, ids)
        processed = row["processed"] + len(ids)
        done = last and not taken.found and await arrivals.all_back(w, import_id)
        kept = gone.kept + Counter(msgspec.json.decode(row["kept"], type=dict[str, int]))
        figures = await w.fetchrow(
            "update contact_import_undo set processed = $3, last_id = coalesce($4, last_id), removed = removed + $5,"
            " restored = restored + $6, kept = $7::jsonb, leads_removed = leads_removed + $8, leads_kept = $9,"
            " finished_at = case when $10 then now() end where company_id = $1 and import_id = $2"
            " returning removed, restored, leads_removed, leads_kept",
            company_id,
            import_id,
            processed,
            ids[-1] if ids else None,
            gone.removed,
            gone.restored,
            msgspec.json.encode(kept).decode(),
            taken.removed,
            await arrivals.left(w, import_id) if done else 0,
            done,
        )
        assert figures is not None
        if done:
            board_id = await w.fetchval(
                f"update contact_import set state = 'undone' where company_id = $1 and id = $2 returning {imports.BOARD}",
                company_id,
                import_id,
            )
            arrivals.settled(w, board_id)
            w.audit("import.undone", import_id, kept=kept.total(), **figures)
        state = ImportState.UNDONE if done else ImportState.UNDOING
        w.emit(ImportProgress(import_id=import_id, state=state, processed=processed, total=max(row["total"], processed)))
        w.emit(ContactsChanged())
    return not done


class _Gone(NamedTuple):
    """How many contacts were removed and got something back, and those that stay by their reasons."""

    removed: int
    restored: int
    kept: Counter[str]


async def _take_back(w: Work, import_id: UUID, ids: list[UUID]) -> _Gone:
    await prospects.hold(w, ids)
    rows = await w.fetch(_BATCH, w.company_id, import_id, ids)
    goes = [row["id"] for row in rows if row["created"] and row["stays"] is None]
    removed = await delete_contacts(w, goes) if goes else 0
    changed = await _give_back(w, [row for row in rows if not row["created"]])
    stays = [row for row in rows if row["stays"] is not None]
    changed |= await _tags_off(w, [row for row in rows if not row["created"]] + stays)
    if changed:
        await refresh(w, sorted(changed))
    restored = changed - {row["id"] for row in stays}
    return _Gone(removed, len(restored), Counter(row["stays"] for row in stays))


async def _give_back(w: Work, rows: Sequence[asyncpg.Record]) -> set[UUID]:
    """To contacts known before: values that still are what the import wrote, and no address that it brought. Returns who changed."""
    written = [fact for row in rows if row["before"] is not None and (fact := _as_before(row)) is not None]
    if written:
        await w.execute(_WRITE, w.company_id, *map(list, zip(*written, strict=True)))
    given = [(row["id"], *address.split(":", 1)) for row in rows for address in row["addresses"] or ()]
    freed = await w.fetch(_ADDRESSES_OFF, w.company_id, *map(list, zip(*given, strict=True))) if given else []
    return {fact[0] for fact in written} | {row["contact_id"] for row in freed}


def _as_before(row: asyncpg.Record) -> tuple[UUID, str, str | None, str] | None:
    """Id, name, language and custom values (JSON) as they are to be; None when nothing is to change."""
    custom: dict[str, Any] = msgspec.json.decode(row["custom"])
    now = {"name": row["name"], "language": row["language"], **{f"custom.{key}": value for key, value in custom.items()}}
    before, after = msgspec.json.decode(row["before"]), msgspec.json.decode(row["after"])
    back = {key: value for key, value in before.items() if now.get(key) == after[key] != value}
    if not back:
        return None
    now |= back
    custom = {key.removeprefix("custom."): value for key, value in now.items() if key.startswith("custom.") and value is not None}
    return row["id"], now["name"], now["language"], msgspec.json.encode(custom).decode()


async def _tags_off(w: Work, rows: Sequence[asyncpg.Record]) -> set[UUID]:
    """Takes off what the import put on. Returns whose tags changed."""
    given = [(row["id"], tag) for row in rows for tag in row["tags"] or ()]
    if not given:
        return set()
    return {row["contact_id"] for row in await w.fetch(_TAGS_OFF, w.company_id, *map(list, zip(*given, strict=True)))}


async def expired() -> list[tuple[UUID, UUID]]:
    """Imports that can be undone no longer and still keep what that needs: company and id."""
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, id from contact_import where undo_until < now() and state <> 'undoing' order by undo_until"
        )
    return [(row["company_id"], row["id"]) for row in rows]


async def forget(company_id: UUID, import_id: UUID) -> None:
    """Deletes what an import changed and what was there before; who was in the list stays known."""
    while True:
        async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
            forgotten = await w.execute(
                "update contact_import_member set left_at = null, before = null, after = null, tags = null, addresses = null"
                " where company_id = $1 and import_id = $2 and contact_id = any(array(select contact_id from contact_import_member"
                " where company_id = $1 and import_id = $2 and (left_at is not null or before is not null or tags is not null"
                " or addresses is not null) limit $3))",
                company_id,
                import_id,
                FORGOTTEN_AT_ONCE,
            )
            if forgotten < FORGOTTEN_AT_ONCE:
                await w.execute(
                    "update contact_import set undo_until = null where company_id = $1 and id = $2", company_id, import_id
                )
                return
