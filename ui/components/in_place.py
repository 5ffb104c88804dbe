"""A fact that is changed where it stands: a press makes it a field, Enter keeps, Escape leaves it as it was."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from nicegui import ui

from ui.components.forms import Field, select_field, text_field
from ui.components.text import Text, icon, pressable
from ui.i18n import _

Save = Callable[[str, Field[Any]], Awaitable[bool]]
"""Keeps the text; False where it was refused, which it has marked on the field."""


class InPlace:
    """A line of an open `dl`. `save` None: it can be read only. `closed` is called when the field gave way to the text again. `read`: a value
    as one reads it. `options`: it is chosen of these."""

    def __init__(
        self,
        label: str,
        value: str,
        save: Save | None,
        *,
        kind: str = "text",
        limit: int = 500,
        closed: Callable[[], Awaitable[None]] | None = None,
        read: Callable[[str], str] = str,
        options: Mapping[str, str] | None = None,
    ) -> None:
        self._label, self._value, self._save, self._kind, self._limit = label, value, save, kind, limit
        self._closed, self._field, self._saving, self._read = closed, None, False, read
        self._options = options
        Text("dt", label)
        with ui.element("dd") as self._place:
            self._shown = ui.element("div").classes("m-in-place")
            with self._shown:
                self._text = ui.label(read(value) if value else ("—" if save is None else _("Add"))).classes("m-clip")
                self._text.classes("" if value else "m-hint").props["dir"] = "auto"
                if save is not None:
                    icon("edit")
        if save is not None:
            pressable(self._shown, self._edit, _("Change {name}").format(name=label))

    _field: Field[Any] | None

    @property
    def open(self) -> bool:
        """Somebody is writing in it."""
        return self._field is not None

    def _edit(self) -> None:
        if self._field is not None:
            return
        self._shown.set_visibility(False)
        if self._options is not None:
            self._choose(self._options)
            return
        with self._place:
            self._field = text_field("", self._value, kind=self._kind, limit=self._limit, on_enter=self._keep)
            control = self._field.control
            control.props.update({"aria-label": self._label, "autofocus": True})
            control.on("keydown.esc.stop", self._leave, [])
            control.on("blur", self._keep, [])
        self._field.focus()

    def _choose(self, options: Mapping[str, str]) -> None:
        with self._place:
            self._field = select_field("", options, self._value, search=len(options) > 10, on_change=self._keep)
            control = self._field.control
            control.props["aria-label"] = self._label
            control.on("keydown.esc.stop", self._leave, [])
            control.on("popup-hide", self._keep, [])
        self._field.focus()
        control.run_method("showPopup")

    async def _keep(self) -> None:
        field, save = self._field, self._save
        if field is None or save is None or self._saving:
            return
        text = (field.value or "").strip()
        if text == self._value:
            await self._leave()
            return
        self._saving = True
        try:
            if not await save(text, field):
                return
        finally:
            self._saving = False
        self._value = text
        if not self._text.is_deleted:
            self._text.text = self._read(text) if text else _("Add")
            await self._leave()

    async def _leave(self) -> None:
        field, self._field = self._field, None
        if field is None or field.element.is_deleted:
            return
        field.element.delete()
        self._shown.set_visibility(True)
        if self._closed is not None:
            await self._closed()
