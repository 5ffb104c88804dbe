"""Third step by SMS: the text, places for people's data at a press, and what it costs in SMS parts while it is written."""

import json
from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.campaigns import Preview
from api.contract.contacts import CustomField
from ui import formats
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import Field, area_field
from ui.components.text import badge, icon, pressable
from ui.i18n import _, ngettext
from ui.labels import templates as template_labels

LIMIT = 1600


def inserts(field: Field[str], custom: list[CustomField]) -> None:
    """What people's data puts into a text, at a press."""
    with ui.element("div").classes("m-inserts"):
        for source, name in template_labels.names(custom).items():
            fallback = (
                _("customer") if source in {"first_name", "name"} else "-"
            )  # a longer dash would make every part of an SMS dearer
            text = json.dumps("{{" + source + "|" + fallback + "}}")
            with ui.element("div").classes("m-chip") as element:
                icon("add")
                ui.label(name)
            pressable(element, lambda: None, _("Insert {name}").format(name=name))
            target = json.dumps(f"f{field.control.id}")
            element.on("click", js_handler=f"() => masteria.insert({target}, {text})")


class SmsStep:
    """`change(body=…)` while it is written; `set(preview)` tells the parts that the API counted."""

    def __init__(self, body: str, custom: list[CustomField], change: Callable[..., Any]) -> None:
        self._change, self._plain = change, ""
        with card():
            self._field = area_field(
                _("Message"),
                body,
                limit=LIMIT,
                rows=6,
                placeholder=_("Hi {{first_name|customer}}, …"),
                hint=_("What stands after the bar is written for people without that value."),
                on_change=self._read,
            )
            inserts(self._field, custom)
            self._parts = ui.element("div").classes("m-sms")
            self._parts.props["aria-live"] = "polite"

    def _read(self) -> None:
        self._change(body=self._field.value or "")
        self._parts.classes("m-busy")

    def set(self, preview: Preview) -> None:
        self._parts.classes(remove="m-busy")
        self._parts.clear()
        counted = [message for message in preview.messages if message.segments is not None]
        if not counted or not (self._field.value or "").strip():
            return
        self._plain = preview.plain_body or ""
        least, most = min(m.segments or 0 for m in counted), max(m.segments or 0 for m in counted)
        special = [message for message in counted if message.encoding == "ucs2"]
        with self._parts:
            text = ngettext("{n} SMS part per person", "{n} SMS parts per person", most)
            ui.label(text.format(n=most if least == most else f"{least}–{most}")).classes("m-num")
            if preview.segments_total:
                ui.label(_("about {n} in all").format(n=formats.number(preview.segments_total))).classes("m-hint")
            badge(_("Special letters · UCS-2") if special else _("Plain letters · GSM-7"), "warn" if special else "ok")
            if special:
                self._explain(special[0].forcing_character or "", special[0].contact_name)

    def _explain(self, sign: str, name: str) -> None:
        own = sign in (self._field.value or "")
        text = (
            _("“{sign}” lets only 70 letters fit in a part instead of 160.")
            if own
            else _("“{sign}” in the data of {name} lets only 70 letters fit in a part.")
        )
        with ui.element("div").classes("m-row m-near m-wrap w-full"):
            ui.label(text.format(sign=sign, name=name)).classes("m-hint")
            if own and self._plain:
                button(_("Use plain letters"), self._simplify, icon="match_case").classes("m-end")

    def _simplify(self) -> None:
        self._field.value = self._plain
