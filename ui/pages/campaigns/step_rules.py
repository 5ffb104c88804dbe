"""In the step "when": in which hours people get it, over how long it is spread, and what it may cost."""

from collections.abc import Callable
from functools import partial
from typing import Any

from msgspec import structs
from nicegui import ui

from api.contract.campaigns import CampaignHours, CampaignSettings
from api.contract.costs import SendRate
from ui import formats, session
from ui.client import costs
from ui.components.cards import card
from ui.components.forms import Field, mark, number_field, select_field, switch_field, text_field
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.labels import conversations as conversation_labels
from ui.labels.costs import CURRENCIES, clock, minutes, usual

DEFAULT = CampaignHours(opens=9 * 60, closes=20 * 60, weekdays=[0, 1, 2, 3, 4, 5], skip_holidays=True)


class RulesCard:
    """`change(settings=…)` on every move; `complete()` says what is half typed. `by_code`: over a number that is connected by a QR code."""

    def __init__(self, settings: CampaignSettings, change: Callable[..., Any], *, by_code: bool = False) -> None:
        self._settings, self._change = settings, change
        self._wrong: dict[Field[Any], str] = {}
        with card(_("Hours and cost")), ui.element("div").classes("m-col m-gap"):
            self._draw_hours()
            self._draw_spread()
            if by_code:
                switch_field(
                    _("Say how to get no more"),
                    settings.opt_out_line,
                    hint=_(
                        "A line at the end where the text does not say it: “Reply STOP to get no more messages.” Who can end it does not report it."
                    ),
                    on_change=lambda on: self._set(opt_out_line=on),
                )
            load(partial(costs.rates, session.current().api), self._draw_limit, lambda: skeleton("line m-w-60"))

    def complete(self) -> bool:
        mark(self._wrong)
        return not self._wrong

    def _set(self, **fields: Any) -> None:
        changed = structs.replace(self._settings, **fields)
        if changed != self._settings:
            self._settings = changed
            self._change(settings=changed)

    def _draw_hours(self) -> None:
        known = self._settings.hours or DEFAULT

        def switched(on: bool) -> None:
            inside.set_visibility(on)
            read()

        def read() -> None:
            self._wrong.pop(closes, None)
            if not switch.value:
                self._set(hours=None)
                return
            start, end = minutes(opens.value), minutes(closes.value)
            days = sorted(days_field.value or [])
            if start is None or end is None or end <= start or not days:
                self._wrong[closes] = _("Choose at least one day, and an end after the beginning.")
                closes.error(self._wrong[closes])
                return
            closes.error("")
            self._set(hours=CampaignHours(opens=start, closes=end, weekdays=days, skip_holidays=holidays.value))

        switch = switch_field(
            _("Only at certain hours of the day"),
            self._settings.hours is not None,
            hint=_("On the clock where each person is: by the area code in Brazil, by the country elsewhere."),
            on_change=switched,
        )
        with ui.element("div").classes("m-col m-near w-full") as inside:
            with ui.element("div").classes("m-row m-near items-start w-full"):
                opens = text_field(_("From"), clock(known.opens), kind="time", on_change=lambda: read())
                closes = text_field(_("To"), clock(known.closes), kind="time", on_change=lambda: read())
            days_field = select_field(
                _("Days"),
                {day: conversation_labels.weekday(day) for day in range(7)},
                list(known.weekdays),
                multiple=True,
                on_change=lambda: read(),
            )
            holidays = switch_field(
                _("Not on holidays"),
                known.skip_holidays,
                hint=_("National ones of Brazil, and those of your office hours."),
                on_change=lambda _on: read(),
            )
        inside.set_visibility(self._settings.hours is not None)

    def _draw_spread(self) -> None:
        def read() -> None:
            hours = spread.value or 0
            if 0 <= hours <= 168:
                self._set(spread_minutes=round(hours * 60))

        spread = number_field(
            _("Spread over"),
            self._settings.spread_minutes / 60 or None,
            low=0,
            high=168,
            suffix=_("hours"),
            hint=_("Evenly, so that your team can answer. Empty: as fast as the number can."),
            on_change=read,
        )
        spread.element.classes("m-short")

    def _draw_limit(self, rates: list[SendRate]) -> None:
        micro = self._settings.max_cost_micro

        def read() -> None:
            value = amount.value
            if value is None:
                self._set(max_cost_micro=None, max_cost_currency=None)
            elif value >= 0:
                self._set(max_cost_micro=round(value * 1_000_000), max_cost_currency=currency.value)

        with ui.element("div").classes("m-row m-near items-start m-moment"):
            amount = number_field(
                _("May cost at most"),
                micro / 1_000_000 if micro is not None else None,
                low=0,
                step=10,
                hint=_("It pauses before more is spent. Empty: no limit."),
                on_change=read,
            )
            names = {code: f"{code} · {formats.symbol(code)}" for code in CURRENCIES}
            kept = self._settings.max_cost_currency or usual(rates)
            currency = select_field(_("Currency"), {**names, kept: names.get(kept, kept)}, kept, on_change=read)
