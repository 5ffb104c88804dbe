"""Templates: the texts that may open a WhatsApp conversation, as a phone shows them; and writing a new one."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.channels import Channel, Template, TemplateCreate, UrlButton
from api.contract.enums import Permission, TemplateCategory, TemplateStatus
from api.contract.events import TemplatesChanged
from ui import formats, kinds, live, session
from ui.client import channels as channel_client
from ui.client import templates as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, item, note
from ui.components.confirm import confirm
from ui.components.forms import Field, area_field, filled, search_field, select_field, text_field
from ui.components.frame import frame
from ui.components.phone import Phone, Preview, phone
from ui.components.query import Asked, Filter
from ui.components.states import Loader, empty, load, skeleton_card, skeleton_list
from ui.components.text import badge, chip
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import templates as template_labels
from ui.routing import page

STEP, MAX_ROWS = 30, 200
LANGUAGES = {
    "pt_BR": "Português (BR)",
    "en_US": "English (US)",
    "es": "Español",
    "es_MX": "Español (MX)",
    "pt_PT": "Português (PT)",
}
_SHOWN = (TemplateStatus.APPROVED, TemplateStatus.PENDING, TemplateStatus.REJECTED, TemplateStatus.PAUSED)
MAX_REPLIES = 3  # what the form offers; WhatsApp takes ten


@page("/templates", permission=Permission.TEMPLATES_READ)
def templates() -> None:
    with frame(_("Templates"), _("Texts that WhatsApp has approved for the first message")) as head:
        listed = _List()
        if session.current().may(Permission.TEMPLATES_WRITE):
            with head.actions:
                button(_("Read again from WhatsApp"), listed.sync, icon="sync")
                button(_("New template"), kind="primary", icon="add", to="/templates/new")


class _List:
    """Filters and lines on the left, the chosen template on a phone beside them."""

    def __init__(self) -> None:
        me = session.current()
        self._api = me.api
        self._write = me.may(Permission.TEMPLATES_WRITE)
        self._limit = STEP
        self._filter = Filter("status", _("State"), {one.value: template_labels.template_status(one)[0] for one in _SHOWN})
        self._ask = Asked([self._filter], ())
        address().on_back(self._went_back)
        self._shown: UUID | None = None
        self._lines: dict[UUID, ui.element] = {}
        with ui.element("div").classes("m-aside") as self._split:
            with ui.element("div").classes("m-card m-card-flush"):
                with ui.element("div").classes("m-bar") as self._bar:
                    self._draw_search()
                    self._chips = ui.element("div").classes("m-row m-near m-wrap")
                    self._draw_chips()
                self._place: Loader[Page[Template]] = load(self._fetch, self._draw, lambda: skeleton_list(6))
            self._side = ui.element("div").classes("m-aside-side")
        throttle = Throttle(self._place.refresh, 1.0)

        def heard(event: TemplatesChanged) -> None:
            throttle.poke()

        live.on(TemplatesChanged, heard)
        live.on_reset(self._place.refresh)

    def _draw_search(self) -> None:
        async def searched(text: str) -> None:
            if text != self._ask.search:
                self._ask.search = text
                await self._again(push=False)

        self._input = search_field(_("Search templates"), self._ask.search, searched)

    def _draw_chips(self) -> None:
        async def choose(status: str | None) -> None:
            self._ask.choose("status", status)
            self._draw_chips()
            await self._again(push=True)

        now = self._ask.filters.get("status")
        self._chips.clear()
        with self._chips:
            chip(_("All templates"), on=now is None, on_click=partial(choose, None))
            for status, name in self._filter.options.items():
                chip(name, on=status == now, on_click=partial(choose, status))

    async def _again(self, *, push: bool) -> None:
        self._limit = STEP
        self._ask.write(push=push)
        await self._place.refresh()

    async def _went_back(self) -> None:
        self._ask.read()
        self._limit = STEP
        self._draw_chips()
        self._input.value = self._ask.search
        await self._place.refresh()

    async def _fetch(self) -> Page[Template]:
        status = self._ask.filters.get("status")
        return await client.templates(
            self._api, status=TemplateStatus(status) if status else None, search=self._ask.search, limit=self._limit
        )

    def _draw(self, found: Page[Template]) -> None:
        self._lines = {}
        nothing = not (found.items or self._ask.anything)
        self._bar.set_visibility(not nothing)
        self._split.classes(add="m-aside-alone" if nothing else "", remove="" if nothing else "m-aside-alone")
        if not found.items:
            self._side.clear()
            if self._ask.anything:
                empty("search_off", _("Nothing found"), _("Try other words or fewer filters."))
            else:
                text = _("WhatsApp only lets you write first with a text it has approved. The review usually takes minutes.")
                action = _("Write a template") if self._write else ""
                empty("article", _("No template yet"), text, action=action, to="/templates/new")
            return
        with ui.element("div").classes("w-full"):
            for template in found.items:
                self._draw_line(template)
        if found.next_cursor and self._limit < MAX_ROWS:
            with ui.element("div").classes("m-foot"):
                button(_("Show more"), self._more, kind="plain").classes("m-end")
        chosen = next((one for one in found.items if one.id == self._shown), found.items[0])
        self._show(chosen)

    def _draw_line(self, template: Template) -> None:
        name, tone = template_labels.template_status(template.status)
        with item(on_click=partial(self._pick, template)) as element:
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(template.name).classes("m-strong m-clip")
                ui.label(template_labels.body(template)).classes("m-hint m-clip")
            with ui.element("div").classes("m-col m-tight items-end shrink-0"):
                badge(name, tone)
                ui.label(
                    f"{template_labels.category_name(template.category)} · {LANGUAGES.get(template.language, template.language)}"
                ).classes("m-hint")
        self._lines[template.id] = element

    async def _more(self) -> None:
        self._limit = min(MAX_ROWS, self._limit + 2 * STEP)
        await self._place.refresh()

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
            trouble = template.problem or template.rejected_reason
            if trouble:
                with note("bad", trouble, name="error"):
                    pass
            if template.quality.value in {"yellow", "red"}:
                with note("warn", _("People react badly to this text. WhatsApp may pause it."), name="warning"):
                    pass
            facts = [_("Read {when}").format(when=formats.ago(template.synced_at))] if template.synced_at else []
            ui.label(" · ".join([template.channel_name, *facts])).classes("m-hint")
            if self._write:
                button(_("Delete template"), partial(self._delete, template), kind="danger", icon="delete")

    async def _delete(self, template: Template) -> None:
        text = _("It goes away at WhatsApp too. The name of an approved template stays blocked for 30 days.")
        if await confirm(_("Delete {name}?").format(name=template.name), text, yes=_("Delete"), danger=True):
            await client.delete(self._api, template.id)
            self._shown = None
            toast(_("Template deleted."))
            await self._place.refresh()

    async def sync(self) -> None:
        channels = [one for one in await channel_client.channels(self._api) if kinds.can(one.kind).templates]
        for one in channels:
            await channel_client.sync_templates(self._api, one.id)
        toast(_("Reading. The list moves by itself.") if channels else _("Connect a WhatsApp channel first."), "info")


@page("/templates/new", permission=Permission.TEMPLATES_WRITE)
def new_template() -> None:
    with frame(_("New template"), breadcrumbs=[(_("Templates"), "/templates")], active="/templates"):
        load(lambda: channel_client.channels(session.current().api), _draw_new, lambda: skeleton_card(8))


def _draw_new(found: list[Channel]) -> None:
    channels = {one.id: one.name for one in found if kinds.can(one.kind).templates}
    if not channels:
        with ui.element("div").classes("m-card"):
            text = _("Templates belong to a WhatsApp number. Connect one first, or the simulator.")
            empty("hub", _("No WhatsApp channel yet"), text, action=_("Connect channel"), to="/channels/connect")
        return
    _Form(channels)


class _Form:
    """Fields on the left, the message on a phone beside them, drawn anew with every letter."""

    def __init__(self, channels: dict[UUID, str]) -> None:
        self._api, self._channels = session.current().api, channels
        self._examples: dict[str, Field[str]] = {}
        with ui.element("div").classes("m-aside"):
            with ui.element("div").classes("m-col m-loose"):
                self._draw_basics()
                self._draw_text()
                self._draw_buttons()
                with ui.element("div").classes("m-dialog-foot"):
                    button(_("Cancel"), kind="plain", to="/templates")
                    button(_("Send for review"), self._submit, kind="primary")
            with ui.element("div").classes("m-aside-side"):
                self._phone = Phone(next(iter(channels.values())), _("as your customer sees it"))
        self._redraw()

    def _draw_basics(self) -> None:
        with card(_("What it is")):
            self._channel: Field[UUID] = select_field(_("Channel"), self._channels, next(iter(self._channels)))
            self._channel.hide(len(self._channels) == 1)
            hint = _("Small letters, digits and _; people never see it.")
            self._name = text_field(_("Name"), placeholder="promo_verao", hint=hint, limit=512)
            with ui.element("div").classes("m-grid m-grid-wide"):
                names = {
                    one: template_labels.category_name(one) for one in (TemplateCategory.MARKETING, TemplateCategory.UTILITY)
                }
                self._category: Field[TemplateCategory] = select_field(
                    _("Kind"),
                    names,
                    TemplateCategory.MARKETING,
                    hint=_("Offers and news are marketing; orders and dates are service."),
                )
                self._language: Field[str] = select_field(_("Language"), LANGUAGES, "pt_BR")

    def _draw_text(self) -> None:
        with card(_("Text")):
            self._header = text_field(_("Heading (optional)"), limit=60, on_change=self._redraw)
            hint = _("Write {{1}}, {{2}} where something changes from person to person; not at the very beginning or end.")
            self._body = area_field(_("Message"), limit=1024, rows=5, hint=hint, on_change=self._redraw)
            self._place = ui.element("div").classes("m-col m-near w-full")
            hint = _("For marketing: how to stop, for example “Reply STOP to leave”.")
            self._footer = text_field(_("Small print (optional)"), limit=60, hint=hint, on_change=self._redraw)

    def _draw_buttons(self) -> None:
        with card(_("Buttons"), hint=_("Optional. A press comes back as an answer.")):
            with ui.element("div").classes("m-grid m-grid-wide"):
                self._replies = [
                    text_field(_("Answer {n}").format(n=number + 1), limit=25, on_change=self._redraw)
                    for number in range(MAX_REPLIES)
                ]
            with ui.element("div").classes("m-grid m-grid-wide"):
                self._link_text = text_field(_("Link: text"), limit=25, on_change=self._redraw)
                self._link = text_field(
                    _("Link: address"), kind="url", placeholder="https://", limit=2000, on_change=self._redraw
                )

    def _redraw(self) -> None:
        if not hasattr(self, "_phone"):
            return
        header, body = self._header.value or "", self._body.value or ""
        wanted = [f"header.{name}" for name in template_labels.variables(header)] + template_labels.variables(body)
        if template_labels.variables(self._link.value or ""):
            wanted.append("url")
        if wanted != list(self._examples):
            self._draw_examples(wanted)
        buttons = [("reply", field.value.strip()) for field in self._replies if (field.value or "").strip()]
        if (self._link_text.value or "").strip():
            buttons.append(("url", self._link_text.value.strip()))
        self._phone.show(
            Preview(self._filled(body) or "…", self._filled(header, "header."), self._footer.value or "", buttons=buttons)
        )

    def _filled(self, text: str, prefix: str = "") -> str:
        for name in template_labels.variables(text):
            field = self._examples.get(prefix + name)
            if field is not None and (field.value or "").strip():
                text = text.replace("{{" + name + "}}", field.value.strip())
        return text

    def _draw_examples(self, wanted: list[str]) -> None:
        kept = {key: field.value for key, field in self._examples.items()}
        self._examples = {}
        self._place.clear()
        with self._place:
            if wanted:
                ui.label(_("Examples, so that the reviewers understand the places")).classes("m-label")
            with ui.element("div").classes("m-grid m-grid-wide"):
                for key in wanted:
                    label = _("Whole address") if key == "url" else "{{" + key.removeprefix("header.") + "}}"
                    if key.startswith("header."):
                        label = _("{place} in the heading").format(place=label)
                    self._examples[key] = text_field(label, kept.get(key, ""), limit=200, on_change=self._redraw)

    async def _submit(self) -> None:
        linked = bool((self._link.value or "").strip() or (self._link_text.value or "").strip())
        if not filled([self._name, self._body, *([self._link_text, self._link] if linked else []), *self._examples.values()]):
            return
        body, header = self._body.value.strip(), (self._header.value or "").strip()
        header_names = template_labels.variables(header)
        link = None
        if linked:
            example = self._examples["url"].value.strip() if "url" in self._examples else None
            link = UrlButton(text=self._link_text.value.strip(), url=self._link.value.strip(), example=example)
        draft = TemplateCreate(
            channel_id=self._channel.value,
            name=self._name.value.strip(),
            language=self._language.value,
            category=self._category.value,
            body=body,
            body_examples=[self._examples[name].value.strip() for name in template_labels.variables(body)],
            header=header or None,
            header_example=self._examples[f"header.{header_names[0]}"].value.strip() if header_names else None,
            footer=(self._footer.value or "").strip() or None,
            quick_replies=[field.value.strip() for field in self._replies if (field.value or "").strip()],
            url_button=link,
        )
        fields: dict[str, Field[str]] = {
            "name": self._name,
            "body": self._body,
            "body_examples": self._body,
            "header": self._header,
            "header_example": self._header,
            "footer": self._footer,
            "url_button": self._link,
            "quick_replies": self._replies[0],
        }
        try:
            await client.create(self._api, draft)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        toast(_("Sent for review. You see the answer here, usually within minutes."))
        ui.navigate.to("/templates")
