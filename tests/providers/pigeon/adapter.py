"""The workers' half of the carrier pigeons: client, check, parsers."""

from typing import ClassVar

import msgspec

from db.channels.provider_state import CheckResult
from db.channels.queries import Check
from db.channels.secrets import ChannelRow
from db.messages.content import Text
from db.messages.reasons import FailureReason
from db.settings import Settings
from tests.providers.pigeon.definition import PROVIDER
from workers.control import Control, Refused, refused_line
from workers.outcomes import Accepted, Outcome, Refusal, Rejected
from workers.providers.adapter import Adapter, Checked, ComposeText, Question
from workers.providers.events import AnyEvent, DeliveryStatus, InboundMessage, StatusEvent
from workers.providers.wire import Answer, Wire


class Loft(msgspec.Struct):
    pigeons: int


class PigeonClient:
    def __init__(self, base: str, token: str, wire: Wire) -> None:
        self._base = base
        self._headers = {"authorization": f"Whistle {token}", "content-type": "application/json"}
        self._secret = token.encode()
        self._wire = wire

    async def send(self, body: bytes, latest: float) -> Outcome:
        answer = await self._wire.post(f"{self._base}/letters", self._headers, body, latest=latest)
        if not isinstance(answer, Answer):
            return answer
        return Accepted(msgspec.json.decode(answer.body)["ring"]) if answer.status == 200 else _classify(answer)

    async def loft(self) -> Loft:
        return await self._wire.ask("GET", f"{self._base}/loft", Loft, _classify, headers=self._headers, secret=self._secret)


def _classify(answer: Answer) -> Outcome:
    return Rejected(FailureReason.BAD_REQUEST, answer.status)


def _status(body: bytes, attempt: str | None) -> list[AnyEvent]:
    told = msgspec.json.decode(body)
    return [
        StatusEvent(
            provider_id=told["ring"], status=DeliveryStatus(told["is"]), provider_status=told["is"], correlation_id=attempt
        )
    ]


def _letter(body: bytes, _: str | None) -> list[AnyEvent]:
    told = msgspec.json.decode(body)
    return [InboundMessage(provider_id=told["ring"], from_phone=told["from"], to="loft", content=Text(text=told["text"]))]


class PigeonAdapter(Adapter[PigeonClient]):
    provider = PROVIDER
    parsers: ClassVar = {"pigeon_letter": _letter, "pigeon_status": _status}
    base = ""  # set by the test: where the loft stands

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> PigeonClient:
        return PigeonClient(self.base, token, wire)

    async def send(self, client: PigeonClient, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        return await client.send(body, latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        def compose(to: str, text: str, attempt: str) -> bytes:
            told = self.provider.address(settings.webhook_url, channel.id, "pigeon_status", attempt)
            return msgspec.json.encode({"to": to, "text": text, "tell": told})

        return compose

    def outcome_for(self, code: int) -> Refusal:
        return Rejected(FailureReason.BAD_REQUEST, code)

    async def check(self, control: Control[PigeonClient], settings: Settings) -> Checked:
        try:
            loft = await control.call("check", "Loft read", "GET /loft", control.client.loft())
        except Refused as refused:
            return Checked(CheckResult(lines=[refused_line("token", refused)], failure=refused.reason, detail=refused.detail))
        return Checked(CheckResult(lines=[Check(code="token", ok=True, value=str(loft.pigeons))]))

    def probe(self, control: Control[PigeonClient]) -> Question:
        return Question("Loft read", "GET /loft", control.client.loft())


ADAPTER = PigeonAdapter()
