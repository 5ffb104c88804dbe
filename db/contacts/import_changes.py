"""What the rows of a list do to the contacts: decided here, written by `import_batch.py`, only counted by `import_dry_run.py`.

Rows act one after the other, as if each were imported alone. Of several rows about one person the first counts; the others add
addresses, tags and what is still missing. Reads, and refuses to write.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from db.contacts import erased
from db.contacts.enums import IdentityKind
from db.contacts.identities import Address
from db.contacts.import_members import Facts
from db.contacts.import_rows import Reject, Row
from db.contacts.reasons import Reason, RowWarning
from db.work import Read

_PHONE, _EMAIL = IdentityKind.PHONE.value, IdentityKind.EMAIL.value
_OF_OTHER = {_PHONE: RowWarning.PHONE_OF_OTHER_CONTACT, _EMAIL: RowWarning.EMAIL_OF_OTHER_CONTACT}


def keys_of(row: Row) -> list[tuple[str, str]]:
    """Kind and value of the addresses in a row."""
    keys = [(_PHONE, row.phone.canonical)] if row.phone else []
    return [*keys, (_EMAIL, row.email)] if row.email else keys


def _addresses_of(row: Row) -> list[Address]:
    phone = row.phone
    found = [Address(IdentityKind.PHONE, phone.canonical, phone.line.value, phone.region)] if phone else []
    return [*found, Address(IdentityKind.EMAIL, row.email)] if row.email else found


class Person(msgspec.Struct, gc=False):
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
    met: bool = False
    """An earlier row of this file was about them."""

    @property
    def facts(self) -> Facts:
        """What an undo may have to give back."""
        return {"name": self.name, "language": self.language, **{f"custom.{key}": value for key, value in self.custom.items()}}

    @property
    def has_phone(self) -> bool:
        return any(kind == _PHONE for kind, _ in self.addresses)


class Changes:
    """What some rows write."""

    def __init__(
        self, people: dict[UUID, Person], owners: dict[tuple[str, str], UUID], barred: dict[str, str], gone: set[str]
    ) -> None:
        self.people = people
        self.owners = owners
        self.barred = barred  # suppressed address → source
        self.gone = gone  # addresses of people who were erased
        self.rejects: list[Reject] = []
        self.identities: list[tuple[UUID, Address]] = []
        self.tags: list[tuple[UUID, UUID]] = []
        self.opt_outs: dict[str, list[UUID]] = {}
        self.warnings: list[Reject] = []
        self.members: set[UUID] = set()
        self.created = self.updated = self.unchanged = self.repeated = self.leads = 0

    def refuses(self, row: Row) -> bool:
        """Whether the row is about somebody who was erased; nothing of it is kept."""
        kind = next((kind for kind, value in keys_of(row) if value in self.gone), None)
        if kind is not None:
            self.rejects.append(Reject(row.number, kind, "", Reason.ERASED, []))
        return kind is not None

    def take(self, row: Row, new_ids: Iterable[UUID], tag_ids: Sequence[UUID]) -> UUID:
        """Applies one row; returns whom it is about."""
        person = self._owner(row)
        created = person is None
        if person is None:
            person = Person(next(iter(new_ids)), fresh=True)
            self.people[person.id] = person
        repeated, person.met = person.met, True
        self.members.add(person.id)
        self.warnings += row.left_out
        changed = self._addresses(person, row)
        changed |= self._fill(person, row) if repeated else self._put(person, row)
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
        if repeated:
            self.repeated += 1
        elif created:
            self.created += 1
        elif changed:
            self.updated += 1
        else:
            self.unchanged += 1
        return person.id

    def _owner(self, row: Row) -> Person | None:
        """Whom the row is about: the phone decides. An e-mail alone names its owner unless that one has another phone."""
        by_phone = self.owners.get((_PHONE, row.phone.canonical)) if row.phone else None
        if by_phone is not None:
            return self.people[by_phone]
        by_email = self.owners.get((_EMAIL, row.email)) if row.email else None
        if by_email is None:
            return None
        person = self.people[by_email]
        return None if row.phone and person.has_phone else person

    def _addresses(self, person: Person, row: Row) -> bool:
        changed = False
        for address in _addresses_of(row):
            key = (address.kind.value, address.value)
            owner = self.owners.get(key)
            if owner is None:
                self.owners[key] = person.id
                person.addresses = {*person.addresses, key}
                self.identities.append((person.id, address))
                changed = True
            elif owner != person.id:
                self.warnings.append(Reject(row.number, key[0], key[1], _OF_OTHER[key[0]], row.cells, warning=True))
        return changed

    @staticmethod
    def _put(person: Person, row: Row) -> bool:
        """The first row about somebody says what they are called."""
        changed = False
        if row.name and row.name != person.name:
            person.name, changed = row.name, True
        if row.language and row.language != person.language:
            person.language, changed = row.language, True
        if any(person.custom.get(key) != value for key, value in row.custom.items()):
            person.custom, changed = {**person.custom, **row.custom}, True
        return changed

    def _fill(self, person: Person, row: Row) -> bool:
        """A further row about them only fills gaps; what else it says is left out, and said."""
        changed = False
        other: dict[str, str] = {}
        if row.name and not person.name:
            person.name, changed = row.name, True
        elif row.name and row.name != person.name:
            other["name"] = row.name
        if row.language and not person.language:
            person.language, changed = row.language, True
        elif row.language and row.language != person.language:
            other["language"] = row.language
        if missing := {key: value for key, value in row.custom.items() if not person.custom.get(key)}:
            person.custom, changed = {**person.custom, **missing}, True
        other |= {f"custom.{key}": value for key, value in row.custom.items() if person.custom[key] != value}
        if other:
            field, value = next(iter(other.items()))
            self.warnings.append(Reject(row.number, field, value[:200], RowWarning.REPEATED, row.cells, warning=True))
        return changed


_OWNERS = """
select i.kind, i.value, i.contact_id from contact_identity i
where i.company_id = $1 and i.kind = 'phone' and i.value = any($2::text[]) and i.scope = ''
union all
select i.kind, i.value, i.contact_id from contact_identity i
where i.company_id = $1 and i.kind = 'email' and i.value = any($3::text[]) and i.scope = ''
"""
_PEOPLE = """
select c.id, c.name, c.language, c.custom::text as custom, c.opted_out_at is not null as opted_out,
    m.contact_id is not null as met, m.contact_id is not null and m.left_at is distinct from c.updated_at as touched
from contact c left join contact_import_member m on m.company_id = $1 and m.import_id = $3 and m.contact_id = c.id
where c.company_id = $1 and c.id = any($2::uuid[]) order by c.id
"""
_THEIRS = """
select i.contact_id, array_agg(i.kind) as kinds, array_agg(i.value) as values from contact_identity i
where i.company_id = $1 and i.contact_id = any($2::uuid[]) and i.kind in ('phone', 'email') group by 1
"""
_THEIR_TAGS = """
select contact_id, array_agg(tag_id) as tags from contact_tag
where company_id = $1 and contact_id = any($2::uuid[]) group by 1
"""


async def state_of(
    r: Read, company_id: UUID, import_id: UUID, rows: Sequence[Row], *, lock: bool, others: Iterable[UUID] = ()
) -> Changes:
    """The contacts that these rows may be about, and `others`, and which addresses are suppressed. With `lock` nobody else changes
    the contacts until the transaction ends."""
    phones = sorted({row.phone.canonical for row in rows if row.phone})
    emails = sorted({row.email for row in rows if row.email})
    found = await r.fetch(_OWNERS, company_id, phones, emails)
    ids = sorted({*others, *(row["contact_id"] for row in found)})
    people: dict[UUID, Person] = {}
    if ids:
        for row in await r.fetch(_PEOPLE + (" for update of c" if lock else ""), company_id, ids, import_id):
            custom = {} if row["custom"] == "{}" else msgspec.json.decode(row["custom"], type=dict[str, str])
            person = Person(
                row["id"], row["name"], row["language"], custom, row["opted_out"], met=row["met"], touched=row["touched"]
            )
            person.was = person.facts
            people[person.id] = person
        for row in await r.fetch(_THEIRS, company_id, ids):
            if row["contact_id"] in people:
                people[row["contact_id"]].addresses = set(zip(row["kinds"], row["values"], strict=True))
        for row in await r.fetch(_THEIR_TAGS, company_id, ids):
            if row["contact_id"] in people:
                people[row["contact_id"]].tags = set(row["tags"])
    # One deleted between the two looks is no owner any more.
    owners = {(row["kind"], row["value"]): row["contact_id"] for row in found if row["contact_id"] in people}
    barred = await r.fetch(
        "select address, source from suppression where company_id = $1 and address = any($2::text[])",
        company_id,
        phones + emails,
    )
    gone = await erased.known(r, company_id, phones + emails)
    return Changes(people, owners, {row["address"]: row["source"] for row in barred}, gone)
