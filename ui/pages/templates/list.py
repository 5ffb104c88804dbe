"""Templates: the texts that may open a WhatsApp conversation, as a phone shows them."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.channels import Template
from api.contract.enums import Permission, TemplateStatus
from api.contract.events import TemplatesChanged
from ui import formats, kinds, live, session
from ui.client import channels as channel_client
from ui.client import templates as client
from ui.components.buttons import button
from ui.components.cards import item, note
from ui.components.confirm import confirm, dialog
from ui.components.frame import frame
from ui.components.listing import Listing
from ui.components.phone import phone
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import templates as template_labels
from ui.pages.templates.origin import keeping, way_back
from ui.routing import page

_SHOWN = (TemplateStatus.APPROVED, TemplateStatus.PENDING, TemplateStatus.REJECTED, TemplateStatus.PAUSED)


@page("/templates", permission=Permission.TEMPLATES_READ)
def templates() -> None:
    with frame(_("Templates"), _("Texts that WhatsApp has approved for the first message")) as head:
        listed = _List()
        with head.actions:
            way_back()
            if session.current().may(Permission.TEMPLATES_WRITE):
                button(_("Read again from WhatsApp"), listed.sync, icon="sync")
                button(_("New template"), kind="primary", icon="add", to=keeping("/templates/new"))


class _List:
    """Filters and lines on the left, the chosen template on a phone beside them."""

    def __init__(self) -> None:
        me = session.current()
        self._api = me.api
        self._write = me.may(Permission.TEMPLATES_WRITE)
        states = {one.value: template_labels.template_status(one)[0] for one in _SHOWN}
        self._shown: UUID | None = None
        self._lines: dict[UUID, ui.element] = {}
        with ui.element("div").classes("m-aside") as self._split:
            with ui.element("div").classes("m-card m-card-flush"):
                self._list = Listing(
                    self._fetch,
                    self._draw,
                    self._draw_blank,
                    search=_("Search templates"),
                    chips=(Filter("status", _("State"), states), _("All templates")),
                    step=30,
                )
            self._side = ui.element("div").classes("m-aside-side")
        throttle = Throttle(self._list.refresh, 1.0)

        def heard(event: TemplatesChanged) -> None:
            throttle.poke()

        live.on(TemplatesChanged, heard)
        live.on_reset(self._list.refresh)

    async def _fetch(self, query: Query) -> Page[Template]:
        status = query.filters.get("status")
        return await client.templates(
            self._api, status=TemplateStatus(status) if status else None, search=query.search, limit=query.limit
        )

    def _draw(self, found: Page[Template]) -> None:
        self._lines = {}
        alone = not (found.items or self._list.asked.anything)
        self._split.classes(add="m-aside-alone" if alone else "", remove="" if alone else "m-aside-alone")
        if not found.items:
            self._side.clear()
            return
        with ui.element("div").classes("w-full"):
            for template in found.items:
                self._draw_line(template)
        chosen = next((one for one in found.items if one.id == self._shown), found.items[0])
        self._show(chosen)

    def _draw_blank(self) -> None:
        text = _("WhatsApp only lets you write first with a text it has approved. The review usually takes minutes.")
        action = _("Write a template") if self._write else ""
        empty("article", _("No template yet"), text, action=action, to=keeping("/templates/new"))

    def _draw_line(self, template: Template) -> None:
        name, tone = template_labels.template_status(template.status)
        with item(on_click=partial(self._pick, template)) as element:
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(template.name).classes("m-strong m-clip")
                ui.label(template_labels.body(template)).classes("m-hint m-clip")
            with ui.element("div").classes("m-col m-tight items-end shrink-0"):
                with ui.element("div").classes("m-row m-near"):
                    if template.quality.value in {"yellow", "red"}:
                        badge(
                            template_labels.quality_name(template.quality), "bad" if template.quality.value == "red" else "warn"
                        )
                    badge(name, tone)
                ui.label(
                    f"{template_labels.category_name(template.category)} · {template_labels.language(template.language)}"
                ).classes("m-hint")
        self._lines[template.id] = element

    def _pick(self, template: Template) -> None:
        self._show(template)
        ui.run_javascript(f"masteria.reveal({self._side.id})")

    def _show(self, template: Template) -> None:
        for template_id, element in self._lines.items():
            on = template_id == template.id
            element.classes(add="m-item-on" if on else "", remove="" if on else "m-item-on")
        self._shown = template.id
        self._side.clear()
        with self._side:
            phone(template.channel_name, template.name, template_labels.preview(template))
            if trouble := template_labels.standing(template) or template_labels.trouble(template):
                with note("bad", trouble, name="error"):
                    pass
            if moved := template_labels.moved(template):
                with note("warn", moved, name="warning"):
                    pass
            if bad := template_labels.bad_quality(template.quality):
                with note("bad" if template.quality.value == "red" else "warn", bad, name="warning"):
                    pass
            facts = [template_labels.quality_name(template.quality)] if template.status is TemplateStatus.APPROVED else []
            facts += (
                [_("Compared with WhatsApp {when}").format(when=formats.ago(template.synced_at))] if template.synced_at else []
            )
            ui.label(" · ".join([template.channel_name, *facts])).classes("m-hint")
            if self._write and template.status in template_labels.CHANGEABLE:
                button(_("Change and send again"), icon="edit", to=f"/templates/{template.id}/edit")
            if self._write and template.status is TemplateStatus.PAUSED:
                button(_("Ask WhatsApp to let it go again"), partial(self._unpause, template), icon="play_arrow")
            button(_("What it was before"), partial(self._history, template), kind="plain", icon="history")
            if self._write:
                button(_("Delete template"), partial(self._delete, template), kind="danger", icon="delete")

    async def _history(self, template: Template) -> None:
        """What it said, who changed it, and what its review came to."""
        found = await client.versions(self._api, template.id)
        with dialog(_("Versions of {name}").format(name=template.name), wide=True) as box:
            for one in found:
                name, tone = template_labels.template_status(one.status)
                with ui.element("div").classes("m-col m-near w-full"):
                    with ui.element("div").classes("m-row m-near m-wrap"):
                        ui.label(_("Version {n}").format(n=one.number)).classes("m-strong")
                        badge(name, tone)
                        by = one.created_by or _("by key or at WhatsApp")
                        ui.label(f"{formats.moment(one.created_at)} · {by}").classes("m-hint")
                    ui.label(template_labels.text_of(one.components)).classes("m-text")
                    if one.reason and one.status is TemplateStatus.REJECTED:
                        ui.label(template_labels.why(one.reason)).classes("m-hint")
            if not found:
                ui.label(_("Nothing was written down yet.")).classes("m-sub")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain")
        box.open()

    async def _unpause(self, template: Template) -> None:
        text = _(
            "People blocked or reported it. Change what bothered them first, or WhatsApp pauses it for longer the next time."
        )
        if await confirm(_("Let {name} go again?").format(name=template.name), text, yes=_("Ask WhatsApp")):
            await client.unpause(self._api, template.id)
            toast(_("Asked. You see here what WhatsApp decides."))
            await self._list.refresh()

    async def _delete(self, template: Template) -> None:
        text = _("It goes away at WhatsApp too. The name of an approved template stays blocked for 30 days.")
        if await confirm(_("Delete {name}?").format(name=template.name), text, yes=_("Delete"), danger=True):
            await client.delete(self._api, template.id)
            self._shown = None
            toast(_("Template deleted."))
            await self._list.refresh()

    async def sync(self) -> None:
        channels = [one for one in await channel_client.channels(self._api) if kinds.can(one.kind).templates]
        for one in channels:
            await channel_client.sync_templates(self._api, one.id)
        toast(_("Reading. The list moves by itself.") if channels else _("Connect a WhatsApp channel first."), "info")
