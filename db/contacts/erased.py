"""Whom a company has erased: their addresses as marks under a sealed salt, so that nobody makes, imports or writes to them again, and nobody
reads from the marks who they were. Who writes to the company by themselves is answered, as somebody who opted out."""

import hashlib
import hmac
import os
from collections.abc import Iterable, Sequence
from uuid import UUID

from db.contacts.phones import variants
from db.crypto import ring
from db.ids import uuid7
from db.work import Read, Work

SOURCE = "erasure"
"""Of the opt-out of a person who was erased."""
_ADDRESSES = "select value from contact_identity where company_id = $1 and contact_id = any($2::uuid[])"


async def known(r: Read, company_id: UUID, addresses: Iterable[str]) -> set[str]:
    """Which of these addresses belong to people who were erased."""
    wanted = sorted(set(addresses))
    salt = await _salt(r, company_id) if wanted else None
    if salt is None:
        return set()
    marks = {_mark(salt, address): address for address in wanted}
    rows = await r.fetch(
        "select mark from erased_address where company_id = $1 and mark = any($2::bytea[])", company_id, [*marks]
    )
    found = {row["mark"] for row in rows}
    return {address for address in wanted if _mark(salt, address) in found}


async def of_contacts(r: Read, company_id: UUID, contact_ids: Sequence[UUID]) -> list[UUID]:
    """Those of these contacts who have an address of somebody erased and have not opted out yet."""
    if await _salt(r, company_id) is None:
        return []
    rows = await r.fetch(
        "select i.contact_id, i.value from contact_identity i join contact c on c.company_id = $1 and c.id = i.contact_id"
        " where i.company_id = $1 and i.contact_id = any($2::uuid[]) and c.opted_out_at is null",
        company_id,
        list(contact_ids),
    )
    found = await known(r, company_id, (row["value"] for row in rows))
    return sorted({row["contact_id"] for row in rows if row["value"] in found})


async def remember(w: Work, contact_ids: list[UUID]) -> int:
    """Marks every address of these contacts in place of what is kept of it in the clear. Returns how many are marked."""
    addresses = [row["value"] for row in await w.fetch(_ADDRESSES, w.company_id, contact_ids)]
    salt = await _salt(w, w.company_id) or await _new_salt(w)
    marks = sorted({_mark(salt, address) for address in addresses})
    await w.execute(
        "insert into erased_address(company_id, mark) select $1, unnest($2::bytea[]) on conflict do nothing", w.company_id, marks
    )
    await w.execute(
        "delete from suppression where company_id = $1 and address = any($2::text[])",
        w.company_id,
        sorted({form for address in addresses for form in (address, *variants(address))}),
    )
    await w.execute(
        "delete from consent_entry where company_id = $1 and contact_id is null and address = any($2::text[])",
        w.company_id,
        sorted({form for address in addresses for form in (address, *variants(address))}),
    )
    return len(marks)


async def forget(w: Work, contact_id: UUID) -> None:
    """The person asked to be written to again."""
    if (salt := await _salt(w, w.company_id)) is None:
        return
    rows = await w.fetch(_ADDRESSES, w.company_id, [contact_id])
    marks = [_mark(salt, row["value"]) for row in rows]
    await w.execute("delete from erased_address where company_id = $1 and mark = any($2::bytea[])", w.company_id, marks)


async def _salt(r: Read, company_id: UUID) -> bytes | None:
    row = await r.fetchrow("select id, salt from erased_salt where company_id = $1", company_id)
    if row is None:
        return None
    sealed = ring().open(row["salt"], company_id=company_id, table="erased_salt", column="salt", row_id=row["id"])
    return bytes.fromhex(sealed)


async def _new_salt(w: Work) -> bytes:
    row_id = uuid7()
    sealed = ring().seal(os.urandom(32).hex(), company_id=w.company_id, table="erased_salt", column="salt", row_id=row_id)
    await w.execute(
        "insert into erased_salt(company_id, id, salt) values ($1, $2, $3) on conflict do nothing", w.company_id, row_id, sealed
    )
    salt = await _salt(w, w.company_id)  # of whoever was first
    assert salt is not None
    return salt


def _mark(salt: bytes, address: str) -> bytes:
    """The same for every form of one phone."""
    return hmac.digest(salt, variants(address)[0].casefold().encode(), hashlib.sha256)
