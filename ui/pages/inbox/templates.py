"""Choosing a template for one person, in place of the field: what goes when WhatsApp takes no free text, and at any other time.

Its places are filled with what the contact has; the person's view is drawn by the API, which sends it too.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.campaigns import Binding
from api.contract.channels import Template
from api.contract.contacts import CustomField
from api.contract.conversations import Conversation
from api.contract.enums import Permission, TemplateCategory, TemplateStatus
from api.contract.kinds import ReplyKind
from api.contract.messages import ReplyChannel
from api.contract.replies import TemplatePreview, TemplatePreviewCreate, TemplateReply
from ui import first_answers, kinds, session
from ui.client import contacts as contact_client
from ui.client import conversations as client
from ui.client import templates as template_client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import item
from ui.components.forms import Field, filled, search_field, text_field
from ui.components.phone import bubble
from ui.components.states import empty, skeleton
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import templates as template_labels
from ui.pages.inbox.outgoing import Outgoing
from ui.pages.inbox.thread import Thread

VALUE_LIMIT = 500
SHOWN = 30  # templates that are listed at once; searching finds the others


class TemplatePicker:
    """`changed` is called when it is asked for or left; `sent` after each that went; `leave` goes back to the field."""

    def __init__(
        self,
        one: Conversation,
        thread: Thread,
        changed: Callable[[], Any],
        sent: Callable[[], Awaitable[Any]],
        leave: Callable[[], Any],
    ) -> None:
        self._api, self._one, self._thread = session.current().api, one, thread
        self._changed, self._sent, self._leave = changed, sent, leave
        self._can = (
            session.current().may(Permission.MESSAGES_SEND) and ReplyKind.TEMPLATE in kinds.can(one.channel_kind).reply_kinds
        )
        self._custom: list[CustomField] | None = None
        self._chosen: Template | None = None
        self._shown: TemplatePreview | None = None
        self._fields: dict[str, Field[str]] = {}
        self._lines: list[tuple[tuple[Template, bool], ui.element]] = []
        self._asked = self._opted_out = False
        self._draw_again = Throttle(self._preview, 0.4)
        with ui.element("section").classes("m-tplpick") as self.element:
            self.element.props["aria-label"] = _("Send a template")
            self._list = ui.element("div").classes("m-col m-near w-full m-min")
            with self._list:
                with ui.element("div").classes("m-row m-near w-full"):
                    self._search = search_field(_("Search templates"), "", lambda text: self._find())
                    self._cross = icon_button("close", _("Back to the field"), self._close)
                self._found = ui.element("div").classes("m-tplpick-list")
            self._form = ui.element("div").classes("m-col m-near w-full m-min")
        self._form.set_visibility(False)
        self.element.set_visibility(False)

    def may(self, way: ReplyChannel | None) -> bool:
        """Whether one may be sent to this person now."""
        return self._can and way is not None and way.template_obstacle is None

    def settle(self, way: ReplyChannel | None, obstacle: str | None) -> bool:
        """Shows itself where it was asked for, and where nothing else goes; says whether it does."""
        shown = self.may(way) and (self._asked or obstacle == "window_closed")
        self._cross.set_visibility(obstacle is None)
        if shown and way is not None and (not self.element.visible or way.opted_out != self._opted_out):
            self._opted_out = way.opted_out
            first_answers.ask(self.element, self._find)
        self.element.set_visibility(shown)
        return shown

    def ask(self) -> None:
        """Instead of a text."""
        if not self._can:
            return
        self._asked = True
        self._changed()
        self.focus()

    def _close(self) -> None:
        self._asked = False
        self._changed()
        self._leave()

    def focus(self) -> None:
        """Goes to the field for searching."""
        ui.run_javascript(f"getHtmlElement({self._search.id})?.querySelector('input')?.focus()")

    # -- choosing -------------------------------------------------------------------------------------------------

    async def _find(self) -> None:
        text = (self._search.value or "").strip()
        if not self._found.default_slot.children:
            with self._found:
                skeleton("line m-w-80", "line m-w-60")
        channel_id = self._one.channel_id if kinds.can(self._one.channel_kind).templates else None
        try:
            found = await template_client.templates(
                self._api, channel_id=channel_id, status=TemplateStatus.APPROVED, search=text, limit=SHOWN
            )
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if self._found.is_deleted or text != (self._search.value or "").strip():
            return
        kept = [(shown, line) for shown, line in self._lines if shown in [self._shows(one) for one in found.items]]
        for element in list(self._found.default_slot.children):
            if element not in [line for _shown, line in kept]:  # a line that stays may be under a finger
                element.delete()
        self._lines = []
        with self._found:
            for number, shown in enumerate(map(self._shows, found.items)):
                line = next((line for before, line in kept if before == shown), None) or self._draw_line(*shown)
                self._lines.append((shown, line.move(target_index=number)))
            if not found.items:
                self._draw_nothing(text)

    def _shows(self, one: Template) -> tuple[Template, bool]:
        """What a line shows: the template, and whether this person may not have it."""
        return one, self._opted_out and one.category is TemplateCategory.MARKETING

    def _draw_line(self, one: Template, refused: bool) -> ui.element:
        with item(on_click=None if refused else partial(self._choose, one)) as line:
            with ui.element("div").classes("m-col m-tight m-grow m-min"):
                with ui.element("div").classes("m-row m-near"):
                    ui.label(one.name).classes("m-strong m-clip")
                    badge(template_labels.category_name(one.category))
                    ui.label(template_labels.language(one.language)).classes("m-hint shrink-0 m-only-desktop")
                why = _("No marketing: this person asked for no more messages.")
                ui.label(why if refused else template_labels.body(one)).classes("m-hint m-clip")
        if refused:
            line.classes("m-tplpick-off").props["aria-disabled"] = "true"
        return line

    def _draw_nothing(self, text: str) -> None:
        if text:
            empty("search_off", _("Nothing found"), _("Try other words."))
            return
        may = session.current().may(Permission.TEMPLATES_WRITE)
        told = _("WhatsApp has approved no template of this number yet.")
        empty("article", _("No approved template yet"), told, action=_("Write a template") if may else "", to="/templates/new")

    # -- filling --------------------------------------------------------------------------------------------------

    async def _choose(self, one: Template) -> None:
        try:
            if self._custom is None:
                self._custom = await contact_client.fields(self._api)
            shown = await self._ask(one, template_labels.guess(one, self._custom))
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not self.element.is_deleted:
            self._fill(one, {value.placeholder: value.value for value in shown.values}, shown)

    async def _ask(self, one: Template, bindings: list[Binding]) -> TemplatePreview:
        body = TemplatePreviewCreate(template_id=one.id, bindings=bindings)
        return await client.preview_template(self._api, self._one.id, body)

    def _fill(self, one: Template, values: dict[str, str], shown: TemplatePreview) -> None:
        """The chosen template with these values, to be changed."""
        self._chosen, self._shown, self._fields = one, shown, {}
        self._list.set_visibility(False)
        self._form.set_visibility(True)
        self._form.clear()
        with self._form:
            with ui.element("div").classes("m-row m-between w-full"):
                ui.label(one.name).classes("m-strong m-clip")
                button(_("Another template"), self._again, kind="plain")
            with ui.element("div").classes("m-tplpick-two"):
                self._bubble = ui.element("div").classes("m-tplpick-phone")
                if places := template_labels.to_fill(one):
                    with ui.element("div").classes("m-col m-near w-full"):
                        for place in places:
                            mark, around = template_labels.where(one, place)
                            field = text_field(
                                f"{mark} · {around}" if around else mark,
                                values.get(place, ""),
                                limit=VALUE_LIMIT,
                                on_change=self._draw_again.poke,
                            )
                            self._fields[place] = field
            with ui.element("div").classes("m-row m-end"):
                button(_("Send template"), self._submit, kind="primary", icon="send")
        self._draw_bubble()

    def _bindings(self) -> list[Binding]:
        return [
            Binding(placeholder=place, source=template_labels.CONSTANT, fallback=(field.value or "").strip())
            for place, field in self._fields.items()
        ]

    async def _preview(self) -> None:
        one = self._chosen
        if one is None:
            return
        try:
            shown = await self._ask(one, self._bindings())
        except (ApiProblem, Offline):  # the send says it
            return
        if one is self._chosen and not self._bubble.is_deleted:
            self._shown = shown
            self._draw_bubble()

    def _draw_bubble(self) -> None:
        shown = self._shown
        assert shown is not None
        self._bubble.clear()
        with self._bubble:
            buttons = [(one.kind, one.text) for one in shown.buttons]
            bubble(template_labels.as_shown(shown.header, shown.header_file_id, shown.body, shown.footer, buttons))

    def _again(self) -> None:
        self._chosen = None
        self._form.clear()
        self._form.set_visibility(False)
        self._list.set_visibility(True)

    async def _submit(self) -> None:
        one = self._chosen
        if one is None or not filled(self._fields.values()):
            return
        bindings = self._bindings()
        try:
            shown = await self._ask(one, bindings)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if one is self._chosen:
            self._again()
            self._asked = False
            self._changed()
            self._thread.to_end()
            reply = TemplateReply(template_id=one.id, bindings=bindings)
            await Outgoing(self._one.id, self._thread, reply, None, partial(self._back, reply, shown, one), shown).send()
            await self._sent()

    def _back(self, reply: TemplateReply, shown: TemplatePreview, one: Template, sure: bool) -> None:
        """What was not sent, to be changed and sent again."""
        if self.element.is_deleted:
            name = self._one.contact_name or self._one.address
            said = (
                _("The template to {name} was not sent.")
                if sure
                else _("We do not know whether the template to {name} was sent.")
            )
            toast(said.format(name=name), "bad")
            return
        self._fill(one, {binding.placeholder: binding.fallback for binding in reply.bindings}, shown)
        self._asked = True
        self._changed()
