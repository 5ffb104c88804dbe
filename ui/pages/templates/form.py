"""Writing a template: fields, and the message on a phone beside them. What is typed stays until it was sent."""

import re
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.channels import TemplateCreate, UrlButton
from api.contract.enums import Permission, TemplateCategory
from ui import kinds, session
from ui.client import campaigns
from ui.client import channels as channel_client
from ui.client import templates as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import Field, area_field, filled, select_field, text_field
from ui.components.frame import frame
from ui.components.kept import Kept
from ui.components.phone import Phone, Preview
from ui.components.states import empty, load, skeleton_card
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import templates as template_labels
from ui.pages.templates.origin import draft, way_back
from ui.routing import page

_DRAFT = re.compile(r"/campaigns/([0-9a-f-]{36})/")
_CATEGORIES = (TemplateCategory.MARKETING, TemplateCategory.UTILITY)
MAX_REPLIES = 3  # what the form offers; WhatsApp takes ten


@page("/templates/new", permission=Permission.TEMPLATES_WRITE)
def new_template() -> None:
    with frame(_("New template"), breadcrumbs=[(_("Templates"), "/templates")], active="/templates") as head:
        with head.actions:
            way_back()
        load(_choices, _draw_new, lambda: skeleton_card(8))


async def _choices() -> dict[UUID, str]:
    """Names of the channels that have templates; that of the draft from which somebody came stands first."""
    api = session.current().api
    found = [one for one in await channel_client.channels(api) if kinds.can(one.kind).templates]
    wanted = (await campaigns.campaign(api, UUID(match[1]))).channel_id if (match := _DRAFT.match(draft())) else None
    return {one.id: one.name for one in sorted(found, key=lambda one: one.id != wanted)}


def _draw_new(channels: dict[UUID, str]) -> None:
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
                    button(_("Cancel"), kind="plain", to=draft() or "/templates")
                    button(_("Send for review"), self._submit, kind="primary")
            with ui.element("div").classes("m-aside-side"):
                self._phone = Phone(next(iter(channels.values())), _("as your customer sees it"))
        self._kept = Kept("template", self._read, self._fill)
        self._redraw()

    def _read(self) -> dict[str, Any]:
        return {
            "texts": {name: field.value or "" for name, field in self._texts().items()},
            "category": self._category.value.value,
            "language": self._language.value,
            "examples": {key: field.value or "" for key, field in self._examples.items()},
        }

    def _texts(self) -> dict[str, Field[str]]:
        return {
            "name": self._name,
            "header": self._header,
            "body": self._body,
            "footer": self._footer,
            "link_text": self._link_text,
            "link": self._link,
            **{f"reply{number}": field for number, field in enumerate(self._replies)},
        }

    def _fill(self, values: dict[str, Any]) -> None:
        """From the browser, so it may be anything: what fits is taken."""
        texts, examples = values.get("texts"), values.get("examples")
        for name, field in self._texts().items():
            if isinstance(texts, dict) and isinstance(texts.get(name), str):
                field.value = texts[name]
        if values.get("category") in {one.value for one in _CATEGORIES}:
            self._category.value = TemplateCategory(values["category"])
        if values.get("language") in template_labels.LANGUAGES:
            self._language.value = values["language"]
        self._redraw()
        for key, field in self._examples.items():
            if isinstance(examples, dict) and isinstance(examples.get(key), str):
                field.value = examples[key]

    def _draw_basics(self) -> None:
        with card(_("What it is")):
            self._channel: Field[UUID] = select_field(_("Channel"), self._channels, next(iter(self._channels)))
            self._channel.hide(len(self._channels) == 1)
            hint = _("Small letters, digits and _; people never see it.")
            self._name = text_field(_("Name"), placeholder="promo_verao", hint=hint, limit=512, on_change=self._redraw)
            with ui.element("div").classes("m-grid m-grid-wide"):
                names = {one: template_labels.category_name(one) for one in _CATEGORIES}
                self._category: Field[TemplateCategory] = select_field(
                    _("Kind"),
                    names,
                    TemplateCategory.MARKETING,
                    hint=_("Offers and news are marketing; orders and dates are service."),
                    on_change=self._redraw,
                )
                self._language: Field[str] = select_field(
                    _("Language"), template_labels.LANGUAGES, "pt_BR", on_change=self._redraw
                )

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
        if not hasattr(self, "_kept"):
            return
        self._kept.changed()
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
        written = TemplateCreate(
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
            await client.create(self._api, written)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        self._kept.forget()
        toast(_("Sent for review. You see the answer here, usually within minutes."))
        ui.navigate.to(draft() or "/templates")
