"""The message as the customer will see it: a WhatsApp or SMS bubble on a phone.

Draws text as text. Variables that have no value yet (`{{1}}`, `{{name}}`) are marked, so that nobody sends them by mistake.
"""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from nicegui import ui

from ui.components.text import Text, avatar, icon, safe_url

_VARIABLE = re.compile(r"(\{\{\s*\w+\s*\}\})")


class Preview(NamedTuple):
    """What the bubble holds. `media` is image, video, document, or empty; `media_url` shows the picture itself.

    `buttons` are (kind, label): reply, url, phone, code.
    """

    body: str
    header: str = ""
    footer: str = ""
    media: Literal["", "image", "video", "document"] = ""
    media_url: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    time: str = "09:41"


_MEDIA = {"image": "image", "video": "play_circle", "document": "description"}
_BUTTONS = {"reply": "reply", "url": "open_in_new", "phone": "call", "code": "content_copy"}


def _text(text: str, classes: str) -> None:
    with ui.element("div").classes(f"m-text {classes}"):
        for part in _VARIABLE.split(text):
            if part:
                Text("span", part, "m-var" if _VARIABLE.fullmatch(part) else "")


def bubble(preview: Preview, *, out: bool = False) -> ui.element:
    """One message; `out` is ours in a conversation."""
    wide = " m-bubble-wide" if preview.media or preview.buttons else ""
    with ui.element("div").classes("m-bubble" + (" m-bubble-out" if out else "") + wide) as element:
        if preview.media:
            with ui.element("div").classes("m-bubble-media"):
                url = safe_url(preview.media_url) if preview.media_url and preview.media == "image" else None
                if url:
                    ui.element("img").props.update({"src": url, "alt": ""})
                else:
                    icon(_MEDIA[preview.media])
        if preview.header:
            _text(preview.header, "m-strong")
        _text(preview.body, "")
        if preview.footer:
            _text(preview.footer, "m-bubble-foot")
        ui.label(preview.time + (" ✓✓" if out else "")).classes("m-bubble-time")
        if preview.buttons:
            with ui.element("div").classes("m-bubble-buttons"):
                for kind, label in preview.buttons:
                    with ui.element("div"):
                        icon(_BUTTONS.get(kind, "reply"))
                        ui.label(label).classes("m-clip")
    return element


class Phone:
    """A phone with a sender on top; `show` draws messages anew (live while somebody types)."""

    def __init__(self, sender: str, hint: str) -> None:
        with ui.element("div").classes("m-phone") as self.element, ui.element("div").classes("m-phone-screen"):
            with ui.element("div").classes("m-phone-top"):
                avatar(sender)
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(sender).classes("m-strong m-clip")
                    ui.label(hint).classes("m-hint m-clip")
            self.chat = ui.element("div").classes("m-phone-chat")

    def show(self, *previews: Preview | tuple[Preview, bool]) -> None:
        """Each is a Preview from the company, or (Preview, True) for the customer's answer."""
        self.chat.clear()
        with self.chat:
            for one in previews:
                preview, out = (one, False) if isinstance(one, Preview) else one
                bubble(preview, out=out)


def phone(sender: str, hint: str, *previews: Preview | tuple[Preview, bool]) -> Phone:
    """Draws a phone that shows the messages; `hint` is the number or the channel."""
    element = Phone(sender, hint)
    element.show(*previews)
    return element
