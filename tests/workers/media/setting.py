"""A channel whose provider is a small server of the test, and the files that its messages bring."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.contacts.senders import Sender, contact_of
from db.jobs import DownloadFile
from db.messages import content as doc
from db.messages import inbound
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests.db.channels.factories import make_channel
from workers.http import OutboundClient
from workers.media import job
from workers.media.job import MediaJobs
from workers.providers.wire import Wire

PHONE = "5511987654321"


class Setting:
    """One company with one channel. `server` is where the provider is, whether it is the sandbox or another."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, settings: Settings, wire: Wire, server: str) -> None:
        self.db, self.owner, self.company = db, owner, owner.company_id
        self.settings = msgspec.structs.replace(settings, sandbox_url=server, graph_url=server, twilio_url=server)
        self.wire = wire
        self._channels: dict[str, UUID] = {}

    async def channel(self, kind: str = "whatsapp", **columns: Any) -> UUID:
        if kind not in self._channels:
            self._channels[kind] = await make_channel(self.db, self.owner, kind, **{"sandbox": True, **columns})
        return self._channels[kind]

    async def message(
        self, content: doc.MessageContent, kind: str = "whatsapp", provider_id: str = "wamid.1", *, history: bool = False
    ) -> UUID | None:
        """Stored as workers store what comes in; the id of its first file."""
        channel_id = await self.channel(kind)
        async with work(worker(self.company), Permission.CONTACTS_WRITE) as w:
            contact_id = await contact_of(w, Sender(phone=PHONE, name="Ana", scope="p"))
            at = await w.fetchval("select now()")
            where = (channel_id, contact_id, provider_id, f"+{PHONE}", content, at)
            stored = await inbound.store(w, inbound.Inbound(*where, history=history))
        if stored is None:
            return None
        return await self.db.fetchval("select id from message_file where message_id = $1 and number = 0", stored.id)

    async def fetch(self, file_id: UUID, client: Callable[[bool], OutboundClient] | None = None) -> asyncpg.Record:
        """Runs the job once; the row afterwards."""
        await MediaJobs(self.settings, self.wire, client).download(self.company, DownloadFile(file_id=file_id))
        return await self.row(file_id)

    async def give_up(self, file_id: UUID) -> asyncpg.Record:
        await job.give_up(self.company, DownloadFile(file_id=file_id), "tried for long")
        return await self.row(file_id)

    async def row(self, file_id: UUID) -> asyncpg.Record:
        row = await self.db.fetchrow("select * from message_file where id = $1", file_id)
        assert row is not None
        return row
