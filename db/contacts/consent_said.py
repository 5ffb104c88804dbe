"""What a person said somewhere else is written down: at the counter, on paper, in another system. It is kept with its proof, also where it changes
nothing, and is obeyed at once."""

from uuid import UUID

import asyncpg

from db.contacts import consent, consent_log
from db.contacts.consent_log import Proof
from db.contacts.enums import Category
from db.contacts.events import ContactsChanged
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work


async def say(actor: Actor, contact_id: UUID, *, allowed: bool, category: Category | None, note: str) -> asyncpg.Record:
    """Row as in `consent_log.entries`. Leave for one category lets nobody be written to who asked for no messages at all. Raises NotFound."""
    source, proof = ("api" if actor.kind == "api_key" else "person"), Proof(note=note)
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        refused = await w.fetchval(
            "select refuses from contact where company_id = $1 and id = $2 for update", w.company_id, contact_id
        )
        if refused is None:
            raise RequestError.NOT_FOUND(what="contact")
        if category is not None:
            left = {*refused} - {category.value} if allowed else {*refused, category.value}
            fresh = await consent.refuse(w, contact_id, [Category(one) for one in left], source, proof)
        elif allowed:
            fresh = await consent.opt_in(w, contact_id, source, proof)
        else:
            fresh = bool(await consent.opt_out(w, [contact_id], source, proof))
        if not fresh:
            await consent_log.add(w, [contact_id], allowed=allowed, source=source, category=category, proof=proof)
        w.audit("contact.consent_written", contact_id, allowed=allowed, category=category.value if category else None)
        w.emit(ContactsChanged(contact_id=contact_id))
        return await consent_log.latest(w, contact_id)
