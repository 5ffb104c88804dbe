"""A batch of clean rows, made into contacts in one transaction together with the count of rows read.

A worker that is killed goes on after the last committed batch, one that was overtaken finds another count and writes nothing.
Rows act one after the other, as if each were imported alone. One that cannot be written is rejected alone. A company's imports take turns.
"""

import asyncio
from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import halving
from db.contacts import consent, import_rejects, imports, tags
from db.contacts.enums import IdentityKind, ImportState
from db.contacts.events import ContactsChanged, ImportProgress
from db.contacts.identities import Address
from db.contacts.import_members import Facts, Member, differences, remember
from db.contacts.import_rejects import Reject
from db.contacts.import_row import Row
from db.contacts.reasons import Reason, RowWarning
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work

_PHONE, _EMAIL = IdentityKind.PHONE.value, IdentityKind.EMAIL.value
_OF_OTHER = {_PHONE: RowWarning.PHONE_OF_OTHER_CONTACT, _EMAIL: RowWarning.EMAIL_OF_OTHER_CONTACT}


class Batch(NamedTuple):
    """Consecutive rows of the file, after `start` others; `length` of them, blank ones included."""

    start: int
    length: int
    blank: int
    rows: list[Row]
    rejects: list[Reject]


class Raced(Exception):
    """Somebody else gave an address of this batch away a moment ago: look again."""


class _Person(msgspec.Struct, gc=False):
    """A contact as it will be after the rows so far."""

    id: UUID
    name: str = ""
    language: str | None = None
    custom: dict[str, str] = {}
    opted_out: bool = False
    addresses: set[tuple[str, str]] = set()
    tags: set[UUID] = set()
    fresh: bool = False
    changed: bool = False
    was: Facts | None = None
    touched: bool = False

    @property
    def facts(self) -> Facts:
        """What an undo may have to give back."""
        return {"name": self.name, "language": self.language, **{f"custom.{key}": value for key, value in self.custom.items()}}


class Changes:
    """What a batch writes."""

    def __init__(self, people: dict[UUID, _Person], owners: dict[tuple[str, str], UUID], barred: dict[str, str]) -> None:
        self.people = people
        self.owners = owners
        self.barred = barred  # suppressed address → source
        self.identities: list[tuple[UUID, Address]] = []
        self.tags: list[tuple[UUID, UUID]] = []
        self.opt_outs: dict[str, list[UUID]] = {}
        self.rejects: list[Reject] = []
        self.members: set[UUID] = set()
        self.created = self.updated = self.unchanged = 0

    def take(self, row: Row, new_ids: Iterable[UUID], tag_ids: list[UUID]) -> None:
        """Applies one row."""
        person = self._owner(row)
        created = person is None
        if person is None:
            person = _Person(next(iter(new_ids)), fresh=True)
            self.people[person.id] = person
        self.members.add(person.id)
        changed = self._addresses(person, row)
        if row.name and row.name != person.name:
            person.name, changed = row.name, True
        if row.language and row.language != person.language:
            person.language, changed = row.language, True
        if row.custom and any(person.custom.get(key) != value for key, value in row.custom.items()):
            person.custom, changed = {**person.custom, **row.custom}, True
        for tag in tag_ids:
            if tag not in person.tags:
                person.tags = {*person.tags, tag}
                self.tags.append((tag, person.id))
                changed = True
        person.changed |= changed
        source = "import" if row.opted_out else next((self.barred[v] for _, v in person.addresses if v in self.barred), None)
        if source and not person.opted_out and (row.opted_out or created or changed):
            person.opted_out = changed = True
            self.opt_outs.setdefault(source, []).append(person.id)
        if created:
            self.created += 1
        elif changed:
            self.updated += 1
        else:
            self.unchanged += 1

    def _owner(self, row: Row) -> _Person | None:
        """Whom the row is about: the phone decides. An e-mail alone names its owner unless that one has another phone."""
        by_phone = self.owners.get((_PHONE, row.phone.value)) if row.phone else None
        if by_phone is not None:
            return self.people[by_phone]
        by_email = self.owners.get((_EMAIL, row.email.value)) if row.email else None
        if by_email is None:
            return None
        person = self.people[by_email]
        has_phone = any(kind == _PHONE for kind, _ in person.addresses)
        return None if row.phone and has_phone else person

    def _addresses(self, person: _Person, row: Row) -> bool:
        changed = False
        for address in (row.phone, row.email):
            if address is None:
                continue
            key = (address.kind.value, address.value)
            owner = self.owners.get(key)
            if owner is None:
                self.owners[key] = person.id
                person.addresses = {*person.addresses, key}
                self.identities.append((person.id, address))
                changed = True
            elif owner != person.id:
                self.rejects.append(Reject(row.number, key[0], key[1], _OF_OTHER[key[0]], row.cells, warning=True))
        return changed


class Outcome(NamedTuple):
    """`alive` is False when the import was cancelled, or another worker does it now."""

    alive: bool
    processed: int


async def apply(
    company_id: UUID, import_id: UUID, batch: Batch, *, extra_tags: list[UUID], known_tags: dict[str, UUID], emit: bool
) -> Outcome:
    """Commits one batch. `known_tags` (name → id) is filled as tags turn up; keep it for the next batch."""
    for attempt in range(6):
        try:
            return await _apply(company_id, import_id, batch, extra_tags, known_tags, emit)
        except (Raced, asyncpg.DeadlockDetectedError, asyncpg.ForeignKeyViolationError):
            if attempt == 5:
                raise
            known_tags.clear()
            await asyncio.sleep(0.05 * 2**attempt)
    raise AssertionError


async def _apply(
    company_id: UUID, import_id: UUID, batch: Batch, extra_tags: list[UUID], known_tags: dict[str, UUID], emit: bool
) -> Outcome:
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await imports.take_turn(w)
        at = await w.fetchrow(
            "select state, processed, total from contact_import where company_id = $1 and id = $2 for update",
            company_id,
            import_id,
        )
        if at is None or at["state"] != ImportState.RUNNING or at["processed"] != batch.start:
            return Outcome(False, at["processed"] if at else 0)
        written, unwritable = await write(w, import_id, batch.rows, extra_tags, known_tags)
        rejects = [*batch.rejects, *unwritable]
        warnings = [warning for changes in written for warning in changes.rejects]
        await import_rejects.add(w, import_id, [*rejects, *warnings])
        processed = batch.start + batch.length
        await w.execute(
            "update contact_import set processed = $3, created = created + $4, updated = updated + $5, unchanged = unchanged + $6, "
            "rejected = rejected + $7, blank = blank + $8, warnings = warnings + $9 where company_id = $1 and id = $2",
            company_id,
            import_id,
            processed,
            sum(changes.created for changes in written),
            sum(changes.updated for changes in written),
            sum(changes.unchanged for changes in written),
            len({rejected.number for rejected in rejects}),
            batch.blank,
            len(warnings),
        )
        if emit:
            w.emit(ImportProgress(import_id=import_id, state=ImportState.RUNNING, processed=processed, total=at["total"]))
            w.emit(ContactsChanged())
    return Outcome(True, processed)


async def write(
    w: Work, import_id: UUID, rows: Sequence[Row], extra_tags: list[UUID], known_tags: dict[str, UUID]
) -> tuple[list[Changes], list[Reject]]:
    """Writes rows; what they changed, and those that cannot be stored. Raises Raced."""
    written, rejects = list[Changes](), list[Reject]()

    async def some(rows: Sequence[Row]) -> None:
        try:
            async with w.connection.transaction():  # a savepoint
                written.append(await _take(w, import_id, rows, extra_tags, known_tags))
        except Exception:
            known_tags.clear()  # some of them are gone again
            raise

    async def reject(row: Row, error: Exception) -> None:
        rejects.append(Reject(row.number, "", "", Reason.NOT_STORABLE.value, row.cells))

    # What refers to something deleted meanwhile is looked at again, as a whole.
    await halving.write(
        rows, some, reject, spoiled=lambda e: halving.spoiled(e) and not isinstance(e, asyncpg.ForeignKeyViolationError)
    )
    return written, rejects


async def _take(w: Work, import_id: UUID, rows: Sequence[Row], extra_tags: list[UUID], known_tags: dict[str, UUID]) -> Changes:
    """Writes rows that follow one another."""
    changes = await _state_of(w, import_id, rows)
    warned = await _learn_tags(w, rows, known_tags)
    new_ids = iter([row["id"] for row in await w.fetch("select uuidv7() as id from generate_series(1, $1)", len(rows))])
    for row in rows:
        wanted = [known_tags[name] for name in row.tags if name in known_tags]
        changes.take(row, new_ids, [*extra_tags, *wanted] if wanted else extra_tags)
    changes.rejects += warned
    await _write(w, import_id, changes)
    return changes


_OWNERS = """
select i.kind, i.value, i.contact_id from contact_identity i
where i.company_id = $1 and i.kind = 'phone' and i.value = any($2::text[]) and i.scope = ''
union all
select i.kind, i.value, i.contact_id from contact_identity i
where i.company_id = $1 and i.kind = 'email' and i.value = any($3::text[]) and i.scope = ''
"""
_LOCK = """
select c.id, c.name, c.language, c.custom::text as custom, c.opted_out_at is not null as opted_out,
    m.contact_id is not null and m.left_at is distinct from c.updated_at as touched
from contact c left join contact_import_member m on m.company_id = $1 and m.import_id = $3 and m.contact_id = c.id
where c.company_id = $1 and c.id = any($2::uuid[]) order by c.id for update of c
"""
_THEIRS = """
select i.contact_id, array_agg(i.kind) as kinds, array_agg(i.value) as values from contact_identity i
where i.company_id = $1 and i.contact_id = any($2::uuid[]) and i.kind in ('phone', 'email') group by 1
"""
_THEIR_TAGS = """
select contact_id, array_agg(tag_id) as tags from contact_tag
where company_id = $1 and contact_id = any($2::uuid[]) group by 1
"""


async def _state_of(w: Work, import_id: UUID, rows: Sequence[Row]) -> Changes:
    """The contacts that these rows may be about, locked, and which addresses are suppressed."""
    phones = sorted({row.phone.value for row in rows if row.phone})
    emails = sorted({row.email.value for row in rows if row.email})
    found = await w.fetch(_OWNERS, w.company_id, phones, emails)
    ids = sorted({row["contact_id"] for row in found})
    people: dict[UUID, _Person] = {}
    if ids:
        for row in await w.fetch(_LOCK, w.company_id, ids, import_id):
            custom = {} if row["custom"] == "{}" else msgspec.json.decode(row["custom"], type=dict[str, str])
            person = _Person(row["id"], row["name"], row["language"], custom, row["opted_out"], touched=row["touched"])
            person.was = person.facts
            people[person.id] = person
        for row in await w.fetch(_THEIRS, w.company_id, ids):
            people[row["contact_id"]].addresses = set(zip(row["kinds"], row["values"], strict=True))
        for row in await w.fetch(_THEIR_TAGS, w.company_id, ids):
            people[row["contact_id"]].tags = set(row["tags"])
    # One deleted between the two looks is no owner any more.
    owners = {(row["kind"], row["value"]): row["contact_id"] for row in found if row["contact_id"] in people}
    barred = await w.fetch(
        "select address, source from suppression where company_id = $1 and address = any($2::text[])",
        w.company_id,
        phones + emails,
    )
    return Changes(people, owners, {row["address"]: row["source"] for row in barred})


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
insert into contact_identity(company_id, contact_id, kind, value, line, region)
select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[])
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
        await consent.opt_out(w, ids, source)
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


def _columns(people: list[_Person]) -> tuple[list[UUID], list[str], list[str | None], list[str], list[str]]:
    return (
        [person.id for person in people],
        [person.name for person in people],
        [person.language for person in people],
        [msgspec.json.encode(person.custom).decode() if person.custom else "{}" for person in people],
        [" ".join(sorted(value for _, value in person.addresses)) for person in people],
    )
