"""Connecting a real number: what its kind asks for, with the provider's guide where there is one; each field looked at while it is
typed."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.channels import ChannelConnect
from api.contract.kinds import Kind, KindField
from ui import kinds, session
from ui.client import channels as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import Field, filled, number_field, password_field, text_field
from ui.components.text import icon, pressable
from ui.i18n import _
from ui.pages.channels import guide, pairing
from ui.pages.channels.steps import Step


class Connect:
    """Fields by the name that the form of the kind has for them."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._guide = guide.of(kind.kind)
        self._fields: dict[str, Field[Any]] = {}
        asked = {field.name: field for field in kind.fields}
        if self._guide is not None:
            if intro := self._guide.intro():
                with note("info", intro, name="lightbulb"):
                    pass
            for number, step in enumerate(self._guide.steps(), 1):
                self._step(number, step, [asked.pop(name) for name in step.marks if name in asked])
        self._last(list(asked.values()))

    # -- drawing ------------------------------------------------------------------------------------------------

    def _step(self, number: int, step: Step, mine: Sequence[KindField]) -> None:
        def paste() -> None:
            for field in mine:
                self._field(field, f"{step.marks[field.name]} · ")
                control = self._fields[field.name].control.props("debounce=400")  # looked at once somebody pauses
                control.on_value_change(partial(self._typed, drawn, field.name, mine))

        drawn: list[ui.element] = []
        drawn.append(guide.draw(number, step, paste if mine else None))

    def _field(self, field: KindField, mark: str = "") -> None:
        label, hint = mark + kinds.text(field.label), kinds.text(field.hint) if field.hint else ""
        made: Field[Any]
        if field.type == "secret":
            made = password_field(label, hint=hint)
        elif field.type == "number":
            made = number_field(label, field.default, low=field.minimum, high=field.maximum, hint=hint)
        else:
            made = text_field(label, placeholder=field.example, limit=field.max_length, hint=hint)
        self._fields[field.name] = made

    def _last(self, rest: Sequence[KindField]) -> None:
        with card(_("Name it and connect")):
            for field in rest:
                if field.type != "number":
                    self._field(field)
            self._fields["name"] = text_field(_("Name"), placeholder=_("How your team calls this number"), limit=80)
            for field in rest:
                if field.type == "number":
                    self._field(field)
            if self._kind.paired:
                pairing.warning()
            else:
                with note("info", self._guide.last() if self._guide else _("Secrets are sealed and never shown again.")):
                    pass
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), kind="plain", to="/channels")
                name = _("Go on to the code") if self._kind.paired else _("Connect and check")
                button(name, self._submit, kind="primary")

    async def _submit(self) -> None:
        if not filled(self._fields.values(), {field: self._problem(name) for name, field in self._fields.items()}):
            return
        values = {field.name: self._number(field) or self._value(field.name) for field in self._kind.fields}
        body = ChannelConnect(kind=self._kind.kind, name=self._value("name"), values=values)
        try:
            channel = await client.connect(session.current().api, body)
        except ApiProblem as error:
            problems.show_in({**self._fields, **{f"values.{name}": field for name, field in self._fields.items()}}, error)
            return
        ui.navigate.to(f"/channels/{channel.id}")

    # -- looking ------------------------------------------------------------------------------------------------

    def _value(self, name: str) -> str:
        return str(self._fields[name].value or "").strip()

    def _number(self, field: KindField) -> float | None:
        return float(self._fields[field.name].value) if field.type == "number" else None

    def _values(self) -> Mapping[str, str]:
        return {name: self._value(name) for name in self._fields}

    def _problem(self, name: str) -> str:
        """What is wrong with a value that does not have the provider's form; an empty one is left to `filled`."""
        look = self._guide.looks.get(name) if self._guide else None
        value = self._value(name)
        return look(value, self._values()) if look and value else ""

    def _typed(self, drawn: Sequence[ui.element], name: str, mine: Sequence[KindField]) -> None:
        if text := self._problem(name):
            self._fields[name].error(text)
        done = all(self._value(field.name) and not self._problem(field.name) for field in mine)
        for element in drawn:
            element.classes(add="m-todo-done" if done else "", remove="" if done else "m-todo-done")


class Rehearsal:
    """A number on the simulator."""

    def __init__(self) -> None:
        played = [kind for kind in kinds.every() if kind.sandbox]
        self._kind = played[0].kind if played else ""
        self._picks: dict[str, ui.element] = {}
        with card(_("A number to rehearse with"), hint=_("Invented people get the messages, read them and answer.")):
            self._name = text_field(_("Name"), _("Rehearsal"), limit=80)
            ui.label(_("It plays")).classes("m-label")
            with ui.element("div").classes("m-picks m-picks-small").props("role=radiogroup"):
                for kind in played:
                    self._draw(kind)
            self._pick(self._kind)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), kind="plain", to="/channels")
                button(_("Connect and check"), self._submit, kind="primary")

    def _draw(self, kind: Kind) -> None:
        with ui.element("div").classes("m-pick") as element:
            icon(kind.icon)
            ui.label(kinds.text(kind.label)).classes("m-strong")
        pressable(element, partial(self._pick, kind.kind))
        element.props["role"] = "radio"
        self._picks[kind.kind] = element

    def _pick(self, kind: str) -> None:
        self._kind = kind
        for one, element in self._picks.items():
            element.classes(add="m-pick-on" if one == kind else "", remove="" if one == kind else "m-pick-on")
            element.props["aria-checked"] = "true" if one == kind else "false"

    async def _submit(self) -> None:
        fields: dict[str, Field[str]] = {"name": self._name}
        if not filled(fields.values()):
            return
        body = ChannelConnect(kind=self._kind, name=self._name.value.strip(), sandbox=True)
        try:
            channel = await client.connect(session.current().api, body)
        except ApiProblem as error:
            problems.show_in(fields, error)
            return
        ui.navigate.to(f"/channels/{channel.id}")
