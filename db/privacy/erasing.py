"""Erases a person: at once nobody writes to them any more, then a job takes away what is kept of them, a slice at a time, and signs a receipt.

The contact goes last, in the transaction that writes the receipt: until then whatever comes meanwhile is found by it. A worker that dies
leaves rows that are still to be done, and nothing else. Refuses to decide: that is `decisions.py`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime
from enum import Enum
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import erasing as boards
from db.channels import log as channel_log
from db.clock import now
from db.contacts import consent, erased
from db.contacts import erasing as contacts
from db.contacts.actions import delete_contacts
from db.contacts.events import ContactsChanged
from db.contacts.phones import variants
from db.errors import RequestError
from db.incoming import deliveries as incoming
from db.jobs import EraseContact
from db.knowledge import gaps
from db.kommo import erasing as kommo
from db.messages import erasing as messages
from db.permissions import Permission
from db.privacy import decisions, exporting, receipts
from db.privacy.enums import ErasureState
from db.privacy.events import ErasureChanged
from db.qr import erasing as qr
from db.subjects import Subject
from db.tenancy import Actor, worker
from db.webhooks import deliveries as webhooks
from db.work import Read, Work, read, work

SLICE = 500
FORMAT = "master-ia/erasure/1"
STEPS: tuple[Callable[[Work, Subject, int], Awaitable[dict[str, int]]], ...] = (
    qr.erase,  # by the ids of messages: before them
    messages.erase,
    boards.erase,
    contacts.erase,
    exporting.erase,
    webhooks.erase,
    incoming.erase,
    channel_log.erase,
    gaps.erase,
    kommo.erase,
)
"""Each takes away some rows and says how many of which table; where nothing is left it says nothing but zeros."""
_GOING = {
    "contact": "select count(*) from contact where company_id = $1 and id = any($2::uuid[])",
    "contact_identity": "select count(*) from contact_identity where company_id = $1 and contact_id = any($2::uuid[])",
    "identity_past": "select count(*) from identity_past where company_id = $1 and contact_id = any($2::uuid[])",
    "contact_note": "select count(*) from contact_note where company_id = $1 and contact_id = any($2::uuid[])",
    "contact_tag": "select count(*) from contact_tag where company_id = $1 and contact_id = any($2::uuid[])",
    "contact_merge": "select count(*) from contact_merge where company_id = $1 and (contact_id = any($2::uuid[]) or merged_id = any($2::uuid[]))",
    "conversation": "select count(*) from conversation where company_id = $1 and contact_id = any($2::uuid[])",
    "conversation_entry": "select count(*) from conversation_entry where company_id = $1 and conversation_id = any(array("
    "select id from conversation where company_id = $1 and contact_id = any($2::uuid[])))",
    "ai_turn": "select count(*) from ai_turn where company_id = $1 and conversation_id = any(array("
    "select id from conversation where company_id = $1 and contact_id = any($2::uuid[])))",
    "lead_proposal": "select count(*) from lead_proposal where company_id = $1 and conversation_id = any(array("
    "select id from conversation where company_id = $1 and contact_id = any($2::uuid[])))",
}
"""What goes with the contact, counted before."""


class Erasure(NamedTuple):
    """`receipt`, the text that was signed, with its `signature` and the company's `public_key`, once it is done."""

    id: UUID
    contact_id: UUID
    state: ErasureState
    asked_by: UUID | None
    asked_by_name: str | None
    created_at: datetime
    done_at: datetime | None
    receipt: str | None
    signature: str | None
    public_key: str | None


class Next(Enum):
    """What is to be done after a slice."""

    MORE = "more"
    WAIT = "wait"  # a message is with the provider
    FILES = "files"  # their bytes go before it is said that they went
    DONE = "done"


_SELECT = """
select e.id, e.contact_id, e.state, e.asked_by, u.name as asked_by_name, e.created_at, e.done_at, e.receipt, e.signature, k.public_key
from erasure e left join account_user u on u.id = e.asked_by and e.asked_kind = 'user' left join receipt_key k on k.company_id = $1
where e.company_id = $1
"""


async def start(actor: Actor, contact_id: UUID) -> Erasure:
    """From this moment on nothing is sent to the person, and they are marked; the rest is a job's. Asked for twice it is one. Raises NotFound."""
    async with work(actor, Permission.PRIVACY_WRITE) as w:
        if not await w.fetchval(
            "select true from contact where company_id = $1 and id = $2 for update", w.company_id, contact_id
        ):
            raise RequestError.NOT_FOUND(what="contact")
        row = await w.fetchrow(
            "insert into erasure(company_id, contact_id, asked_kind, asked_by) values ($1, $2, $3, $4)"
            " on conflict (company_id, contact_id) where state = 'waiting' do nothing returning id",
            w.company_id,
            contact_id,
            actor.kind,
            actor.id,
        )
        if row is None:
            found = await w.fetchrow(f"{_SELECT} and e.contact_id = $2 and e.state = 'waiting'", w.company_id, contact_id)
            assert found is not None
            return _erasure(found)
        await consent.opt_out(w, [contact_id], erased.SOURCE)
        await erased.remember(w, [contact_id])
        w.audit("contact.erasing", contact_id, erasure=str(row["id"]))
        w.emit(ErasureChanged(erasure_id=row["id"], state=ErasureState.WAITING))
        w.enqueue(EraseContact(erasure_id=row["id"]))
        return await _one(w, row["id"])


async def erasures(actor: Actor, *, before: UUID | None, limit: int) -> list[Erasure]:
    """Newest first."""
    async with read(actor, Permission.PRIVACY_WRITE) as r:
        rows = await r.fetch(
            f"{_SELECT} and ($2::uuid is null or e.id < $2) order by e.id desc limit $3", actor.company_id, before, limit
        )
        return [_erasure(row) for row in rows]


async def erasure(actor: Actor, erasure_id: UUID) -> Erasure:
    """Raises NotFound."""
    async with read(actor, Permission.PRIVACY_WRITE) as r:
        return await _one(r, erasure_id)


async def verify(actor: Actor, receipt: str, signature: str) -> bool:
    """Whether this company signed this receipt, sign by sign."""
    async with read(actor, Permission.PRIVACY_WRITE) as r:
        public = await receipts.public_key(r, actor.company_id)
    return public is not None and receipts.signed(public, receipt, signature)


async def _one(r: Read, erasure_id: UUID) -> Erasure:
    assert r.actor is not None
    row = await r.fetchrow(f"{_SELECT} and e.id = $2", r.actor.company_id, erasure_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="erasure")
    return _erasure(row)


def _erasure(row: asyncpg.Record) -> Erasure:
    return Erasure(**dict(row) | {"state": ErasureState(row["state"])})


# -- the job


async def step(company_id: UUID, erasure_id: UUID) -> Next:
    """Takes away one slice and counts it, or ends with the receipt. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.PRIVACY_WRITE) as w:
        row = await w.fetchrow(
            "select contact_id, asked_kind, asked_by, erased::text as erased, marks, created_at from erasure"
            " where company_id = $1 and id = $2 and state = 'waiting' for update",
            company_id,
            erasure_id,
        )
        if row is None:
            return Next.DONE
        person = await _subject(w, row["contact_id"])
        counts = Counter(msgspec.json.decode(row["erased"], type=dict[str, int]))
        done: Counter[str] = Counter()
        for take in STEPS:
            done.update(await take(w, person, SLICE))
            if done.total():
                break
        if not done.total():
            if await messages.under_way(w, person):
                return Next.WAIT
            await _end(w, erasure_id, row, person, counts)
            return Next.DONE
        counts.update(done)
        await w.execute(
            "update erasure set erased = $3::jsonb where company_id = $1 and id = $2",
            company_id,
            erasure_id,
            msgspec.json.encode(+counts).decode(),
        )
        return Next.FILES if done["message_file"] or done["contact_export"] else Next.MORE


async def _subject(w: Work, contact_id: UUID) -> Subject:
    """The person, held until the transaction ends; whoever they became part of meanwhile."""
    standing = await consent.stand(w, [contact_id], going=True)
    conversations = await w.fetch(
        "select id from conversation where company_id = $1 and contact_id = any($2::uuid[])", w.company_id, standing
    )
    addresses = await w.fetch(
        "select value from contact_identity where company_id = $1 and contact_id = any($2::uuid[])", w.company_id, standing
    )
    forms = {form for row in addresses for form in (row["value"], *variants(row["value"]))}
    return Subject(standing, [row["id"] for row in conversations], sorted(forms))


async def _end(w: Work, erasure_id: UUID, row: asyncpg.Record, person: Subject, counts: Counter[str]) -> None:
    """The contact goes, and the receipt says so."""
    for table, counted in _GOING.items():
        counts[table] += await w.fetchval(counted, w.company_id, person.contact_ids)
    marks = await erased.remember(w, person.contact_ids)
    await delete_contacts(w, person.contact_ids)
    at = now()
    found = {
        "format": FORMAT,
        "erasure_id": erasure_id,
        "company_id": w.company_id,
        "contact_ids": person.contact_ids or [row["contact_id"]],
        "asked_at": row["created_at"],
        "asked_by": {"kind": row["asked_kind"], "id": row["asked_by"]},
        "erased_at": at,
        "erased": dict(sorted((+counts).items())),
        "kept": decisions.kept(),
        "suppressed": {"marks": marks, "method": "HMAC-SHA-256 under a sealed salt of the company"},
    }
    receipt = msgspec.json.encode(found).decode()
    key = await receipts.key(w)
    await w.execute(
        "update erasure set state = 'done', done_at = $3, erased = $4::jsonb, marks = $5, receipt = $6, signature = $7"
        " where company_id = $1 and id = $2",
        w.company_id,
        erasure_id,
        at,
        msgspec.json.encode(+counts).decode(),
        marks,
        receipt,
        receipts.sign(key.private, receipt),
    )
    w.audit("contact.erased", row["contact_id"], erasure=str(erasure_id))
    w.emit(ErasureChanged(erasure_id=erasure_id, state=ErasureState.DONE))
    w.emit(ContactsChanged(contact_id=row["contact_id"]))
