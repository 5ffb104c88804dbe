"""What a lane needs to know about a channel and its provider: credentials, composing, sending, noting which limit binds."""

import contextlib
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import structlog

from db import limits, valkey
from db.channels import provider_state
from db.channels.secrets import ChannelRow, unseal
from db.clock import now
from db.messages import render
from db.messages.ledger import Claimed
from db.messages.render import AnswerContent, ScriptContent, SlotValues, TextContent, TextSender
from db.messages.scripts import ScriptSender
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import work
from workers.outcomes import Outcome, PauseChannel, Scope
from workers.providers import registry
from workers.providers.adapter import TemplateSender
from workers.providers.wire import Wire

log = structlog.get_logger("workers.outgoing")


Prepared = tuple[SlotValues, TemplateSender] | TextSender | ScriptSender | AnswerContent


class Composer:
    """Writes the provider's request for one message after another."""

    def __init__(self, settings: Settings, channel: ChannelRow, content: str | None) -> None:
        self._settings, self._channel = settings, channel
        self._adapter = registry.adapter(channel.kind)
        self._text = self._adapter.compose_text(settings, channel)
        self._shared = self._prepare(content) if content else None
        self._variants: dict[str, Prepared] = {}

    def _prepare(self, content: str) -> Prepared:
        decoded = render.decode(content)
        if isinstance(decoded, AnswerContent):
            return decoded
        if isinstance(decoded, ScriptContent):
            return ScriptSender(decoded)
        if isinstance(decoded, TextContent):
            return TextSender(decoded)
        return SlotValues(decoded), self._adapter.compile_template(decoded)

    def _own(self, message: Claimed) -> Prepared:
        """Of one message; the texts of a campaign's test are kept, as many people get them."""
        assert message.content is not None
        if message.variant is None:
            return self._prepare(message.content)
        if message.content not in self._variants:
            if len(self._variants) > 20:
                self._variants.clear()
            self._variants[message.content] = self._prepare(message.content)
        return self._variants[message.content]

    def compose(self, message: Claimed) -> bytes:
        """The request body. Raises ValueError when this person's values cannot pass."""
        prepared = self._own(message) if message.content else self._shared
        if prepared is None:
            raise ValueError("the message has no content")
        attempt = str(message.message_id if self._adapter.names_messages else message.attempt_id)
        if isinstance(prepared, ScriptSender):
            prepared = prepared.call(message.params)
        if isinstance(prepared, AnswerContent):
            return self._adapter.compose_answer(self._settings, self._channel, prepared, message.address, attempt)
        if isinstance(prepared, TextSender):
            return self._text(message.address, prepared.render(message.params), attempt)
        values, template = prepared
        return template.render(message.address, values(message.params), attempt)


class Sender:
    """The process's way to the providers."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self.wire = wire
        self.timeout = wire.timeout
        self._clients: dict[UUID, tuple[bytes, Any]] = {}
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

    def client(self, channel: ChannelRow) -> Any:
        """The channel's client; made anew when its token changed. Raises SealBroken."""
        assert channel.token is not None
        known = self._clients.get(channel.id)
        if known is None or known[0] != channel.token:
            token = unseal(channel.company_id, channel.id, "token", channel.token)
            client = registry.adapter(channel.kind).client(self._settings, self.wire, channel, token)
            known = self._clients[channel.id] = (channel.token, client)
        return known[1]

    def request(self, channel: ChannelRow, content: AnswerContent, to: str, attempt_id: UUID) -> bytes:
        """The body that an attempt went out with. Raises ValueError when it cannot pass."""
        return registry.adapter(channel.kind).compose_answer(self._settings, channel, content, to, str(attempt_id))

    async def send(self, channel: ChannelRow, body: bytes, latest: float) -> Outcome:
        """One message once; never raises for trouble on the network. Raises TooLate when no byte left by `latest` (monotonic)."""
        return await registry.adapter(channel.kind).send(self.client(channel), channel, body, latest)


async def pause_channel(channel: ChannelRow, outcome: PauseChannel) -> None:
    """Stops the channel (and, for account-wide reasons, its siblings) until `seconds` have passed or a person acts."""
    until = outcome.until
    log.warning("channel.paused", channel_id=str(channel.id), reason=outcome.reason.value, code=outcome.code, until=str(until))
    async with work(worker(channel.company_id), Permission.CHANNELS_WRITE) as w:
        await provider_state.stop(
            w,
            channel.id,
            outcome.reason,
            outcome.message or None,
            until=until,
            code=outcome.code,
            whole_account=outcome.scope is Scope.ACCOUNT,
        )
    await note_limit(channel, "api_rate" if until else "channel", None, until=until)


def throughput_limit(channel: ChannelRow) -> str:
    """What the channel's throughput is called where limits are shown."""
    return "segments" if registry.adapter(channel.kind).provider.capabilities.unit == "segment" else "number"


async def note_limit(
    channel: ChannelRow, limit: str, value: float | None, *, until: datetime | None = None, name: str = ""
) -> None:
    """Which limit holds the channel back right now, for the campaign's page; forgotten after a few seconds. `name`: of a rule, as people call it."""
    with contextlib.suppress(*valkey.Down):
        await valkey.client().set(
            f"binding:{channel.id}",
            msgspec.json.encode({"limit": limit, "value": value, "until": until, "name": name}),
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
