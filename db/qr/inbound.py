"""What a session tells: stored before anything else happens, a message once, whoever heard it.

It is not fenced: the platform takes a message for delivered once a connection has it, so what a gateway heard that lost its lease meanwhile
is heard all the same. The same message comes again from the history, from a second gateway and after a crash.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db import storable
from db.messages import inbox
from db.permissions import Permission
from db.qr import keys
from db.qr.enums import Groups
from db.qr.names import named
from db.tenancy import worker
from db.work import SystemWork, read, work


class Message(NamedTuple):
    """`whole`: it could be opened; one that could not may come again whole. `chat` and `id` as the platform has them. `group`: it was said in one.
    `secret`: what later messages that name it are opened with."""

    chat: str
    id: str
    whole: bool
    body: bytes
    group: bool = False
    secret: str | None = None


_GROUPS = "select groups from qr_session where company_id = $1 and id = $2"
_ONCE = """
insert into qr_heard(company_id, id, whole) select $1, r.id, r.whole from unnest($2::uuid[], $3::boolean[]) r(id, whole) order by r.id
on conflict (company_id, id) do update set whole = true where not qr_heard.whole and excluded.whole
returning id
"""


async def hear(company_id: UUID, channel_id: UUID, source: str, messages: Sequence[Message]) -> int:
    """Stores those that are new, for the workers to apply; returns how many. All of them are safe when it returns. What is said in groups is kept
    nowhere unless the company wants to see it."""
    by_id: dict[UUID, Message] = {}
    for message in messages:
        key = named(channel_id, message.chat, message.id)
        if key not in by_id or message.whole:
            by_id[key] = message
    if not by_id:
        return 0
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        if any(message.group for message in by_id.values()) and await w.fetchval(_GROUPS, company_id, channel_id) != Groups.SHOW:
            by_id = {key: message for key, message in by_id.items() if not message.group}
            if not by_id:
                return 0
        rows = await w.fetch(_ONCE, company_id, list(by_id), [message.whole for message in by_id.values()])
        fresh = {row["id"] for row in rows}
        told = [(None, message.body) for key, message in by_id.items() if key in fresh]
        await keys.keep_secrets(
            w,
            channel_id,
            {storable.key(one.id): one.secret for key, one in by_id.items() if key in fresh and one.secret is not None},
        )
        await inbox.store(w, channel_id, source, told, people=True)
        await w.execute("update qr_session set last_inbound_at = now() where company_id = $1 and id = $2", company_id, channel_id)
    return len(told)


async def secrets(company_id: UUID, channel_id: UUID, ids: Sequence[str]) -> dict[str, str]:
    """What messages of these ids brought."""
    async with read(worker(company_id), Permission.CHANNELS_READ) as r:
        return await keys.secrets(r, company_id, channel_id, ids)


async def note(company_id: UUID, channel_id: UUID, source: str, bodies: Sequence[bytes]) -> None:
    """Stores receipts and other news, which may come any number of times."""
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        await inbox.store(w, channel_id, source, [(None, body) for body in bodies])
        await w.execute("update qr_session set last_receipt_at = now() where company_id = $1 and id = $2", company_id, channel_id)


class Last(NamedTuple):
    """The newest message of a conversation that we have."""

    address: str
    id: str
    at: datetime


_LAST = """
select distinct on (contact_id) address, provider_id, received_at from inbound_message
where company_id = $1 and channel_id = $2 and received_at > now() - interval '15 minutes' and origin is null
order by contact_id, received_at desc limit 20
"""


async def lately(company_id: UUID, channel_id: UUID) -> list[Last]:
    """Conversations in which somebody wrote in the last minutes: what they wrote while a connection broke off may be nowhere else."""
    async with read(worker(company_id), Permission.CONVERSATIONS_READ) as r:
        return [Last(*row) for row in await r.fetch(_LAST, company_id, channel_id)]


async def forget_old(s: SystemWork) -> None:
    """A month later nobody tells of a message again; should it happen, its id at the provider makes it one all the same."""
    await s.execute("delete from qr_heard where at < now() - interval '40 days'")
