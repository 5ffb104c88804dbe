"""One contact: made, changed, deleted by people and partners. Imports and inbound messages have ways of their own."""

from uuid import UUID

import asyncpg
import msgspec
from msgspec import UNSET, UnsetType

from db import versions
from db.boards import prospects
from db.contacts import consent, consent_log, erased, fields, identity_history, queries, tags
from db.contacts.enums import SAMPLE, Category, IdentityKind
from db.contacts.errors import ContactError, ContactField
from db.contacts.events import ContactsChanged
from db.contacts.identities import Address, add, email_address, owner_of, phone_address, refresh, region_of
from db.errors import RequestError, RequestField
from db.messages import recipients
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Work, work


async def create_contact(
    actor: Actor,
    *,
    name: str = "",
    phone: str | None = None,
    email: str | None = None,
    language: str | None = None,
    tag_names: list[str] | None = None,
    custom: dict[str, str] | None = None,
) -> asyncpg.Record:
    """The contact as `queries.contact`. Raises Invalid, and Conflict `contact_exists` with `contact_id` when somebody has the phone or e-mail."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        addresses = []
        if phone and phone.strip():
            addresses.append(phone_address(phone, await region_of(w, w.company_id)))
        if email and email.strip():
            addresses.append(email_address(email))
        name = _line(name)
        if not addresses and not name:
            raise RequestError.INVALID(fields=[ContactField.NOTHING_GIVEN("phone")])
        values = await fields.checked(w, custom or {})
        contact_id: UUID = await w.fetchval(
            "insert into contact(company_id, name, language, custom, source) values ($1, $2, $3, $4::jsonb, $5) returning id",
            w.company_id,
            name,
            language or None,
            msgspec.json.encode(values).decode(),
            "api" if actor.kind == "api_key" else "manual",
        )
        for address in addresses:
            await _give(w, contact_id, address)
        if tag_names:
            await tags.set_tags(w, contact_id, tag_names)
        await refresh(w, [contact_id])
        await consent.apply_suppression(w, [contact_id])
        w.audit("contact.created", contact_id)
        row = await queries.one(w, contact_id)
        w.emit(ContactsChanged(contact_id=contact_id, version=row["version"]))
        return row


async def change_contact(
    actor: Actor,
    contact_id: UUID,
    *,
    expected: Expected = None,
    name: str | UnsetType = UNSET,
    phone: str | UnsetType | None = UNSET,
    email: str | UnsetType | None = UNSET,
    language: str | UnsetType | None = UNSET,
    tag_names: list[str] | UnsetType = UNSET,
    custom: dict[str, str] | UnsetType = UNSET,
    opted_out: bool | UnsetType = UNSET,
    refuses: list[Category] | UnsetType = UNSET,
    consent_note: str = "",
) -> asyncpg.Record:
    """The contact as `queries.contact`. What is UNSET stays. `custom` is merged, an empty value takes its key out. Leave to write is given back
    only with a `consent_note`: the proof. Raises NotFound, PreconditionFailed, Invalid, Conflict `contact_exists`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _lock(w, contact_id, expected)
        if name is not UNSET:
            await w.execute(
                "update contact set name = $3 where company_id = $1 and id = $2", w.company_id, contact_id, _line(name)
            )
        if language is not UNSET:
            await w.execute(
                "update contact set language = $3 where company_id = $1 and id = $2", w.company_id, contact_id, language or None
            )
        if phone is not UNSET:
            given = phone_address(phone, await region_of(w, w.company_id)) if phone and phone.strip() else None
            if (
                await _replace(w, contact_id, IdentityKind.PHONE, given) and given is not None
            ):  # who got a number is invented no longer
                await w.execute(
                    "update contact set source = 'manual' where company_id = $1 and id = $2 and source = $3",
                    w.company_id,
                    contact_id,
                    SAMPLE,
                )
        if email is not UNSET:
            await _replace(w, contact_id, IdentityKind.EMAIL, email_address(email) if email and email.strip() else None)
        if custom is not UNSET:
            values = await fields.checked(w, custom)
            await w.execute(
                "update contact set custom = (custom - $3::text[]) || $4::jsonb where company_id = $1 and id = $2",
                w.company_id,
                contact_id,
                list(custom),
                msgspec.json.encode(values).decode(),
            )
        if tag_names is not UNSET:
            await tags.set_tags(w, contact_id, tag_names)
        await refresh(w, [contact_id])
        source = "api" if actor.kind == "api_key" else "person"
        if not consent_note.strip() and await _gives_leave(w, contact_id, opted_out, refuses):
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("consent_note")])
        proof = consent_log.Proof(note=consent_note.strip())
        if refuses is not UNSET:
            await consent.refuse(w, contact_id, refuses, source, proof)
        if opted_out is True:
            await consent.opt_out(w, [contact_id], source, proof)
        elif opted_out is False:
            await consent.opt_in(w, contact_id, source, proof)
        else:
            await consent.apply_suppression(w, [contact_id])
        w.audit("contact.changed", contact_id)
        row = await queries.one(w, contact_id)
        w.emit(ContactsChanged(contact_id=contact_id, version=row["version"]))
        return row


async def delete_contact(actor: Actor, contact_id: UUID, *, expected: Expected = None) -> None:
    """Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await _lock(w, contact_id, expected)
        await delete_contacts(w, [contact_id])
        w.audit("contact.deleted", contact_id)
        w.emit(ContactsChanged(contact_id=contact_id))


async def _gives_leave(w: Work, contact_id: UUID, opted_out: bool | UnsetType, refuses: list[Category] | UnsetType) -> bool:
    """Whether somebody who asked for no messages, or for none of a category, would be written to again."""
    row = await w.fetchrow(
        "select opted_out_at is not null as out, refuses from contact where company_id = $1 and id = $2", w.company_id, contact_id
    )
    assert row is not None
    return (row["out"] and opted_out is False) or (
        refuses is not UNSET and not {*row["refuses"]} <= {one.value for one in refuses}
    )


async def _lock(w: Work, contact_id: UUID, expected: Expected) -> None:
    version = await w.fetchval(
        f"select {queries.VERSION} from contact c where company_id = $1 and id = $2 for update", w.company_id, contact_id
    )
    if version is None:
        raise RequestError.NOT_FOUND(what="contact")
    versions.check(version, expected)


async def delete_contacts(w: Work, contact_ids: list[UUID]) -> int:
    """The persons with their addresses, tags and notes. What was sent stays counted, without a link to them; what waits to be
    sent is cancelled; their leads stay; who opted out stays suppressed."""
    await w.fetch(
        "select from contact where company_id = $1 and id = any($2::uuid[]) order by id for update", w.company_id, contact_ids
    )
    await consent.see_queued(w)
    await recipients.detach(w, contact_ids)
    await prospects.detach(w, contact_ids)
    # What was remembered to part them again, also where they were parted since.
    await w.execute("delete from contact_merge where company_id = $1 and merged_id = any($2::uuid[])", w.company_id, contact_ids)
    # And what lists had found or brought, for their undo.
    await w.execute(
        "update contact_import_member set before = null, after = null, addresses = null where company_id = $1"
        " and contact_id = any($2::uuid[]) and (before is not null or addresses is not null)",
        w.company_id,
        contact_ids,
    )
    return await w.execute("delete from contact where company_id = $1 and id = any($2::uuid[])", w.company_id, contact_ids)


async def _give(w: Work, contact_id: UUID, address: Address) -> None:
    if not await add(w, contact_id, address):
        owner = await owner_of(w, w.company_id, address)
        if owner == contact_id:
            return
        raise ContactError.CONTACT_EXISTS(field=address.kind.value, contact_id=str(owner))
    if await erased.known(w, w.company_id, [address.value]):
        raise RequestError.INVALID(fields=[ContactField.ERASED(address.kind.value)])


async def _replace(w: Work, contact_id: UUID, kind: IdentityKind, address: Address | None) -> bool:
    """The contact's first address of this kind becomes `address`, or goes; False when it was that already."""
    first = await w.fetchrow(
        "select id, value, array(select o.id from contact_identity o where o.company_id = $1 and o.contact_id = $2 and o.kind = 'wa_id') as wa_ids"
        " from contact_identity where company_id = $1 and contact_id = $2 and kind = $3 order by id limit 1",
        w.company_id,
        contact_id,
        kind,
    )
    if first is not None and address is not None and first["value"] == address.value:
        return False
    if first is not None:
        called = first["wa_ids"] if kind is IdentityKind.PHONE else []  # what WhatsApp called the old number
        await identity_history.take(w, [first["id"], *called])
    if address is not None:
        await _give(w, contact_id, address)
    return True


def _line(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:200]
