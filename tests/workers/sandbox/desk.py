"""A person on the sandbox who has just written, and somebody who answers with files."""

import io
import wave
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg
import av
import msgspec
from PIL import Image

from db.channels.secrets import seal
from db.ids import uuid7
from db.jobs import SendFile
from db.messages import answers, conversation, uploads
from db.messages.conversation import Entry
from db.messages.files import MessageFile
from db.messages.replies import FileReply
from db.settings import Settings
from db.tenancy import Actor
from tests.db.channels.factories import make_channel, put_inbox
from tests.workers.sandbox.world import Sandbox, until
from workers.inbound import process_inbox
from workers.media.outgoing import OutgoingFiles
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.sending import Lanes

PHONE = "5511987654321"
QUOTA = 1_000_000
PDF = b"%PDF-1.7\n1 0 obj\n"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(out, "PNG")
    return out.getvalue()


def recorded(container: str, codec: str, layout: str) -> bytes:
    """A second, as a browser records it."""
    wav, out = io.BytesIO(), io.BytesIO()
    with wave.open(wav, "wb") as made:
        made.setnchannels(2)
        made.setsampwidth(2)
        made.setframerate(44_100)
        made.writeframes(bytes(range(256)) * 700)
    with av.open(io.BytesIO(wav.getvalue())) as source, av.open(out, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=48_000, layout=layout)
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=48_000)
        for frame in source.decode(audio=0):
            for one in resampler.resample(frame):
                target.mux(stream.encode(one))
        target.mux(stream.encode(None))
    return out.getvalue()


class Desk:
    """A person on the sandbox who has just written, and somebody who answers with files."""

    def __init__(
        self, sandbox: Sandbox, settings: Settings, db: asyncpg.Connection, owner: Actor, channel: UUID, contact: UUID, wire: Wire
    ) -> None:
        self.sandbox, self.db, self.owner, self.channel, self.contact = sandbox, db, owner, channel, contact
        self.jobs = OutgoingFiles(settings, wire)
        self.lanes = Lanes(settings, Sender(settings, wire))

    async def upload(self, content: bytes, name: str, kind: str, quota: int = QUOTA) -> MessageFile:
        async def pieces() -> AsyncIterator[bytes]:
            yield content

        return await uploads.upload(self.owner, name, kind, pieces(), quota=quota)

    async def reply(self, reply: FileReply) -> UUID:
        return (await answers.send(self.owner, self.contact, self.channel, reply)).id

    async def hand_over(self, file: MessageFile) -> None:
        await self.jobs.send(self.owner.company_id, SendFile(file_id=file.id))

    async def shown(self) -> Entry:
        """The only message that went out, or is to go."""
        found = await conversation.messages(self.owner, self.contact, before=None, limit=10)
        [one] = [one for one in found if one.direction == "out"]
        return one

    async def lane(self) -> None:
        await self.lanes.run(self.owner.company_id, self.channel, 0)
        await self.lanes.drain()

    async def accepted(self) -> list[dict[str, Any]]:
        return list((await self.sandbox.http.get("/sandbox/ledger")).json()["data"])

    async def row(self, message_id: UUID) -> tuple[str, str | None]:
        row = await self.db.fetchrow("select state, reason from message where id = $1", message_id)
        assert row is not None
        return {0: "queued", 3: "sent", 6: "failed"}.get(row["state"], str(row["state"])), row["reason"]


async def desk_over(kind: str, sandbox: Sandbox, owner: Actor, db: asyncpg.Connection, database: Settings, wire: Wire) -> Desk:
    played = {"whatsapp": "meta", "sms": "twilio"}[kind]
    account = await sandbox.account(played, behaviour={"batch_ms": 5, "delivered_share": 0, "read_share": 0})
    channel_id, secret = uuid7(), account["token"] if played == "meta" else account["auth_token"]
    columns: dict[str, Any] = {
        "id": channel_id,
        "sandbox": True,
        "token": seal(owner.company_id, channel_id, "token", secret),
        "signing_secret": None,
        "external_id": account["phone_number_id" if played == "meta" else "phone_number"],
        "account_id": account["waba_id" if played == "meta" else "account_sid"],
    }
    await make_channel(db, owner, kind, **columns)
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json={"to_contact": PHONE, "text": "Oi"})
    await until(lambda: bool(sandbox.product.requests))
    told = sandbox.product.requests.pop().body
    await put_inbox(db, owner, channel_id, told, "meta" if played == "meta" else "twilio_message")
    await process_inbox(owner.company_id)
    contact = await db.fetchval("select contact_id from inbound_message where channel_id = $1", channel_id)
    return Desk(sandbox, msgspec.structs.replace(database, sandbox_url=sandbox.base), db, owner, channel_id, contact, wire)
