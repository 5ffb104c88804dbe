"""The message as the customer will see it: a WhatsApp or SMS bubble on a phone.

Draws text as text. Variables that have no value yet (`{{1}}`, `{{name}}`) are marked, so that nobody sends them by mistake.
"""

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, NamedTuple

from nicegui import ui

from api.contract.messages import MessageFile
from ui import formats
from ui.components.media import draw_file
from ui.components.menus import Choice, choices
from ui.components.text import Text, avatar, icon, pressable, safe_url
from ui.i18n import _

_VARIABLE = re.compile(r"(\{\{\s*\w+\s*\}\})")
_STYLE = re.compile(
    r"```(?P<code>.+?)```|"
    + "|".join(
        rf"(?<!\w)\{mark}(?P<{name}>[^\s\{mark}](?:[^\n\{mark}]*[^\s\{mark}])?)\{mark}(?!\w)"
        for mark, name in (("*", "bold"), ("_", "italic"), ("~", "struck"))
    ),
    re.DOTALL,
)


class Preview(NamedTuple):
    """What the bubble holds. `media` is image, video, document, place, or empty; `media_url` shows the picture itself.

    `buttons` are (kind, label): url, phone, code; every other kind is an answer.
    """

    body: str
    header: str = ""
    footer: str = ""
    media: Literal["", "image", "video", "document", "place"] = ""
    media_url: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    time: str = ""
    read: bool = False  # of the person's own message: the business read it
    rows: Sequence[tuple[str, str]] = ()  # behind the button of a list: title, and the line beneath it
    press: Callable[[int], Any] | None = None  # the person presses an answer, or chooses a row: which one, from 0
    files: Sequence[MessageFile] = ()
    quote: str | None = None  # what the message says that it answers
    reactions: Sequence[str] = ()


_MEDIA = {"image": "image", "video": "play_circle", "document": "description", "place": "location_on"}
_ANSWERS = ("reply", "quick_reply")
_BUTTONS = {
    "list": "list",
    "reply": "reply",
    "url": "open_in_new",
    "phone": "call",
    "code": "content_copy",
    "flow": "dynamic_form",
    "catalog": "storefront",
}


def said(text: str, classes: str) -> None:
    """Text as a phone shows it: marks as bold and italic, places that are not filled marked."""
    with ui.element("div").classes(f"m-text {classes}"):
        for piece, style in styled(text):
            for part in _VARIABLE.split(piece):
                if _VARIABLE.fullmatch(part):
                    Text("span", part, f"m-var {style}")
                elif part:
                    Text("span", part, style)


def styled(text: str) -> list[tuple[str, str]]:
    """WhatsApp's marks as it shows them: (text, class), for *bold*, _italic_, ~struck~ and ```code```. A mark touches its words and
    stands at the edge of a word.
    """
    found: list[tuple[str, str]] = []
    at = 0
    for match in _STYLE.finditer(text):
        if match.start() > at:
            found.append((text[at : match.start()], ""))
        mark = str(match.lastgroup)
        found.append((match[mark], f"m-said-{mark}"))
        at = match.end()
    if at < len(text):
        found.append((text[at:], ""))
    return found


def bubble(preview: Preview, *, out: bool = False) -> ui.element:
    """One message; `out` is ours in a conversation."""
    wide = " m-bubble-wide" if preview.media or preview.buttons else ""
    with ui.element("div").classes("m-bubble" + (" m-bubble-out" if out else "") + wide) as element:
        if preview.quote is not None:
            with ui.element("div").classes("m-conv-quote"):
                said(preview.quote or _("Answers an earlier message"), "m-hint")
        for file in preview.files:
            draw_file(file)
        if preview.media:
            with ui.element("div").classes("m-bubble-media"):
                url = safe_url(preview.media_url) if preview.media_url and preview.media == "image" else None
                if url:
                    ui.element("img").props.update({"src": url, "alt": ""})
                else:
                    icon(_MEDIA[preview.media])
        if preview.header:
            said(preview.header, "m-strong")
        said(preview.body, "")
        if preview.footer:
            said(preview.footer, "m-bubble-foot")
        with ui.element("div").classes("m-bubble-time"):
            Text("span", preview.time or formats.clock(datetime.now(UTC)))
            if out:
                ticks = Text("span", "✓✓", "m-bubble-read" if preview.read else "")
                if preview.read:
                    ticks.props.update({"role": "img", "aria-label": _("The company read it")})
        if preview.buttons:
            _draw_buttons(preview)
        if preview.reactions:
            with ui.element("div").classes("m-reacts"):
                for emoji in preview.reactions:
                    Text("span", emoji, "m-reacted")
    return element


def _draw_buttons(preview: Preview) -> None:
    with ui.element("div").classes("m-bubble-buttons"):
        answers = 0
        for kind, label in preview.buttons:
            with ui.element("div") as line:
                icon(_BUTTONS.get(kind, "reply"))
                ui.label(label).classes("m-clip")
            if preview.press is not None and kind == "list":
                _draw_rows(line, preview.rows, preview.press)
            elif preview.press is not None and kind in _ANSWERS:
                pressable(line, partial(preview.press, answers))
                answers += 1


def _draw_rows(line: ui.element, rows: Sequence[tuple[str, str]], press: Callable[[int], Any]) -> None:
    """The list that opens when its button is pressed."""
    with line, ui.menu().props('anchor="top middle" self="bottom middle"'):
        choices([Choice(" · ".join(part for part in row if part), partial(press, number)) for number, row in enumerate(rows)])
    pressable(line, lambda: None).props["aria-haspopup"] = "menu"  # the browser opens it


class Phone:
    """A phone with a sender on top; `show` draws messages anew (live while somebody types)."""

    def __init__(self, sender: str, hint: str) -> None:
        with ui.element("div").classes("m-phone") as self.element, ui.element("div").classes("m-phone-screen"):
            with ui.element("div").classes("m-phone-top"):
                avatar(sender)
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(sender).classes("m-strong m-clip")
                    self._hint, self._below = hint, ui.label(hint).classes("m-hint m-clip").props("role=status")
            self.chat = ui.element("div").classes("m-phone-chat")
        self._shown: list[tuple[tuple[Preview, bool], ui.element]] = []

    def writes(self, on: bool) -> None:
        """The sender writes to this person, or not any more."""
        self._below.text = _("typing…") if on else self._hint

    def show(self, *previews: Preview | tuple[Preview, bool]) -> None:
        """Each is a Preview from the company, or (Preview, True) for the customer's answer. What is the same as before stays as it is: a
        press never meets a button that is being drawn anew."""
        for number, one in enumerate(previews):
            preview, out = (one, False) if isinstance(one, Preview) else one
            drawn = preview._replace(press=None), out
            known = number < len(self._shown)
            if known and self._shown[number][0] == drawn:
                continue
            with self.chat:
                element = bubble(preview, out=out)
            if known:
                self._shown[number][1].delete()
                element.move(target_index=number)
                self._shown[number] = drawn, element
            else:
                self._shown.append((drawn, element))
        for _drawn, element in self._shown[len(previews) :]:
            element.delete()
        del self._shown[len(previews) :]


def phone(sender: str, hint: str, *previews: Preview | tuple[Preview, bool]) -> Phone:
    """Draws a phone that shows the messages; `hint` is the number or the channel."""
    element = Phone(sender, hint)
    element.show(*previews)
    return element
