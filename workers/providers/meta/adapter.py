"""WhatsApp by Meta's Cloud API, as the workers speak to it."""

import asyncio
import base64
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from db.channels.secrets import ChannelRow
from db.channels.signups import TakenOver, Waiting
from db.channels.templates import Listed
from db.clock import now
from db.messages.enums import FileForm
from db.messages.files import Waiting as WaitingFile
from db.messages.render import (
    AnswerContent,
    ButtonsContent,
    CardsContent,
    FileContent,
    ListContent,
    LiteralContent,
    LocationContent,
    ReactionContent,
    TemplateContent,
)
from db.providers.meta.definition import PROVIDER
from db.settings import Settings
from workers.control import Control
from workers.outcomes import Outcome, Refusal
from workers.providers.adapter import (
    Adapter,
    Checked,
    ComposeText,
    Conversion,
    FileGone,
    FileSource,
    HandedFile,
    Question,
    SandboxAccount,
    Submitted,
    TemplateSender,
)
from workers.providers.meta import errors, inbound
from workers.providers.meta.check import MetaCheck, listed
from workers.providers.meta.client import MetaClient
from workers.providers.meta.payloads import (
    buttons_message,
    contacts_message,
    list_message,
    location_message,
    media_message,
    reaction_message,
    read_receipt,
    text_message,
)
from workers.providers.meta.signup import redeem, take_over
from workers.providers.meta.templates import compile_template
from workers.providers.wire import ProviderError, Wire

FILE_HOSTS = (".fbsbx.com", ".fbcdn.net", ".whatsapp.net")
"""Meta's own, which may see the token."""
MEDIA_KEPT = timedelta(days=29)
"""A day less than Meta keeps an uploaded file."""
NO_SUCH_FILE = (33, 100, 131052)


def digest_of(text: str | None) -> bytes | None:
    """A SHA-256 as Meta writes it: hexadecimal of a file, base64 in a webhook."""
    try:
        found = bytes.fromhex(text or "") if len(text or "") == 64 else base64.b64decode(text or "", validate=True)
    except ValueError:
        return None
    return found if len(found) == 32 else None


class _Number(msgspec.Struct, frozen=True):
    phone_number_id: str
    display_phone_number: str


class _Account(msgspec.Struct, frozen=True):
    waba_id: str
    business_id: str
    app_id: str
    token: str
    app_secret: str
    numbers: list[_Number]


class MetaAdapter(Adapter[MetaClient]):
    provider = PROVIDER
    parsers = {"meta": lambda body, _: inbound.parse(body)}  # noqa: RUF012 - read only

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> MetaClient:
        base = settings.sandbox_url if channel.sandbox else settings.graph_url
        return MetaClient(base, settings.graph_version, token, wire=wire)

    async def send(self, client: MetaClient, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        return await client.send(channel.external_id, body, latest=latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        return text_message

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        match content:
            case LiteralContent():
                return text_message(to, content.body, attempt, context_id=content.reply_to)
            case ButtonsContent():
                return buttons_message(to, content.body, content.buttons, attempt, context_id=content.reply_to)
            case ListContent():
                return list_message(to, content.body, content.button, content.rows, attempt, context_id=content.reply_to)
            case LocationContent():
                return location_message(
                    to, content.latitude, content.longitude, attempt, name=content.name, place=content.address,
                    context_id=content.reply_to,
                )  # fmt: skip
            case CardsContent():
                return contacts_message(to, content.contacts, attempt, context_id=content.reply_to)
            case ReactionContent():
                return reaction_message(to, content.target_id, content.emoji or "", attempt)
            case FileContent(media=str() as media):
                name = content.name if content.form is FileForm.DOCUMENT else None
                return media_message(
                    to, content.form, media, attempt, caption=content.caption, filename=name, voice=content.voice,
                    context_id=content.reply_to,
                )  # fmt: skip
            case _:
                raise ValueError(f"{type(content).__name__} cannot be sent over WhatsApp")

    def outcome_for(self, code: int) -> Refusal:
        return errors.outcome_for(code)

    async def check(self, control: Control[MetaClient], settings: Settings) -> Checked:
        callback = self.provider.address(settings.webhook_url, control.channel.id, "meta")
        return await MetaCheck(control, callback).run()

    def probe(self, control: Control[MetaClient]) -> Question:
        number = control.channel.external_id
        return Question("Number read", f"GET /{number}", control.client.phone_number(number))

    def compile_template(self, content: TemplateContent) -> TemplateSender:
        return compile_template(content.name, content.language, content.components, category=content.category)

    async def list_templates(self, control: Control[MetaClient]) -> list[Listed]:
        account = control.channel.account_id
        request = f"GET /{account}/message_templates"
        found = await control.call("templates", "Templates read", request, control.client.templates(account))
        return [listed(template) for template in found]

    async def create_template(self, control: Control[MetaClient], template: dict[str, Any]) -> Submitted:
        account = control.channel.account_id
        body = {
            **{name: value for name, value in template.items() if name != "lifetime"},
            "category": template["category"].upper(),
            "parameter_format": template["parameter_format"].upper(),
            **_lifetime(template),
        }
        request = f"POST /{account}/message_templates {msgspec.json.encode(body).decode()}"
        made = await control.call("templates", "Template submitted", request, control.client.create_template(account, body))
        return Submitted(made.id, made.status, made.category)

    async def edit_template(self, control: Control[MetaClient], external_id: str, template: dict[str, Any]) -> None:
        body = {"category": template["category"].upper(), "components": template["components"], **_lifetime(template)}
        request = f"POST /{external_id} {msgspec.json.encode(body).decode()}"
        await control.call("templates", "Template changed", request, control.client.edit_template(external_id, body))

    async def upload_sample(self, control: Control[MetaClient], path: Path, mime_type: str, name: str) -> str:
        app, size = control.channel.app_id or "app", (await asyncio.to_thread(path.stat)).st_size
        request = f"POST /{app}/uploads {mime_type}, {size} bytes"
        session = await control.call(
            "templates", "Upload begun", request, control.client.begin_upload(app, mime_type, size, name)
        )
        with await asyncio.to_thread(path.open, "rb") as content:
            data = await asyncio.to_thread(content.read)
        return await control.call("templates", "File uploaded", f"POST /{session}", control.client.upload(session, data))

    async def unpause_template(self, control: Control[MetaClient], external_id: str) -> None:
        request = f"POST /{external_id}/unpause"
        await control.call("templates", "Template let go again", request, control.client.unpause_template(external_id))

    async def delete_template(self, control: Control[MetaClient], name: str, external_id: str) -> None:
        account = control.channel.account_id
        request = f"DELETE /{account}/message_templates?hsm_id={external_id}&name={name}"
        await control.call("templates", "Template deleted", request, control.client.delete_template(account, name, external_id))

    async def mark_read(self, client: MetaClient, channel: ChannelRow, message_id: str, *, typing: bool) -> None:
        await client.mark_read(channel.external_id, read_receipt(message_id, typing=typing))

    async def tell_conversion(self, client: MetaClient, channel: ChannelRow, said: Conversion) -> None:
        event: dict[str, Any] = {
            "event_name": "LeadSubmitted" if said.kind == "lead" else "Purchase",
            "event_time": int(said.at.timestamp()),
            "event_id": str(said.event_id),
            "action_source": "business_messaging",
            "messaging_channel": "whatsapp",
            "user_data": {"whatsapp_business_account_id": channel.account_id, "ctwa_clid": said.click},
        }
        if said.worth is not None:
            event["custom_data"] = {"currency": said.worth[1], "value": said.worth[0] / 100}
        await client.tell_events(said.dataset_id, [event])

    async def locate_file(self, client: MetaClient, settings: Settings, channel: ChannelRow, file: WaitingFile) -> FileSource:
        if file.provider_id is None:  # an address of a CDN, without an id to ask for
            return FileSource(file.url or "", {}, FILE_HOSTS, lasting=True)
        try:
            found = await client.media_info(file.provider_id)
        except ProviderError as error:
            if error.http_status == 404 or getattr(error.outcome, "code", None) in NO_SUCH_FILE:
                raise FileGone from error
            raise
        hosts = (urlsplit(settings.sandbox_url).hostname or "",) if channel.sandbox else FILE_HOSTS
        return FileSource(found.url, client.media_headers, hosts, digest_of(found.sha256), found.file_size)

    async def hand_over(
        self, client: MetaClient, settings: Settings, channel: ChannelRow, file: HandedFile
    ) -> tuple[str, datetime | None]:
        with await asyncio.to_thread(file.path.open, "rb") as content:
            media = await client.upload_media(channel.external_id, content, file.mime_type, file.name)
        return media, now() + MEDIA_KEPT

    async def redeem(self, settings: Settings, wire: Wire, signup: Waiting) -> str:
        return await redeem(settings, wire, signup)

    async def take_over(self, settings: Settings, wire: Wire, signup: Waiting, token: str) -> TakenOver:
        return await take_over(settings, wire, signup, token)

    def sandbox_body(self, settings: Settings, channel: ChannelRow) -> dict[str, object]:
        body: dict[str, object] = {
            "kind": "meta",
            "verify_token": channel.verify_token or "",
            "webhook_url": self.provider.address(settings.webhook_url, channel.id, "meta"),
        }
        return body | ({"phone_number_id": channel.external_id} if channel.token else {"tier": "TIER_10K"})

    def sandbox_account(self, answer: bytes) -> SandboxAccount:
        account = msgspec.json.decode(answer, type=_Account)
        number = account.numbers[0]
        return SandboxAccount(
            account_id=account.waba_id,
            external_id=number.phone_number_id,
            portfolio_id=account.business_id,
            app_id=account.app_id,
            number="+" + number.display_phone_number,
            token=account.token,
            signing_secret=account.app_secret,
        )


ADAPTER = MetaAdapter()


def _lifetime(template: dict[str, Any]) -> dict[str, Any]:
    return {} if template["lifetime"] is None else {"message_send_ttl_seconds": template["lifetime"]}
