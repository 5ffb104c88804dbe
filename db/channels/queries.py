"""What is known about channels and templates, for lists and pages. Secrets are never selected here."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import limits, valkey
from db.channels.enums import ChannelState, Quality, TemplateCategory, TemplateStatus
from db.clock import now
from db.errors import RequestError
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.providers import registry
from db.providers.definition import Provider
from db.providers.placeholders import placeholders
from db.tenancy import Actor
from db.work import Read, read

RATE_SECONDS = 10

COLUMNS = (
    "id, kind, sandbox, name, state, state_reason, state_detail, paused_until, outage_since, number, account_id, external_id,"
    " portfolio_id, verify_token, quality, messaging_limit, throughput, check_result, checked_at, templates_synced_at, heard_at, read_receipts, settings, created_at,"
    " (select count(*) from (select from webhook_inbox k where k.company_id = channel.company_id and k.channel_id = channel.id and k.tries >= 5"
    "  limit 1000) k) as kept_webhooks,"
    # As `db/qr/pairing.py` tells it: one whose gateway is gone is not open, whatever it said last.
    " (select case when s.state in ('open', 'restricted') and s.wa_jid is not null and coalesce(s.lease_until < now() - interval '10 seconds', true)"
    "  then 'reconnecting' else s.state end from qr_session s where s.company_id = channel.company_id and s.id = channel.id) as connection"
)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One finding of a live check; `reason` is a FailureReason when not ok, `detail` the provider's own words."""

    code: str
    ok: bool
    value: str | None = None
    reason: str | None = None
    detail: str | None = None


class ChannelView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    kind: str
    sandbox: bool
    name: str
    state: ChannelState
    state_reason: str | None
    state_detail: str | None
    paused_until: datetime | None
    outage_since: datetime | None  # set only while it waits for a provider that is down
    number: str | None
    account_id: str
    external_id: str
    portfolio_id: str
    verify_token: str | None
    quality: Quality
    messaging_limit: int | None
    messaging_used: int | None
    throughput: float
    rate_now: float
    check: list[Check]
    checked_at: datetime | None
    templates_synced_at: datetime | None
    heard_at: datetime | None  # its first webhook
    read_receipts: bool
    kept_webhooks: int  # that could not be read, or parts of them; 1000 for that and more
    connection: str | None  # of a number that is connected by a code: the state of its session
    created_at: datetime


class TemplateView(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    channel_id: UUID
    channel_name: str
    name: str
    language: str
    category: TemplateCategory
    category_was: TemplateCategory | None  # before its reviewers moved it
    status: TemplateStatus
    parameter_format: str
    components: list[dict[str, Any]]
    placeholders: list[str]
    quality: Quality
    rejected_reason: str | None
    problem: str | None
    synced_at: datetime | None
    sample_file_id: UUID | None
    lifetime: int | None


def kinds(actor: Actor) -> list[Provider]:
    """What can be connected."""
    actor.require(Permission.CHANNELS_READ)
    return registry.providers()


async def channel(actor: Actor, channel_id: UUID) -> ChannelView:
    """One channel. Raises NotFound."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        view = await channel_in(r, actor.company_id, channel_id)
    rates = await _rates([channel_id])
    return await _with_usage(actor, msgspec.structs.replace(view, rate_now=rates.get(channel_id, 0.0)))


async def channel_in(r: Read, company_id: UUID, channel_id: UUID) -> ChannelView:
    """One channel inside an open transaction, without the figures of Valkey. Raises NotFound."""
    row = await r.fetchrow(
        f"select {COLUMNS} from channel where company_id = $1 and id = $2 and archived_at is null",
        company_id,
        channel_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="channel")
    return _view(row, 0.0, r.actor)


async def channels(actor: Actor, *, after: UUID | None = None, limit: int = 50) -> list[ChannelView]:
    """Oldest first, archived ones left out."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        rows = await r.fetch(
            f"select {COLUMNS} from channel where company_id = $1 and archived_at is null and id > $2 order by id limit $3",
            actor.company_id,
            after or UUID(int=0),
            limit,
        )
    rates = await _rates([row["id"] for row in rows])
    return [await _with_usage(actor, _view(row, rates.get(row["id"], 0.0), actor)) for row in rows]


async def _rates(channel_ids: Sequence[UUID]) -> dict[UUID, float]:
    """Accepted messages per second over the last ten, from the sender's counters; empty while Valkey is away."""
    second = int(now().timestamp())
    keys = [f"rate:{channel_id}:{second - back}" for channel_id in channel_ids for back in range(1, RATE_SECONDS + 1)]
    if not keys:
        return {}
    try:
        counts = [int(count or 0) for count in await valkey.client().mget(keys)]
    except valkey.Down:
        return {}
    return {
        channel_id: sum(counts[index * RATE_SECONDS : (index + 1) * RATE_SECONDS]) / RATE_SECONDS
        for index, channel_id in enumerate(channel_ids)
    }


def _view(row: asyncpg.Record, rate: float, reader: Actor | None) -> ChannelView:
    shown = reader is not None and Permission.CHANNELS_WRITE in reader.permissions
    return ChannelView(
        id=row["id"],
        kind=row["kind"],
        sandbox=row["sandbox"],
        name=row["name"],
        state=ChannelState(row["state"]),
        state_reason=row["state_reason"],
        state_detail=row["state_detail"],
        paused_until=row["paused_until"],
        outage_since=row["outage_since"] if row["state_reason"] == FailureReason.PROVIDER_OUTAGE else None,
        number=row["number"],
        account_id=row["account_id"],
        external_id=row["external_id"],
        portfolio_id=row["portfolio_id"],
        verify_token=row["verify_token"] if shown else None,
        quality=Quality(row["quality"]),
        messaging_limit=row["messaging_limit"],
        messaging_used=None,
        throughput=float(row["throughput"]),
        rate_now=rate,
        check=msgspec.json.decode(row["check_result"] or "[]", type=list[Check]),
        checked_at=row["checked_at"],
        templates_synced_at=row["templates_synced_at"],
        heard_at=row["heard_at"],
        read_receipts=row["read_receipts"],
        kept_webhooks=row["kept_webhooks"],
        connection=row["connection"],
        created_at=row["created_at"],
    )


async def _with_usage(actor: Actor, view: ChannelView) -> ChannelView:
    if not registry.provider(view.kind).capabilities.limits_people:
        return view
    try:
        return msgspec.structs.replace(view, messaging_used=await limits.tier_used(actor.company_id, view.portfolio_id))
    except valkey.Down:
        return view


_TEMPLATE = (
    "t.id, t.channel_id, c.name as channel_name, t.name, t.language, t.category, t.category_was, t.status, t.parameter_format, t.components,"
    " t.quality, t.rejected_reason, t.problem, t.synced_at, t.sample_file_id, t.lifetime"
)


async def template(actor: Actor, template_id: UUID) -> TemplateView:
    """One template. Raises NotFound."""
    async with read(actor, Permission.TEMPLATES_READ) as r:
        return await one_template(r, template_id)


async def one_template(r: Read, template_id: UUID) -> TemplateView:
    """As `template`, inside a unit of work."""
    assert r.actor is not None
    row = await r.fetchrow(
        f"select {_TEMPLATE} from template t join channel c on c.company_id = $1 and c.id = t.channel_id"
        " where t.company_id = $1 and t.id = $2 and t.status <> 'deleted' and c.archived_at is null",
        r.actor.company_id,
        template_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="template")
    return _template(row)


async def templates(
    actor: Actor,
    *,
    channel_id: UUID | None = None,
    status: TemplateStatus | None = None,
    search: str | None = None,
    after: tuple[str, UUID] | None = None,
    limit: int = 50,
) -> list[TemplateView]:
    """By name; `after` is the last (name, id) seen. `search` looks in names and texts."""
    name, last = after or ("", UUID(int=0))
    async with read(actor, Permission.TEMPLATES_READ) as r:
        rows = await r.fetch(
            f"select {_TEMPLATE} from template t join channel c on c.company_id = $1 and c.id = t.channel_id"
            " where t.company_id = $1 and c.archived_at is null and t.status <> 'deleted'"
            " and ($2::uuid is null or t.channel_id = $2) and ($3::text is null or t.status = $3)"
            " and ($4::text is null or position(fold($4) in fold(t.name || ' ' || t.components::text)) > 0)"
            " and (t.name, t.id) > ($5, $6) order by t.name, t.id limit $7",
            actor.company_id,
            channel_id,
            status,
            search or None,
            name,
            last,
            limit,
        )
    return [_template(row) for row in rows]


def _template(row: asyncpg.Record) -> TemplateView:
    components = msgspec.json.decode(row["components"], type=list[dict[str, Any]])
    return TemplateView(
        id=row["id"],
        channel_id=row["channel_id"],
        channel_name=row["channel_name"],
        name=row["name"],
        language=row["language"],
        category=TemplateCategory(row["category"]),
        category_was=TemplateCategory(row["category_was"]) if row["category_was"] else None,
        status=TemplateStatus(row["status"]),
        parameter_format=row["parameter_format"],
        components=components,
        placeholders=placeholders(components, row["parameter_format"], row["category"]),
        quality=Quality(row["quality"]),
        rejected_reason=row["rejected_reason"],
        problem=row["problem"],
        synced_at=row["synced_at"],
        sample_file_id=row["sample_file_id"],
        lifetime=row["lifetime"],
    )
