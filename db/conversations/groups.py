"""Groups in which a number writes along. A group is no contact: its id stands where a contact's does, in a conversation and its messages, and no row of
`contact` has it. So nothing that writes to contacts, asks for their consent or answers by itself ever meets one.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.contacts.notes import must_exist
from db.conversations.events import ConversationUpdated
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, Work, system_work, work

SUBJECT = 200
ASKED = 600.0
"""Seconds after which the platform is asked once more for a subject that it did not tell."""

_KEEP = """
insert into chat_group as g (company_id, channel_id, address) values ($1, $2, $3)
on conflict (company_id, channel_id, address) do update set address = g.address returning id
"""
_CALLED = """
update chat_group set subject = $4, asked_at = now() where company_id = $1 and channel_id = $2 and address = $3 and subject <> $4 returning id
"""
_SHOWN = "update conversation set version = version + 1 where company_id = $1 and channel_id = $2 and contact_id = $3 returning id, version"
_UNNAMED = """
update chat_group set asked_at = now() where (company_id, id) in (
    select company_id, id from chat_group where channel_id = any($1::uuid[]) and subject = ''
        and coalesce(asked_at < now() - make_interval(secs => $2), true) limit 20 for update skip locked)
returning company_id, channel_id, address
"""


class Unnamed(NamedTuple):
    """A group whose subject nobody told us yet."""

    company_id: UUID
    channel_id: UUID
    address: str


async def kept(w: Work, channel_id: UUID, address: str) -> UUID:
    """The id of a group, which it has from now on."""
    group_id: UUID = await w.fetchval(_KEEP, w.company_id, channel_id, address)
    return group_id


async def called(company_id: UUID, channel_id: UUID, address: str, subject: str) -> None:
    """The platform says how a group is called; of one that we do not show nothing is kept."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        group_id = await w.fetchval(_CALLED, company_id, channel_id, address, subject.strip()[:SUBJECT])
        if group_id is None:
            return
        row = await w.fetchrow(_SHOWN, company_id, channel_id, group_id)
        if row is not None:
            w.emit(ConversationUpdated(conversation_id=row["id"], contact_id=group_id, version=row["version"]))


async def unnamed(channel_ids: Sequence[UUID]) -> list[Unnamed]:
    """Some whose subject is to be asked for now."""
    if not channel_ids:
        return []
    async with system_work() as s:
        return [Unnamed(*row) for row in await s.fetch(_UNNAMED, list(channel_ids), ASKED)]


async def is_group(r: Read, company_id: UUID, contact_id: UUID) -> bool:
    return bool(await r.fetchval("select true from chat_group where company_id = $1 and id = $2", company_id, contact_id))


async def must_talk(r: Read, company_id: UUID, contact_id: UUID) -> None:
    """Raises NotFound unless the company has this contact, or this group."""
    if not await is_group(r, company_id, contact_id):
        await must_exist(r, company_id, contact_id)
