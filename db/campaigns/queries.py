"""What screens and partners read of campaigns: lists, live progress, recipients, previews."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db import limits, valkey
from db.campaigns.audience import count, sample
from db.campaigns.called import CallFigures, figures
from db.campaigns.check import Draft, audience_of, frozen_content, load_draft, problems, texts
from db.campaigns.enums import CampaignState
from db.campaigns.plan import plan_of
from db.campaigns.tallies import Figures, Point, series, width
from db.campaigns.tallies import rate as tally_rate
from db.campaigns.together import NO_REASON, Alone, Failure, together
from db.campaigns.trial import WAITS
from db.campaigns.waits import Wait, waits
from db.clock import now
from db.contacts.metadata import marks
from db.errors import Field, RequestError
from db.messages.enums import MessageState
from db.messages.reasons import FailureReason
from db.messages.render import RenderedMessage, draw
from db.messages.segments import Segments, suggest_gsm7
from db.messages.segments import count as count_segments
from db.messages.variables import CONTACT_FIELDS
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Read, read

RATE_SECONDS = 10
SOON = timedelta(minutes=1)

_COLUMNS = f"""
{WAITS} as trial_waits, k.id, k.name, k.state, k.state_reason, k.state_detail, k.channel_id, c.name as channel_name, c.kind as channel_kind,
coalesce(c.sandbox, false) as sandbox, k.template_id, k.header_file_id, t.name as template_name, k.body, k.bindings::text as bindings,
k.audience::text as audience, k.settings::text as settings, k.trial::text as trial, k.trial_state, k.fallback::text as fallback, k.external_id,
k.metadata::text as metadata, k.policy, k.scheduled_at, k.launched_at, k.started_at, k.finished_at,
k.resume_at, k.version, k.cloned_from, u.name as created_by, k.created_at, k.updated_at,
case when c.state = 'paused' and c.state_reason = 'provider_outage' then c.outage_since end as outage_since
"""
_FROM = """
from campaign k left join channel c on c.company_id = k.company_id and c.id = k.channel_id
left join template t on t.company_id = k.company_id and t.id = k.template_id
left join account_user u on u.id = k.created_by
"""
_FAILURES = """
select state, reason, code, count(*) as n from message
where company_id = $1 and campaign_id = $2 and in_trouble group by 1, 2, 3 order by n desc
"""
_NEXT = "select next_at from message where queue_id = $1 and queued order by next_at limit 1"


async def campaigns(
    actor: Actor,
    *,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    states: list[CampaignState] | None = None,
    channel_id: UUID | None = None,
    search: str | None = None,
    external_id: str | None = None,
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> list[dict[str, Any]]:
    """Newest first, each with its counts."""
    args: list[object] = [actor.company_id]
    conditions = ["k.company_id = $1", "k.cadence_id is null", "k.fallback_of is null"]

    def add(text: str, value: object) -> None:
        args.append(value)
        conditions.append(text.format(f"${len(args)}"))

    if states:
        add("k.state = any({}::text[])", [state.value for state in states])
    if channel_id is not None:
        add("k.channel_id = {}", channel_id)
    if search:
        add("position(fold({}) in fold(k.name)) > 0", search)
    if external_id is not None:
        add("k.external_id = {}", external_id)
    if metadata:
        add("metadata_marks(k.metadata) @> {}::text[]", marks(metadata))
    if after is not None:
        args += after
        conditions.append(f"(k.created_at, k.id) < (${len(args) - 1}, ${len(args)})")
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        rows = await r.fetch(
            f"select {_COLUMNS} {_FROM} where {' and '.join(conditions)} order by k.created_at desc, k.id desc limit {limit}",
            *args,
        )
        found = await together(r, [row["id"] for row in rows])
    return [
        {
            **row,
            "metadata": msgspec.json.decode(row["metadata"]),
            "figures": found[row["id"]].figures,
            "counts": found[row["id"]].counts,
        }
        for row in rows
    ]


async def campaign(actor: Actor, campaign_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        return await one(r, campaign_id)


async def one(r: Read, campaign_id: UUID) -> dict[str, Any]:
    """Raises NotFound."""
    assert r.actor is not None
    row = await r.fetchrow(f"select {_COLUMNS} {_FROM} where k.company_id = $1 and k.id = $2", r.actor.company_id, campaign_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="campaign")
    decoded = {name: msgspec.json.decode(row[name]) for name in ("bindings", "audience", "settings", "metadata")}
    return {**row, **decoded, **{name: msgspec.json.decode(row[name]) if row[name] else None for name in ("trial", "fallback")}}


class Group(msgspec.Struct, frozen=True):
    """Messages that did not arrive for one reason; `retryable`: sending them again later may work."""

    reason: str
    code: int | None
    count: int
    retryable: bool


class BindingLimit(msgspec.Struct, frozen=True):
    """The limit that held a channel back; `value` per second where it is a speed, `until` where it ends by itself, `name` of a rule for hours."""

    limit: str
    value: float | None
    until: datetime | None
    name: str = ""


class Instead(msgspec.Struct, frozen=True):
    """What went another way to those whom it could not reach: of their people, not of their messages. `both`: reached by the first message after all, too."""

    channel_name: str
    channel_kind: str
    stopped: str | None
    waiting: int
    sent: int
    delivered: int
    replied: int
    failed: int
    skipped: int
    both: int


class Progress(msgspec.Struct, frozen=True):
    """Everything on the live page. `figures` and `failures` are those of the report: each person once, by whichever way they got it; `alone`: of them, who got it
    only another way. `counts`, rate and series are of the campaign's own messages. `series`: newly sent and delivered per `series_seconds`. `next_at`: nothing goes out before then."""

    state: CampaignState
    state_reason: str | None
    figures: Figures
    counts: dict[str, int]
    rate: float
    eta: datetime | None
    next_at: datetime | None
    outage_since: datetime | None
    limiting_factor: str | None
    limit_value: float | None
    limit_until: datetime | None
    failures: list[Group]
    skipped: list[Group]
    series: list[Point]
    series_seconds: int
    fallback: Instead | None = None
    waits: list[Wait] = []
    limit_name: str = ""
    calls: CallFigures | None = None  # of one that calls
    alone: Alone | None = None


async def progress(actor: Actor, campaign_id: UUID) -> Progress:
    """Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        row = await one(r, campaign_id)
        limit = await _binding_limit(row["channel_id"]) if row["state"] == CampaignState.RUNNING else None
        full = limit is not None and limit.limit == "tier"
        whole = (await together(r, [campaign_id]))[campaign_id]
        found = await groups(r, campaign_id)
        rate = await tally_rate(r, campaign_id, RATE_SECONDS)
        first = await r.fetchval(_NEXT, campaign_id)
        held = (
            await waits(r, campaign_id, limit.until if limit and full else None, tier=full)
            if whole.counts.get("queued", 0)
            else []
        )
        called: CallFigures | None = None
        if row["channel_kind"] is not None and registry.provider(row["channel_kind"]).capabilities.calls:
            called = await figures(r, campaign_id, row["channel_id"], plan_of(row["settings"]).calls)
        points: list[Point] = []
        seconds = 1
        if row["started_at"] is not None:
            seconds = width(row["started_at"], row["finished_at"] or now())
            since = max(row["started_at"], now() - timedelta(days=120))
            points = await series(r, campaign_id, seconds, since - timedelta(seconds=seconds))
    left = whole.counts.get("queued", 0) + whole.counts.get("sending", 0)
    other = whole.other
    running = row["state"] == CampaignState.RUNNING
    outage = row["outage_since"] if running and left else None
    binding = limit if left and not outage else None
    testing = row["trial_state"] in ("testing", "waiting")  # most of them wait for the better text
    return Progress(
        state=CampaignState(row["state"]),
        state_reason=row["state_reason"],
        figures=whole.figures,
        counts=whole.counts,
        rate=rate if running else 0.0,
        eta=now() + timedelta(seconds=left / rate) if running and left and rate > 0 and not outage and not testing else None,
        next_at=first if running and first is not None and first > now() + SOON else None,
        outage_since=outage,
        limiting_factor=binding.limit if binding else None,
        limit_value=binding.value if binding else None,
        limit_until=binding.until if binding else None,
        failures=failures(found, whole.saved),
        skipped=[group for state, group in found if state == MessageState.SKIPPED],
        series=points,
        series_seconds=seconds,
        fallback=Instead(other.channel_name, other.channel_kind, other.stopped, *whole.second) if other is not None else None,
        waits=held,
        limit_name=binding.name if binding else "",
        calls=called,
        alone=whole.alone,
    )


async def groups(r: Read, campaign_id: UUID) -> list[tuple[int, Group]]:
    """Who did not get it, by state and reason, the largest first."""
    assert r.actor is not None
    return [(row["state"], _group(row)) for row in await r.fetch(_FAILURES, r.actor.company_id, campaign_id)]


def failures(found: list[tuple[int, Group]], saved: Counter[Failure]) -> list[Group]:
    """Who did not get it, without those who got it another way, or are about to."""
    left, saved = [], saved.copy()
    for state, group in found:
        if state == MessageState.SKIPPED:
            continue
        gone = min(group.count, saved[state, group.reason, group.code])
        saved[state, group.reason, group.code] -= gone
        left.append(msgspec.structs.replace(group, count=group.count - gone))
    return sorted((group for group in left if group.count), key=lambda group: -group.count)


def _group(row: asyncpg.Record) -> Group:
    reason = row["reason"] or NO_REASON
    known = next((r for r in FailureReason if r.value == reason), None)
    return Group(reason, row["code"], row["n"], bool(known and known.retry))


async def _binding_limit(channel_id: UUID | None) -> BindingLimit | None:
    """Which limit held the channel back within the last seconds; workers note it (workers/outgoing.py)."""
    try:
        raw = await valkey.client().get(f"binding:{channel_id}")
    except valkey.Down:
        return BindingLimit("unavailable", None, None)
    return msgspec.json.decode(raw, type=BindingLimit) if raw else None


class Skipped(msgspec.Struct, frozen=True):
    reason: str
    count: int


class Reach(msgspec.Struct, frozen=True):
    """Whom an audience reaches: `matched` people, of whom some are skipped, by reason, the largest first."""

    matched: int
    reachable: int
    skipped: list[Skipped]


async def audience(actor: Actor, campaign_id: UUID) -> Reach:
    """Live count for the wizard. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        draft = await load_draft(r, campaign_id)
        if draft.kind is None:
            draft = msgspec.structs.replace(draft, kind=registry.widest().kind)
        return _reach(await count(r, audience_of(draft)))


def _reach(found: dict[str | None, int]) -> Reach:
    skipped = [Skipped(reason, n) for reason, n in sorted(found.items(), key=lambda i: -i[1]) if reason]
    return Reach(sum(found.values()), found.get(None, 0), skipped)


class PreviewRow(msgspec.Struct):
    name: str
    address: str
    drawn: RenderedMessage
    segments: Segments | None


class Preview(msgspec.Struct):
    rows: list[PreviewRow]
    problems: list[Field]
    audience: Reach | None
    seconds: int | None
    limit: str | None
    segments_total: int | None
    plain_body: str | None


async def preview(actor: Actor, campaign_id: UUID, variant: int = 0) -> Preview:
    """How it reads for the first three people, what a launch would take and what stands in its way. Raises NotFound."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        draft = await load_draft(r, campaign_id)
        found = await problems(r, draft)
        written = await texts(r, draft)
        draft = written[variant] if variant < len(written) else draft
        content = frozen_content(draft)
        known = [f for f in content.fields if f.startswith("custom.") or f in CONTACT_FIELDS]
        people: list[tuple[str, str, list[str]]] = []
        reach = None
        if draft.kind is not None:
            reach = _reach(await count(r, audience_of(draft)))
            if known == content.fields:
                people = await sample(r, audience_of(draft, content.fields), 3)
    by_segment = draft.capabilities is not None and draft.capabilities.unit == "segment"
    rows = []
    for name, address, params in people or [("", "", [""] * len(content.fields))]:
        drawn = draw(content, params)
        rows.append(PreviewRow(name, address, drawn, count_segments(drawn.body) if by_segment else None))
    total = None
    if reach and by_segment:
        total = round(sum(row.segments.segments for row in rows if row.segments) / len(rows) * reach.reachable)
    seconds, limit = None, None
    if reach and draft.throughput:
        work_units = total if total is not None else reach.reachable
        seconds = round(work_units / draft.throughput)
        limit = "segments" if by_segment else "number"
        if draft.messaging_limit is not None and draft.portfolio_id is not None:
            days = max(0, (reach.reachable + await _used(actor.company_id, draft.portfolio_id) - 1) // draft.messaging_limit)
            if days:
                seconds, limit = days * limits.DAY + seconds, "tier"
    plain = suggest_gsm7(draft.body) if draft.body and by_segment else None
    return Preview(rows, found, reach, seconds, limit, total, plain if plain != draft.body else None)


async def used_today(draft: Draft) -> int:
    """Unique people of the portfolio's moving day; 0 where nobody counts them, or while they cannot be read."""
    return await _used(draft.company_id, draft.portfolio_id) if draft.portfolio_id and draft.messaging_limit is not None else 0


async def _used(company_id: UUID, portfolio_id: str) -> int:
    try:
        return await limits.tier_used(company_id, portfolio_id)
    except valkey.Down:
        return 0
