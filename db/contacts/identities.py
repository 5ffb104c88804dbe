"""How a person is reachable, and which contact an address belongs to. One address has one contact, whatever races.

Brazilian numbers with and without the ninth digit are one phone: `phone` identities hold the canonical form only, `wa_id`
keeps what WhatsApp itself calls the person. Refuses to guess that two contacts with phones of their own are one person.
"""

import re
import unicodedata
from typing import NamedTuple
from uuid import UUID

from db.boards import prospects
from db.contacts import erased
from db.contacts.enums import IdentityKind
from db.contacts.errors import ContactField
from db.contacts.events import ContactsChanged
from db.contacts.phones import Phone, from_wa_id, parse_phone, variants
from db.contacts.reasons import Reason
from db.errors import RequestError
from db.messages.enums import MessageState
from db.messages.reasons import FailureReason
from db.texts import EMAIL
from db.work import Read, Work

_EMAIL = re.compile(EMAIL)


class Address(NamedTuple):
    """One identity, canonical."""

    kind: IdentityKind
    value: str
    line: str | None = None
    region: str | None = None
    scope: str = ""


def phone_address(text: str, region: str) -> Address:
    """What a person typed. Raises Invalid with the parser's reason."""
    phone = parse_phone(text, region)
    if not isinstance(phone, Phone):
        raise RequestError.INVALID(fields=[phone.reason("phone")])
    return Address(IdentityKind.PHONE, phone.canonical, phone.line.value, phone.region)


def email_address(text: str) -> Address:
    """What a person typed. Raises Invalid."""
    value = unicodedata.normalize("NFC", text.strip().casefold())
    if len(value) > 254 or not _EMAIL.fullmatch(value):
        raise RequestError.INVALID(fields=[Reason.EMAIL_INVALID("email")])
    return Address(IdentityKind.EMAIL, value)


def number_address(phone: str) -> Address:
    """What a provider calls a number: E.164, or a bare wa_id."""
    parsed = from_wa_id(phone.lstrip("+"))
    if isinstance(parsed, Phone):
        return Address(IdentityKind.PHONE, parsed.canonical, parsed.line.value, parsed.region)
    # A number beyond our numbering plans still names its person.
    return Address(IdentityKind.PHONE, variants("+" + phone.lstrip("+"))[0], "other")


async def region_of(r: Read, company_id: UUID) -> str:
    """ISO 3166 code of the country where numbers without + belong."""
    region: str = await r.fetchval("select country from company where id = $1", company_id)
    return region


async def owner_of(r: Read, company_id: UUID, address: Address) -> UUID | None:
    """The contact that has this address."""
    found: UUID | None = await r.fetchval(
        "select contact_id from contact_identity where company_id = $1 and kind = $2 and value = $3 and scope = $4",
        company_id,
        address.kind,
        address.value,
        address.scope,
    )
    return found


# Locked, so that no merge, undo or deletion takes the address or the contact away before this transaction ends; the contact first,
# as they do.
_SETTLED = """
select i.contact_id from contact_identity i join contact c on c.company_id = $1 and c.id = i.contact_id
where i.company_id = $1 and i.kind = $2 and i.value = $3 and i.scope = $4 for key share of c for share of i
"""


async def settled_owner_of(w: Work, address: Address) -> UUID | None:
    """The contact that has this address, and keeps it and stays until this transaction ends."""
    for _ in range(10):
        found: UUID | None = await w.fetchval(_SETTLED, w.company_id, address.kind, address.value, address.scope)
        if found is not None or await owner_of(w, w.company_id, address) is None:
            return found
    raise RuntimeError("An address changes hands faster than it can be read.")


async def add(w: Work, contact_id: UUID, address: Address) -> bool:
    """Gives the contact an address; False when another one has it (also one that is being written this moment)."""
    return bool(
        await w.execute(
            "insert into contact_identity(company_id, contact_id, kind, value, line, region, scope) "
            "values ($1, $2, $3, $4, $5, $6, $7) on conflict (company_id, kind, value, scope) do nothing",
            w.company_id,
            contact_id,
            address.kind,
            address.value,
            address.line,
            address.region,
            address.scope,
        )
    )


_REFRESH = """
update contact c set search = s.text, updated_at = clock_timestamp()
from (
    select c.id, search_text(c.name, array(
        select i.value from contact_identity i
        where i.company_id = c.company_id and i.contact_id = c.id and i.kind in ('phone', 'email'))) as text
    from contact c where c.company_id = $1 and c.id = any($2::uuid[])
) s
where c.company_id = $1 and c.id = s.id
"""


async def refresh(w: Work, contact_ids: list[UUID]) -> None:
    """Brings search text and `updated_at` up to date, after names or addresses changed."""
    await w.execute(_REFRESH, w.company_id, contact_ids)
    await prospects.refresh(w, contact_ids)


_CREATE = """
with claimed as (
    insert into contact_identity(company_id, contact_id, kind, value, line, region, scope)
    values ($1, uuidv7(), $2, $3, $4, $5, $6) on conflict (company_id, kind, value, scope) do nothing
    returning contact_id
), barred as (
    select source from suppression where company_id = $1 and address = $3 union all select $9 where $9::text is not null limit 1
)
insert into contact(company_id, id, name, search, source, opted_out_at, opt_out_source)
select $1, contact_id, $7, search_text($7, array[$3]), $8, (select now() from barred), (select source from barred) from claimed
returning id
"""


async def find_or_create_by_address(w: Work, address: Address, *, name: str = "", source: str) -> tuple[UUID, bool]:
    """The contact of an address, and whether it was made now. Two callers at once get the same one: the unique constraint
    lets the first win, the second waits for its commit. A suppressed address comes opted out, and so does somebody erased who writes
    to us; anybody else who would make them again is refused. Raises Invalid."""
    for _ in range(10):
        if found := await settled_owner_of(w, address):
            return found, False
        kind, value, line, region, scope = address
        barred = erased.SOURCE if await erased.known(w, w.company_id, [value]) else None
        if barred and source != "inbound":
            raise RequestError.INVALID(fields=[ContactField.ERASED(kind.value)])
        made: UUID | None = await w.fetchval(_CREATE, w.company_id, kind, value, line, region, scope, name, source, barred)
        if made:
            w.emit(ContactsChanged(contact_id=made))
            return made, True
    raise RuntimeError("An address is taken and freed again faster than it can be read.")


_LANDLINES = f"""
update contact_identity i set line = 'fixed' from message m
where m.company_id = $1 and m.campaign_id = $2 and m.in_trouble and m.state = {MessageState.FAILED} and m.reason = '{FailureReason.LANDLINE}'
    and i.company_id = $1 and i.contact_id = m.contact_id and i.value = m.address and i.kind = 'phone' and i.line is distinct from 'fixed'
"""


async def note_landlines(w: Work, campaign_id: UUID) -> int:
    """The numbers of a campaign that its provider refused as landlines are some from now on. Returns how many."""
    return await w.execute(_LANDLINES, w.company_id, campaign_id)
