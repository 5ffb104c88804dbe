"""Message templates over HTTP. WhatsApp reviews them; what it decides arrives by webhook and by sync."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, delete, get, post
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from api.auth.guard import Caller
from api.contract.base import Done, Page
from api.contract.channels import Template, TemplateCreate
from api.pagination import Cursor, Limit, decode_cursor, one_over, page
from db.channels import queries, templates
from db.channels.enums import TemplateStatus
from db.channels.queries import TemplateView
from db.providers.definition import TemplateDraft

Search = Annotated[str | None, QueryParameter(max_length=100, description="Looks in names and texts.")]


def _template(view: TemplateView) -> Template:
    return Template(
        id=view.id,
        channel_id=view.channel_id,
        channel_name=view.channel_name,
        name=view.name,
        language=view.language,
        category=view.category,
        status=view.status,
        parameter_format="named" if view.parameter_format == "named" else "positional",
        components=view.components,
        placeholders=view.placeholders,
        quality=view.quality,
        rejected_reason=view.rejected_reason,
        problem=view.problem,
        synced_at=view.synced_at,
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
        button = data.url_button
        draft = TemplateDraft(
            name=data.name,
            language=data.language,
            category=data.category,
            body=data.body,
            body_examples=data.body_examples,
            header=data.header,
            header_example=data.header_example,
            footer=data.footer,
            quick_replies=list(data.quick_replies),
            url_button=(button.text, button.url, button.example) if button else None,
        )
        return _template(await templates.create(actor, data.channel_id, draft))

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
