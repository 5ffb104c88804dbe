"""From events to what is owed to Kommo, by the rules of the company: written in the transaction that counts the events as read.

What came from Kommo itself leads to nothing: both sides then stand where the link says they stood.
"""

from typing import Any
from uuid import UUID

import msgspec

from db.boards.events import LeadChanged
from db.contacts.events import ContactsChanged
from db.event_consumers import Batch
from db.kommo import links, tasks
from db.kommo.connection import Connection, connection_in
from db.kommo.enums import KommoTaskKind
from db.work import Work

MOST = 2000
"""Contacts that one change of many may lead to."""


async def read_batch(w: Work, batch: Batch) -> None:
    """Writes what the events lead to. Without a connection to nothing."""
    found = await connection_in(w, w.company_id)
    if found is None:
        return
    contacts: dict[UUID, None] = {}
    leads: dict[UUID, None] = {}
    many = batch.missed
    for event in batch.events:
        data = msgspec.json.decode(event.data, type=dict[str, Any])
        if event.type == ContactsChanged.type:
            if data["contact_id"] is None:
                many = True
            else:
                contacts[UUID(data["contact_id"])] = None
        elif event.type == LeadChanged.type and not data["deleted"]:
            leads[UUID(data["lead_id"])] = None
    if found.push_contacts:
        await _contacts(w, list(contacts), many)
    if leads:
        await _leads(w, found, list(leads))


async def _contacts(w: Work, ids: list[UUID], many: bool) -> None:
    """A change of many, such as an import, is taken over for those who are in Kommo already: nobody wants a hundred thousand new ones there
    by the way."""
    if many:
        rows = await w.fetch(
            "select c.id from kommo_link k join contact c on c.company_id = $1 and c.id = k.local_id where k.company_id = $1"
            " and k.kind = 'contact' and c.updated_at > k.synced_at order by c.id limit $2",
            w.company_id,
            MOST,
        )
        ids = list(dict.fromkeys([*ids, *(row["id"] for row in rows)]))
    facts = await links.contact_facts(w, ids)
    known = await links.ours(w, ids)
    wanted = [one for one in ids if (fact := facts.get(one)) and fact.reachable and fact.digest != known.get(one)]
    await tasks.owe(w, KommoTaskKind.PUSH_CONTACT, [(one, None, None) for one in wanted])


_MOVED = """
select l.id from lead l
join kommo_stage m on m.company_id = $1 and m.stage_id = l.stage_id
left join kommo_link k on k.company_id = $1 and k.kind = 'lead' and k.local_id = l.id
where l.company_id = $1 and l.id = any($2::uuid[]) and k.stage_id is distinct from l.stage_id
"""
_NOTED = """
select n.lead_id, n.id, n.body from lead_note n
where n.company_id = $1 and n.lead_id = any($2::uuid[]) and n.created_at >= (select notes_since from kommo_connection where company_id = $1)
    and (exists (select from kommo_link k where k.company_id = $1 and k.kind = 'lead' and k.local_id = n.lead_id)
        or exists (select from lead l join kommo_stage m on m.company_id = $1 and m.stage_id = l.stage_id where l.company_id = $1 and l.id = n.lead_id))
    and not exists (select from kommo_task t where t.company_id = $1 and t.note_id = n.id)
order by n.id
"""


async def _leads(w: Work, found: Connection, ids: list[UUID]) -> None:
    if found.push_leads:
        rows = await w.fetch(_MOVED, w.company_id, ids)
        moved = {row["id"] for row in rows}
        await tasks.owe(w, KommoTaskKind.PUSH_LEAD, [(one, None, None) for one in ids if one in moved])
    if found.push_notes:
        rows = await w.fetch(_NOTED, w.company_id, ids)
        await tasks.owe(w, KommoTaskKind.PUSH_NOTE, [(row["lead_id"], row["body"], row["id"]) for row in rows])
