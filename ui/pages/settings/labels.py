"""The labels of conversations: their names and colours, and how many conversations have each."""

from functools import partial

from nicegui import ui

from api.contract.conversations import Label, LabelCreate, LabelPatch
from api.contract.enums import Permission
from api.contract.problems import ConversationError
from ui import formats, session
from ui.client import inbox as client
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.collection import Collection, Form
from ui.components.forms import text_field
from ui.components.states import empty
from ui.components.swatches import label_dot, swatches
from ui.components.text import chip
from ui.i18n import _, ngettext
from ui.labels import conversations as labels

MOST = 1000


def draw_labels() -> None:
    _Labels()


class _Labels:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONVERSATIONS_WRITE)
        self._kept = Collection[Label](lambda: client.counted_labels(self._api), self._draw)

    def _draw(self, found: list[Label]) -> None:
        if not found:
            with card():
                text = _("A label says what a conversation is about, so that you find all of its kind.")
                if not self._write:
                    empty("label", _("No labels yet"), text)
                    return
                empty("label", _("No labels yet"), text, action=_("New label"), on_click=partial(self._edit, None))
                with ui.element("div").classes("m-row m-near m-wrap m-center"):
                    ui.label(_("For a start:")).classes("m-hint")
                    for name, color in labels.label_suggestions():
                        chip(name, on_click=partial(self._make, name, color))
            return
        new = partial(button, _("New label"), partial(self._edit, None), kind="primary", icon="add") if self._write else None
        with card(_("Labels"), hint=_("They say what a conversation is about."), actions=new, flush=True):
            for one in found:
                self._draw_label(one)

    def _draw_label(self, one: Label) -> None:
        with item():
            label_dot(one.color)
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(one.name).classes("m-strong m-clip").props["dir"] = "auto"
                ui.label(_many(one.conversations or 0)).classes("m-hint")
            if one.conversations:
                button(_("See them"), to=f"/inbox?view=all&label_id={one.id}", kind="plain")
            if self._write:
                icon_button("edit", _("Change {name}").format(name=one.name), partial(self._edit, one))
                icon_button("delete", _("Delete {name}").format(name=one.name), partial(self._delete, one))

    async def _make(self, name: str, color: str) -> None:
        await client.create_label(self._api, LabelCreate(name=name, color=color))
        await self._kept.refresh()

    def _edit(self, one: Label | None) -> None:
        def form() -> Form:
            name = text_field(_("Name"), one.name if one else "", limit=80)
            name.control.props["autofocus"] = True
            color = swatches(_("Colour"), one.color if one else labels.LABEL_COLORS[0])

            async def write(version: int | None) -> None:
                if one is None or version is None:
                    await client.create_label(self._api, LabelCreate(name=name.value.strip(), color=color.value))
                else:
                    await client.change_label(self._api, one.id, LabelPatch(name=name.value.strip(), color=color.value), version)

            return Form({"name": name}, ["name"], write, {ConversationError.LABEL_EXISTS.value: "name"})

        heading = _("Change label") if one else _("New label")
        self._kept.edit(heading, one, form)

    async def _delete(self, one: Label) -> None:
        text = _("No conversation has it.")
        if one.conversations:
            text = ngettext(
                "It is taken off {n} conversation. The conversation stays.",
                "It is taken off {n} conversations. The conversations stay.",
                one.conversations,
            ).format(n=_number(one.conversations))
        heading = _("Delete the label “{name}”?").format(name=one.name)
        await self._kept.delete(one, heading, text, lambda: client.delete_label(self._api, one.id, one.version))


def _many(count: int) -> str:
    return ngettext("{n} conversation", "{n} conversations", count).format(n=_number(count))


def _number(count: int) -> str:
    return formats.number(count) if count < MOST else f"{formats.number(MOST - 1)}+"
