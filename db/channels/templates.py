"""Templates: written here, reviewed by WhatsApp, kept in step by sync and by webhooks.

A row never goes away: `deleted` hides it, and the same name in the same language takes its place.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.channels import notices, template_drafts, template_versions
from db.channels.enums import NoticeCode, Quality, TemplateCategory, TemplateStatus
from db.channels.errors import ChannelError
from db.channels.events import TemplatesChanged
from db.channels.notices import News
from db.channels.queries import TemplateView, one_template
from db.clock import now
from db.errors import RequestError
from db.jobs import FollowTemplates, SubmitTemplate, SyncTemplates
from db.permissions import Permission
from db.providers.definition import TemplateDraft
from db.tenancy import Actor
from db.work import Read, Work, work

Component = dict[str, Any]
USED = """
select true from campaign where company_id = $1 and state in ('scheduled', 'preparing', 'running', 'paused', 'held') and (template_id = $2::uuid
    or fallback->>'template_id' = $2::uuid::text
    or jsonb_path_exists(trial, '$.variants[*] ? (@.template_id == $id)', jsonb_build_object('id', $2::uuid))) limit 1
"""
"""Whether a campaign that is not over has a template ($2): as its text, as another text of its test, or for what goes in its place."""
_MOVED = (
    "category = coalesce({0}, template.category), category_was = case when coalesce({0}, template.category) <> template.category"
    " then template.category else template.category_was end"
)
"""SQL: the category that the provider says now, and the one that it was before."""
SETTLE = timedelta(seconds=5)  # news of one review comes in bursts; one sync after them is enough


class Listed(NamedTuple):
    """A template as the provider lists it."""

    external_id: str
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: list[Component]
    quality: str
    rejected_reason: str | None
    lifetime: int | None = None


async def create(actor: Actor, channel_id: UUID, draft: TemplateDraft, sample_file_id: UUID | None = None) -> TemplateView:
    """Stores the template as pending and submits it for review. `sample_file_id`: what the caller uploaded for its header. Raises NotFound,
    Invalid, Conflict (name and language taken)."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        kind = await w.fetchval(
            "select kind from channel where company_id = $1 and id = $2 and archived_at is null", w.company_id, channel_id
        )
        if kind is None:
            raise RequestError.NOT_FOUND(what="channel")
        if sample_file_id is not None:
            draft = draft._replace(header_file=await template_drafts.header_kind(w, kind, sample_file_id))
        view = await create_in(w, channel_id, kind, draft, sample_file_id)
        w.enqueue(SubmitTemplate(template_id=view.id, verb="create"))
        return view


async def create_in(
    w: Work, channel_id: UUID, kind: str, draft: TemplateDraft, sample_file_id: UUID | None = None
) -> TemplateView:
    """As `create`, inside a unit of work, still to be submitted."""
    parameter_format, components = template_drafts.write(kind, draft)
    try:
        template_id: UUID | None = await w.fetchval(
            """
            insert into template(company_id, channel_id, name, language, category, status, parameter_format, components, sample_file_id, lifetime)
            values ($1, $2, $3, $4, $5, 'pending', $6, $7::jsonb, $8, $9)
            on conflict (company_id, channel_id, name, language) do update set
                category = excluded.category, status = 'pending', parameter_format = excluded.parameter_format,
                components = excluded.components, external_id = null, quality = 'unknown', rejected_reason = null,
                problem = null, synced_at = null, status_at = null, created_at = now(), sample_file_id = excluded.sample_file_id,
                unsent = false, category_was = null, lifetime = excluded.lifetime
            where template.status = 'deleted' or (template.status = 'rejected' and template.external_id is null)
            returning id
            """,
            w.company_id,
            channel_id,
            draft.name,
            draft.language,
            draft.category,
            parameter_format,
            msgspec.json.encode(components).decode(),
            sample_file_id,
            draft.lifetime,
        )
    except asyncpg.UniqueViolationError:
        template_id = None
    if template_id is None:
        raise ChannelError.TEMPLATE_EXISTS()
    await template_versions.note(w, template_id=template_id, submitted=True, by=author(w.actor))
    w.audit("template.created", template_id, name=draft.name)
    w.emit(TemplatesChanged(channel_id=channel_id))
    return await one_template(w, template_id)


def author(actor: Actor | None) -> UUID | None:
    """The person who acts, None for a key or a program."""
    return actor.id if actor is not None and actor.kind == "user" else None


async def delete(actor: Actor, template_id: UUID) -> None:
    """Hides the template and deletes it at the provider. Raises NotFound; Conflict while a campaign uses it."""
    async with work(actor, Permission.TEMPLATES_WRITE) as w:
        row = await w.fetchrow(
            "select channel_id, external_id, name from template"
            " where company_id = $1 and id = $2 and status <> 'deleted' for update",
            w.company_id,
            template_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="template")
        if await w.fetchval(USED, w.company_id, template_id):
            raise ChannelError.TEMPLATE_IN_USE()
        await set_status(w, template_id, TemplateStatus.DELETED)
        w.audit("template.deleted", template_id, name=row["name"])
        w.emit(TemplatesChanged(channel_id=row["channel_id"]))
        if row["external_id"]:
            w.enqueue(SubmitTemplate(template_id=template_id, verb="delete"))


async def set_status(w: Work, template_id: UUID, status: TemplateStatus, problem: str | None = None) -> None:
    """What our own submission came to."""
    await w.execute(
        "update template set status = $3, problem = $4 where company_id = $1 and id = $2",
        w.company_id,
        template_id,
        status,
        problem,
    )
    await template_versions.note(w, template_id=template_id)


async def submitted(w: Work, template_id: UUID, external_id: str, status: str, category: str | None) -> None:
    """The provider took the template and named it."""
    await w.execute(
        f"update template set external_id = $3, status = $4, {_MOVED.format('$5')}, problem = null, synced_at = now(),"
        " status_at = now(), unsent = false where company_id = $1 and id = $2",
        w.company_id,
        template_id,
        external_id,
        known_status(status),
        _category(category),
    )
    await template_versions.note(w, template_id=template_id)


def known_status(text: str) -> TemplateStatus:
    """Meta's word as ours; a word of a later version counts as disabled, so that nothing is sent with it."""
    try:
        return TemplateStatus(text.lower())
    except ValueError:
        return TemplateStatus.DISABLED


def _category(text: str | None) -> TemplateCategory | None:
    try:
        return TemplateCategory((text or "").lower())
    except ValueError:
        return None


def _quality(text: str | None) -> Quality:
    try:
        return Quality((text or "").lower())
    except ValueError:
        return Quality.UNKNOWN


class Submission(msgspec.Struct, frozen=True):
    """A template as it is sent to its provider. `components` is JSON; `external_id`: what the provider called it, once it has; `unsent`:
    it was changed since. `sample_*`: the file of its header, where it is in the store."""

    channel_id: UUID
    external_id: str | None
    name: str
    language: str
    category: str
    status: str
    parameter_format: str
    components: str
    unsent: bool
    lifetime: int | None
    sample_key: str | None
    sample_type: str | None
    sample_name: str | None


async def submission(r: Read, company_id: UUID, template_id: UUID) -> Submission | None:
    """None when it is gone."""
    row = await r.fetchrow(
        "select t.channel_id, t.external_id, t.name, t.language, t.category, t.status, t.parameter_format, t.components::text, t.unsent, t.lifetime,"
        " f.key, f.mime_type, f.name from template t"
        " left join message_file f on f.company_id = $1 and f.id = t.sample_file_id and f.state = 'stored'"
        " where t.company_id = $1 and t.id = $2",
        company_id,
        template_id,
    )
    return Submission(*row) if row else None


async def save_list(w: Work, channel_id: UUID, listed: Iterable[Listed], started: datetime) -> int:
    """Makes our rows equal to the provider's list, which was asked for at `started`. Returns how many there are."""
    found = list({(item.name, item.language): item for item in listed}.values())
    rows = await w.fetch(
        f"""
        insert into template(company_id, channel_id, external_id, name, language, category, status, parameter_format,
                             components, quality, rejected_reason, lifetime, synced_at, status_at)
        select $1, $2, r.*, $12, $12 from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                                          $9::text[]::jsonb[], $10::text[], $11::text[], $13::int[]) r
        on conflict (company_id, channel_id, name, language) do update set
            external_id = excluded.external_id, {_MOVED.format("excluded.category")},
            status = case when coalesce(template.status_at, '-infinity') <= $12 then excluded.status else template.status end,
            parameter_format = excluded.parameter_format, components = excluded.components, quality = excluded.quality,
            rejected_reason = excluded.rejected_reason, lifetime = excluded.lifetime, problem = null, synced_at = $12,
            status_at = greatest(template.status_at, $12)
        where not template.unsent returning channel_id, id, name, status, old.status as was
        """,
        w.company_id,
        channel_id,
        [item.external_id for item in found],
        [item.name for item in found],
        [item.language for item in found],
        [_category(item.category) or TemplateCategory.MARKETING for item in found],
        [known_status(item.status) for item in found],
        ["named" if item.parameter_format.lower() == "named" else "positional" for item in found],
        [msgspec.json.encode(item.components).decode() for item in found],
        [_quality(item.quality) for item in found],
        [item.rejected_reason if item.rejected_reason not in (None, "", "NONE") else None for item in found],
        started,
        [item.lifetime for item in found],
    )
    await _tell(w, rows)
    await w.execute(
        "update template set status = 'deleted' where company_id = $1 and channel_id = $2 and external_id is not null"
        " and external_id <> all($3::text[]) and coalesce(synced_at, created_at) < $4",
        w.company_id,
        channel_id,
        [item.external_id for item in found],
        started,
    )
    await w.execute("update channel set templates_synced_at = now() where company_id = $1 and id = $2", w.company_id, channel_id)
    await template_versions.note(w, channel_id=channel_id)
    w.emit(TemplatesChanged(channel_id=channel_id))
    w.enqueue(FollowTemplates(channel_id=channel_id))
    return len(found)


_DRAFT = "select id from campaign where company_id = $1 and template_id = $2 and state = 'draft' order by updated_at desc limit 1"


async def _tell(w: Work, rows: Iterable[asyncpg.Record]) -> None:
    """Who waits for a review that is over. `rows`: channel_id, id, name, status and what it was."""
    for row in rows:
        status = TemplateStatus(row["status"])
        if row["was"] in (TemplateStatus.PENDING, TemplateStatus.IN_APPEAL) and status in (
            TemplateStatus.APPROVED,
            TemplateStatus.REJECTED,
        ):
            waits = await w.fetchval(_DRAFT, w.company_id, row["id"])
            w.emit(TemplatesChanged(channel_id=row["channel_id"], reviewed=status.value, name=row["name"], campaign_id=waits))  # type: ignore[arg-type]


EVENTS = {
    "APPROVED": TemplateStatus.APPROVED,
    "REINSTATED": TemplateStatus.APPROVED,
    "UNARCHIVED": TemplateStatus.APPROVED,
    "REJECTED": TemplateStatus.REJECTED,
    "PENDING": TemplateStatus.PENDING,
    "PAUSED": TemplateStatus.PAUSED,
    "DISABLED": TemplateStatus.DISABLED,
    "LOCKED": TemplateStatus.DISABLED,
    "IN_APPEAL": TemplateStatus.IN_APPEAL,
    "LIMIT_EXCEEDED": TemplateStatus.LIMIT_EXCEEDED,
    "PENDING_DELETION": TemplateStatus.DELETED,
    "DELETED": TemplateStatus.DELETED,
    "ARCHIVED": TemplateStatus.ARCHIVED,
}
"""Meta's webhook events; FLAGGED changes nothing that matters to sending."""


_WORSE = {Quality.GREEN: 0, Quality.UNKNOWN: 0, Quality.YELLOW: 1, Quality.RED: 2}


async def _tell_quality(w: Work, row: asyncpg.Record, at: datetime) -> None:
    """The owners hear of a template that gets worse, before the provider pauses it."""
    before, after = Quality(row["before"]), Quality(row["quality"])
    if _WORSE[after] > _WORSE[before]:
        await notices.record(w, [row["channel_id"]], News(NoticeCode.TEMPLATE_QUALITY_DROPPED, at, row["name"]))
    elif after is Quality.GREEN and _WORSE[before]:
        await notices.record(w, [row["channel_id"]], News(NoticeCode.TEMPLATE_QUALITY_RECOVERED, at, row["name"]))


async def apply_news(
    w: Work,
    external_id: str,
    *,
    at: datetime,
    event: str | None = None,
    reason: str | None = None,
    category: str | None = None,
    quality: str | None = None,
) -> set[UUID]:
    """What a webhook says about a template, on every channel that lists it. Older than what is known: ignored. A sync follows,
    so that the end is the provider's truth in whatever order the news came. Returns the channels."""
    rows = await w.fetch(
        f"""
        update template set
            status = case when $3::text is not null and coalesce(status_at, '-infinity') <= $7::timestamptz + interval '1 second'
                     then $3 else status end,
            status_at = case when $3::text is not null then greatest(status_at, $7::timestamptz) else status_at end,
            rejected_reason = case when $3 = 'rejected' then $4 when $3 is not null then null else rejected_reason end,
            {_MOVED.format("$5")}, quality = coalesce($6, quality)
        where company_id = $1 and external_id = $2 and status <> 'deleted' returning channel_id, id, name, status, old.status as was,
            old.quality as before, new.quality as quality
        """,
        w.company_id,
        external_id,
        EVENTS.get(event or ""),
        reason if reason not in (None, "", "NONE") else None,
        _category(category),
        _quality(quality) if quality else None,
        at,
    )
    await _tell(w, rows)
    channels = {row["channel_id"] for row in rows}
    for row in rows:
        await _tell_quality(w, row, at)
    for channel_id in channels:
        await template_versions.note(w, channel_id=channel_id)
        w.emit(TemplatesChanged(channel_id=channel_id))
        w.enqueue(FollowTemplates(channel_id=channel_id))
        w.enqueue(SyncTemplates(channel_id=channel_id), at=now() + SETTLE)
    return channels
