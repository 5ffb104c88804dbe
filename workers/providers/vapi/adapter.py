"""Calls by VAPI, as the workers speak to it."""

from urllib.parse import urlsplit

import msgspec

from db.channels.secrets import ChannelRow
from db.messages.enums import CallOrderKind
from db.messages.files import Waiting as WaitingFile
from db.messages.reasons import FailureReason
from db.messages.render import AnswerContent, CallContent
from db.providers.vapi.definition import PROVIDER
from db.settings import Settings
from db.transfers.orders import Open as CallOrder
from workers.control import Control
from workers.outcomes import Outcome, Refusal, Rejected
from workers.providers.adapter import (
    Adapter,
    Checked,
    ComposeText,
    FileGone,
    FileSource,
    Found,
    LostSend,
    Question,
    SandboxAccount,
)
from workers.providers.vapi import errors, inbound
from workers.providers.vapi.check import check
from workers.providers.vapi.client import Monitor, VapiClient
from workers.providers.vapi.payloads import call_body, control_body
from workers.providers.wire import ProviderError, Wire

FILE_HOSTS: tuple[str, ...] = (".vapi.ai", ".amazonaws.com", ".r2.cloudflarestorage.com", ".cloudfront.net")
"""Where recordings lie; the address itself says who may read it."""


LIVE_HOSTS: tuple[str, ...] = (".vapi.ai",)


class _Account(msgspec.Struct, frozen=True):
    private_key: str
    phone_number_id: str
    assistant_id: str
    phone_number: str
    server_secret: str


class VapiAdapter(Adapter[VapiClient]):
    provider = PROVIDER
    parsers = {"vapi": lambda body, _: inbound.parse(body)}  # noqa: RUF012 - read only
    lookup_source = "vapi"

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> VapiClient:
        base = f"{settings.sandbox_url.rstrip('/')}/vapi" if channel.sandbox else settings.vapi_url
        return VapiClient(base, token, wire=wire)

    async def send(self, client: VapiClient, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        return await client.send(body, latest=latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        def refuse(to: str, text: str, attempt: str) -> bytes:
            raise ValueError("a call takes no texts")

        return refuse

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        if not isinstance(content, CallContent):
            raise ValueError("a call takes nothing that is written")
        return call_body(to, channel.external_id, channel.account_id, attempt, content)

    def outcome_for(self, code: int) -> Refusal:
        return errors.outcome_for(code)

    async def check(self, control: Control[VapiClient], settings: Settings) -> Checked:
        return Checked(await check(control, self.provider.address(settings.webhook_url, control.channel.id, "vapi")))

    def probe(self, control: Control[VapiClient]) -> Question:
        number = control.channel.external_id
        return Question("Number read", f"GET /phone-number/{number}", control.client.number(number))

    async def look_up(self, client: VapiClient, channel: ChannelRow, lost: LostSend) -> Found | None:
        """VAPI is asked for the calls of that time; it is never asked for another one."""
        call_id = await client.find(lost.attempt, channel.external_id, lost.since)
        return None if call_id is None else Found(call_id, await self.read_call(client, call_id))

    async def read_call(self, client: VapiClient, call_id: str) -> bytes:
        return msgspec.json.encode({"message": {"type": inbound.FOUND, "call": await client.call(call_id)}})

    async def order_call(self, client: VapiClient, settings: Settings, channel: ChannelRow, order: CallOrder) -> str | None:
        """The call itself says where it is heard and told things; an address of anybody else is not used."""
        call = await client.live(order.provider_call_id)
        monitor, hosts = call.monitor or Monitor(), (_host(settings.sandbox_url),) if channel.sandbox else LIVE_HOSTS
        url = monitor.listen_url if order.kind is CallOrderKind.LISTEN else monitor.control_url
        if call.status == "ended" or url is None or not _of(url, hosts, secure=not channel.sandbox):
            raise ProviderError(Rejected(FailureReason.CALL_ENDED), None, "the call is not live")
        if order.kind is CallOrderKind.LISTEN:
            return url
        await client.control(url, control_body(order))
        return None

    async def locate_file(self, client: VapiClient, settings: Settings, channel: ChannelRow, file: WaitingFile) -> FileSource:
        if file.url is None:
            raise FileGone
        hosts = (urlsplit(settings.sandbox_url).hostname or "",) if channel.sandbox else FILE_HOSTS
        return FileSource(file.url, {}, hosts, lasting=True)

    def sandbox_body(self, settings: Settings, channel: ChannelRow) -> dict[str, object]:
        return {
            "kind": "vapi",
            "tells_words": True,
            "server_url": self.provider.address(settings.webhook_url, channel.id, "vapi"),
        }

    def sandbox_account(self, answer: bytes) -> SandboxAccount:
        account = msgspec.json.decode(answer, type=_Account)
        return SandboxAccount(
            account_id=account.assistant_id,
            external_id=account.phone_number_id,
            portfolio_id=account.phone_number_id,
            app_id=None,
            number=account.phone_number,
            token=account.private_key,
            signing_secret=account.server_secret,
        )


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""


def _of(url: str, hosts: tuple[str, ...], *, secure: bool) -> bool:
    """Whether an address is of one of these hosts, and nobody else can read what goes there."""
    name = _host(url)
    ours = any(name == one or (one.startswith(".") and name.endswith(one)) for one in hosts)
    return ours and (not secure or urlsplit(url).scheme in ("https", "wss"))


ADAPTER = VapiAdapter()
