"""Calls by Retell, as the workers speak to it."""

import time
from urllib.parse import urlsplit

import msgspec

from db.channels.secrets import ChannelRow
from db.messages.enums import CallOrderKind
from db.messages.files import Waiting as WaitingFile
from db.messages.render import AnswerContent, CallContent
from db.providers.retell.definition import PROVIDER
from db.settings import Settings
from db.telephony.running import Plan
from db.transfers.orders import Open as CallOrder
from workers.control import Control
from workers.outcomes import Accepted, Outcome, Refusal
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
from workers.providers.retell import errors, inbound
from workers.providers.retell.check import check
from workers.providers.retell.client import RetellClient
from workers.providers.retell.numbers import RetellNumbers
from workers.providers.retell.payloads import HINT, TAKE_OVER, call_body
from workers.providers.trunks import Carrier
from workers.providers.wire import Wire

FILE_HOSTS: tuple[str, ...] = (".retellai.com", ".amazonaws.com", ".cloudfront.net")
"""Where recordings lie; the address itself says who may read it."""
_ASK_SECONDS = 15.0
_TOLD_AT = {
    "webhook_url": "retell_call",
    "inbound_url": "retell_inbound",
    "human_url": "retell_human",
    "knowledge_url": "retell_knowledge",
}
"""What the sandbox's account of a channel is told where."""


class _Account(msgspec.Struct, frozen=True):
    api_key: str
    phone_number: str


class RetellAdapter(Adapter[RetellClient]):
    provider = PROVIDER
    parsers = {  # noqa: RUF012 - read only
        "retell_call": lambda body, _: inbound.parse(body),
        "retell_inbound": lambda body, _: inbound.parse_inbound(body),
        "retell_human": lambda body, _: inbound.parse_human(body),
        "retell_knowledge": lambda *_: [],  # was answered, and causes nothing
    }
    lookup_source = "retell_call"

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> RetellClient:
        base = f"{settings.sandbox_url.rstrip('/')}/retell" if channel.sandbox else settings.retell_url
        return RetellClient(base, token, wire=wire)

    async def send(self, client: RetellClient, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        return await client.send(body, latest=latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        def refuse(to: str, text: str, attempt: str) -> bytes:
            raise ValueError("a call takes no texts")

        return refuse

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        if not isinstance(content, CallContent):
            raise ValueError("a call takes nothing that is written")
        webhook = self.provider.address(settings.webhook_url, channel.id, "retell_call")
        return call_body(to, channel.external_id, attempt, webhook, content)

    def outcome_for(self, code: int) -> Refusal:
        return errors.outcome_for(code)

    async def check(self, control: Control[RetellClient], settings: Settings) -> Checked:
        webhook = self.provider.address(settings.webhook_url, control.channel.id, "retell_call")
        return Checked(await check(control, webhook))

    def probe(self, control: Control[RetellClient]) -> Question:
        return Question("Concurrency read", "GET /get-concurrency", control.client.places())

    async def look_up(self, client: RetellClient, channel: ChannelRow, lost: LostSend) -> Found | None:
        """Retell is asked for the call by what we wrote into it; where it shows none, the same request goes once more under the same key, which
        makes a call only if there is none."""
        call_id = await client.find(lost.attempt)
        if call_id is None and lost.request is not None:
            outcome = await client.send(lost.request, latest=time.monotonic() + _ASK_SECONDS)
            call_id = outcome.provider_id if isinstance(outcome, Accepted) else None
        if call_id is None:
            return None
        return Found(call_id, await self.read_call(client, call_id))

    async def read_call(self, client: RetellClient, call_id: str) -> bytes:
        return msgspec.json.encode({"event": inbound.FOUND, "call": await client.call(call_id)})

    async def order_call(self, client: RetellClient, settings: Settings, channel: ChannelRow, order: CallOrder) -> str | None:
        """Who takes a call is put through by the agent itself: its tool that asks for a person then gets their number."""
        match order.kind:
            case CallOrderKind.HINT:
                await client.tell(order.provider_call_id, HINT.format(text=order.text))
            case CallOrderKind.TAKE_OVER:
                await client.tell(order.provider_call_id, TAKE_OVER)
            case CallOrderKind.HANG_UP:
                await client.stop(order.provider_call_id)
            case _:
                raise ValueError("Retell plays calls in its own panel alone")
        return None

    async def locate_file(self, client: RetellClient, settings: Settings, channel: ChannelRow, file: WaitingFile) -> FileSource:
        if file.url is None:
            raise FileGone
        hosts = (urlsplit(settings.sandbox_url).hostname or "",) if channel.sandbox else FILE_HOSTS
        return FileSource(file.url, {}, hosts, lasting=True)

    def voice(self, settings: Settings, wire: Wire, plan: Plan, carrier: Carrier) -> RetellNumbers:
        base = f"{settings.sandbox_url.rstrip('/')}/retell" if plan.sandbox else settings.retell_url
        client = RetellClient(base, plan.voice_secret, wire=wire)
        return RetellNumbers(client, carrier.termination(plan), carrier.username(plan))

    def sandbox_setup(self, plan: Plan) -> dict[str, object]:
        return {"kind": "retell", "id": plan.channel_id.hex, "phone_number": ""}  # the account that the channel's check finds

    def sandbox_body(self, settings: Settings, channel: ChannelRow) -> dict[str, object]:
        told = {name: self.provider.address(settings.webhook_url, channel.id, source) for name, source in _TOLD_AT.items()}
        return {"kind": "retell", "tells_words": True, **told}

    def sandbox_account(self, answer: bytes) -> SandboxAccount:
        account = msgspec.json.decode(answer, type=_Account)
        return SandboxAccount(
            account_id=account.phone_number,
            external_id=account.phone_number,
            portfolio_id=account.phone_number,
            app_id=None,
            number=account.phone_number,
            token=account.api_key,
            signing_secret=account.api_key,
        )


ADAPTER = RetellAdapter()
