"""Third step on WhatsApp: choose an approved template, then say what fills each of its places."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from api.contract.campaigns import Binding
from api.contract.channels import Channel, Template, TemplateCreate, TemplateText
from api.contract.contacts import CustomField
from api.contract.enums import Permission, TemplateCategory, TemplateStatus
from ui import session
from ui.client import messages
from ui.client import templates as client
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import search_field, select_field, text_field
from ui.components.phone import said
from ui.components.states import empty
from ui.components.template_writer import Doors, Writer
from ui.components.text import Text, badge, pressable
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import templates as template_labels
from ui.pages.campaigns.head_file import HeadFile

VALUE_LIMIT = 500


class TemplateStep:
    """Draws list, choice or writer. `change(template_id=…, bindings=…)` on every move. `head`: the file at the head; `channel`:
    whose templates they are; `around`: what is not shown while one is written."""

    def __init__(
        self,
        templates: list[Template],
        chosen: Template | None,
        head: UUID | None,
        bindings: list[Binding],
        custom: list[CustomField],
        change: Callable[..., Any],
        channel: Channel | None,
        around: Sequence[ui.element],
    ) -> None:
        self._templates, self._chosen, self._custom, self._change = templates, chosen, custom, change
        self._channel, self._around, self._head = channel, around, head
        self._writing = False
        self._bindings = {binding.placeholder: binding for binding in bindings}
        self._place = ui.element("div").classes("m-col m-gap")
        self._draw()

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            self._draw_list() if self._chosen is None else self._draw_chosen(self._chosen)

    @property
    def follows(self) -> bool:
        """Whether news of templates matter: none is chosen or it is not approved, and nobody types."""
        return not self._writing and (self._chosen is None or self._chosen.status != TemplateStatus.APPROVED)

    # -- writing ------------------------------------------------------------------------------------------------

    def _may_write(self) -> bool:
        return self._channel is not None and session.current().may(Permission.TEMPLATES_WRITE)

    def _write(self, change: Template | None = None) -> None:
        """Writes one here, or a refused one anew. Once it is sent for review it is the draft's; the launch waits for the approval."""
        api, channel = session.current().api, self._channel
        assert channel is not None

        async def submit(written: TemplateCreate | TemplateText) -> None:
            if isinstance(written, TemplateCreate):
                made = await client.create(api, written)
            else:
                assert change is not None
                made = await client.change(api, change.id, written)
            self._templates = [*(one for one in self._templates if one.id != made.id), made]
            toast(_("Sent for review. You see the answer here, usually within minutes."))
            self._alone(False)
            with self._place:
                self._pick(made)

        self._alone(True)
        self._place.clear()
        with self._place:
            doors = Doors(partial(messages.upload, api), partial(client.check, api), submit)
            Writer({channel.id: channel.name}, self._custom, doors, self._stop_writing, change)

    def _stop_writing(self) -> None:
        self._alone(False)
        self._draw()

    def _alone(self, on: bool) -> None:
        self._writing = on
        for element in self._around:
            element.set_visibility(not on)

    # -- choosing -----------------------------------------------------------------------------------------------

    def _draw_list(self) -> None:
        approved = [one for one in self._templates if one.status == TemplateStatus.APPROVED]
        waiting = [one for one in self._templates if one.status == TemplateStatus.PENDING]
        if not approved:
            text = (
                _("WhatsApp is still reviewing your templates. It usually takes minutes; this page notices by itself.")
                if waiting
                else _("On WhatsApp, the first message uses a text that WhatsApp has approved. Create one, or sync yours.")
            )
            with ui.element("div").classes("m-card"):
                empty("article", _("No approved template yet"), text, action=_("To the templates"), to=_templates())
                if self._may_write():
                    with ui.element("div").classes("m-actions"):
                        button(_("Write a template"), self._write, kind="primary", icon="edit")
                for one in waiting:
                    with ui.element("div").classes("m-picks"):
                        self._card(one)
            return

        def show(text: str) -> None:
            words = text.lower().split()
            shown = 0
            for one, element in cards:
                hit = all(word in f"{one.name} {template_labels.body(one)}".lower() for word in words)
                element.set_visibility(hit)
                shown += hit
            nothing.set_visibility(not shown)

        with ui.element("div").classes("m-row m-between m-wrap"):
            search_field(_("Search templates"), "", show)
            if waiting:
                text = ngettext("{n} more waits for WhatsApp's review", "{n} more wait for WhatsApp's review", len(waiting))
                ui.link(text.format(n=len(waiting)), _templates()).classes("m-link")
            if self._may_write():
                button(_("Write a template"), self._write, icon="edit")
        with ui.element("div").classes("m-picks"):
            cards = [(one, self._card(one)) for one in approved]
        nothing = ui.element("div").classes("m-card")
        with nothing:
            empty("search_off", _("Nothing found"), _("Try other words."))
        nothing.set_visibility(False)

    def _card(self, one: Template) -> ui.element:
        with ui.element("div").classes("m-pick m-tpl") as element:
            ui.label(one.name).classes("m-strong m-clip")
            said(template_labels.body(one), "m-tpl-text")
            with ui.element("div").classes("m-tpl-foot"):
                badge(
                    template_labels.category_name(one.category), "info" if one.category == TemplateCategory.MARKETING else "quiet"
                )
                ui.label(template_labels.language(one.language)).classes("m-hint")
                if template_labels.buttons(one):
                    count = len(template_labels.buttons(one))
                    ui.label(ngettext("{n} button", "{n} buttons", count).format(n=count)).classes("m-hint")
        return pressable(element, partial(self._pick, one))

    def _pick(self, one: Template) -> None:
        self._chosen = one
        guessed = template_labels.guess(one, self._custom)
        self._bindings = {binding.placeholder: binding for binding in guessed}
        self._head = one.header_file_id
        self._change(template_id=one.id, bindings=guessed, header_file_id=one.header_file_id)
        self._draw()

    # -- filling ------------------------------------------------------------------------------------------------

    def _draw_chosen(self, one: Template) -> None:
        with card():
            with ui.element("div").classes("m-row"):
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(one.name).classes("m-strong m-clip")
                    line = f"{template_labels.category_name(one.category)} · {template_labels.language(one.language)}"
                    ui.label(line).classes("m-hint")
                button(_("Another template"), self._again)
            self._draw_standing(one)
        places = [place for place in one.placeholders if place not in template_labels.HEADS]
        if template_labels.head(one):
            self._draw_head(one)
        if not places:
            if one.placeholders:
                return
            with note("ok", _("This text has no places to fill: everybody gets the same."), name="check_circle"):
                pass
            return
        hint = _("What each place is filled with, and what stands there for people without that value.")
        with card(_("Places to fill"), hint=hint, flush=True):
            for place in places:
                self._draw_binding(one, place)

    def _draw_standing(self, one: Template) -> None:
        """What its review says, and what to do about it."""
        if one.status == TemplateStatus.PENDING:
            text = _("WhatsApp is reviewing this text, usually for minutes. Go on meanwhile: you can launch once it is approved.")
            with note("info", text):
                pass
        elif one.status != TemplateStatus.APPROVED:
            why = template_labels.standing(one) or _("WhatsApp no longer approves this template. Choose another one.")
            with note("warn", why, name="warning"):
                if one.status in template_labels.CHANGEABLE and self._may_write():
                    button(_("Mend it here"), partial(self._write, one), icon="edit")
        elif moved := template_labels.moved(one):
            with note("warn", moved, name="warning"):
                pass

    def _draw_head(self, one: Template) -> None:
        place = f"header.{template_labels.head(one)}"
        bound = self._bindings.get(place)

        def unlink() -> None:
            self._bindings.pop(place, None)
            self._change(bindings=[self._bindings[p] for p in one.placeholders if p in self._bindings])

        HeadFile(one, self._head, bound.fallback if bound else "", self._change, unlink)

    def _again(self) -> None:
        self._chosen = None
        self._draw()

    def _draw_binding(self, one: Template, place: str) -> None:
        known = self._bindings.get(place) or Binding(placeholder=place, source=template_labels.CONSTANT)
        options = {**template_labels.names(self._custom), template_labels.CONSTANT: _("The same text for all")}
        if known.source not in options:
            options[known.source] = known.source
        mark, around = template_labels.where(one, place)

        def read() -> None:
            self._bindings[place] = Binding(placeholder=place, source=source.value, fallback=(text.value or "").strip())
            self._change(bindings=[self._bindings[p] for p in one.placeholders if p in self._bindings])
            text.rename(_texts(source.value))
            if not (text.value or "").strip():
                text.error(_("Needed, so that nobody gets a hole in the text."))

        with ui.element("div").classes("m-bind"):
            with ui.element("div").classes("m-bind-what"):
                Text("span", mark, "m-var")
                ui.label(around).classes("m-context")
            source = select_field(_("Fill with"), options, known.source, search=len(options) > 10, on_change=read)
            text = text_field(_texts(known.source), known.fallback, limit=VALUE_LIMIT, on_change=read)
            if not known.fallback:
                text.error(_("Needed, so that nobody gets a hole in the text."))


def _templates() -> str:
    """The templates, with the way back to this draft."""
    return f"/templates?{urlencode({'back': address().text})}"


def _texts(source: str) -> str:
    return _("Text") if source == template_labels.CONSTANT else _("If it is missing, write")
