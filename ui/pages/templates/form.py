"""Pages to write a template, and to write one anew that was reviewed."""

import re
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.channels import Template, TemplateCreate, TemplateText
from api.contract.contacts import CustomField
from api.contract.enums import Permission
from ui import kinds, session
from ui.client import campaigns, contacts, messages
from ui.client import channels as channel_client
from ui.client import templates as client
from ui.components.cards import note
from ui.components.frame import frame
from ui.components.states import empty, load, skeleton_card
from ui.components.template_writer import Doors, Writer
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import templates as template_labels
from ui.pages.templates.origin import draft, way_back
from ui.routing import page

_DRAFT = re.compile(r"/campaigns/([0-9a-f-]{36})/")


@page("/templates/new", permission=Permission.TEMPLATES_WRITE)
def new_template() -> None:
    with frame(_("New template"), breadcrumbs=[(_("Templates"), "/templates")], active="/templates") as head:
        with head.actions:
            way_back()
        load(_choices, _draw_new, lambda: skeleton_card(8))


@page("/templates/{template_id}/edit", permission=Permission.TEMPLATES_WRITE)
def edit_template(template_id: UUID) -> None:
    with frame(_("Change template"), breadcrumbs=[(_("Templates"), "/templates")], active="/templates"):
        load(partial(_standing, template_id), _draw_change, lambda: skeleton_card(8))


async def _choices() -> tuple[dict[UUID, str], list[CustomField]]:
    """Names of the channels that have templates; that of the draft from which somebody came stands first."""
    api = session.current().api
    found = [one for one in await channel_client.channels(api) if kinds.can(one.kind).templates]
    wanted = (await campaigns.campaign(api, UUID(match[1]))).channel_id if (match := _DRAFT.match(draft())) else None
    return {one.id: one.name for one in sorted(found, key=lambda one: one.id != wanted)}, await contacts.fields(api)


async def _standing(template_id: UUID) -> tuple[Template, list[CustomField]]:
    api = session.current().api
    return await client.template(api, template_id), await contacts.fields(api)


def _draw_new(found: tuple[dict[UUID, str], list[CustomField]]) -> None:
    channels, custom = found
    if not channels:
        with ui.element("div").classes("m-card"):
            text = _("Templates belong to a WhatsApp number. Connect one first, or the simulator.")
            empty("hub", _("No WhatsApp channel yet"), text, action=_("Connect channel"), to="/channels/connect")
        return
    api = session.current().api

    async def submit(written: TemplateCreate | TemplateText) -> None:
        assert isinstance(written, TemplateCreate)
        made = await client.create(api, written)
        if match := _DRAFT.match(draft()):
            await campaigns.choose_template(api, UUID(match[1]), made.id, template_labels.guess(made, custom))
        _sent()

    doors = Doors(partial(messages.upload, api), partial(client.check, api), submit)
    Writer(channels, custom, doors, lambda: ui.navigate.to(draft() or "/templates"))


def _draw_change(found: tuple[Template, list[CustomField]]) -> None:
    template, custom = found
    if why := template_labels.trouble(template):
        with note("bad", why, name="error"):
            pass
    api = session.current().api

    async def submit(written: TemplateCreate | TemplateText) -> None:
        await client.change(api, template.id, written)
        _sent()

    doors = Doors(partial(messages.upload, api), partial(client.check, api), submit)
    channels = {template.channel_id: template.channel_name}
    Writer(channels, custom, doors, lambda: ui.navigate.to("/templates"), template)


def _sent() -> None:
    toast(_("Sent for review. You see the answer here, usually within minutes."))
    ui.navigate.to(draft() or "/templates")
