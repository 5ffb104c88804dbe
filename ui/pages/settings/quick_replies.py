"""Texts that the team writes often: each is called by / and its shortcut where one answers."""

import re
from functools import partial

from nicegui import ui

from api.contract.conversations import QuickReply, QuickReplyCreate, QuickReplyPatch
from api.contract.enums import Permission
from api.contract.problems import ConversationError
from api.contract.replies import ReplyButton
from ui import session
from ui.client import inbox as client
from ui.components import contents
from ui.components.buttons import button, icon_button
from ui.components.cards import card, item
from ui.components.collection import Collection, Form
from ui.components.forms import area_field, text_field
from ui.components.phone import Preview, bubble
from ui.components.states import empty
from ui.i18n import _
from ui.labels import conversations as labels

_LONGEST = 4096  # characters of a text
TITLE, MOST_BUTTONS = 20, 3


def draw_quick_replies() -> None:
    _QuickReplies()


class _QuickReplies:
    def __init__(self) -> None:
        self._api = session.current().api
        self._write = session.current().may(Permission.CONVERSATIONS_WRITE)
        self._kept = Collection[QuickReply](lambda: client.quick_replies(self._api), self._draw)

    def _draw(self, found: list[QuickReply]) -> None:
        if not found:
            text = _("What you write every day, by a short word. Type / where you answer, and it is there.")
            with card():
                if self._write:
                    start = partial(self._edit, None, *labels.quick_reply_suggestion())
                    empty("bolt", _("No quick replies yet"), text, action=_("Begin with the opening hours"), on_click=start)
                else:
                    empty("bolt", _("No quick replies yet"), text)
            return
        new = partial(button, _("New quick reply"), partial(self._edit, None), kind="primary", icon="add")
        hint = _("Type / and the shortcut where you answer.")
        with card(_("Quick replies"), hint=hint, actions=new if self._write else None, flush=True):
            for one in found:
                self._draw_reply(one)

    def _draw_reply(self, one: QuickReply) -> None:
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.label(f"/{one.shortcut}").classes("m-strong m-mono m-clip")
                contents.said(one.text, "m-sub m-two-lines")
                if one.buttons:
                    with ui.element("div").classes("m-row m-near m-wrap"):
                        for each in one.buttons:
                            ui.label(each.title).classes("m-offer-button")
            if self._write:
                icon_button("edit", _("Change {name}").format(name=f"/{one.shortcut}"), partial(self._edit, one))
                icon_button("delete", _("Delete {name}").format(name=f"/{one.shortcut}"), partial(self._delete, one))

    def _edit(self, one: QuickReply | None, first_shortcut: str = "", first_text: str = "") -> None:
        def form() -> Form:
            hint = _("Small letters and digits, like hours.")
            shortcut = text_field(_("Shortcut"), one.shortcut if one else first_shortcut, limit=40, hint=hint)
            shortcut.control.props.update({"autofocus": True, "autocapitalize": "off", "prefix": "/"})
            text = area_field(_("Text"), one.text if one else first_text, limit=_LONGEST, rows=3, on_change=lambda: preview())
            known = [each.title for each in one.buttons] if one else []
            names = (_("Button {n}, if you like").format(n=number + 1) for number in range(MOST_BUTTONS))
            titles = [
                text_field(name, known[number] if number < len(known) else "", limit=TITLE, on_change=lambda: preview())
                for number, name in enumerate(names)
            ]
            with ui.element("div").classes("m-field"):
                ui.label(_("So people see it")).classes("m-label")
                shown = ui.element("div").classes("m-said-as")

            def preview() -> None:
                shown.clear()
                with shown:
                    pressed = [("reply", title) for title in written()]
                    bubble(Preview(text.value or "…", buttons=pressed), out=True)

            def written() -> list[str]:
                return [title for one in titles if (title := (one.value or "").strip())]

            preview()

            async def write(version: int | None) -> None:
                kept = written()
                for number, title in enumerate(titles):  # without gaps: by their places errors find them
                    title.value = kept[number] if number < len(kept) else ""
                word, buttons = _shortcut(shortcut.value), [ReplyButton(title=one) for one in kept]
                if one is None or version is None:
                    body = QuickReplyCreate(shortcut=word, text=text.value, buttons=buttons)
                    await client.create_quick_reply(self._api, body)
                else:
                    patch = QuickReplyPatch(shortcut=word, text=text.value, buttons=buttons)
                    await client.change_quick_reply(self._api, one.id, patch, version)

            return Form(
                {"shortcut": shortcut, "text": text} | {f"buttons[{n}].title": title for n, title in enumerate(titles)},
                ["shortcut", "text"],
                write,
                {ConversationError.SHORTCUT_EXISTS.value: "shortcut"},
            )

        heading = _("Change quick reply") if one else _("New quick reply")
        self._kept.edit(heading, one, form)

    async def _delete(self, one: QuickReply) -> None:
        heading = _("Delete the quick reply /{name}?").format(name=one.shortcut)
        text = _("Nobody can call it by / any more. What was sent with it stays.")
        await self._kept.delete(one, heading, text, lambda: client.delete_quick_reply(self._api, one.id, one.version))


def _shortcut(text: str) -> str:
    """As the API takes it, of what people type: "/Horário de hoje" has capitals and blanks. Accents are refused there, with the reason."""
    return re.sub(r"\s+", "-", text.strip().removeprefix("/").lower())
