"""Channels over HTTP: connect, check, pause, archive, log. Secrets go in and never come out."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Request, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from msgspec import UNSET

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.channel_sessions import ChannelMove
from api.contract.channels import (
    Channel,
    ChannelAgent,
    ChannelConnect,
    ChannelLogEntry,
    ChannelNotice,
    ChannelPatch,
    ChannelTalkAddress,
    CheckLine,
    WebhookQuestion,
    WebhooksAgain,
)
from api.contract.kinds import Kind, KindCapabilities, KindField, KindFile, KindSignup, Translated
from api.contract.sandbox import SandboxKind, SandboxNewsCode
from api.pagination import Cursor, Limit, decode_cursor, one_over, page, struct
from db.channels import actions, agents, log, notices, queries, talks
from db.channels.queries import ChannelView
from db.messages import inbox
from db.providers import registry
from db.providers.definition import Provider, Text
from db.qr import moving, pairing
from db.qr.enums import SessionState
from db.settings import Settings
from db.texts import END

LogKind = Annotated[
    str | None,
    QueryParameter(
        pattern="^(check|templates|send|webhook|news|lookup|sandbox)" + END,
        description="check, templates, send, webhook, news, lookup, sandbox",
    ),
]


def _channel(view: ChannelView, settings: Settings) -> Channel:
    provider = registry.provider(view.kind)
    addresses = {
        "{attempt}" in webhook.path: provider.address(settings.webhook_url, view.id, webhook.source)
        for webhook in reversed(provider.webhooks)
        if webhook.live is None or not webhook.path
    }
    return Channel(
        id=view.id,
        kind=view.kind,
        sandbox=view.sandbox,
        name=view.name,
        state=view.state,
        state_reason=view.state_reason,
        state_detail=view.state_detail,
        paused_until=view.paused_until,
        outage_since=view.outage_since,
        number=view.number,
        account_id=view.account_id,
        external_id=view.external_id,
        quality=view.quality,
        messaging_limit=view.messaging_limit,
        messaging_used=view.messaging_used,
        throughput=view.throughput,
        rate_now=view.rate_now,
        webhook_url=addresses.get(False),
        webhook_status_url=addresses.get(True),
        webhook_questions=[
            WebhookQuestion(
                label=Translated(en=webhook.live.label.en, pt_br=webhook.live.label.pt_br),
                url=provider.address(settings.webhook_url, view.id, webhook.source),
            )
            for webhook in provider.webhooks
            if webhook.live is not None and webhook.path
        ],
        verify_token=view.verify_token,
        check=[
            CheckLine(code=line.code, ok=line.ok, value=line.value, reason=line.reason, detail=line.detail)  # type: ignore[arg-type]
            for line in view.check
        ],
        checked_at=view.checked_at,
        templates_synced_at=view.templates_synced_at,
        read_receipts=view.read_receipts,
        kept_webhooks=view.kept_webhooks,
        connection=SessionState(view.connection) if view.connection else None,
        heard_at=view.heard_at,
        created_at=view.created_at,
    )


def _settings(request: Request[Any, Any, Any]) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _translated(text: Text | None) -> Translated | None:
    return None if text is None else Translated(en=text.en, pt_br=text.pt_br)


def kind_view(provider: Provider, settings: Settings) -> Kind:
    """A kind of channel as it is shown."""
    signup = provider.signup(settings)
    can, window = provider.capabilities, provider.capabilities.free_text_window
    return Kind(
        kind=provider.kind,
        label=Translated(**provider.label._asdict()),
        vendor=provider.vendor,
        icon=provider.icon,
        description=Translated(**provider.description._asdict()),
        sandbox=provider.sandbox,
        paired=provider.capabilities.session is not None,
        talks=provider.talk is not None,
        set_up_here=provider.capabilities.imports_numbers is not None and registry.carrier() is not None,
        capabilities=KindCapabilities(
            campaign_content=can.campaign_content,
            text_limit=can.text_limit,
            unit=can.unit,
            free_text_hours=None if window is None else window.total_seconds() / 3600,
            reply_kinds=list(can.reply_kinds),
            files=[KindFile(form=rule.form, types=list(rule.types), most=rule.most, caption=rule.caption) for rule in can.files],
            voice=can.voice,
            reactions=can.reactions,
            edit_minutes=None if can.changes is None else round(can.changes.edit.total_seconds() / 60),
            take_back_minutes=None if can.changes is None else round(can.changes.take_back.total_seconds() / 60),
            reply_to=can.reply_to,
            templates=can.write_template is not None,
            limits_people=can.limits_people,
            reports_read=can.reports_read,
            read_receipts=can.read_receipts,
            typing=can.typing,
            reaches_landlines=can.reaches_landlines,
            calls=can.calls,
            rehearsed_kinds=msgspec.convert(can.rehearsed_kinds, list[SandboxKind]),
            rehearsed_news=msgspec.convert(can.rehearsed_news, list[SandboxNewsCode]),
        ),
        fields=[
            KindField(
                name=field.name,
                label=Translated(**field.label._asdict()),
                hint=_translated(field.hint),
                example=field.example,
                type=field.type,
                pattern=field.pattern,
                max_length=field.max_length,
                minimum=field.minimum,
                maximum=field.maximum,
                default=field.default,
            )
            for field in provider.form
        ],
        signup=None if signup is None else KindSignup(**msgspec.structs.asdict(signup)),
    )


class KindController(Controller):
    """What can be connected."""

    path = "/v1/channel-kinds"
    tags = ("Channels",)

    @get(
        summary="List kinds of channels",
        description="What each kind can do and what connecting a channel of it asks, with texts in every language. The same for all "
        "companies until the next version.",
    )
    async def kinds(self, actor: Caller, request: Request[Any, Any, Any]) -> Page[Kind]:
        return Page(items=[kind_view(provider, _settings(request)) for provider in queries.kinds(actor)])


class ChannelController(Controller):
    """Numbers and senders of the company."""

    path = "/v1/channels"
    tags = ("Channels",)

    @post(
        summary="Connect a channel",
        description="What `values` holds depends on the kind: `GET /v1/channel-kinds` says it. The answer comes at once in state "
        "`checking`; the result of the live check follows as event `channel.changed`. Secrets are sealed and never shown again.",
    )
    async def connect(self, data: JSONBody[ChannelConnect], actor: Caller, request: Request[Any, Any, Any]) -> Channel:
        if registry.chosen(data.kind).capabilities.session is not None:
            view = await pairing.connect(actor, kind=data.kind, name=data.name, values=data.values, sandbox=data.sandbox)
        elif data.sandbox:
            view = await actions.connect_sandbox(actor, kind=data.kind, name=data.name, values=data.values)
        else:
            view = await actions.connect(actor, kind=data.kind, name=data.name, values=data.values)
        return _channel(view, _settings(request))

    @get(summary="List channels", description="Oldest first. `messaging_used` and `rate_now` are live figures.")
    async def channels(
        self, actor: Caller, request: Request[Any, Any, Any], cursor: Cursor = None, limit: Limit = 50
    ) -> Page[Channel]:
        after = decode_cursor(cursor, tuple[UUID])
        rows = await queries.channels(actor, after=after[0] if after else None, limit=one_over(limit))
        settings = _settings(request)
        return page(rows, limit, lambda row: (row.id,), lambda row: _channel(row, settings))

    @get("/{channel_id:uuid}", summary="Show a channel", description="State, limits, webhook addresses and the last live check.")
    async def channel(self, channel_id: FromPath[UUID], actor: Caller, request: Request[Any, Any, Any]) -> Channel:
        return _channel(await queries.channel(actor, channel_id), _settings(request))

    @patch(
        "/{channel_id:uuid}",
        summary="Change a channel",
        description="Name, throughput, read receipts or secrets. New secrets replace the old ones and start a check.",
    )
    async def change(
        self, channel_id: FromPath[UUID], data: JSONBody[ChannelPatch], actor: Caller, request: Request[Any, Any, Any]
    ) -> Channel:
        values = None if data.values is UNSET else data.values
        name = None if data.name is UNSET else data.name
        throughput = None if data.throughput is UNSET else data.throughput
        receipts = None if data.read_receipts is UNSET else data.read_receipts
        changed = await actions.patch(actor, channel_id, name=name, throughput=throughput, read_receipts=receipts, values=values)
        return _channel(changed, _settings(request))

    @delete(
        "/{channel_id:uuid}",
        status_code=200,
        summary="Archive a channel",
        description="Takes the number away and forgets its secrets. 409 `channel_in_use` while a campaign runs on it.",
    )
    async def archive(self, channel_id: FromPath[UUID], actor: Caller) -> Done:
        await actions.archive(actor, channel_id)
        return Done()

    @post(
        "/{channel_id:uuid}/check",
        status_code=200,
        summary="Check a channel",
        description="Asks the provider about token, number, quality, limits, webhook and templates; ends with `channel.changed`.",
    )
    async def check(self, channel_id: FromPath[UUID], actor: Caller, request: Request[Any, Any, Any]) -> Channel:
        return _channel(await actions.check(actor, channel_id), _settings(request))

    @post(
        "/{channel_id:uuid}/talk-address",
        status_code=200,
        summary="Make the address of calls that the persona speaks",
        description="For kinds with `talks` in `GET /v1/channel-kinds`. A secret in it is the only proof, so it is shown once; the one of before stops "
        "working. The persona that serves the channel answers, by its knowledge and rules.",
    )
    async def talk_address(
        self, channel_id: FromPath[UUID], actor: Caller, request: Request[Any, Any, Any]
    ) -> ChannelTalkAddress:
        return ChannelTalkAddress(url=await talks.address(actor, channel_id, _settings(request)))

    @post(
        "/{channel_id:uuid}/pause",
        status_code=200,
        summary="Pause a channel",
        description="Nothing more is sent from this number until it is resumed; what is in flight finishes.",
    )
    async def pause(self, channel_id: FromPath[UUID], actor: Caller, request: Request[Any, Any, Any]) -> Channel:
        return _channel(await actions.pause(actor, channel_id), _settings(request))

    @post(
        "/{channel_id:uuid}/resume",
        status_code=200,
        summary="Resume a channel",
        description="Sends again at once. 409 `channel_not_paused` when it was not paused.",
    )
    async def resume(self, channel_id: FromPath[UUID], actor: Caller, request: Request[Any, Any, Any]) -> Channel:
        return _channel(await actions.resume(actor, channel_id), _settings(request))

    @post(
        "/{channel_id:uuid}/move",
        status_code=200,
        summary="Move a number to another connection",
        description="The same number goes on over the official API (connect it there first, then name that channel as `official_id`; it is archived), or "
        "back by QR code (`official_id` null; then ask for a code). Conversations, assignments and history stay at this channel. It is paused until it "
        "is resumed: what waits goes then. 409 `not_movable`, `other_number`, `channel_in_use` while a campaign uses one of them, `move_unsent` while "
        "something waits over the other one.",
    )
    async def move(
        self, channel_id: FromPath[UUID], data: JSONBody[ChannelMove], actor: Caller, request: Request[Any, Any, Any]
    ) -> Channel:
        if data.official_id is None:
            return _channel(await moving.to_code(actor, channel_id), _settings(request))
        return _channel(await moving.to_official(actor, channel_id, data.official_id), _settings(request))

    @get(
        "/{channel_id:uuid}/log",
        summary="Channel log",
        description="Every exchange with the provider, newest first: checks, templates, sends, webhooks that could not be read. "
        "Secrets are redacted; requests and responses are cut to 4 kB.",
    )
    async def log(
        self,
        channel_id: FromPath[UUID],
        actor: Caller,
        kind: LogKind = None,
        ok: FromQuery[bool | None] = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[ChannelLogEntry]:
        before = decode_cursor(cursor, tuple[UUID])
        rows = await log.entries(actor, channel_id, kind=kind, ok=ok, before=before[0] if before else None, limit=one_over(limit))
        return page(rows, limit, lambda row: (row.id,), lambda row: struct(row._asdict(), ChannelLogEntry))

    @get(
        "/{channel_id:uuid}/agents",
        summary="List virtual agents",
        description="Who can speak over a channel that calls, its own first, then by name: what its provider listed at the last check (every hour, and "
        "`POST …/check`). Empty where the key may not list them, and for channels that do not call.",
    )
    async def channel_agents(self, channel_id: FromPath[UUID], actor: Caller) -> Page[ChannelAgent]:
        found = await agents.agents(actor, channel_id)
        return Page(items=[ChannelAgent(id=one.id, name=one.name, own=one.own) for one in found], total=len(found))

    @post(
        "/{channel_id:uuid}/webhooks/process-again",
        status_code=202,
        summary="Process kept webhooks again",
        description="Those that could not be read, or of which a part could not (`kept_webhooks`): for after an update. What had its "
        "effect already changes nothing.",
    )
    async def process_again(self, channel_id: FromPath[UUID], actor: Caller) -> WebhooksAgain:
        return WebhooksAgain(webhooks=await inbox.again(actor, channel_id))

    @get(
        "/{channel_id:uuid}/notices",
        summary="Open notices of a channel",
        description="What the provider told about the account, its number or templates and waits for a person, newest first.",
    )
    async def open_notices(self, channel_id: FromPath[UUID], actor: Caller) -> Page[ChannelNotice]:
        rows = await notices.open_notices(actor, channel_id)
        return Page(items=[struct(row._asdict(), ChannelNotice) for row in rows], total=len(rows))

    @post(
        "/{channel_id:uuid}/notices/{notice_id:uuid}/close",
        status_code=200,
        summary="Close a notice",
        description="Somebody took care of it: it leaves the first page. The log keeps it.",
    )
    async def close_notice(self, channel_id: FromPath[UUID], notice_id: FromPath[UUID], actor: Caller) -> Done:
        await notices.close(actor, channel_id, notice_id)
        return Done()

    @post(
        "/{channel_id:uuid}/templates/sync",
        status_code=202,
        summary="Sync templates",
        description="Reads all templates of the account from WhatsApp; ends with event `templates.changed`.",
    )
    async def sync_templates(self, channel_id: FromPath[UUID], actor: Caller) -> Done:
        await actions.sync_templates(actor, channel_id)
        return Done()
