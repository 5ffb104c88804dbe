"""Contacts as another system has them: found by its own id, a phone number or an e-mail address and brought up to date, else made. A
thousand cost as many statements as one. What cannot be taken is refused alone, with the field that is wrong.

Refuses to guess that two contacts are one person: an address that somebody else has stays theirs.
"""

import asyncio
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import consent, erased, fields, queries, tags
from db.contacts.enums import UpsertOutcome
from db.contacts.errors import ContactField
from db.contacts.events import ContactsChanged
from db.contacts.field_values import Shape
from db.contacts.identities import Address, email_address, phone_address, refresh, region_of
from db.contacts.metadata import MOST as MOST_METADATA
from db.errors import AppError, Field, Invalid, RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

MOST = 1000
_TRIES = 6


class Item(msgspec.Struct, kw_only=True):
    """One contact as it is elsewhere. None stays as it is; `custom` and `metadata` are merged, an empty value takes its key out; tags and
    addresses are added."""

    external_id: str | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    language: str | None = None
    tags: list[str] = []
    custom: dict[str, str] = {}
    metadata: dict[str, str] = {}


class Outcome(NamedTuple):
    outcome: UpsertOutcome
    contact_id: UUID | None
    fields: list[Field]


class _Raced(Exception):
    """Somebody else gave an id or an address of these away a moment ago: look again."""


class _Person(msgspec.Struct):
    id: UUID
    fresh: bool
    name: str
    language: str | None
    custom: dict[str, str]
    metadata: dict[str, str]
    external_id: str | None
    changed: bool


class _Plan(msgspec.Struct):
    item: Item
    phone: Address | None = None
    email: Address | None = None
    custom: dict[str, str] = {}
    tags: list[str] = []
    wrong: list[Field] = []
    person: _Person | None = None

    @property
    def addresses(self) -> list[Address]:
        return [address for address in (self.phone, self.email) if address is not None]


async def upsert(actor: Actor, items: list[Item]) -> list[Outcome]:
    """What became of each, in their order. Raises Unavailable when others change the same people again and again."""
    for attempt in range(_TRIES):
        try:
            return await _once(actor, items)
        except (_Raced, asyncpg.DeadlockDetectedError, asyncpg.UniqueViolationError):
            await asyncio.sleep(0.02 * 2**attempt)
    raise RequestError.UNAVAILABLE(retry_after=2)


async def upsert_one(actor: Actor, item: Item) -> asyncpg.Record:
    """The contact as `queries.contact` gives it. Raises Invalid with what is wrong."""
    found = (await upsert(actor, [item]))[0]
    if found.contact_id is None:
        raise RequestError.INVALID(fields=found.fields)
    async with read(actor, Permission.CONTACTS_WRITE) as r:  # who may write but not read is answered as by `actions.create`
        return await queries.one(r, found.contact_id)


async def _once(actor: Actor, items: list[Item]) -> list[Outcome]:
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        region = await region_of(w, w.company_id)
        kinds = await fields.kinds(w, {key for item in items for key in item.custom})
        plans = [_plan(item, region, kinds) for item in items]
        await _find(w, plans)
        touched = await _write(w, plans, "api" if actor.kind == "api_key" else "manual")
        found = [_outcome(plan, touched) for plan in plans]
        if touched:
            counts = {name.value: sum(one.outcome is name for one in found) for name in UpsertOutcome}
            w.audit("contacts.upserted", next(iter(touched)) if len(touched) == 1 else None, **counts)
            w.emit(ContactsChanged(contact_id=next(iter(touched)) if len(touched) == 1 else None))
        return found


def _plan(item: Item, region: str, kinds: dict[str, Shape]) -> _Plan:
    plan = _Plan(item)
    if item.phone and item.phone.strip():
        try:
            plan.phone = phone_address(item.phone, region)
        except Invalid as error:
            plan.wrong += error.fields
    if item.email and item.email.strip():
        try:
            plan.email = email_address(item.email)
        except Invalid as error:
            plan.wrong += error.fields
    try:
        plan.custom = fields.kept(kinds, item.custom)
    except Invalid as error:
        plan.wrong += error.fields
    for number, name in enumerate(item.tags):
        try:
            plan.tags.append(tags.plain(name))
        except AppError:
            plan.wrong.append(RequestField.REQUIRED(f"tags[{number}]"))
    if not plan.wrong and not item.external_id and not plan.addresses:
        plan.wrong.append(ContactField.NO_KEY("external_id"))
    return plan


_BY_EXTERNAL = "select external_id, id from contact where company_id = $1 and external_id = any($2::text[])"
_BY_ADDRESS = """
select i.kind, i.value, i.contact_id from contact_identity i
join unnest($2::text[], $3::text[]) r(kind, value) on i.kind = r.kind and i.value = r.value
where i.company_id = $1 and i.scope = ''
"""
_LOCK = """
select id, name, language, custom::text as custom, metadata::text as metadata, external_id from contact
where company_id = $1 and id = any($2::uuid[]) order by id for update
"""
_texts = msgspec.json.Decoder(dict[str, str])


async def _find(w: Work, plans: list[_Plan]) -> None:
    """Gives each plan its person, or says what is wrong."""
    right = [plan for plan in plans if not plan.wrong]
    named = [plan.item.external_id for plan in right if plan.item.external_id]
    given = [address for plan in right for address in plan.addresses]
    external = {row["external_id"]: row["id"] for row in await w.fetch(_BY_EXTERNAL, w.company_id, named)} if named else {}
    owners: dict[tuple[str, str], UUID] = {}
    if given:
        rows = await w.fetch(_BY_ADDRESS, w.company_id, [one.kind.value for one in given], [one.value for one in given])
        owners = {(row["kind"], row["value"]): row["contact_id"] for row in rows}
    known = await _locked(w, {*external.values(), *owners.values()})
    gone = await erased.known(w, w.company_id, (one.value for one in given))
    fresh = iter([row["id"] for row in await w.fetch("select uuidv7() as id from generate_series(1, $1)", len(right))])
    seen = set[object]()
    for plan in right:
        plan.wrong += [ContactField.ERASED(one.kind.value) for one in plan.addresses if one.value in gone]
        if plan.wrong:
            continue
        held = [owners.get((one.kind.value, one.value)) for one in plan.addresses]
        contact_id = external.get(plan.item.external_id or "") or next((one for one in held if one is not None), None)
        person = known[contact_id] if contact_id is not None else None
        _compare(plan, person, held, seen)
        if plan.wrong:
            continue
        plan.person = person or _Person(next(fresh), True, "", None, {}, {}, None, False)
        _take(plan, plan.person)


async def _locked(w: Work, ids: set[UUID]) -> dict[UUID, _Person]:
    if not ids:
        return {}
    rows = await w.fetch(_LOCK, w.company_id, sorted(ids))
    if len(rows) != len(ids):
        raise _Raced  # one was merged or deleted since
    return {
        row["id"]: _Person(
            row["id"],
            False,
            row["name"],
            row["language"],
            _texts.decode(row["custom"]),
            _texts.decode(row["metadata"]),
            row["external_id"],
            False,
        )
        for row in rows
    }


def _compare(plan: _Plan, person: _Person | None, held: list[UUID | None], seen: set[object]) -> None:
    """Says where what is given belongs to somebody else, or was given before in the same call."""
    for address, owner in zip(plan.addresses, held, strict=True):
        if owner is not None and person is not None and owner != person.id:
            plan.wrong.append(ContactField.OF_ANOTHER(address.kind.value))
    if person is not None and person.external_id and plan.item.external_id not in (None, "", person.external_id):
        plan.wrong.append(ContactField.OTHER_ID("external_id"))
    keys: list[tuple[str, object]] = [(one.kind.value, one.value) for one in plan.addresses]
    if plan.item.external_id:
        keys.append(("external_id", plan.item.external_id))
    if person is not None:
        keys.append(("id", person.id))
    if plan.wrong:
        return
    if repeated := next((name for name, value in keys if (name, value) in seen), None):
        plan.wrong.append(ContactField.REPEATED("external_id" if repeated == "id" else repeated))
        return
    metadata = {**(person.metadata if person else {}), **plan.item.metadata}
    if len([value for value in metadata.values() if value]) > MOST_METADATA:
        plan.wrong.append(RequestField.TOO_MANY("metadata", max=MOST_METADATA))
        return
    seen.update(keys)


def _take(plan: _Plan, person: _Person) -> None:
    before = (person.name, person.language, person.custom, person.metadata, person.external_id)
    item = plan.item
    if item.name is not None:
        person.name = " ".join(item.name.split())
    if item.language is not None:
        person.language = item.language or None
    person.custom = {key: value for key, value in person.custom.items() if key not in item.custom} | plan.custom
    person.metadata = {key: value for key, value in (person.metadata | item.metadata).items() if value}
    person.external_id = item.external_id or person.external_id
    person.changed = before != (person.name, person.language, person.custom, person.metadata, person.external_id)


_COLUMNS = "unnest({0}::uuid[], {1}::text[], {2}::text[], {3}::text[], {4}::text[], {5}::text[]) r(id, name, language, custom, metadata, external_id)"
_INSERT = f"""
insert into contact(company_id, id, name, language, custom, metadata, external_id, source)
select $1, r.id, r.name, r.language, r.custom::jsonb, r.metadata::jsonb, r.external_id, $2
from {_COLUMNS.format("$3", "$4", "$5", "$6", "$7", "$8")} order by r.external_id
on conflict (company_id, external_id) where external_id is not null do nothing
"""
_UPDATE = f"""
update contact c set name = r.name, language = r.language, custom = r.custom::jsonb, metadata = r.metadata::jsonb, external_id = r.external_id
from {_COLUMNS.format("$2", "$3", "$4", "$5", "$6", "$7")} where c.company_id = $1 and c.id = r.id
"""
_ADDRESSES = """
with given as (
    select * from unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[]) r(contact_id, kind, value, line, region)
), made as (
    insert into contact_identity(company_id, contact_id, kind, value, line, region)
    select $1, g.* from given g
    where not exists (select from contact_identity i where i.company_id = $1 and i.kind = g.kind and i.value = g.value and i.scope = ''
        and i.contact_id = g.contact_id)
    order by g.kind, g.value on conflict (company_id, kind, value, scope) do nothing returning contact_id, kind, value
)
select contact_id, true as made from made
union all
select i.contact_id, false from given g join contact_identity i on i.company_id = $1 and i.kind = g.kind and i.value = g.value and i.scope = ''
    and i.contact_id = g.contact_id
"""
_TAGS = """
insert into contact_tag(company_id, tag_id, contact_id)
select $1, t.id, r.contact_id from unnest($2::uuid[], $3::text[]) r(contact_id, name) join tag t on t.company_id = $1 and fold(t.name) = fold(r.name)
on conflict do nothing returning contact_id
"""


async def _write(w: Work, plans: list[_Plan], source: str) -> set[UUID]:
    """Writes what the plans say; the ids of who changed. Raises _Raced."""
    people = [plan.person for plan in plans if plan.person is not None]
    fresh = [person for person in people if person.fresh]
    if fresh and await w.execute(_INSERT, w.company_id, source, *_columns(fresh)) != len(fresh):
        raise _Raced
    changed = [person for person in people if person.changed and not person.fresh]
    if changed:
        await w.execute(_UPDATE, w.company_id, *_columns(changed))
    touched = {person.id for person in (*fresh, *changed)}
    given = [(plan.person.id, address) for plan in plans if plan.person is not None for address in plan.addresses]
    if given:
        rows = await w.fetch(
            _ADDRESSES,
            w.company_id,
            [contact_id for contact_id, _ in given],
            [one.kind.value for _, one in given],
            [one.value for _, one in given],
            [one.line for _, one in given],
            [one.region for _, one in given],
        )
        if len(rows) != len(given):
            raise _Raced
        touched |= {row["contact_id"] for row in rows if row["made"]}
    wanted = [(plan.person.id, name) for plan in plans if plan.person is not None for name in plan.tags]
    if wanted:
        await tags.ensure_tags(w, [name for _, name in wanted])
        rows = await w.fetch(_TAGS, w.company_id, [contact_id for contact_id, _ in wanted], [name for _, name in wanted])
        touched |= {row["contact_id"] for row in rows}
    if touched:
        await refresh(w, sorted(touched))
        await consent.apply_suppression(w, sorted(touched))
    return touched


def _columns(people: list[_Person]) -> tuple[list[object], ...]:
    return (
        [person.id for person in people],
        [person.name for person in people],
        [person.language for person in people],
        [msgspec.json.encode(person.custom).decode() for person in people],
        [msgspec.json.encode(person.metadata).decode() for person in people],
        [person.external_id for person in people],
    )


def _outcome(plan: _Plan, touched: set[UUID]) -> Outcome:
    if plan.person is None:
        return Outcome(UpsertOutcome.REFUSED, None, plan.wrong)
    if plan.person.fresh:
        return Outcome(UpsertOutcome.CREATED, plan.person.id, [])
    outcome = UpsertOutcome.UPDATED if plan.person.id in touched else UpsertOutcome.UNCHANGED
    return Outcome(outcome, plan.person.id, [])
