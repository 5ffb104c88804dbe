"""Fields into which values of what came are put by a press: the last one that had the cursor takes it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import ui

from api.contract.incoming import Value
from ui.components.forms import Field, select_field, text_field
from ui.i18n import _


class Target:
    """Remembers which field had the cursor last."""

    def __init__(self) -> None:
        self._field: Field[str] | None = None
        self._fallback: Field[str] | None = None

    def watch(self, field: Field[str], *, first: bool = False) -> Field[str]:
        """The field takes values from now on; `first`: also before any had the cursor."""
        field.control.on("focus", lambda: self._take(field), [])
        if first:
            self._fallback = field
        return field

    def _take(self, field: Field[str]) -> None:
        self._field = field

    def put(self, path: str) -> str | None:
        """Puts a place into the field; its name, or None where there is none."""
        field = self._field if self._field is not None and not self._field.element.is_deleted else self._fallback
        if field is None or field.element.is_deleted:
            return None
        text = (field.value or "").rstrip()
        field.value = f"{text} {{{{{path}}}}}".strip()
        return field.name


class OwnFields:
    """Texts for some of the fields that somebody made: chosen from a list, each with its text."""

    def __init__(self, label: str, names: Mapping[str, str], values: Sequence[Value], target: Target) -> None:
        self._names, self._target = names, target
        self._texts = {one.key: one.text for one in values if one.key in names}
        self._fields: dict[str, Field[str]] = {}
        self._chosen: Field[list[str]] = select_field(
            label, names, list(self._texts), multiple=True, search=len(names) > 10, on_change=self._draw
        )
        self._inside = ui.element("div").classes("m-col")
        self._draw()

    def _draw(self) -> None:
        self._texts |= {key: field.value or "" for key, field in self._fields.items()}
        self._inside.clear()
        with self._inside:
            self._fields = {
                key: self._target.watch(text_field(self._names[key], self._texts.get(key, ""), limit=500))
                for key in self._chosen.value or []
                if key in self._names
            }

    @property
    def values(self) -> list[Value]:
        return [Value(key=key, text=(field.value or "").strip()) for key, field in self._fields.items()]

    def at(self, path: str, name: str) -> dict[str, Field[Any]]:
        """The fields by the places that the API names."""
        found: dict[str, Field[Any]] = {f"{path}.fields": self._chosen}
        for number, field in enumerate(self._fields.values()):
            found |= {f"{path}.{name}[{number}].text": field, f"{path}.{name}[{number}].key": field}
        return found


def gaps(names: Sequence[str], values: Sequence[Value], target: Target) -> dict[str, Field[str]]:
    """A text for each gap of a template, in its order."""
    known = {one.key: one.text for one in values}
    return {
        name: target.watch(text_field(_("Gap {name}").format(name=f"{{{{{name}}}}}"), known.get(name, ""), limit=500))
        for name in names
    }


def hidden_until(on: ui.switch, inside: ui.element, then: Callable[[], Any] | None = None) -> None:
    """What belongs to a switch is shown while it is on."""

    def shown() -> None:
        inside.set_visibility(on.value)
        if on.value and then is not None:
            then()

    on.on_value_change(shown)
    inside.set_visibility(on.value)
