"""Who comes into a sequence by themselves, when it may write, and why somebody leaves it."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from nicegui import ui

from api.contract.cadences import LeadInStage, Plan, Tagged, WritingHours
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import filled, select_field, switch_field
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import cadences as labels
from ui.pages.cadences.step_dialog import Known
from ui.pages.cadences.who import Who


class Rules:
    def __init__(self, plan: Plan, known: Known, keep: Callable[[Plan], Awaitable[None]], *, write: bool) -> None:
        self._plan, self._keep = plan, keep
        with ui.element("div").classes("m-forms"):
            self._draw(plan, known)
            if write:
                with ui.element("div").classes("m-actions"):
                    button(_("Save"), self._save, kind="primary")

    def _draw(self, plan: Plan, known: Known) -> None:
        tags = known.names.tags
        stages = known.names.stages
        times = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 30)] + ["23:59"]
        with card(_("Who comes in"), hint=_("You can put people in by hand at any time, under “People”.")):
            self._entry = Who(_("By themselves"), known, plan.entry, nobody=_("Nobody"))
            if plan.entry is not None and self._entry.filter is None:
                Text(
                    "p", _("Whom it took in was deleted, so nobody comes in. Choose anew and publish the change."), "m-seq-wrong"
                )
            ui.label(_("Also those who come to it later: they are looked for every half a minute.")).classes("m-hint")
            self._again = switch_field(_("Who came to the end may come in again"), plan.again)
        with card(_("Who leaves")):
            self._reply = switch_field(_("Who answers leaves the sequence"), plan.stop_on_reply)
            goals: dict[Any, str] = {"": _("No goal")}
            goals |= {f"tag:{key}": _("has the tag “{name}”").format(name=name) for key, name in tags.items()}
            goals |= {f"stage:{key}": _("has a card in “{name}”").format(name=name) for key, name in stages.items()}
            self._goals = {f"tag:{key}": Tagged(key) for key in tags} | {f"stage:{key}": LeadInStage(key) for key in stages}
            start = next((name for name, goal in self._goals.items() if goal == plan.goal), "")
            if plan.goal is not None and not start:  # it stays until somebody chooses, and is refused as what is gone
                start, goals["gone"], self._goals["gone"] = "gone", _("something that was deleted"), plan.goal
            self._goal = select_field(_("And who reached the goal"), goals, start, search=len(goals) > 10)
            ui.label(_("Who asks for no more messages leaves in any case.")).classes("m-hint")
        hours = plan.hours
        hint = _("By the clock of each person, told by their number. What comes due at night waits for the morning.")
        with card(_("When it writes"), hint=hint):
            self._bound = switch_field(
                _("Only at certain hours"), hours is not None, on_change=lambda on: inside.set_visibility(on)
            )
            shown = hours or WritingHours()
            with ui.element("div").classes("m-col w-full") as inside:
                with ui.element("div").classes("m-lp-pair"):
                    self._from = select_field(_("From"), {one: one for one in sorted({*times, shown.start})}, shown.start)
                    self._to = select_field(_("To"), {one: one for one in sorted({*times, shown.end})}, shown.end)
                self._days = select_field(_("Days"), labels.weekdays(), list(shown.days), multiple=True)
            inside.set_visibility(hours is not None)

    async def _save(self) -> None:
        needed = [*self._entry.needed, *([self._days] if self._bound.value else [])]
        if not filled(needed, {self._to: _("The end must be later than the start.")} if self._turned() else {}):
            return
        plan = msgspec.structs.replace(
            self._plan,
            entry=self._entry.filter,
            again=bool(self._again.value),
            stop_on_reply=bool(self._reply.value),
            goal=self._goals[self._goal.value] if self._goal.value else None,
            hours=WritingHours(self._from.value, self._to.value, sorted(self._days.value)) if self._bound.value else None,
        )
        await self._keep(plan)
        self._plan = plan
        toast(_("Saved."))

    def _turned(self) -> bool:
        return bool(self._bound.value) and self._to.value <= self._from.value
