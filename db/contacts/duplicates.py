"""Contacts that look like one person: proposed to people, who join them or say that they are two. Nothing is joined by itself here.

Two phones of the same person, written otherwise, are one contact already (`phones.py`), and no two contacts have the same address. What is left:
a number that WhatsApp spells without its ninth digit, a mail box under two spellings, and somebody of the same full name of whom no phone is
known, who came by a WhatsApp user id or by a form.
"""

from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import queries
from db.contacts.enums import DuplicateReason, IdentityKind, MergeReason
from db.contacts.events import ContactsChanged
from db.contacts.identities import refresh
from db.contacts.merges import merge
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work

MOST = 100
"""Pairs shown at once; more come up as these are decided."""
_NAMESAKES = 3
"""A name that more contacts have says nothing."""

_NINTH = r"regexp_replace({value}, '^(\+55\d\d)([6-9]\d{{7}})$', '\19\2')"
_BOX = "case when {value} ~ '@(gmail|googlemail)[.]com$' then replace(split_part(split_part({value}, '@', 1), '+', 1), '.', '') || '@gmail.com' end"
# Asked as a set: of each pair alone, many that are decided would be looked up before the first that is not.
_PAIRS = """
with decided as materialized (
    select one_id, other_id from contact_distinct where company_id = $1
    union select least(contact_id::text, merged_id::text)::uuid, greatest(contact_id::text, merged_id::text)::uuid
    from contact_merge where company_id = $1 and undone_at is not null
)
select p.one_id, p.other_id from (
    select distinct least(f.a::text, f.b::text)::uuid as one_id, greatest(f.a::text, f.b::text)::uuid as other_id from ({found}) f
) p where (p.one_id, p.other_id) not in (select d.one_id, d.other_id from decided d) order by 1, 2 limit $2
"""
# What WhatsApp calls a number, and another contact's phone; a phone is kept with its ninth digit.
_NUMBER = f"""
select a.contact_id as a, b.contact_id as b from contact_identity a
join contact_identity b on b.company_id = $1 and b.kind = 'phone' and b.value = {_NINTH.format(value="a.value")} and b.contact_id <> a.contact_id
where a.company_id = $1 and a.kind = 'wa_id'
"""
_MAIL = f"""
select a.contact_id as a, b.contact_id as b from contact_identity a
join contact_identity b on b.company_id = $1 and b.kind = 'email' and {_BOX.format(value="b.value")} = {_BOX.format(value="a.value")}
    and b.contact_id > a.contact_id
where a.company_id = $1 and a.kind = 'email'
"""
_NAME = f"""
select a.id as a, b.id as b from contact a
join contact b on b.company_id = $1 and b.name_key = a.name_key and b.id <> a.id
where a.company_id = $1 and strpos(a.name_key, ' ') > 0
    and not exists (select from contact_identity i where i.company_id = $1 and i.contact_id = a.id and i.kind = 'phone')
    and (select count(*) from (select from contact x where x.company_id = $1 and x.name_key = a.name_key limit {_NAMESAKES + 1}) x) <= {_NAMESAKES}
"""
_WAYS = {DuplicateReason.SAME_NUMBER: _NUMBER, DuplicateReason.SAME_MAIL: _MAIL, DuplicateReason.SAME_NAME: _NAME}
_PEOPLE = """
select c.id, c.name, c.created_at, c.source, c.opted_out_at is not null as opted_out,
    coalesce((select json_agg(json_build_object('kind', i.kind, 'value', i.value) order by i.kind <> 'phone', i.kind, i.id)
        from contact_identity i where i.company_id = $1 and i.contact_id = c.id), '[]')::text as addresses,
    (select count(*) from message m where m.company_id = $1 and m.contact_id = c.id)
        + (select count(*) from inbound_message m where m.company_id = $1 and m.contact_id = c.id) as messages
from contact c where c.company_id = $1 and c.id = any($2::uuid[])
"""


class Address(msgspec.Struct):
    kind: IdentityKind
    value: str


class Person(NamedTuple):
    """One of the two. `messages`: sent and received, all together."""

    row: asyncpg.Record
    addresses: list[Address]


class Pair(NamedTuple):
    reason: DuplicateReason
    one: Person
    other: Person


async def duplicates(actor: Actor) -> list[Pair]:
    """Pairs that nobody decided yet, the surest first; the one with more messages is the first of its pair."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        found: dict[tuple[UUID, UUID], DuplicateReason] = {}
        for reason, way in _WAYS.items():
            if len(found) < MOST:
                for row in await r.fetch(_PAIRS.format(found=way), actor.company_id, MOST):
                    found.setdefault((row["one_id"], row["other_id"]), reason)
        left = list(found)[:MOST]
        people = await _people(r, actor.company_id, {each for pair in left for each in pair})
    return [_pair(found[pair], people[pair[0]], people[pair[1]]) for pair in left if pair[0] in people and pair[1] in people]


async def _people(r: Read, company_id: UUID, ids: set[UUID]) -> dict[UUID, Person]:
    rows = await r.fetch(_PEOPLE, company_id, list(ids))
    return {row["id"]: Person(row, msgspec.json.decode(row["addresses"], type=list[Address])) for row in rows}


def _pair(reason: DuplicateReason, one: Person, other: Person) -> Pair:
    if (other.row["messages"], one.row["created_at"]) > (one.row["messages"], other.row["created_at"]):
        one, other = other, one
    return Pair(reason, one, other)


async def join(actor: Actor, contact_id: UUID, other_id: UUID) -> asyncpg.Record:
    """`other_id` becomes a part of `contact_id`, whom a person chose: also of two that were parted before. Row as in `queries.contact`. Raises
    NotFound, also for one and the same."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        if contact_id == other_id or not await merge(w, contact_id, other_id, MergeReason.BY_HAND, again=True):
            raise RequestError.NOT_FOUND(what="contact")
        await refresh(w, [contact_id])
        w.emit(ContactsChanged(contact_id=other_id))
        return await queries.one(w, contact_id)


async def keep_apart(actor: Actor, one_id: UUID, other_id: UUID) -> None:
    """These are two people: they are not proposed again. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        known = await w.fetch(
            "select id from contact where company_id = $1 and id = any($2::uuid[]) order by id for key share",
            w.company_id,
            [one_id, other_id],
        )
        if len(known) < 2:
            raise RequestError.NOT_FOUND(what="contact")
        await w.execute(
            "insert into contact_distinct(company_id, one_id, other_id, said_by) values ($1, $2, $3, $4) on conflict do nothing",
            w.company_id,
            *(row["id"] for row in known),
            actor.id if actor.kind == "user" else None,
        )
        w.audit("contact.kept_apart", known[0]["id"], other=str(known[1]["id"]))
