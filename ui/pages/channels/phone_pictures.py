"""Drawn pictures of what a phone shows on the way to its linked devices: schematic, in our own style and colours, for both ways to connect."""

from html import escape
from typing import Literal, NamedTuple

from nicegui import ui

from api.contract.channel_sessions import CodeKind
from ui.components.text import Text
from ui.i18n import _

Screen = Literal["chats", "settings", "devices", "camera", "signs"]


class Step(NamedTuple):
    screen: Screen
    text: str


def steps(kind: CodeKind | None) -> list[Step]:
    """What the person who holds the phone does, one after the other."""
    found = [
        Step("chats", _("Open WhatsApp on the phone of this number and go to Settings (on Android: the menu ⋮).")),
        Step("settings", _("Tap Linked devices.")),
        Step("devices", _("Tap Link a device.")),
    ]
    if kind == CodeKind.DIGITS:
        return [*found, Step("signs", _("Tap Link with phone number instead, and type these eight signs in."))]
    return [*found, Step("camera", _("Point the camera at the code on this page."))]


def draw(kind: CodeKind | None) -> None:
    with ui.element("ol").classes("m-phone-steps"):
        for number, step in enumerate(steps(kind), 1):
            with ui.element("li").classes("m-phone-step"):
                html = ui.html(_drawn(step.screen), sanitize=False).classes("m-phone-pic")
                html.props["aria-hidden"] = "true"
                with ui.element("div").classes("m-row m-near m-phone-said"):
                    Text("b", str(number), "m-phone-number")
                    Text("span", step.text, "m-sub")


def _rect(x: float, y: float, width: float, height: float, look: str, radius: float = 3) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="{radius}" class="{look}"/>'


def _dot(x: float, y: float, radius: float, look: str) -> str:
    return f'<circle cx="{x}" cy="{y}" r="{radius}" class="{look}"/>'


def _text(x: float, y: float, said: str, look: str = "p-text", anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{look}">{escape(said)}</text>'


def _tap(x: float, y: float) -> str:
    """Where a finger goes."""
    return _dot(x, y, 9, "p-tap")


def _row(y: float, *, marked: bool = False, said: str = "", width: float = 56) -> str:
    """A line of a list: a round sign and its name."""
    back = _rect(10, y - 9, 120, 24, "p-marked", 6) if marked else ""
    name = _text(35, y + 6, said, "p-row") if said else _rect(38, y - 1, width, 6, "p-bar")
    return back + _dot(23, y + 3, 6.5, "p-on" if marked else "p-quiet") + name


def _chats() -> str:
    lines = "".join(
        _dot(24, y, 9, "p-quiet") + _rect(40, y - 7, width, 5, "p-bar") + _rect(40, y + 3, width + 18, 4, "p-faint")
        for y, width in ((62, 40), (88, 52), (114, 34), (140, 46))
    )
    menu = "".join(_dot(122, 30 + 5 * number, 1.8, "p-ink") for number in range(3))
    return _text(14, 39, "WhatsApp", "p-strong") + menu + _tap(122, 35) + lines


def _settings() -> str:
    rows = _row(66, width=62) + _row(92, marked=True, said=_("Linked devices")) + _row(118, width=48) + _row(144, width=58)
    return _text(14, 39, _("Settings"), "p-strong") + rows + _tap(122, 108)


def _devices() -> str:
    laptop = _rect(48, 58, 44, 28, "p-line", 3) + '<path d="M40 92h60l-4 5H44z" class="p-quiet"/>'
    button = _rect(22, 112, 96, 20, "p-button", 10) + _text(70, 125.5, _("Link a device"), "p-button-text", "middle")
    return _text(14, 39, _("Linked devices"), "p-strong") + laptop + button + _tap(108, 134)


def _camera() -> str:
    corners = '<path d="M38 66v-10a4 4 0 0 1 4-4h10M88 52h10a4 4 0 0 1 4 4v10M102 98v10a4 4 0 0 1-4 4H88M52 112H42a4 4 0 0 1-4-4V98" class="p-frame"/>'
    finders = "".join(
        _rect(x, y, 14, 14, "p-ink", 2) + _rect(x + 4, y + 4, 6, 6, "p-paper", 1) for x, y in ((50, 62), (76, 62), (50, 88))
    )
    cells = "".join(
        _rect(x, y, 4, 4, "p-ink", 0.5)
        for x, y in ((68, 64), (68, 72), (76, 80), (84, 84), (78, 92), (86, 96), (68, 84), (70, 98))
    )
    return (
        _rect(8, 20, 124, 128, "p-night", 8)
        + _rect(46, 58, 48, 48, "p-paper", 4)
        + finders
        + cells
        + corners
        + _rect(40, 80, 60, 2, "p-scan", 1)
    )


def _signs() -> str:
    boxes = "".join(
        _rect(17 + 13.2 * number + (4 if number > 3 else 0), 74, 11, 18, "p-line", 3)
        + _text(22.5 + 13.2 * number + (4 if number > 3 else 0), 87, sign, "p-strong", "middle")
        for number, sign in enumerate("K7QX2MPA")
    )
    return (
        _text(14, 39, _("Enter code"), "p-strong")
        + _rect(14, 52, 92, 5, "p-faint")
        + boxes
        + _rect(14, 108, 112, 40, "p-keys", 6)
    )


_SCREENS = {"chats": _chats, "settings": _settings, "devices": _devices, "camera": _camera, "signs": _signs}


def _drawn(screen: Screen) -> str:
    inside = _SCREENS[screen]()
    case = _rect(2, 2, 136, 172, "p-case", 16) + _rect(56, 8, 28, 4, "p-faint", 2)
    return f'<svg viewBox="0 0 140 160" preserveAspectRatio="xMidYMin slice">{case}{inside}</svg>'
