"""What a person told of themselves in a talk: kept where nothing is known yet, never over what is there.

Whether they really told it is for the caller to have proven. Two keys stand for what every contact has, unless the company has a field of
that key; what is neither is not kept.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.contacts import erased, fields
from db.contacts.enums import IdentityKind
from db.contacts.events import ContactsChanged
from db.contacts.field_values import Shape
from db.contacts.identities import add, email_address, refresh
from db.errors import AppError
from db.work import Read, Work

NAME, EMAIL = "name", "email"
MAX_NAME = 80

_KNOWN = """
select c.name, c.custom::text as custom, coalesce((select i.value from contact_identity i where i.company_id = $1 and i.contact_id = c.id
    and i.kind = 'email' order by i.id limit 1), '') as email
from contact c where c.company_id = $1 and c.id = $2
"""
_BARRED = "select true from suppression where company_id = $1 and address = $2"
_KEEP = """
update contact set name = case when name = '' then $3 else name end, custom = custom || $4::jsonb, updated_at = clock_timestamp()
where company_id = $1 and id = $2
"""


class Known(NamedTuple):
    """`shapes`: of the company's fields among the keys. `values`: what is known, by key."""

    shapes: dict[str, Shape]
    values: dict[str, str]


async def known(r: Read, contact_id: UUID, keys: Iterable[str]) -> Known:
    """Of one contact, under these keys only."""
    assert r.actor is not None
    wanted = set(keys)
    row = await r.fetchrow(_KNOWN, r.actor.company_id, contact_id) if wanted else None
    if row is None:
        return Known({}, {})
    shapes = await fields.known_kinds(r, wanted)
    found = {key: value for key, value in msgspec.json.decode(row["custom"]).items() if key in shapes and value}
    own = {key: row[key] for key in (NAME, EMAIL) if key in wanted - set(shapes) and row[key]}
    return Known(shapes, {**own, **found})


async def empty(r: Read, contact_id: UUID, keys: Iterable[str]) -> set[str]:
    """Those of the keys under which something can be kept of a contact and nothing is."""
    wanted = set(keys)
    of = await known(r, contact_id, wanted)
    return (wanted & ({NAME, EMAIL} | set(of.shapes))) - set(of.values)


async def keep(w: Work, contact_id: UUID, told: Mapping[str, str], **why: object) -> list[str]:
    """Fills what is empty, and says which keys. The caller holds the contact's row, before conversations and leads. `why` stands in the
    audit. An address that another contact has, that is suppressed or that was erased, stays as it is."""
    shapes = await fields.kinds(w, set(told))
    row = await w.fetchrow(_KNOWN, w.company_id, contact_id) if told else None
    if row is None:
        return []
    has = msgspec.json.decode(row["custom"])
    values = {
        key: plain for key, text in told.items() if key in shapes and not has.get(key) and (plain := shapes[key].written(text))
    }
    name = _line(told.get(NAME, "")) if NAME not in shapes and not row["name"] else ""
    mail = told.get(EMAIL, "") if EMAIL not in shapes and not row["email"] else ""
    kept = [*values, *([NAME] if name else []), *([EMAIL] if mail and await _mailed(w, contact_id, mail) else [])]
    if not kept:
        return []
    await w.execute(_KEEP, w.company_id, contact_id, name, msgspec.json.encode(values).decode())
    if set(kept) - set(values):
        await refresh(w, [contact_id])
    w.audit("contact.told", contact_id, fields=sorted(kept), **why)
    w.emit(ContactsChanged(contact_id=contact_id))
    return sorted(kept)


async def _mailed(w: Work, contact_id: UUID, text: str) -> bool:
    """Gives them the address, where nobody has it and nobody may not be written to at it."""
    try:
        address = email_address(text)
    except AppError:
        return False
    if await w.fetchval(_BARRED, w.company_id, address.value) or await erased.known(w, w.company_id, [address.value]):
        return False
    assert address.kind is IdentityKind.EMAIL
    return await add(w, contact_id, address)


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_NAME]
