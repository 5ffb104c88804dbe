"""One contact found by the sender's own id or by an address, or made: what a form or a shop says of a person. What it does not say stays
as it is."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from db.contacts import consent, erased, fields, queries
from db.contacts.errors import ContactField
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
MAX_ID = 200
# Locked as who has an address is: neither merged nor deleted before this transaction ends.
_KNOWN = "select id from contact where company_id = $1 and external_id = $2 for key share"
_MAKE = """
insert into contact(company_id, name, search, source, external_id) values ($1, $2, search_text($2, '{}'), $3, $4)
on conflict (company_id, external_id) where external_id is not null do nothing returning id
"""


class Upserted(NamedTuple):
    contact_id: UUID
    made: bool


async def addresses(w: Work, phone: str, email: str) -> list[Address]:
    """The phone first. Raises Invalid for one that is none."""
    found = [phone_address(phone, await region_of(w, w.company_id))] if phone else []
    return [*found, email_address(email)] if email else found


async def upsert_in(
    w: Work, *, phone: str, email: str, name: str, custom: dict[str, str], source: str, external_id: str = ""
) -> Upserted:
    """Whoever has the id, else whoever has the phone, else whoever has the e-mail, else somebody new. A name and an id are given to who has
    none, values of fields are taken over; an address that another contact has stays theirs. Raises Invalid for a wrong phone, e-mail or
    value, for an address of somebody who was erased, and for who is known under another id."""
    wanted = await addresses(w, phone, email)
    if not wanted and not external_id:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("phone")])
    if len(external_id) > MAX_ID:
        raise RequestError.INVALID(fields=[RequestField.TOO_LONG("external_id", max=MAX_ID)])
    values = await fields.checked(w, custom)
    contact_id: UUID | None = await w.fetchval(_KNOWN, w.company_id, external_id) if external_id else None
    for address in wanted:
        contact_id = contact_id or await settled_owner_of(w, address)
    made = False
    if contact_id is None and wanted:
        contact_id, made = await find_or_create_by_address(w, wanted[0], name=_line(name), source=source)
    elif contact_id is None:
        contact_id, made = await _made_by_id(w, external_id, _line(name), source)
    named = bool(external_id) and await _take_id(w, contact_id, external_id)
    gained = [address for address in wanted if await add(w, contact_id, address)]
    gone = await erased.known(w, w.company_id, (address.value for address in gained))
    if wrong := [ContactField.ERASED(address.kind.value) for address in gained if address.value in gone]:
        raise RequestError.INVALID(fields=wrong)
    changed = await w.execute(
        "update contact set name = case when name = '' then $3 else name end, custom = custom || $4::jsonb where company_id = $1 and id = $2"
        " and (name = '' and $3 <> '' or not custom @> $4::jsonb)",
        w.company_id,
        contact_id,
        _line(name),
        msgspec.json.encode(values).decode(),
    )
    if made or named or gained or changed:
        await refresh(w, [contact_id])
        await consent.apply_suppression(w, [contact_id])
        w.audit("contact.created" if made else "contact.changed", contact_id)
        row = await queries.one(w, contact_id)
        w.emit(ContactsChanged(contact_id=contact_id, version=row["version"]))
    return Upserted(contact_id, made)


async def _made_by_id(w: Work, external_id: str, name: str, source: str) -> tuple[UUID, bool]:
    """The contact of an id that has no address, and whether it was made now; of two at once the second waits for the first."""
    made: UUID | None = await w.fetchval(_MAKE, w.company_id, name, source, external_id)
    if made is not None:
        w.emit(ContactsChanged(contact_id=made))
        return made, True
    found: UUID = await w.fetchval(_KNOWN, w.company_id, external_id)
    return found, False


async def _take_id(w: Work, contact_id: UUID, external_id: str) -> bool:
    """Gives the contact an id of its sender; whether it had none. Raises Invalid when it has another one."""
    held = await w.fetchval(
        "select external_id from contact where company_id = $1 and id = $2 for no key update", w.company_id, contact_id
    )
    if held not in (None, external_id):
        raise RequestError.INVALID(fields=[ContactField.OTHER_ID("external_id")])
    return held is None and bool(
        await w.execute(
            "update contact set external_id = $3 where company_id = $1 and id = $2", w.company_id, contact_id, external_id
        )
    )


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:MAX_NAME]
