"""How much the AI may cost, and how far it is: limits that stop it."""

from contextlib import suppress
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.ai import AiBudget, AiBudgetSet
from api.contract.enums import BudgetPeriod, BudgetScope, Permission
from api.contract.events import AiBudgetsChanged, AiBudgetWarned, PersonaChanged
from api.contract.personas import Persona
from ui import formats, live, session
from ui.client import ai as client
from ui.client import personas
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import Field, mark, number_field
from ui.components.persona_face import persona_avatar
from ui.components.progress import width
from ui.components.states import Loader, load
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import ai as labels

MICRO = 1_000_000
_OFFERED = (
    (BudgetScope.COMPANY, BudgetPeriod.MONTH),
    (BudgetScope.COMPANY, BudgetPeriod.DAY),
    (BudgetScope.PERSONA, BudgetPeriod.DAY),
    (BudgetScope.CONVERSATION, BudgetPeriod.DAY),
)


def draw_budgets() -> None:
    _Budgets()


class _Found(NamedTuple):
    budgets: list[AiBudget]
    personas: list[Persona]  # none for who may not see them


class _Budgets:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write, self._sees = me.api, me.may(Permission.AI_WRITE), me.may(Permission.PERSONAS_READ)
        self._limits: dict[tuple[BudgetScope, BudgetPeriod], _Limit] = {}
        self._own: dict[UUID, _Limit] = {}
        self._asked = 0
        self._place: Loader[_Found] = load(self._fetch, self._draw)
        live.on(AiBudgetsChanged, self._heard)
        live.on(AiBudgetWarned, self._heard)
        live.on(PersonaChanged, self._heard)

    async def _fetch(self) -> _Found:
        return _Found(await client.budgets(self._api), await personas.personas(self._api) if self._sees else [])

    async def _heard(self, _event: AiBudgetsChanged | AiBudgetWarned | PersonaChanged) -> None:
        if not self._limits:
            await self._place.refresh()
            return
        with suppress(ApiProblem, Offline):  # what stands there stays, and the next event asks again
            await self._take_newest()

    async def _take_newest(self) -> None:
        """What is kept now; older answers that come late are dropped."""
        self._asked += 1
        asked, found = self._asked, await self._fetch()
        if asked == self._asked:
            self._take(found)

    def _take(self, found: _Found) -> None:
        """Changes what stands there in place: an amount that somebody types stays."""
        by_place = {(one.scope, one.period): one for one in found.budgets if one.subject_id is None}
        for place, limit in self._limits.items():
            limit.take(by_place.get(place))
        self._endless.set_visibility(not any(one.scope is BudgetScope.COMPANY for one in found.budgets))
        if list(self._own) != [one.id for one in found.personas]:
            self._draw_personas(found.personas)
        every = by_place.get((BudgetScope.PERSONA, BudgetPeriod.DAY))
        own = {
            one.subject_id: one for one in found.budgets if one.scope is BudgetScope.PERSONA and one.period is BudgetPeriod.DAY
        }
        for one in found.personas:
            self._own[one.id].take(own.get(one.id), every.limit_micro if every else None, one.cost_today_micro)

    def _draw(self, found: _Found) -> None:
        hint = _("When a limit is reached the AI stops for it and your team takes over; owners get a mail at 80% and at 100%.")
        with ui.element("div").classes("m-forms"):
            with card(_("Limits"), hint=hint):
                self._limits = {
                    place: _Limit(self, *place, f"{labels.scope(place[0])}, {labels.period(place[1])}", write=self._write)
                    for place in _OFFERED
                }
            with ui.element("div").classes("w-full") as self._endless:
                with note(
                    "warn", _("Without a limit of the company nothing stops a busy day. A limit for each month is a good start.")
                ):
                    pass
            self._people = ui.element("div").classes("w-full")
        self._own = {}
        self._take(found)

    def _draw_personas(self, found: list[Persona]) -> None:
        """Anew, because there are others."""
        self._people.clear()
        self._own = {}
        with self._people:
            hint = _(
                "What each may cost in a day. Empty: the limit of each persona above. A persona's own page can only lower it."
            )
            with card(_("Each persona today"), hint=hint):
                for one in found:
                    with ui.element("div").classes("m-ai-persona"):
                        persona_avatar(one.name, one.emoji, one.color, "tiny", of=one.id, picture_id=one.picture_id)
                        self._own[one.id] = _Limit(
                            self, BudgetScope.PERSONA, BudgetPeriod.DAY, one.name, write=self._write, subject_id=one.id
                        )
        self._people.set_visibility(bool(found))

    async def save(self, scope: BudgetScope, period: BudgetPeriod, dollars: float | None, subject_id: UUID | None) -> None:
        micro = round(dollars * MICRO) if dollars else None
        body = AiBudgetSet(scope=scope, period=period, limit_micro=micro, subject_id=subject_id)
        await client.set_budget(self._api, body)
        toast(_("Saved."))
        await self._take_newest()


class _Limit:
    """One limit: how far it is, and the amount. Empty: none of its own."""

    def __init__(
        self, page: _Budgets, scope: BudgetScope, period: BudgetPeriod, name: str, *, write: bool, subject_id: UUID | None = None
    ) -> None:
        self._page, self._scope, self._period, self._subject, self._name = page, scope, period, subject_id, name
        self._loaded: float | None = None
        with ui.element("div").classes("m-col m-near w-full m-grow"):
            with ui.element("div").classes("m-row m-near m-ai-limit"):
                self._amount: Field[float | None] = number_field(name, None, low=0, step=1, suffix="US$")
                self._amount.control.props["placeholder"] = _("No limit")
                if write:
                    button(_("Save"), self._save)
                else:
                    self._amount.control.props["readonly"] = True
            self._bar = ui.element("div").classes("w-full")

    def take(self, budget: AiBudget | None, otherwise: int | None = None, spent: int | None = None) -> None:
        """As it is kept now; an amount that was changed here and not saved stays. `otherwise`: what holds without one of its own; `spent`
        by it, where the budget does not say."""
        value = budget.limit_micro / MICRO if budget is not None else None
        if self._amount.value in (self._loaded, value):
            self._amount.value = value
        self._loaded = value
        self._bar.clear()
        with self._bar:
            if budget is not None and (self._scope is BudgetScope.COMPANY or self._subject is not None):
                _bar(self._name, budget.spent_micro, budget.limit_micro)
            elif otherwise is not None and spent is not None:
                _bar(self._name, spent, otherwise)
            elif spent is not None:
                ui.label(_("{spent} today").format(spent=formats.dollars(spent))).classes("m-hint")

    async def _save(self) -> None:
        value = self._amount.value
        if value is not None and value <= 0:
            mark({self._amount: _("Write an amount above zero, or leave it empty.")})
            return
        try:
            await self._page.save(self._scope, self._period, value, self._subject)
        except Exception as error:
            problems.show(error)


def _bar(name: str, spent: int, limit: int) -> None:
    share = spent / limit
    tone = "bad" if share >= 1 else "warn" if share >= 0.8 else ""
    with ui.element("div").classes("m-progress w-full"):
        with ui.element("div").classes("m-track") as track:
            track.props.update(
                {
                    "role": "progressbar",
                    "aria-label": name,
                    "aria-valuenow": round(min(share, 1) * 100),
                    "aria-valuemin": 0,
                    "aria-valuemax": 100,
                }
            )
            ui.element("div").classes("m-fill" + (f" m-fill-{tone}" if tone else "")).style(width(share))
        text = _("{spent} of {limit} · {share}").format(
            spent=formats.dollars(spent),
            limit=formats.dollars(limit),
            share=formats.percent(share, digits=0),
        )
        ui.label(text).classes("m-hint")
