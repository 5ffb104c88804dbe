"""Who wrote to us: one contact per person, whatever the provider shows of them this time.

A WhatsApp user is known by phone, by a user id of the portfolio (BSUID) or by username, and each may come first, change, or stay
away. What turns out to be one person is merged (`merges.py`, which can part it again). Refuses to guess that two contacts with
phones of their own are one person, unless the provider itself says that a number changed.
"""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from db.contacts import consent, identity_history
from db.contacts.enums import IdentityKind, MergeReason
from db.contacts.events import ContactsChanged
from db.contacts.identities import Address, add, find_or_create_by_address, number_address, owner_of, refresh, settled_owner_of
from db.contacts.merges import merge
from db.work import Work


class Sender(NamedTuple):
    """What a provider shows of a person. `phone`: E.164 or a bare wa_id. `scope`: the portfolio in which `bsuid` holds. `lid`: the hidden id that
    linked devices see, the same for everybody."""

    phone: str | None = None
    bsuid: str | None = None
    username: str | None = None
    name: str | None = None
    scope: str = ""
    lid: str | None = None

    @property
    def addresses(self) -> list[Address]:
        """The surest first."""
        found = [number_address(self.phone)] if self.phone else []
        if self.bsuid:
            found.append(Address(IdentityKind.BSUID, self.bsuid, scope=self.scope))
        if self.lid:
            found.append(Address(IdentityKind.LID, self.lid))
        if self.username:
            found.append(Address(IdentityKind.USERNAME, self.username.lower()))
        return found

    @property
    def address(self) -> str | None:
        """How the person's messages are marked: the phone, else the user id or hidden id, else the username."""
        return next((address.value for address in self.addresses), None)


async def contact_of(w: Work, sender: Sender) -> UUID:
    """The person's contact, made when nothing of them is known. Raises ValueError for a sender without any address."""
    addresses = sender.addresses
    if not addresses:
        raise ValueError("an inbound message without an address")
    name = " ".join((sender.name or "").replace("\0", "").split())[:200]
    number = next((one for one in addresses if one.kind is IdentityKind.PHONE), None)
    bsuid = next((one for one in addresses if one.kind in (IdentityKind.BSUID, IdentityKind.LID)), None)
    username = next((one for one in addresses if one.kind is IdentityKind.USERNAME), None)
    grown = False
    known = await settled_owner_of(w, addresses[0])
    if known is None and number is not None and bsuid is not None:
        by_bsuid = await settled_owner_of(w, bsuid)
        # A person known by user id shows a phone for the first time, or a new one.
        if by_bsuid and await add(w, by_bsuid, number):
            known, grown = by_bsuid, True
    if known is None:
        known, _ = await find_or_create_by_address(w, addresses[0], name=name, source="inbound")
    if sender.phone and number is not None:
        grown = await _reachable(w, known, sender.phone, True) > 0 or grown
        spelled = Address(IdentityKind.WA_ID, "+" + sender.phone.lstrip("+"), number.line, number.region)
        grown = await add(w, known, spelled) or grown
        if bsuid is not None:
            grown = await _link(w, known, bsuid, MergeReason.PHONE_SHOWN) or grown
    if username is not None and username != addresses[0]:
        before = known
        known, changed = await _hold_username(w, known, username)
        grown = grown or changed or known != before
    if name and await w.execute(
        "update contact set name = $3 where company_id = $1 and id = $2 and name = ''", w.company_id, known, name
    ):
        grown = True
    if grown:
        await _grown(w, known)
    return known


async def changed(w: Work, before: Sender, after: Sender, reason: MergeReason) -> UUID | None:
    """The provider says that a person goes by other addresses now: one contact has the former and the new ones, and is written to
    under the new number. None when nothing is told of who it is."""
    former, new = before.addresses, after.addresses
    person: UUID | None = None
    for address in [*former, *new]:
        if (person := await settled_owner_of(w, address)) is not None:
            break
    if person is None:
        if not (former or new):
            return None
        person, _ = await find_or_create_by_address(w, (new or former)[0], source="inbound")
    for address in former:
        await _link(w, person, address, reason)
    for address in new:
        if not await add(w, person, address):
            other = await owner_of(w, w.company_id, address)
            if other is not None and other != person:
                await merge(w, person, other, reason)
    if before.phone and after.phone and former[0].value != new[0].value:
        await _reachable(w, person, before.phone, False)
        await _reachable(w, person, after.phone, True)
    await _grown(w, person)
    return person


async def learn_user_ids(w: Work, pairs: Iterable[tuple[str, str]], scope: str) -> set[tuple[str, str]]:
    """Phones (canonical) of which a provider told the user id, so that a later message under the id alone finds its person.
    Returns the pairs that were known before."""
    wanted = list(dict.fromkeys(pairs))
    if not wanted:
        return set()
    phones, ids = zip(*wanted, strict=True)
    rows = await w.fetch(
        "select r.phone, r.bsuid, p.contact_id as person, b.contact_id as holder"
        " from unnest($2::text[], $3::text[]) r(phone, bsuid)"
        " join contact_identity p on p.company_id = $1 and p.kind = 'phone' and p.value = r.phone and p.scope = ''"
        " left join contact_identity b on b.company_id = $1 and b.kind = 'bsuid' and b.value = r.bsuid and b.scope = $4",
        w.company_id,
        list(phones),
        list(ids),
        scope,
    )
    known = set()
    for row in rows:
        if row["person"] == row["holder"]:
            known.add((row["phone"], row["bsuid"]))
        elif await _link(w, row["person"], Address(IdentityKind.BSUID, row["bsuid"], scope=scope), MergeReason.PHONE_SHOWN):
            await _grown(w, row["person"])
    return known


async def _link(w: Work, person: UUID, address: Address, reason: MergeReason) -> bool:
    """The person gets the address, with the contact that had it; one with a phone of its own keeps it: two people may share an
    account. True when something changed."""
    if await add(w, person, address):
        return True
    other = await owner_of(w, w.company_id, address)
    if other is None or other == person or await _has_phone(w, other):
        return False
    return await merge(w, person, other, reason)


async def _hold_username(w: Work, person: UUID, username: Address) -> tuple[UUID, bool]:
    """Who has the username now, and whether something changed. Another contact that had it is the same person unless both have a
    phone: then the name was handed on."""
    holder = await owner_of(w, w.company_id, username)
    if holder == person:
        return person, False
    if holder is not None:
        if not await _has_phone(w, person) and await merge(w, holder, person, MergeReason.USERNAME):
            return holder, True
        if not await _has_phone(w, holder) and await merge(w, person, holder, MergeReason.USERNAME):
            return person, True
    former = await w.fetch(
        "select id from contact_identity where company_id = $1 and kind = 'username' and (contact_id = $2 or value = $3)",
        w.company_id,
        person,
        username.value,
    )
    await identity_history.take(w, [row["id"] for row in former])
    return person, await add(w, person, username)


async def _reachable(w: Work, person: UUID, phone: str, valid: bool) -> int:
    """Marks whether the number is reachable; returns how many addresses changed by that."""
    return await w.execute(
        "update contact_identity set valid = $4 where company_id = $1 and contact_id = $2 and kind in ('phone', 'wa_id')"
        " and value = any($3::text[]) and valid <> $4",
        w.company_id,
        person,
        [number_address(phone).value, "+" + phone.lstrip("+")],
        valid,
    )


async def _has_phone(w: Work, contact_id: UUID) -> bool:
    return bool(
        await w.fetchval(
            "select true from contact_identity where company_id = $1 and contact_id = $2 and kind = 'phone' limit 1",
            w.company_id,
            contact_id,
        )
    )


async def _grown(w: Work, contact_id: UUID) -> None:
    """A contact has another address or name, or one that is reachable again: what was asked for under one address holds for all."""
    source = await w.fetchval(
        "select opt_out_source from contact where company_id = $1 and id = $2 and opted_out_at is not null",
        w.company_id,
        contact_id,
    )
    if source is not None:
        await consent.opt_out(w, [contact_id], source)
    else:
        await consent.apply_suppression(w, [contact_id])
    await refresh(w, [contact_id])
    w.emit(ContactsChanged(contact_id=contact_id))
