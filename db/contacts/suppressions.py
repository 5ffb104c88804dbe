"""The list of addresses that are not written to, whoever has them: read, filled from a list of opt-outs, and an address taken off again."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts import consent, consent_log, erased
from db.contacts.events import ContactsChanged
from db.contacts.identities import email_address, region_of
from db.contacts.phones import Phone, parse_phone, variants
from db.errors import AppError, RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

MOST = 5000
"""Addresses of one call."""

_LIST = """
select s.address, s.source, s.at, i.contact_id, c.name from suppression s
left join lateral (select contact_id from contact_identity i where i.company_id = $1 and i.value = s.address
    and i.kind in ('phone', 'wa_id', 'bsuid', 'email') order by i.kind = 'phone' desc limit 1) i on true
left join contact c on c.company_id = $1 and c.id = i.contact_id
where s.company_id = $1 and ($2::text is null or s.address > $2) and ($3::text is null or strpos(s.address, $3) > 0)
order by s.address limit $4
"""
_ADD = """
insert into suppression(company_id, address, source) select $1, a, 'list' from unnest($2::text[]) a order by a
on conflict do nothing returning address
"""
_OWNERS = """
select distinct contact_id, value from contact_identity where company_id = $1 and value = any($2::text[])
    and kind in ('phone', 'wa_id', 'bsuid', 'email')
"""


class Barred(NamedTuple):
    """What became of a list: addresses that are not written to from now on, those that were not before, and lines that are no address."""

    added: int
    known: int
    wrong: list[str]


async def suppressions(
    actor: Actor, *, search: str | None = None, after: str | None = None, limit: int = 50
) -> list[asyncpg.Record]:
    """Rows `address, source, at, contact_id, name` by address; `after` is the last one's."""
    wanted = "".join((search or "").lower().split()).lstrip("+") or None
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await r.fetch(_LIST, actor.company_id, after, wanted, limit)


async def bar(actor: Actor, texts: list[str], note: str) -> Barred:
    """Whoever has one of these phones or e-mails gets nothing more, now and when they come later; messages in the queue included. `note` says
    where the list is from: it is the proof."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        region = await region_of(w, w.company_id)
        found: dict[str, None] = {}
        wrong: list[str] = []
        for text in texts:
            address = _address(text.replace("\0", ""), region)
            if address is not None:
                found[address] = None
            elif text.strip():
                wrong.append(text.strip())
        addresses = (
            [one for one in found if one not in gone] if (gone := await erased.known(w, w.company_id, found)) else list(found)
        )
        fresh = [row["address"] for row in await w.fetch(_ADD, w.company_id, addresses)]
        proof = consent_log.Proof(note=note)
        forms = {form: address for address in addresses for form in variants(address)}
        owners = await w.fetch(_OWNERS, w.company_id, list(forms))
        await consent.opt_out(w, sorted({row["contact_id"] for row in owners}), "list", proof)
        owned = {forms[row["value"]] for row in owners}
        await consent_log.add_addresses(w, [one for one in fresh if one not in owned], allowed=False, source="list", proof=proof)
        w.audit("suppression.added", None, added=len(fresh), wrong=len(wrong))
        return Barred(len(fresh), len(found) - len(fresh), wrong)


def _address(text: str, region: str) -> str | None:
    """As it is kept; None for what is no phone and no e-mail."""
    if "@" in text:
        try:
            return email_address(text).value
        except AppError:
            return None
    phone = parse_phone(text, region)
    return phone.canonical if isinstance(phone, Phone) else None


async def lift(actor: Actor, address: str, note: str) -> None:
    """The address may be written to again, and so may the contact that has it. `note` says where and how the person asked for it: it is the proof.
    Raises NotFound, Invalid without it."""
    proof = consent_log.Proof(note=note.strip())
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        if not await w.execute("delete from suppression where company_id = $1 and address = $2", w.company_id, address):
            raise RequestError.NOT_FOUND(what="suppression")
        if not proof.note:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("note")])
        owner = await _owner(w, address)
        source = "api" if actor.kind == "api_key" else "person"
        if owner is None:
            await consent_log.add_addresses(w, [address], allowed=True, source=source, proof=proof)
        else:
            await consent.opt_in(w, owner, source, proof)
        w.audit("suppression.lifted", owner)
        w.emit(ContactsChanged(contact_id=owner))


async def _owner(w: Work, address: str) -> UUID | None:
    rows = await w.fetch(_OWNERS, w.company_id, list(variants(address)))
    return rows[0]["contact_id"] if rows else None
