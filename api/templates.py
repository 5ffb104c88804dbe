"""Message templates over HTTP. WhatsApp reviews them; what it decides arrives by webhook and by sync."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.channels import (
    Template,
    TemplateCheck,
    TemplateChecked,
    TemplateCreate,
    TemplateText,
    TemplateVersion,
    TemplateWrong,
)
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from db.channels import queries, template_drafts, template_edits, template_versions, templates
from db.channels.enums import TemplateStatus
from db.channels.queries import TemplateView
from db.providers.definition import DraftButton, TemplateDraft

Search = Annotated[str | None, QueryParameter(max_length=100, description="Looks in names and texts.")]


def _template(view: TemplateView) -> Template:
    return Template(
        id=view.id,
        channel_id=view.channel_id,
        channel_name=view.channel_name,
        name=view.name,
        language=view.language,
        category=view.category,
        category_was=view.category_was,
        status=view.status,
        parameter_format="named" if view.parameter_format == "named" else "positional",
        components=view.components,
        placeholders=view.placeholders,
        quality=view.quality,
        rejected_reason=view.rejected_reason,
        problem=view.problem,
        synced_at=view.synced_at,
        header_file_id=view.sample_file_id,
        lifetime_seconds=view.lifetime,
    )


def _draft(data: TemplateText, name: str = "", language: str = "") -> TemplateDraft:
    link = data.url_button
    return TemplateDraft(
        name=name,
        language=language,
        category=data.category,
        body=data.body,
        body_examples=data.body_examples,
        header=data.header,
        header_example=data.header_example,
        footer=data.footer,
        quick_replies=list(data.quick_replies),
        url_button=(link.text, link.url, link.example) if link else None,
        buttons=tuple(DraftButton(*msgspec.structs.astuple(one)) for one in data.buttons),
        header_location=data.header_location,
        security_recommendation=data.security_recommendation,
        code_minutes=data.code_minutes,
        lifetime=data.lifetime_seconds,
    )


def _version(row: template_versions.TemplateVersion) -> TemplateVersion:
    return TemplateVersion(
        number=row.number,
        category=row.category,
        status=row.status,
        reason=row.reason,
        components=row.components,
        created_at=row.created_at,
        created_by=row.created_by,
        decided_at=row.decided_at,
    )


class TemplateController(Controller):
    """Texts that may open a conversation."""

    path = "/v1/templates"
    tags = ("Templates",)

    @get(summary="List templates", description="By name. `placeholders` are in the order in which values are given.")
    async def templates(
        self,
        actor: Caller,
        channel_id: FromQuery[UUID | None] = None,
        status: FromQuery[TemplateStatus | None] = None,
        search: Search = None,
        cursor: Cursor = None,
        limit: Limit = 50,
    ) -> Page[Template]:
        rows = await queries.templates(
            actor,
            channel_id=channel_id,
            status=status,
            search=search,
            after=decode_cursor(cursor, tuple[str, UUID]),
            limit=one_over(limit),
        )
        return page(rows, limit, lambda row: (row.name, row.id), _template)

    @get("/{template_id:uuid}", summary="Show a template", description="With Meta's components as they are.")
    async def template(self, template_id: FromPath[UUID], actor: Caller) -> Template:
        return _template(await queries.template(actor, template_id))

    @post(
        summary="Create a template",
        description="Submits a template for review. It is `pending` until WhatsApp decides; the decision comes as event "
        "`templates.changed`. 422 names every rule it breaks, 409 `template_exists` a name that is taken in this language.",
    )
    async def create(self, data: JSONBody[TemplateCreate], actor: Caller) -> Template:
        draft = _draft(data, data.name, data.language)
        return _template(await templates.create(actor, data.channel_id, draft, data.header_file_id))

    @post(
        "/check",
        status_code=200,
        summary="Check a template",
        description="What WhatsApp would refuse and what often goes wrong, while it is being written. Nothing is stored or sent.",
        opt={"idempotent": False},
    )
    async def check(self, data: JSONBody[TemplateCheck], actor: Caller) -> TemplateChecked:
        looked = await template_drafts.look(actor, data.channel_id, _draft(data), data.header_file_id)
        return TemplateChecked(
            errors=[TemplateWrong(field=f.path, code=f.code, message=f.message, params=dict(f.params)) for f in looked.wrong],
            advice=list(looked.advice),
            components=looked.components,
            placeholders=looked.placeholders,
        )

    @put(
        "/{template_id:uuid}",
        summary="Change a template",
        description="Replaces what it says and submits it for review again; name and language stay. Once its review is over; an approved one "
        "once in 24 hours and ten times in 30 days, in its category. 409 `template_in_use` while a campaign uses it. What WhatsApp does not "
        "take is put back, and `problem` says why.",
    )
    async def edit(self, template_id: FromPath[UUID], data: JSONBody[TemplateText], actor: Caller) -> Template:
        return _template(await template_edits.edit(actor, template_id, _draft(data), data.header_file_id))

    @post(
        "/{template_id:uuid}/unpause",
        status_code=202,
        summary="Let a paused template go again",
        description="Asks WhatsApp to let a template go again that it paused. What it decides comes as event `templates.changed`; where it says "
        "no, `problem` says why. 409 `template_not_paused`.",
    )
    async def unpause(self, template_id: FromPath[UUID], actor: Caller) -> Template:
        return _template(await template_edits.unpause(actor, template_id))

    @get("/{template_id:uuid}/versions", summary="List versions of a template")
    async def versions(self, template_id: FromPath[UUID], actor: Caller) -> Page[TemplateVersion]:
        """Newest first, the last hundred: what it said, who changed it, and what its review came to."""
        return Page(items=[_version(row) for row in await template_versions.versions(actor, template_id)])

    @delete(
        "/{template_id:uuid}",
        status_code=200,
        summary="Delete a template",
        description="Also at WhatsApp, which blocks the name of an approved template for 30 days. 409 `template_in_use` while a "
        "campaign uses it.",
    )
    async def delete(self, template_id: FromPath[UUID], actor: Caller) -> Done:
        await templates.delete(actor, template_id)
        return Done()
