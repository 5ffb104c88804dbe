"""How much the AI may cost, and how far it is: limits that stop it."""

from contextlib import suppress

from nicegui import ui

from api.contract.ai import AiBudget, AiBudgetSet
from api.contract.enums import BudgetPeriod, BudgetScope, Permission
from api.contract.events import AiBudgetsChanged, AiBudgetWarned
from ui import formats, live, session
from ui.client import ai as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import Field, mark, number_field
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


class _Budgets:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.AI_WRITE)
        self._limits: dict[tuple[BudgetScope, BudgetPeriod], _Limit] = {}
        self._place: Loader[list[AiBudget]] = load(lambda: client.budgets(self._api), self._draw)
        live.on(AiBudgetsChanged, self._heard)
        live.on(AiBudgetWarned, self._heard)

    async def _heard(self, _event: AiBudgetsChanged | AiBudgetWarned) -> None:
        if not self._limits:
            await self._place.refresh()
            return
        with suppress(ApiProblem, Offline):  # what stands there stays, and the next event asks again
            self._take(await client.budgets(self._api))

    def _take(self, found: list[AiBudget]) -> None:
        """Changes what stands there in place: an amount that somebody types stays."""
        by_place = {(one.scope, one.period): one for one in found if one.subject_id is None}
        for place, limit in self._limits.items():
            limit.take(by_place.get(place))
        self._endless.set_visibility(not any(one.scope is BudgetScope.COMPANY for one in found))

    def _draw(self, found: list[AiBudget]) -> None:
        hint = _("When a limit is reached the AI stops for it and your team takes over; owners get a mail at 80% and at 100%.")
        with ui.element("div").classes("m-forms"):
            with card(_("Limits"), hint=hint):
                self._limits = {place: _Limit(self, *place, write=self._write) for place in _OFFERED}
            with ui.element("div").classes("w-full") as self._endless:
                with note(
                    "warn", _("Without a limit of the company nothing stops a busy day. A limit for each month is a good start.")
                ):
                    pass
        self._take(found)

    async def save(self, scope: BudgetScope, period: BudgetPeriod, dollars: float | None) -> None:
        micro = round(dollars * MICRO) if dollars else None
        found = await client.set_budget(self._api, AiBudgetSet(scope=scope, period=period, limit_micro=micro))
        toast(_("Saved."))
        self._take(found)


class _Limit:
    """One limit: how far it is, and the amount. Empty: none."""

    def __init__(self, page: _Budgets, scope: BudgetScope, period: BudgetPeriod, *, write: bool) -> None:
        self._page, self._scope, self._period = page, scope, period
        self._name = f"{labels.scope(scope)}, {labels.period(period)}"
        self._loaded: float | None = None
        with ui.element("div").classes("m-col m-near w-full"):
            with ui.element("div").classes("m-row m-near m-ai-limit"):
                self._amount: Field[float | None] = number_field(self._name, None, low=0, step=1, suffix="US$")
                self._amount.control.props["placeholder"] = _("No limit")
                if write:
                    button(_("Save"), self._save)
                else:
                    self._amount.control.props["readonly"] = True
            self._bar = ui.element("div").classes("w-full")

    def take(self, budget: AiBudget | None) -> None:
        """As it is kept now; an amount that was changed here and not saved stays."""
        value = budget.limit_micro / MICRO if budget is not None else None
        if self._amount.value in (self._loaded, value):
            self._amount.value = value
        self._loaded = value
        self._bar.clear()
        if budget is not None and self._scope is BudgetScope.COMPANY:
            with self._bar:
                _bar(self._name, budget)

    async def _save(self) -> None:
        value = self._amount.value
        if value is not None and value <= 0:
            mark({self._amount: _("Write an amount above zero, or leave it empty.")})
            return
        try:
            await self._page.save(self._scope, self._period, value)
        except Exception as error:
            problems.show(error)


def _bar(name: str, budget: AiBudget) -> None:
    share = budget.spent_micro / budget.limit_micro
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
            spent=formats.dollars(budget.spent_micro),
            limit=formats.dollars(budget.limit_micro),
            share=formats.percent(share, digits=0),
        )
        ui.label(text).classes("m-hint")
