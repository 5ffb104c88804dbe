"""Who is not written to. Saying stop acts at once: on the contact, on every address of it, on messages that still wait.

The suppression outlives the contact: whoever said stop stays opted out when deleted and imported again.
"""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from db.contacts import consent_log, erased
from db.contacts.consent_log import NO_PROOF, Proof
from db.contacts.enums import Category
from db.contacts.events import ContactsChanged
from db.contacts.phones import variants
from db.messages import recipients
from db.work import Work

Source = Literal["keyword", "provider", "person", "import", "api", "list", "erasure"]

# In the order of ids; one that is being merged or deleted is waited for.
_STAND = "select id from contact where company_id = $1 and id = any($2::uuid[]) order by id for {}"
_JOINED = (
    "select distinct contact_id from contact_merge where company_id = $1 and merged_id = any($2::uuid[]) and undone_at is null"
)
_OUT = """
update contact set opted_out_at = now(), opt_out_source = $3, updated_at = clock_timestamp()
where company_id = $1 and id = any($2::uuid[]) and opted_out_at is null returning id
"""
_SUPPRESS = """
insert into suppression(company_id, address, source)
select distinct company_id, value, $3 from contact_identity where company_id = $1 and contact_id = any($2::uuid[])
order by 2 on conflict do nothing
"""
_LOCK = "select pg_advisory_xact_lock{}(hashtext('opt_out'), hashtext($1::uuid::text))"
_AUDIENCE = "select pg_advisory_xact_lock{}(hashtext('audience'), hashtext($1::uuid::text))"
_IN = """
update contact set opted_out_at = null, opt_out_source = null, updated_at = clock_timestamp()
where company_id = $1 and id = $2 and opted_out_at is not null
"""
_ALLOW = """
delete from suppression s using contact_identity i
where s.company_id = $1 and i.company_id = $1 and i.contact_id = $2 and s.address = i.value
"""


async def opt_out(w: Work, contact_ids: list[UUID], source: Source | str, proof: Proof = NO_PROOF) -> int:
    """Nothing more to these people, messages in the queue included; of one who became part of another contact meanwhile, to that one.
    Returns how many had not said so before."""
    contact_ids = await stand(w, contact_ids)
    fresh = await w.fetch(_OUT, w.company_id, contact_ids, source)
    await w.execute(_SUPPRESS, w.company_id, contact_ids, source)
    await see_queued(w)
    await recipients.skip(w, contact_ids)
    if len(contact_ids) == 1 and fresh:
        w.audit("contact.opted_out", contact_ids[0], source=source)
    if fresh:
        said = [row["id"] for row in fresh]
        await consent_log.add(w, said, allowed=False, source=source, proof=proof)
        await recipients.say_opted_out(w, said, source)
        w.emit(ContactsChanged(contact_id=contact_ids[0] if len(contact_ids) == 1 else None))
    return len(fresh)


async def stand(w: Work, contact_ids: list[UUID], *, going: bool = False) -> list[UUID]:
    """These contacts, locked: before their conversations, which come before their messages. For those that were merged away the ones that
    stayed. `going`: nobody else may even refer to them, because they are deleted next."""
    standing: set[UUID] = set()
    wanted = contact_ids
    while wanted:
        found = {row["id"] for row in await w.fetch(_STAND.format("update" if going else "no key update"), w.company_id, wanted)}
        standing |= found
        gone = [contact_id for contact_id in wanted if contact_id not in found]
        rows = await w.fetch(_JOINED, w.company_id, gone) if gone else []
        wanted = [row["contact_id"] for row in rows if row["contact_id"] not in standing]
    return sorted(standing)


async def opt_out_address(w: Work, address: str, source: Source) -> UUID | None:
    """The same for an address (E.164, e-mail, BSUID) whether it has a contact or not; returns the contact."""
    forms = list(variants(address))
    fresh = await w.execute(
        "insert into suppression(company_id, address, source) values ($1, $2, $3) on conflict do nothing",
        w.company_id,
        forms[0],
        source,
    )
    contact: UUID | None = await w.fetchval(
        "select contact_id from contact_identity where company_id = $1 and kind = any($2::text[]) and value = any($3::text[]) "
        "order by kind = 'phone' desc limit 1",
        w.company_id,
        ["phone", "wa_id", "bsuid", "email"],
        forms,
    )
    if contact is not None:
        await opt_out(w, [contact], source)
    elif fresh:
        await consent_log.add_addresses(w, forms[:1], allowed=False, source=source)
    return contact


async def opt_in(w: Work, contact_id: UUID, source: Source | str = "person", proof: Proof = NO_PROOF) -> bool:
    """The person asked to be written to again. Messages skipped meanwhile stay skipped. Returns whether they had opted out."""
    await w.execute(_ALLOW, w.company_id, contact_id)
    await erased.forget(w, contact_id)
    if not await w.execute(_IN, w.company_id, contact_id):
        return False
    await consent_log.add(w, [contact_id], allowed=True, source=source, proof=proof)
    await recipients.say_opted_in(w, contact_id)
    w.audit("contact.opted_in", contact_id)
    w.emit(ContactsChanged(contact_id=contact_id))
    return True


async def refuse(w: Work, contact_id: UUID, refused: Collection[Category], source: Source | str, proof: Proof = NO_PROOF) -> bool:
    """From now on campaigns of these categories pass the person by, those that are being sent included; of the others they do not. Returns whether
    that is new."""
    await see_queued(w)
    before = await w.fetchval(
        "select refuses from contact where company_id = $1 and id = $2 for update", w.company_id, contact_id
    )
    kept = sorted({Category(one).value for one in refused})
    if before is None or sorted(before) == kept:
        return False
    await w.execute(
        "update contact set refuses = $3, updated_at = clock_timestamp() where company_id = $1 and id = $2",
        w.company_id,
        contact_id,
        kept,
    )
    for category in Category:
        if (category in kept) != (category in before):
            await consent_log.add(w, [contact_id], allowed=category not in kept, source=source, category=category, proof=proof)
            if category in kept:
                await recipients.skip_category(w, contact_id, category)
    return True


async def hold(w: Work) -> None:
    """Keeps opt-outs, merges and deletions of the company out until the transaction ends: one that came before is visible from here
    on, one that comes later finds what is queued here."""
    await w.execute(_LOCK.format(""), w.company_id)


async def hold_audience(w: Work) -> None:
    """Until this transaction ends no contact goes by a bulk action: who is in the audience here is there when its messages are."""
    await w.execute(_AUDIENCE.format("_shared"), w.company_id)


async def await_audiences(w: Work) -> None:
    """For what takes many contacts away: waits until audiences that are being written are there to be seen, and lets no new one begin
    before this transaction ends. First of all locks."""
    await w.execute(_AUDIENCE.format(""), w.company_id)


async def see_queued(w: Work) -> None:
    """Before the messages of a contact are changed: what `hold` queues is there by now, or it will see this change."""
    await w.execute(_LOCK.format("_shared"), w.company_id)


async def apply_suppression(w: Work, contact_ids: list[UUID]) -> None:
    """Opts out whoever has a suppressed address, or one of somebody who was erased; for contacts that were made or got an address."""
    rows = await w.fetch(
        "select i.contact_id, min(s.source) as source from contact_identity i "
        "join suppression s on s.company_id = i.company_id and s.address = i.value "
        "join contact c on c.company_id = i.company_id and c.id = i.contact_id and c.opted_out_at is null "
        "where i.company_id = $1 and i.contact_id = any($2::uuid[]) group by 1",
        w.company_id,
        contact_ids,
    )
    for source in {row["source"] for row in rows}:
        await opt_out(w, [row["contact_id"] for row in rows if row["source"] == source], source)
    if barred := await erased.of_contacts(w, w.company_id, contact_ids):
        await opt_out(w, barred, erased.SOURCE)
