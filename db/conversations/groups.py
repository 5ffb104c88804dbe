"""Groups in which a number writes along. A group is no contact: its id stands where a contact's does, in a conversation and its messages, and no row of
`contact` has it. So nothing that writes to contacts, asks for their consent or answers by itself ever meets one.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.contacts.notes import must_exist
from db.conversations.events import ConversationEntryAdded, ConversationUpdated
from db.messages import taken_away
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, Work, system_work, work

SUBJECT = 200
ASKED = 600.0
"""Seconds after which the platform is asked once more for a subject that it did not tell."""

ASKS, AGAIN = 600.0, 20.0
"""Seconds for which it is asked who administers a group, and between two questions."""

_KEEP = """
insert into chat_group as g (company_id, channel_id, address) values ($1, $2, $3)
on conflict (company_id, channel_id, address) do update set address = g.address returning id
"""
_CALLED = """
update chat_group set subject = $4, asked_at = now() where company_id = $1 and channel_id = $2 and address = $3 and subject <> $4 returning id
"""
_SHOWN = "update conversation set version = version + 1 where company_id = $1 and channel_id = $2 and contact_id = $3 returning id, version"
_UNKNOWN = """
update chat_group set asked_at = now() where (company_id, id) in (
    select company_id, id from chat_group where channel_id = any($1::uuid[])
        and (subject = '' and coalesce(asked_at < now() - make_interval(secs => $2), true)
            or asks_until > now() and coalesce(asked_at < now() - make_interval(secs => $3), true))
    limit 20 for update skip locked)
returning company_id, channel_id, address
"""
_TOLD = """
update chat_group g set subject = case when $4 = '' then g.subject else $4 end, admins = $5::text[], asks_until = null,
    ours = exists (select from qr_session s where s.company_id = $1 and s.id = $2 and (s.wa_jid = any($5) or s.lid = any($5)))
from (select id, subject, ours from chat_group where company_id = $1 and channel_id = $2 and address = $3 for update) was
where g.company_id = $1 and g.id = was.id returning g.id, (g.subject, g.ours) <> (was.subject, was.ours) as changed
"""
_ASK = """
update chat_group set asks_until = now() + make_interval(secs => $3), asked_at = case when asked_at > now() - make_interval(secs => $4) then asked_at end
where company_id = $1 and %s
"""
_ASK_ONE, _ASK_BY_NAME, _ASK_ALL = (_ASK % whose for whose in ("id = $2", "channel_id = $2 and address = $5", "channel_id = $2"))


class Unknown(NamedTuple):
    """A group whose subject or administrators nobody told us yet."""

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


async def told(company_id: UUID, channel_id: UUID, address: str, subject: str, admins: Sequence[str]) -> None:
    """The platform says how a group is called, and by which addresses its administrators are named. What waited for it is taken away."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        row = await w.fetchrow(_TOLD, company_id, channel_id, address, subject.strip()[:SUBJECT], list(admins))
        if row is None:
            return
        gone = await taken_away.settle(w, row["id"], admins)
        shown = await w.fetchrow(_SHOWN, company_id, channel_id, row["id"]) if row["changed"] or gone else None
        if shown is not None:
            w.emit(ConversationUpdated(conversation_id=shown["id"], contact_id=row["id"], version=shown["version"]))
            for message_id in gone:
                w.emit(ConversationEntryAdded(conversation_id=shown["id"], contact_id=row["id"], entry_id=message_id))


async def ask_for(w: Work, group_id: UUID) -> None:
    """Who administers it has to be known: the platform is asked within seconds."""
    await w.execute(_ASK_ONE, w.company_id, group_id, ASKS, AGAIN)


async def ask_anew(company_id: UUID, channel_id: UUID, address: str | None = None) -> None:
    """The same of one whose members changed, and of all of a number that was connected."""
    async with work(worker(company_id), Permission.CONVERSATIONS_WRITE) as w:
        if address is None:
            await w.execute(_ASK_ALL, company_id, channel_id, ASKS, AGAIN)
        else:
            await w.execute(_ASK_BY_NAME, company_id, channel_id, ASKS, AGAIN, address)


async def unknown(channel_ids: Sequence[UUID]) -> list[Unknown]:
    """Some that the platform is to be asked about now."""
    if not channel_ids:
        return []
    async with system_work() as s:
        return [Unknown(*row) for row in await s.fetch(_UNKNOWN, list(channel_ids), ASKED, AGAIN)]


async def is_group(r: Read, company_id: UUID, contact_id: UUID) -> bool:
    return bool(await r.fetchval("select true from chat_group where company_id = $1 and id = $2", company_id, contact_id))


async def must_talk(r: Read, company_id: UUID, contact_id: UUID) -> None:
    """Raises NotFound unless the company has this contact, or this group."""
    if not await is_group(r, company_id, contact_id):
        await must_exist(r, company_id, contact_id)
