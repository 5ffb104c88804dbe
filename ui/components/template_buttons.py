"""The buttons of a template that is being written: a line each, added from a menu that offers what still fits."""

from collections.abc import Callable
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.channels import TemplateButton
from ui.components.buttons import button, icon_button
from ui.components.forms import Field, text_field
from ui.components.menus import Choice, choices
from ui.i18n import _

MOST = {"quick_reply": 10, "url": 2, "phone": 1, "copy_code": 1, "flow": 1, "catalog": 1, "products": 1}
ALL = 10
ALONE = ("catalog", "products")  # no other button beside it, and a text of WhatsApp's
ICONS = {
    "quick_reply": "reply", "url": "open_in_new", "phone": "call", "copy_code": "content_copy", "flow": "dynamic_form", "catalog": "storefront",
    "products": "shopping_bag",
}  # fmt: skip


class _Row:
    def __init__(self, kind: str, element: ui.element, fields: dict[str, Field[str]]) -> None:
        self.kind, self.element, self.fields = kind, element, fields

    def read(self) -> dict[str, str]:
        return {"kind": self.kind} | {name: (field.value or "").strip() for name, field in self.fields.items()}


class TemplateButtons:
    """`changed` is called with every letter. Answers stand first, side by side, as WhatsApp wants them."""

    def __init__(self, changed: Callable[[], Any]) -> None:
        self._changed = changed
        self._rows: list[_Row] = []
        self._place = ui.element("div").classes("m-col m-gap w-full")
        self._more = ui.element("div").classes("m-row")
        self._draw_more()

    def _draw_more(self) -> None:
        self._more.clear()
        names = {
            "quick_reply": _("An answer"),
            "url": _("A link"),
            "phone": _("A call"),
            "copy_code": _("A code to copy"),
            "flow": _("A form of WhatsApp (flow)"),
            "catalog": _("The catalogue"),
            "products": _("Chosen products"),
        }
        free = [kind for kind in names if sum(row.kind == kind for row in self._rows) < MOST[kind]]
        if self._rows:
            free = [kind for kind in free if kind not in ALONE]
        if not free or len(self._rows) >= ALL or any(row.kind in ALONE for row in self._rows):
            return
        with self._more, button(_("Add a button"), icon="add"), ui.menu():
            choices([Choice(names[kind], partial(self.add, kind), ICONS[kind]) for kind in free])

    def add(self, kind: str, **given: str) -> None:
        """One more, with these values."""
        if len(self._rows) >= ALL or kind not in MOST:
            return
        fields: dict[str, Field[str]] = {}
        with self._place, ui.element("div").classes("m-tplbtn") as element:
            with ui.element("div").classes("m-grid m-grid-wide m-grow"):
                if kind == "copy_code":
                    hint = _("WhatsApp names the button itself.")
                    fields["example"] = text_field(_("Code"), placeholder="VERAO20", limit=15, hint=hint, on_change=self._changed)
                elif kind in ALONE:
                    _draw_alone(kind)
                else:
                    label = {
                        "quick_reply": _("Answer"), "url": _("Link: text"), "phone": _("Call: text"), "flow": _("Form: text")
                    }[kind]  # fmt: skip
                    fields["text"] = text_field(label, limit=25, on_change=self._changed)
                if kind == "url":
                    fields["url"] = text_field(
                        _("Link: address"), kind="url", placeholder="https://", limit=2000, on_change=self._linked
                    )
                    fields["example"] = text_field(
                        _("Whole address, as an example"), kind="url", limit=2000, on_change=self._changed
                    )
                if kind == "phone":
                    fields["phone"] = text_field(
                        _("Number"), kind="tel", placeholder="+551140001234", limit=20, on_change=self._changed
                    )
                if kind == "flow":
                    hint = _("Its number in WhatsApp's manager, under Flows.")
                    fields["flow_id"] = text_field(_("Number of the flow"), limit=30, hint=hint, on_change=self._changed)
                    hint = _("Optional: where it begins.")
                    fields["flow_screen"] = text_field(
                        _("Screen"), placeholder="WELCOME", limit=100, hint=hint, on_change=self._changed
                    )
            row = _Row(kind, element, fields)
            icon_button("close", _("Remove this button"), partial(self._remove, row))
        for name, value in given.items():
            if name in fields:
                fields[name].value = value
        at = sum(one.kind == "quick_reply" for one in self._rows) if kind == "quick_reply" else len(self._rows)
        self._rows.insert(at, row)
        element.move(target_index=at)
        self._draw_more()
        self._linked()

    def _remove(self, row: _Row) -> None:
        self._rows.remove(row)
        row.element.delete()
        self._draw_more()
        self._changed()

    def _linked(self) -> None:
        """An address that ends in a place to fill needs an example."""
        for row in self._rows:
            if row.kind == "url":
                row.fields["example"].hide("{{" not in (row.fields["url"].value or ""))
        self._changed()

    def clear(self) -> None:
        for row in list(self._rows):
            self._remove(row)

    def read(self) -> list[dict[str, str]]:
        """As they are kept."""
        return [row.read() for row in self._rows]

    def fill(self, rows: Any) -> None:
        """From the browser, so it may be anything: what fits is taken."""
        self.clear()
        for row in rows if isinstance(rows, list) else []:
            if isinstance(row, dict) and row.get("kind") in MOST:
                given = {name: value for name, value in row.items() if name != "kind" and isinstance(value, str)}
                self.add(row["kind"], **given)

    def written(self, *, whole: bool) -> list[TemplateButton]:
        """As they are sent; without `whole` those that nothing stands in yet are left out."""
        found = []
        for values in self.read():
            if not whole and values["kind"] not in ALONE and not any(value for name, value in values.items() if name != "kind"):
                continue
            address = values.get("url", "")
            found.append(
                TemplateButton(
                    kind=values["kind"],  # type: ignore[arg-type]
                    text=values.get("text", ""),
                    url=address if address.startswith(("https://", "http://")) else None,
                    example=values.get("example") or None,
                    phone=values.get("phone") or None,
                    flow_id=values.get("flow_id") or None,
                    flow_screen=values.get("flow_screen") or None,
                )
            )
        return found

    def shown(self) -> list[tuple[str, str]]:
        """As the phone shows them: kind and text."""
        kinds = {"quick_reply": "reply", "copy_code": "code", "products": "catalog"}
        own = {"copy_code": _("Copy code"), "catalog": _("View catalogue"), "products": _("View items")}
        rows = [(row.kind, row.read()) for row in self._rows]
        return [(kinds.get(kind, kind), values.get("text") or own.get(kind, "…")) for kind, values in rows]

    def fields(self) -> dict[str, Field[str]]:
        """By their paths in the request."""
        return {f"buttons[{number}].{name}": field for number, row in enumerate(self._rows) for name, field in row.fields.items()}

    def needed(self) -> list[Field[str]]:
        """What may not be empty."""
        return [
            field
            for row in self._rows
            for name, field in row.fields.items()
            if name != "flow_screen" and (name != "example" or row.kind == "copy_code" or "{{" in (row.fields["url"].value or ""))
        ]


def _draw_alone(kind: str) -> None:
    name, hint = {
        "catalog": (
            _("Opens your catalogue"),
            _("The catalogue that is linked to the number. WhatsApp names the button itself."),
        ),
        "products": (
            _("Shows chosen products"),
            _("Which ones, you say in the campaign. It needs a heading, and WhatsApp names the button itself."),
        ),
    }[kind]
    with ui.element("div").classes("m-col m-tight"):
        ui.label(name).classes("m-strong")
        ui.label(hint).classes("m-hint")
