"""A batch of clean rows, made into contacts in one transaction together with the count of rows read.

A worker that is killed goes on after the last committed batch, one that was overtaken finds another count and writes nothing.
A row that cannot be written is rejected alone. A company's imports take turns. What rows do is decided in `import_changes.py`.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import halving
from db.boards import prospects
from db.contacts import consent, consent_log, fields, import_leads, import_rejects, imports, tags
from db.contacts.enums import ImportState
from db.contacts.events import ContactsChanged, ImportProgress
from db.contacts.import_changes import Changes, Person, state_of
from db.contacts.import_leads import LeadOptions
from db.contacts.import_members import Member, differences, remember
from db.contacts.import_rows import Batch, Reject, Row
from db.contacts.reasons import Reason, RowWarning
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work


class Raced(Exception):
    """Somebody else gave an address of this batch away a moment ago: look again."""


class Outcome(NamedTuple):
    """`alive` is False when the import was cancelled, or another worker does it now."""

    alive: bool
    processed: int


async def apply(
    company_id: UUID,
    import_id: UUID,
    start: int,
    batch: Batch,
    *,
    extra_tags: list[UUID],
    known_tags: dict[str, UUID],
    leads: LeadOptions | None = None,
    emit: bool,
) -> Outcome:
    """Commits one batch, which `start` rows of the file went before. `known_tags` (name → id) is filled as tags turn up; keep it for the next batch."""
    for attempt in range(6):
        try:
            return await _apply(company_id, import_id, start, batch, extra_tags, known_tags, leads, emit)
        except (Raced, asyncpg.DeadlockDetectedError, asyncpg.ForeignKeyViolationError):
            if attempt == 5:
                raise
            known_tags.clear()
            await asyncio.sleep(0.05 * 2**attempt)
    raise AssertionError


async def _apply(
    company_id: UUID,
    import_id: UUID,
    start: int,
    batch: Batch,
    extra_tags: list[UUID],
    known_tags: dict[str, UUID],
    leads: LeadOptions | None,
    emit: bool,
) -> Outcome:
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await imports.take_turn(w)
        at = await w.fetchrow(
            "select state, processed, total from contact_import where company_id = $1 and id = $2 for update",
            company_id,
            import_id,
        )
        if at is None or at["state"] != ImportState.RUNNING or at["processed"] != start:
            return Outcome(False, at["processed"] if at else 0)
        written, unwritable = await write(w, import_id, batch.rows, extra_tags, known_tags, leads)
        rejects = [*batch.rejects, *unwritable]
        warnings = [warning for changes in written for warning in changes.warnings]
        await import_rejects.add(w, import_id, [*rejects, *warnings])
        processed = start + batch.length
        await w.execute(
            "update contact_import set processed = $3, created = created + $4, updated = updated + $5, unchanged = unchanged + $6, "
            "repeated = repeated + $7, rejected = rejected + $8, blank = blank + $9, warnings = warnings + $10, leads = leads + $11 where company_id = $1 and id = $2",
            company_id,
            import_id,
            processed,
            sum(changes.created for changes in written),
            sum(changes.updated for changes in written),
            sum(changes.unchanged for changes in written),
            sum(changes.repeated for changes in written),
            len({rejected.number for rejected in rejects}),
            batch.blank,
            len(warnings),
            sum(changes.leads for changes in written),
        )
        if emit:
            w.emit(ImportProgress(import_id=import_id, state=ImportState.RUNNING, processed=processed, total=at["total"]))
            w.emit(ContactsChanged())
    return Outcome(True, processed)


async def write(
    w: Work,
    import_id: UUID,
    rows: Sequence[Row],
    extra_tags: list[UUID],
    known_tags: dict[str, UUID],
    leads: LeadOptions | None = None,
) -> tuple[list[Changes], list[Reject]]:
    """Writes rows; what they changed, and those that cannot be stored. Raises Raced."""
    written, rejects = list[Changes](), list[Reject]()

    async def some(rows: Sequence[Row]) -> None:
        try:
            async with w.connection.transaction():  # a savepoint
                changes = await _take(w, import_id, rows, extra_tags, known_tags, leads)
            written.append(changes)
            rejects.extend(changes.rejects)
        except Exception:
            known_tags.clear()  # some of them are gone again
            raise

    async def reject(row: Row, error: Exception) -> None:
        rejects.append(Reject(row.number, "", "", Reason.NOT_STORABLE, row.cells))

    # What refers to something deleted meanwhile is looked at again, as a whole.
    await halving.write(
        rows, some, reject, spoiled=lambda e: halving.spoiled(e) and not isinstance(e, asyncpg.ForeignKeyViolationError)
    )
    return written, rejects


async def _take(
    w: Work,
    import_id: UUID,
    rows: Sequence[Row],
    extra_tags: list[UUID],
    known_tags: dict[str, UUID],
    leads: LeadOptions | None,
) -> Changes:
    """Writes rows that follow one another; of fields that were deleted meanwhile no value."""
    if gone := await fields.missing(w, {key for row in rows for key in row.custom}):
        rows = [_without(row, gone) for row in rows]
    changes = await state_of(w, w.company_id, import_id, rows, lock=True)
    rows = [row for row in rows if not changes.refuses(row)]
    warned = await _learn_tags(w, rows, known_tags)
    new_ids = iter([row["id"] for row in await w.fetch("select uuidv7() as id from generate_series(1, $1)", len(rows))])
    about: list[tuple[Row, UUID]] = []
    for row in rows:
        wanted = [known_tags[name] for name in row.tags if name in known_tags]
        about.append((row, changes.take(row, new_ids, [*extra_tags, *wanted] if wanted else extra_tags)))
    changes.warnings += warned
    to = await import_leads.hold(w, leads) if leads is not None else None  # stages before leads, which change with their contacts
    await _write(w, import_id, changes)
    if leads is not None and to is not None:
        changes.warnings += await import_leads.warnings(w, to, rows)
        changes.leads = await import_leads.make(w, import_id, leads, to, about)
    return changes


def _without(row: Row, keys: set[str]) -> Row:
    return msgspec.structs.replace(row, custom={key: value for key, value in row.custom.items() if key not in keys})


async def _learn_tags(w: Work, rows: Sequence[Row], known: dict[str, UUID]) -> list[Reject]:
    """Makes the tags that turn up for the first time; returns warnings for those that are too many."""
    if len(known) > 2 * tags.MAX_TAGS:  # spellings of few tags
        known.clear()
    names = sorted({name for row in rows for name in row.tags if name not in known})
    if not names:
        return []
    room = tags.MAX_TAGS - await w.fetchval("select count(*) from tag where company_id = $1", w.company_id)
    if len(names) <= room:
        await tags.ensure_tags(w, names)
    found = await w.fetch(
        "select n as name, t.id from unnest($2::text[]) n join tag t on t.company_id = $1 and fold(t.name) = fold(n)",
        w.company_id,
        names,
    )
    known.update((row["name"], row["id"]) for row in found)
    return [
        Reject(row.number, "tags", ", ".join(row.tags)[:200], RowWarning.TOO_MANY_TAGS, row.cells, warning=True)
        for row in rows
        if any(name not in known for name in row.tags)
    ]


_INSERT = """
insert into contact(company_id, id, name, language, custom, search, import_id, source)
select $1, r.id, r.name, r.language, r.custom::jsonb, search_text(r.name, string_to_array(r.addresses, ' ')), $2, 'import'
from unnest($3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[]) r(id, name, language, custom, addresses)
"""
_UPDATE = """
update contact c set name = r.name, language = r.language, custom = r.custom::jsonb,
    search = search_text(r.name, string_to_array(r.addresses, ' ')), updated_at = now()
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) r(id, name, language, custom, addresses)
where c.company_id = $1 and c.id = r.id
"""
_IDENTITIES = """
insert into contact_identity(company_id, id, contact_id, kind, value, line, region)
select $1, uuid_series((select uuidv7()), r.n), r.contact_id, r.kind, r.value, r.line, r.region
from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) with ordinality r(contact_id, kind, value, line, region, n)
on conflict (company_id, kind, value, scope) do nothing
"""


async def _write(w: Work, import_id: UUID, changes: Changes) -> None:
    company = w.company_id
    fresh = [person for person in changes.people.values() if person.fresh]
    if fresh:
        await w.execute(_INSERT, company, import_id, *_columns(fresh))
    changed = [person for person in changes.people.values() if person.changed and not person.fresh]
    if changed:
        await w.execute(_UPDATE, company, *_columns(changed))
        await prospects.refresh(w, [person.id for person in changed])
    if changes.identities:
        # In one order for all, so that two writers wait for one another instead of locking each other out.
        ordered = sorted(changes.identities, key=lambda item: (item[1].kind.value, item[1].value))
        taken = await w.execute(
            _IDENTITIES,
            company,
            [contact_id for contact_id, _ in ordered],
            [address.kind.value for _, address in ordered],
            [address.value for _, address in ordered],
            [address.line for _, address in ordered],
            [address.region for _, address in ordered],
        )
        if taken != len(ordered):
            raise Raced
    if changes.tags:
        await w.execute(
            "insert into contact_tag(company_id, tag_id, contact_id) select $1, * from unnest($2::uuid[], $3::uuid[]) "
            "on conflict do nothing",
            company,
            [tag for tag, _ in changes.tags],
            [contact_id for _, contact_id in changes.tags],
        )
    for source, ids in changes.opt_outs.items():
        await consent.opt_out(w, ids, source, consent_log.Proof(import_id=import_id))
    await remember(w, import_id, _members(changes))


def _members(changes: Changes) -> list[Member]:
    found: dict[UUID, Member] = {}
    for contact_id in sorted(changes.members):
        person = changes.people[contact_id]
        before, after = differences(person.was, person.facts) if person.was is not None else ({}, {})
        found[contact_id] = Member(contact_id, person.touched, before, after, [], [])
    for tag, contact_id in changes.tags:
        found[contact_id].tags.append(tag)
    for contact_id, address in changes.identities:
        if not changes.people[contact_id].fresh:
            found[contact_id].addresses.append((address.kind.value, address.value))
    return list(found.values())


def _columns(people: list[Person]) -> tuple[list[UUID], list[str], list[str | None], list[str], list[str]]:
    return (
        [person.id for person in people],
        [person.name for person in people],
        [person.language for person in people],
        [msgspec.json.encode(person.custom).decode() if person.custom else "{}" for person in people],
        [" ".join(sorted(value for _, value in person.addresses)) for person in people],
    )
