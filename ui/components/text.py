"""Words and small marks: text elements, headings, icons, links, badges, chips, avatars.

User text only ever goes into a text property, never into HTML, a style, a prop string or a script.
"""

from collections.abc import Callable
from typing import Any, Literal
from urllib.parse import urlsplit

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from ui.i18n import _

Tone = Literal["ok", "info", "warn", "bad", "quiet"]
Click = Callable[[], Any]


class Text(TextElement):
    """Plain text in a tag of our choice (`h1`, `p`, `dt`, `label`…)."""

    def __init__(self, tag: str, text: str, classes: str = "") -> None:
        super().__init__(tag=tag, text=text)
        self.classes(classes)


def title(text: str, level: int = 2) -> Text:
    """A heading: level 1 is the page, 2 a section."""
    return Text(f"h{level}", text, "m-title" if level == 1 else "m-h2")


def icon(name: str) -> ui.icon:
    """A Material symbol in the rounded set, hidden from screen readers: the words beside it speak."""
    element = ui.icon(f"sym_r_{name}")
    element.props["aria-hidden"] = "true"
    return element


def pressable(element: ui.element, on_click: Click, does: str = "") -> ui.element:
    """Makes any element a button for mouse, keyboard and screen reader. What is written in it is its name; `does` tells what a press
    does where that is not plain."""
    element.props.update({"role": "button", "tabindex": "0", "data-press": ""})
    if does:
        element.props["title"] = does
    element.on("click", lambda: on_click(), [])
    return element


def safe_url(url: str) -> str | None:
    """The URL when following it can do no harm: http, https, mailto, tel, or a path of ours. Else None."""
    text = url.strip()
    if any(ord(sign) < 32 for sign in text) or "\\" in text:
        return None
    try:
        scheme = urlsplit(text).scheme.lower()
    except ValueError:
        return None
    inside = not scheme and text.startswith("/") and not text.startswith("//")
    return text if inside or scheme in {"http", "https", "mailto", "tel"} else None


def safe_link(text: str, url: str, *, new_tab: bool = True) -> ui.element:
    """A link to an address that somebody typed; only the text when the address is not safe."""
    target = safe_url(url)
    if target is None:
        return ui.label(text)
    link = ui.link(text, target, new_tab=new_tab).classes("m-link")
    link.props["rel"] = "noopener noreferrer nofollow"
    return link


def badge(text: str, tone: Tone = "quiet", *, live: bool = False) -> ui.label:
    """A state in one or two words. `live` adds a pulsing dot: something is happening now."""
    element = ui.label()
    say(element, text, tone, live=live)
    return element


def say(badge: ui.label, text: str, tone: Tone = "quiet", *, live: bool = False) -> None:
    """Another state, in place."""
    badge.text = text
    badge.classes(replace=f"m-badge m-{tone}" + (" m-badge-live" if live else ""))


def chip(text: str, *, on: bool = False, on_click: Click | None = None, on_remove: Click | None = None) -> ui.element:
    """A tag or a filter. With `on_click` it is a button; `on_remove` adds a cross."""
    with ui.element("div").classes("m-chip" + (" m-chip-on" if on else "")) as element:
        ui.label(text)
        if on_remove is not None:
            with ui.element("button").classes("m-chip-cross").props("type=button") as cross:
                icon("close")
            cross.props["aria-label"] = _("Remove {name}").format(name=text)
            cross.on("click", lambda: on_remove(), [])
    if on_click is not None:
        pressable(element, on_click)
        mark(element, on)
    return element


def mark(chip: ui.element, on: bool) -> None:
    """Chooses a chip that can be pressed, or takes the choice back, in place: a press never meets one that is being replaced."""
    chip.classes(add="m-chip-on" if on else "", remove="" if on else "m-chip-on")
    chip.props["aria-pressed"] = "true" if on else "false"


def initials(name: str) -> str:
    """BN for Beatriz Nunes; # for a phone number."""
    words = [word for word in name.split() if word[0].isalpha()]
    return (words[0][0] + (words[-1][0] if len(words) > 1 else "")).upper() if words else "#"


def tint(name: str) -> int:
    """Which of the four tints a name has."""
    return sum(name.encode()) % 4 + 1


def avatar(name: str, size: Literal["", "tiny", "big"] = "") -> ui.label:
    """Initials on a tint that stays the same for the same name."""
    element = ui.label(initials(name)).classes(f"m-avatar m-tint-{tint(name)}" + (f" m-{size}" if size else ""))
    element.props["aria-hidden"] = "true"
    return element


def dot(tone: Tone) -> ui.element:
    return ui.element("i").classes(f"m-dot m-tone-{tone}")
