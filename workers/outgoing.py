"""What a lane needs to know about a channel and its provider: credentials, composing, sending, noting which limit binds."""

import contextlib
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
import structlog

from db import crypto, limits, valkey
from db.channels import provider_state
from db.channels.enums import ChannelKind, ChannelState
from db.clock import now
from db.messages import render
from db.messages.ledger import Claimed
from db.messages.render import LiteralContent, SlotValues, TemplateContent, TextSender, text_sender
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import Read, work
from workers.outcomes import Outcome, PauseChannel, Scope
from workers.providers.meta.client import MetaClient
from workers.providers.meta.payloads import text_message
from workers.providers.meta.templates import TemplateSender, compile_template
from workers.providers.twilio.client import TwilioClient
from workers.providers.twilio.payloads import message_form
from workers.providers.wire import Wire

log = structlog.get_logger("workers.outgoing")

_CHANNEL = """
select company_id, id, kind, sandbox, state, paused_until, external_id, account_id, portfolio_id, token, messaging_limit,
    throughput::float8, unknown_horizon, probe_at
from channel where company_id = $1 and id = $2 and archived_at is null
"""


class ChannelRow(msgspec.Struct, frozen=True):
    company_id: UUID
    id: UUID
    kind: str
    sandbox: bool
    state: str
    paused_until: datetime | None
    external_id: str
    account_id: str
    portfolio_id: str
    token: bytes | None
    messaging_limit: int | None
    throughput: float
    unknown_horizon: int
    probe_at: datetime | None  # after an outage of the provider: when the channel went on

    @property
    def sendable(self) -> bool:
        """Connected, or its pause has run out."""
        return self.token is not None and (
            self.state == ChannelState.CONNECTED
            or (self.state == ChannelState.PAUSED and self.paused_until is not None and self.paused_until <= now())
        )


async def load_channel(r: Read, channel_id: UUID) -> ChannelRow | None:
    assert r.actor is not None
    row = await r.fetchrow(_CHANNEL, r.actor.company_id, channel_id)
    return ChannelRow(*row) if row else None


class Composer:
    """Writes the provider's request for one message after another."""

    def __init__(self, settings: Settings, channel: ChannelRow, content: str | None) -> None:
        self._channel = channel
        self._callback = f"{settings.webhook_url}/hooks/twilio/{channel.id}/status/"
        self._shared = self._prepare(content) if content else None

    @staticmethod
    def _prepare(content: str) -> tuple[SlotValues, TemplateSender] | TextSender | LiteralContent:
        decoded = render.decode(content)
        if not isinstance(decoded, TemplateContent):
            return text_sender(decoded)
        return SlotValues(decoded), compile_template(
            decoded.name, decoded.language, decoded.components, category=decoded.category
        )

    def compose(self, message: Claimed) -> bytes:
        """The request body. Raises ValueError when this person's values cannot pass."""
        prepared = self._prepare(message.content) if message.content else self._shared
        if prepared is None:
            raise ValueError("the message has no content")
        if not isinstance(prepared, tuple):
            text = prepared.render(message.params)
            if self._channel.kind == ChannelKind.SMS:
                return message_form(message.address, self._channel.external_id, text, self._callback + str(message.attempt_id))
            return text_message(message.address, text, str(message.attempt_id))
        values, template = prepared
        return template.render(message.address, values(message.params), str(message.attempt_id))


class Sender:
    """The process's way to the providers."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self.wire = wire
        self.timeout = wire.timeout
        self._clients: dict[UUID, tuple[bytes, MetaClient | TwilioClient]] = {}
        self._composers: dict[tuple[UUID, str], Composer] = {}

    def composer(self, channel: ChannelRow, content: str | None) -> Composer:
        """Kept while the content stays the same: compiling a template costs more than filling it."""
        if content is None:
            return Composer(self._settings, channel, None)
        key = (channel.id, content)
        if key not in self._composers:
            if len(self._composers) > 200:
                self._composers.clear()
            self._composers[key] = Composer(self._settings, channel, content)
        return self._composers[key]

    def client(self, channel: ChannelRow) -> MetaClient | TwilioClient:
        """The channel's client; made anew when its token changed. Raises SealBroken."""
        assert channel.token is not None
        known = self._clients.get(channel.id)
        if known is None or known[0] != channel.token:
            token = crypto.ring().open(
                channel.token, company_id=channel.company_id, table="channel", column="token", row_id=channel.id
            )
            base = self._settings.sandbox_url if channel.sandbox else None
            client: MetaClient | TwilioClient
            if channel.kind == ChannelKind.WHATSAPP:
                client = MetaClient(base or self._settings.graph_url, self._settings.graph_version, token, wire=self.wire)
            else:
                client = TwilioClient(base or self._settings.twilio_url, channel.account_id, token, wire=self.wire)
            known = self._clients[channel.id] = (channel.token, client)
        return known[1]

    async def send(self, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        """One message once; never raises for trouble on the network. Raises TooLate when no byte left by `latest` (monotonic)."""
        client = self.client(channel)
        if isinstance(client, MetaClient):
            return await client.send(channel.external_id, body, latest=latest)
        return await client.send(body, latest=latest)


async def pause_channel(channel: ChannelRow, outcome: PauseChannel) -> None:
    """Stops the channel (and, for account-wide reasons, its siblings) until `seconds` have passed or a person acts."""
    until = None if outcome.seconds is None else now() + timedelta(seconds=outcome.seconds)
    log.warning("channel.paused", channel_id=str(channel.id), reason=outcome.reason.value, code=outcome.code, until=str(until))
    async with work(worker(channel.company_id), Permission.CHANNELS_WRITE) as w:
        stopped = [channel.id]
        if outcome.scope == Scope.ACCOUNT:
            stopped = await provider_state.channels_of_account(w, channel.account_id)
        for channel_id in stopped:
            await provider_state.stop(w, channel_id, outcome.reason, outcome.message or None, until=until, code=outcome.code)
    await note_limit(channel, "api_rate" if until else "channel", None, until=until)


async def note_limit(channel: ChannelRow, limit: str, value: float | None, *, until: datetime | None = None) -> None:
    """Which limit holds the channel back right now, for the campaign's page; forgotten after a few seconds."""
    with contextlib.suppress(*valkey.Down):
        await valkey.client().set(
            f"binding:{channel.id}",
            msgspec.json.encode({"limit": limit, "value": value, "until": until}),
            ex=10 if until is None else 120,
        )


async def note_sent(channel_id: UUID, count: int) -> None:
    """Per-second counters behind "rate now"."""
    try:
        key = f"rate:{channel_id}:{int(now().timestamp())}"
        pipe = valkey.client().pipeline(transaction=False)
        pipe.incrby(key, count)
        pipe.expire(key, 30)
        await pipe.execute()
    except valkey.Down:
        pass


async def note_tier_full(channel: ChannelRow) -> float:
    """The portfolio's 24 hours are full: says so, and how long to stay away (at most a minute: the window moves)."""
    free_at = await limits.tier_free_at(channel.company_id, channel.portfolio_id)
    await note_limit(
        channel, "tier", channel.messaging_limit, until=None if free_at is None else datetime.fromtimestamp(free_at, now().tzinfo)
    )
    return 60.0 if free_at is None else max(1.0, min(60.0, free_at - now().timestamp()))
