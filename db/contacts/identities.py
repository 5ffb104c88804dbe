"""How a person is reachable, and which contact an address belongs to. One address has one contact, whatever races.

Brazilian numbers with and without the ninth digit are one phone: `phone` identities hold the canonical form only, `wa_id`
keeps what WhatsApp itself calls the person. Refuses to guess that two contacts with phones of their own are one person.
"""

import re
import unicodedata
from typing import NamedTuple
from uuid import UUID

from db.contacts import consent
from db.contacts.enums import IdentityKind
from db.contacts.events import ContactsChanged
from db.contacts.phones import Phone, from_wa_id, parse_phone, variants
from db.contacts.reasons import Reason
from db.errors import RequestError
from db.messages import recipients
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


_CREATE = """
with claimed as (
    insert into contact_identity(company_id, contact_id, kind, value, line, region, scope)
    values ($1, uuidv7(), $2, $3, $4, $5, $6) on conflict (company_id, kind, value, scope) do nothing
    returning contact_id
), barred as (
    select source from suppression where company_id = $1 and address = $3
)
insert into contact(company_id, id, name, search, source, opted_out_at, opt_out_source)
select $1, contact_id, $7, search_text($7, array[$3]), $8, (select now() from barred), (select source from barred) from claimed
returning id
"""


async def find_or_create_by_address(w: Work, address: Address, *, name: str = "", source: str) -> tuple[UUID, bool]:
    """The contact of an address, and whether it was made now. Two callers at once get the same one: the unique constraint
    lets the first win, the second waits for its commit. A suppressed address comes opted out."""
    for _ in range(10):
        if found := await owner_of(w, w.company_id, address):
            return found, False
        kind, value, line, region, scope = address
        made: UUID | None = await w.fetchval(_CREATE, w.company_id, kind, value, line, region, scope, name, source)
        if made:
            w.emit(ContactsChanged(contact_id=made))
            return made, True
    raise RuntimeError("An address is taken and freed again faster than it can be read.")


async def contact_for_inbound(w: Work, *, phone: str | None, bsuid: str | None, profile_name: str | None, scope: str) -> UUID:
    """Who wrote to us. `phone` is E.164 or a bare wa_id, `scope` the portfolio of the BSUID; at least one of the two is given.

    New addresses are linked to the contact that is known by another one; a person known only by BSUID whose phone turns up
    is joined with the contact of that phone."""
    number = _number(phone)
    bsu = Address(IdentityKind.BSUID, bsuid, scope=scope) if bsuid else None
    first = number or bsu
    if first is None:
        raise ValueError("an inbound message without an address")
    name = " ".join((profile_name or "").replace("\0", "").split())[:200]
    known = await owner_of(w, w.company_id, first)
    if known is None and bsu is not None and number is not None:
        by_bsuid = await owner_of(w, w.company_id, bsu)
        # A person known by BSUID shows a phone for the first time, or a new one.
        if by_bsuid and await add(w, by_bsuid, number):
            await refresh(w, [by_bsuid])
            known = by_bsuid
    if known is None:
        known, _ = await find_or_create_by_address(w, first, name=name, source="inbound")
    if phone and number is not None:
        await add(w, known, Address(IdentityKind.WA_ID, "+" + phone.lstrip("+"), number.line, number.region))
    if bsu is not None and number is not None and not await add(w, known, bsu):
        other = await owner_of(w, w.company_id, bsu)
        if other is not None and other != known:
            await _absorb(w, known, other)
    if name and await w.execute(
        "update contact set name = $3 where company_id = $1 and id = $2 and name = ''", w.company_id, known, name
    ):
        await refresh(w, [known])
        w.emit(ContactsChanged(contact_id=known))
    return known


def _number(phone: str | None) -> Address | None:
    if not phone:
        return None
    parsed = from_wa_id(phone.lstrip("+"))
    if isinstance(parsed, Phone):
        return Address(IdentityKind.PHONE, parsed.canonical, parsed.line.value, parsed.region)
    # A number beyond our numbering plans still names its person.
    return Address(IdentityKind.PHONE, variants("+" + phone.lstrip("+"))[0], "other")


async def _absorb(w: Work, keep: UUID, other: UUID) -> None:
    """Joins a contact without a phone of its own into another one. One with a phone stays: two people may share an account."""
    has_phone = "select true from contact_identity where company_id = $1 and contact_id = $2 and kind = 'phone' limit 1"
    if await w.fetchval(has_phone, w.company_id, other):
        return
    await w.execute(
        "update contact_identity set contact_id = $2 where company_id = $1 and contact_id = $3", w.company_id, keep, other
    )
    await recipients.reassign(w, keep, other)
    await w.execute(
        "update contact_note set contact_id = $2 where company_id = $1 and contact_id = $3", w.company_id, keep, other
    )
    await w.execute(
        "insert into contact_tag(company_id, tag_id, contact_id) select company_id, tag_id, $2 from contact_tag "
        "where company_id = $1 and contact_id = $3 on conflict do nothing",
        w.company_id,
        keep,
        other,
    )
    await w.execute(
        "update contact k set custom = o.custom || k.custom, opted_out_at = coalesce(k.opted_out_at, o.opted_out_at), "
        "opt_out_source = coalesce(k.opt_out_source, o.opt_out_source), name = coalesce(nullif(k.name, ''), o.name) "
        "from contact o where k.company_id = $1 and k.id = $2 and o.company_id = $1 and o.id = $3",
        w.company_id,
        keep,
        other,
    )
    await w.execute("delete from contact where company_id = $1 and id = $2", w.company_id, other)
    source = await w.fetchval(
        "select opt_out_source from contact where company_id = $1 and id = $2 and opted_out_at is not null", w.company_id, keep
    )
    if source is not None:  # the wish of the one is now the wish of both: every address, and what waits
        await consent.opt_out(w, [keep], source)
    await refresh(w, [keep])
    w.audit("contact.joined", keep, joined=str(other))
    w.emit(ContactsChanged(contact_id=keep))
