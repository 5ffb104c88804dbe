"""The steps of a sequence, drawn one below the other; what is pressed tells the page, which changes the plan."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID

from nicegui import ui

from api.contract.cadences import Branch, CadenceStep, Send, Step, Wait, WaitUntil
from ui import formats
from ui.components.buttons import icon_button
from ui.components.menus import Choice, choices, more
from ui.components.text import Text, icon
from ui.i18n import _
from ui.labels import cadences as labels
from ui.labels import reasons
from ui.pages.cadences.tree import Place

Add = Callable[[Place, type[Step]], Any]
Do = Callable[[Literal["change", "up", "down", "remove"], Step], Awaitable[Any]]


class Flow:
    """`write`: whether it can be changed. `wrong`: what is wrong, by step."""

    def __init__(
        self,
        names: labels.Names,
        figures: Mapping[UUID, CadenceStep],
        wrong: Mapping[UUID, str],
        *,
        add: Add,
        do: Do,
        write: bool,
        ran: bool,
    ) -> None:
        self._names, self._figures, self._wrong = names, figures, wrong
        self._add, self._do, self._write, self._ran = add, do, write, ran

    def draw(self, steps: Sequence[Step], branch: UUID | None = None, side: Literal["yes", "no"] = "yes") -> None:
        with ui.element("div").classes("m-seq"):
            self._plus(Place(branch, side, 0))
            for number, step in enumerate(steps):
                self._step(step, first=number == 0, last=number == len(steps) - 1)
                self._plus(Place(branch, side, number + 1))

    def _plus(self, place: Place) -> None:
        with ui.element("div").classes("m-seq-add"):
            if not self._write:
                return
            with icon_button("add", _("Add a step here")):
                with ui.menu():
                    choices(
                        [
                            Choice(_("Write"), partial(self._add, place, Send), "chat"),
                            Choice(_("Wait"), partial(self._add, place, Wait), "hourglass_empty"),
                            Choice(_("Wait until a time of day"), partial(self._add, place, WaitUntil), "schedule"),
                            Choice(_("Ask a question"), partial(self._add, place, Branch), "call_split"),
                        ]
                    )

    def _step(self, step: Step, *, first: bool, last: bool) -> None:
        symbol, heading, about = labels.step(step, self._names)
        wrong = self._wrong.get(step.id)
        with ui.element("div").classes("m-seq-step" + (" m-seq-bad" if wrong else "")):
            with ui.element("div").classes("m-seq-icon"):
                icon(symbol)
            with ui.element("div").classes("m-col m-tight m-grow"):
                Text("h3", heading, "m-strong m-clip")
                if about:
                    ui.label(about).classes("m-sub m-clip")
                if wrong:
                    Text("p", wrong, "m-seq-wrong").props["role"] = "alert"
                if self._ran:
                    self._numbers(step)
            if self._write:
                entries = [Choice(_("Change"), partial(self._do, "change", step), "edit")]
                if not first:
                    entries.append(Choice(_("Move up"), partial(self._do, "up", step), "arrow_upward"))
                if not last:
                    entries.append(Choice(_("Move down"), partial(self._do, "down", step), "arrow_downward"))
                entries.append(Choice(_("Remove"), partial(self._do, "remove", step), "delete", danger=True, line=True))
                more(entries, _("More about “{name}”").format(name=heading))
        if isinstance(step, Branch):
            with ui.element("div").classes("m-seq-ways"):
                for side, name, inside in (("yes", _("Yes"), step.yes), ("no", _("No"), step.no)):
                    with ui.element("div").classes("m-seq-way"):
                        ui.label(name).classes("m-hint")
                        self.draw(inside, step.id, side)  # type: ignore[arg-type]

    def _numbers(self, step: Step) -> None:
        known = self._figures.get(step.id)
        if known is None:
            return
        said: list[str] = []
        if known.waiting:
            said.append(_("{n} waiting here").format(n=formats.number(known.waiting)))
        if isinstance(step, Send):
            said += [
                _("{n} sent").format(n=formats.number(known.sent)),
                _("{n} read").format(n=formats.number(known.read)),
                _("{n} answered").format(n=formats.number(known.replied)),
            ]
            if known.queued:
                said.append(_("{n} waiting to be sent").format(n=formats.number(known.queued)))
            if known.failed:
                said.append(_("{n} failed").format(n=formats.number(known.failed)))
            if known.skipped:
                said.append(_("{n} left out").format(n=formats.number(known.skipped)))
        elif isinstance(step, Branch):
            said += [
                _("{n} yes").format(n=formats.number(known.yes)),
                _("{n} no").format(n=formats.number(known.no)),
            ]
        else:
            said.append(_("{n} went on").format(n=formats.number(known.reached)))
        with ui.element("div").classes("m-seq-figs m-hint"):
            for text in said:
                ui.label(text)
        if known.problem:
            Text("p", _("Stands still: {reason}").format(reason=reasons.failure(known.problem).name), "m-seq-wrong")
