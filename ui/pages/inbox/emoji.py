"""Emoji in what is written: the browser shows and inserts them, from a table that it fetches with the first press."""

import msgspec
from nicegui import ui

from ui.components.buttons import icon_button
from ui.i18n import _, pgettext


def words() -> str:
    """What the window says (`ui/theme/emoji.js`), as JSON for the attribute `data-emoji`; groups in the order of the table."""
    groups = [
        _("Faces and feelings"),
        _("People and gestures"),
        _("Animals and nature"),
        _("Food and drink"),
        _("Travel and places"),
        _("Games and celebrations"),
        _("Objects"),
        _("Symbols"),
        _("Flags"),
    ]
    return msgspec.json.encode({
        "title": _("Emoji"),
        "search": _("Search emoji by name"),
        "recent": _("Used last"),
        "found": _("Found"),
        "none": _("No emoji of this name"),
        "groups": groups,
        "react": _("React to this message"),
        "more": _("All emoji"),
        "back": _("Take the reaction back"),
        "skin": _("Skin of people and hands"),
        "skins": [
            pgettext("skin", "Yellow"),
            pgettext("skin", "Light"),
            pgettext("skin", "Medium light"),
            pgettext("skin", "Medium"),
            pgettext("skin", "Medium dark"),
            pgettext("skin", "Dark"),
        ],
        "failed": _("The emoji could not be loaded. Check your connection and press again."),
    }).decode()  # fmt: skip


def emoji_button(field: str) -> ui.button:
    """Opens them for the field of this id in the page; one that is chosen goes where its cursor is."""
    button = icon_button("mood", _("Emoji (Ctrl .)")).classes("m-write-emoji")
    button.on("click", js_handler=f"(e) => masteria.emoji('write', e.currentTarget, '{field}')")
    return button
