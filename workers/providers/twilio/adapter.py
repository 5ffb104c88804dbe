"""SMS by Twilio, as the workers speak to it."""

from datetime import datetime
from urllib.parse import urlsplit

import msgspec

from db.channels.secrets import ChannelRow
from db.messages.files import Waiting as WaitingFile
from db.messages.render import AnswerContent, FileContent
from db.providers.definition import TrunkEnds
from db.providers.twilio.definition import PROVIDER
from db.settings import Settings
from db.telephony.running import Plan
from workers.control import Control
from workers.outcomes import Outcome, Refusal
from workers.providers.adapter import (
    Adapter,
    Checked,
    ComposeText,
    FileGone,
    FileSource,
    Found,
    HandedFile,
    LostSend,
    Question,
    SandboxAccount,
)
from workers.providers.twilio import errors, inbound
from workers.providers.twilio.check import TwilioCheck
from workers.providers.twilio.client import TwilioClient
from workers.providers.twilio.payloads import message_form
from workers.providers.twilio.trunk import TwilioTrunks
from workers.providers.wire import Wire

FILE_HOSTS = (".twilio.com", ".twiliocdn.com", ".amazonaws.com")
"""Where Twilio's media addresses redirect to; without the credentials."""


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None


class _Account(msgspec.Struct, frozen=True):
    account_sid: str
    auth_token: str
    phone_number: str


class TwilioAdapter(Adapter[TwilioClient]):
    provider = PROVIDER
    parsers = {  # noqa: RUF012 - read only
        "twilio_message": lambda body, _: inbound.parse_message(body),
        "twilio_status": lambda body, attempt: [inbound.parse_status(body, attempt)],
    }
    lookup_source = "twilio_status"

    def client(self, settings: Settings, wire: Wire, channel: ChannelRow, token: str) -> TwilioClient:
        base = settings.sandbox_url if channel.sandbox else settings.twilio_url
        return TwilioClient(base, channel.account_id, token, wire=wire)

    async def send(self, client: TwilioClient, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        return await client.send(body, latest=latest)

    def compose_text(self, settings: Settings, channel: ChannelRow) -> ComposeText:
        sender, callback = channel.external_id, self.provider.address(settings.webhook_url, channel.id, "twilio_status", "")
        return lambda to, text, attempt: message_form(to, sender, text, callback + attempt)

    def compose_answer(self, settings: Settings, channel: ChannelRow, content: AnswerContent, to: str, attempt: str) -> bytes:
        if not isinstance(content, FileContent) or content.media is None:
            return super().compose_answer(settings, channel, content, to, attempt)
        callback = self.provider.address(settings.webhook_url, channel.id, "twilio_status", attempt)
        return message_form(to, channel.external_id, content.caption, callback, media_urls=[content.media])

    async def hand_over(
        self, client: TwilioClient, settings: Settings, channel: ChannelRow, file: HandedFile
    ) -> tuple[str, datetime | None]:
        return file.link, file.until

    def outcome_for(self, code: int) -> Refusal:
        return errors.outcome_for(code)

    async def check(self, control: Control[TwilioClient], settings: Settings) -> Checked:
        inbound_url = self.provider.address(settings.webhook_url, control.channel.id, "twilio_message")
        return Checked(await TwilioCheck(control, inbound_url).run())

    def probe(self, control: Control[TwilioClient]) -> Question:
        return Question("Account read", f"GET /Accounts/{control.channel.account_id}.json", control.client.account())

    async def look_up(self, client: TwilioClient, channel: ChannelRow, lost: LostSend) -> Found | None:
        sender = None if channel.external_id.startswith("MG") else channel.external_id
        message = await client.find_message(lost.to, sender, lost.text, lost.since, taken=lost.taken)
        return None if message is None else Found(message.sid, message.as_callback())

    async def locate_file(self, client: TwilioClient, settings: Settings, channel: ChannelRow, file: WaitingFile) -> FileSource:
        if file.url is None:
            raise FileGone
        own = urlsplit(settings.sandbox_url if channel.sandbox else settings.twilio_url).hostname or ""
        headers = client.media_headers if _host(file.url) == own else {}
        return FileSource(file.url, headers, (own,) if channel.sandbox else (own, *FILE_HOSTS), lasting=True)

    def carrier(self, settings: Settings, wire: Wire, plan: Plan, ends: TrunkEnds) -> TwilioTrunks:
        played = settings.sandbox_url.rstrip("/")
        base = played if plan.sandbox else settings.twilio_url
        trunking = f"{played}/twilio-trunking" if plan.sandbox else settings.twilio_trunking_url
        pricing = f"{played}/twilio-pricing" if plan.sandbox else settings.twilio_pricing_url
        client = TwilioClient(base, plan.account_id, plan.carrier_secret, wire=wire)
        return TwilioTrunks(client, wire, trunking.rstrip("/"), pricing.rstrip("/"), plan.carrier_secret, ends)

    def sandbox_setup(self, plan: Plan) -> dict[str, object]:
        return {"kind": "twilio", "id": f"{plan.setup_id.hex}-trunk", "phone_number": ""}

    def sandbox_body(self, settings: Settings, channel: ChannelRow) -> dict[str, object]:
        return {"kind": "twilio", "inbound_url": self.provider.address(settings.webhook_url, channel.id, "twilio_message")}

    def sandbox_account(self, answer: bytes) -> SandboxAccount:
        account = msgspec.json.decode(answer, type=_Account)
        return SandboxAccount(
            account_id=account.account_sid,
            external_id=account.phone_number,
            portfolio_id=account.account_sid,
            app_id=None,
            number=account.phone_number,
            token=account.auth_token,
            signing_secret=account.auth_token,
        )


ADAPTER = TwilioAdapter()
