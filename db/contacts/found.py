"""One contact found by an address, or made: what a form or a shop says of a person. What it does not say stays as it is."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from db.contacts import consent, fields, queries
from db.contacts.events import ContactsChanged
from db.contacts.identities import (
    Address,
    add,
    email_address,
    find_or_create_by_address,
    phone_address,
    refresh,
    region_of,
    settled_owner_of,
)
from db.errors import RequestError, RequestField
from db.work import Work

MAX_NAME = 200


class Upserted(NamedTuple):
    contact_id: UUID
    made: bool


async def addresses(w: Work, phone: str, email: str) -> list[Address]:
    """The phone first. Raises Invalid for one that is none."""
    found = [phone_address(phone, await region_of(w, w.company_id))] if phone else []
    return [*found, email_address(email)] if email else found


async def upsert_in(w: Work, *, phone: str, email: str, name: str, custom: dict[str, str], source: str) -> Upserted:
    """Whoever has the phone, else whoever has the e-mail, else somebody new. A name is given to who has none, values of fields are taken
    over; an address that another contact has stays theirs. Raises Invalid for a wrong phone, e-mail or value."""
    wanted = await addresses(w, phone, email)
    if not wanted:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("phone")])
    values = await fields.checked(w, custom)
    contact_id: UUID | None = None
    for address in wanted:
        contact_id = contact_id or await settled_owner_of(w, address)
    made = False
    if contact_id is None:
        contact_id, made = await find_or_create_by_address(w, wanted[0], name=_line(name), source=source)
    gained = [address for address in wanted if await add(w, contact_id, address)]
    changed = await w.execute(
        "update contact set name = case when name = '' then $3 else name end, custom = custom || $4::jsonb where company_id = $1 and id = $2"
        " and (name = '' and $3 <> '' or not custom @> $4::jsonb)",
        w.company_id,
        contact_id,
        _line(name),
        msgspec.json.encode(values).decode(),
    )
    if made or gained or changed:
        await refresh(w, [contact_id])
        await consent.apply_suppression(w, [contact_id])
        w.audit("contact.created" if made else "contact.changed", contact_id)
        row = await queries.one(w, contact_id)
        w.emit(ContactsChanged(contact_id=contact_id, version=row["version"]))
    return Upserted(contact_id, made)


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_NAME]
