"""WhatsApp by linked devices, as the workers speak to it. Only a gateway has clients (workers/qr); everybody can read what it heard."""

from datetime import datetime
from typing import ClassVar
from urllib.parse import urlsplit
from uuid import UUID

from db.channels.secrets import ChannelRow, unseal
from db.clock import now
from db.messages.files import Waiting as WaitingFile
from db.messages.render import AnswerContent
from db.providers.linked.definition import PROVIDER
from db.qr import uploads
from db.settings import Settings
from workers.control import Control
from workers.outcomes import Outcome, Refusal
from workers.providers.adapter import Adapter, Checked, ComposeText, FileGone, FileSource, HandedFile, NotNow, Question
from workers.providers.linked import errors, inbound, media, polls, upload
from workers.providers.linked.payloads import answer_letter, text_letter, wa_id
from workers.providers.wire import Wire
from workers.qr.client import SessionClient


class LinkedAdapter(Adapter[SessionClient | Wire]):
    provider = PROVIDER
    parsers: ClassVar = {"linked": lambda body, _: inbound.parse(body)}
    names_messages = True

    def name_for(self, channel: ChannelRow, message_id: UUID) -> str:
        return wa_id(_pepper(channel), message_id)

    def number_of(self, name: str) -> str | None:
        digits = inbound.address_of(name, inbound.PERSON)
        return f"+{digits}" if digits else None

    def is_group(self, chat: str) -> bool:
        return inbound.is_group(chat)

    def secret_in(self, message: bytes) -> str | None:
        return polls.secret_in(message)

    def opened_by(self, message: bytes) -> str | None:
        return polls.opened_by(message)

    def opened(self, message: bytes, secret: str, own: tuple[str | None, ...]) -> bytes:
        return polls.opened(message, secret, own)

    def chat_of(self, address: str) -> str:
        if self.is_group(address):
            return address
        return f"{address[1:]}{inbound.PERSON}" if address.startswith("+") else f"{address}{inbound.HIDDEN}"

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> Wire:
        """For its files alone: a linked device is spoken for by its gateway."""
        return wire

    async def send(self, client: SessionClient | Wire, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        assert isinstance(client, SessionClient), "a linked device is spoken for by its gateway"
        return await client.send(body, latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        pepper = _pepper(channel)
        return lambda to, text, message: text_letter(to, text, wa_id(pepper, UUID(message)))

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        return answer_letter(to, content, wa_id(_pepper(channel), UUID(attempt)))

    def outcome_for(self, code: int) -> Refusal:
        return errors.outcome_for(code)

    async def locate_file(
        self, client: SessionClient | Wire, settings: Settings, channel: ChannelRow, file: WaitingFile
    ) -> FileSource:
        found = file.provider_id
        if found is None or file.url is None:
            raise FileGone
        try:
            media.keys_of(found)
        except ValueError:
            raise FileGone from None
        url, hosts = file.url, media.HOSTS
        if channel.sandbox:
            url = media.elsewhere(url, settings.sandbox_url)
            hosts = (urlsplit(url).hostname or "",)
        return FileSource(url, {}, hosts, lasting=True, unseal=lambda path: media.unseal(path, found))

    async def hand_over(
        self, client: SessionClient | Wire, settings: Settings, channel: ChannelRow, file: HandedFile
    ) -> tuple[str, datetime | None]:
        assert isinstance(client, Wire)
        grant = await uploads.grant(channel.company_id, channel.id)
        if grant is None:
            raise NotNow("the number is not connected")
        place = f"{settings.sandbox_url}/mmg" if channel.sandbox else None
        return await upload.hand_over(client, grant, file, place), now() + upload.KEPT

    async def check(self, control: Control[SessionClient | Wire], settings: Settings) -> Checked:
        raise ValueError("a linked device is spoken for by its gateway")

    def probe(self, control: Control[SessionClient | Wire]) -> Question:
        raise ValueError("a linked device is spoken for by its gateway")


def _pepper(channel: ChannelRow) -> str:
    """What ids are made with: the channel's token, which lasts as long as the channel."""
    return unseal(channel.company_id, channel.id, "token", channel.token)


ADAPTER = LinkedAdapter()
