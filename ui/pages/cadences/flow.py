"""The steps of a sequence, drawn one below the other with what became of people at each; what is pressed tells the page, which changes the plan.

A step has the focus as a whole: arrows go to the next one, Enter changes it, Alt with an arrow moves it, Delete removes it. Figures follow in place, so
that a menu which is open, and the focus, stay.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal
from uuid import UUID

from nicegui import events, ui

from api.contract.cadences import Branch, CadenceStep, Send, Step, Wait, WaitUntil
from ui.components.buttons import icon_button
from ui.components.menus import Choice, choices, more
from ui.components.text import Text, icon
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.pages.cadences.numbers import Numbers
from ui.pages.cadences.tree import Place, count, paths

Act = Literal["change", "up", "down", "copy", "remove"]
Add = Callable[[Place, type[Step]], Any]
Do = Callable[[Act, UUID], Awaitable[Any]]
_LOOK = {Send: "m-seq-send", Wait: "m-seq-wait", WaitUntil: "m-seq-wait", Branch: "m-seq-ask"}


class Flow:
    """`write`: whether it can be changed. `wrong`: what is wrong, by step; `hints`: what should be looked at. `entered`: how many people ever came in; 0: it never ran. `folded`:
    the questions whose two ways are not shown."""

    def __init__(
        self,
        names: labels.Names,
        figures: Mapping[UUID, CadenceStep],
        wrong: Mapping[UUID, str],
        hints: Mapping[UUID, str],
        *,
        add: Add,
        do: Do,
        write: bool,
        entered: int,
        folded: set[UUID],
    ) -> None:
        self._names, self._figures, self._wrong, self._hints, self._folded = names, figures, wrong, hints, folded
        self._add, self._do, self._write, self._entered = add, do, write, entered
        self._numbers: dict[UUID, Numbers] = {}
        self._order: dict[UUID, int] = {}
        self._drawn: dict[UUID, ui.element] = {}  # the two ways of a question

    def draw(self, steps: Sequence[Step]) -> None:
        self._order = {step_id: number for number, step_id in enumerate(paths(steps).values(), 1)}
        with ui.element("div").classes("m-col w-full") as whole:
            self._list(steps, None, "yes", last=True)
        whole.on("keydown", self._pressed, js_handler="(e) => masteria.steps(e, emit)")

    def set(self, figures: Mapping[UUID, CadenceStep], entered: int) -> None:
        """Other figures, in place."""
        self._figures, self._entered = figures, entered
        for step_id, numbers in self._numbers.items():
            numbers.set(figures.get(step_id), entered)

    async def _pressed(self, event: events.GenericEventArguments) -> None:
        step_id, what = event.args
        if self._write and UUID(step_id) in self._order:
            with event.client.content:  # the steps are drawn anew meanwhile
                await self._do(what, UUID(step_id))

    def _list(self, steps: Sequence[Step], branch: UUID | None, side: Literal["yes", "no"], *, last: bool = False) -> None:
        with ui.element("div").classes("m-seq"):
            if steps or not last:
                self._plus(Place(branch, side, 0))
            for number, step in enumerate(steps):
                self._step(step, first=number == 0, last=number == len(steps) - 1)
                self._plus(Place(branch, side, number + 1), end=last and number == len(steps) - 1)
            if last and not steps:
                self._plus(Place(branch, side, 0), end=True)

    def _plus(self, place: Place, *, end: bool = False) -> None:
        with ui.element("div").classes("m-seq-add" + (" m-seq-end" if end else "")):
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
        number = self._order[step.id]
        with ui.element("div").classes(f"m-seq-step {_LOOK[type(step)]}" + (" m-seq-bad" if wrong else "")) as drawn:
            drawn.props.update({"role": "group", "tabindex": "0", "data-step": str(step.id)})
            drawn.props["aria-label"] = _("Step {n}: {name}").format(n=number, name=heading)
            with ui.element("div").classes("m-seq-icon"):
                icon(symbol)
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-seq-head"):
                    ui.label(str(number)).classes("m-seq-no").props("aria-hidden=true")
                    Text("h2", heading, "m-strong")
                if about:
                    ui.label(about).classes("m-sub m-seq-about")
                if isinstance(step, Send) and step.template_id is None and not (step.text or "").strip():
                    Text("p", _("Nothing to write yet. Open it and choose what is written."), "m-seq-todo")
                if hint := self._hints.get(step.id):
                    Text("p", hint, "m-seq-todo")
                if wrong:
                    Text("p", wrong, "m-seq-wrong").props["role"] = "alert"
                self._numbers[step.id] = Numbers(step, self._figures.get(step.id), self._entered)
            if isinstance(step, Branch):
                self._fold(step)
            if self._write:
                self._menu(step, heading, first=first, last=last)
        if isinstance(step, Branch):
            self._ways(step)

    def _menu(self, step: Step, heading: str, *, first: bool, last: bool) -> None:
        entries = [Choice(_("Change"), partial(self._do, "change", step.id), "edit")]
        if not first:
            entries.append(Choice(_("Move up"), partial(self._do, "up", step.id), "arrow_upward"))
        if not last:
            entries.append(Choice(_("Move down"), partial(self._do, "down", step.id), "arrow_downward"))
        entries.append(Choice(_("Copy"), partial(self._do, "copy", step.id), "content_copy"))
        entries.append(Choice(_("Remove"), partial(self._do, "remove", step.id), "delete", danger=True, line=True))
        more(entries, _("More about “{name}”").format(name=heading))

    def _fold(self, step: Branch) -> None:
        inside = count(step.yes) + count(step.no)
        if not inside:
            return
        said = ngettext("{n} step inside", "{n} steps inside", inside).format(n=inside)

        def turn() -> None:
            folded = step.id not in self._folded
            (self._folded.add if folded else self._folded.discard)(step.id)
            self._drawn[step.id].set_visibility(not folded)
            paint()

        def paint() -> None:
            folded = step.id in self._folded
            arrow.props["icon"] = f"sym_r_{'unfold_more' if folded else 'unfold_less'}"
            arrow.props["aria-label"] = (
                _("Show both ways ({said})").format(said=said) if folded else _("Hide both ways ({said})").format(said=said)
            )
            arrow.props["aria-expanded"] = "false" if folded else "true"

        arrow = icon_button("unfold_less", said, turn)
        paint()

    def _ways(self, step: Branch) -> None:
        with ui.element("div").classes("m-seq-ways") as ways:
            for side, name, symbol, inside in (("yes", _("Yes"), "check", step.yes), ("no", _("No"), "close", step.no)):
                with ui.element("div").classes("m-seq-way m-seq-yes" if side == "yes" else "m-seq-way m-seq-no-way"):
                    with ui.element("div").classes("m-seq-side"):
                        icon(symbol)
                        ui.label(name)
                    self._list(inside, step.id, side)  # type: ignore[arg-type]
                    if not inside:
                        ui.label(_("Straight on")).classes("m-hint m-seq-empty")
        self._drawn[step.id] = ways
        ways.set_visibility(step.id not in self._folded)
