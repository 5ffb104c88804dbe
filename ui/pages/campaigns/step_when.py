"""Fourth step: now, or at a day and time of the company's zone; and what happens when a result stays unknown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.campaigns import CampaignSettings
from api.contract.enums import DeliveryPolicy
from api.contract.reports import BestHours
from ui import formats, kinds, session
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import MomentField, mark, moment_field
from ui.components.picks import Picks
from ui.components.states import load
from ui.components.text import icon
from ui.i18n import _
from ui.pages.campaigns.step_rules import RulesCard


class WhenStep:
    """`set_at(moment or None)` for the plan, `change(policy=…)` for the policy; `kept(name)`: what the campaign has now, over a channel of this kind."""

    def __init__(
        self,
        at: datetime | None,
        kept: Callable[[str], Any],
        change: Callable[..., Any],
        set_at: Callable[[datetime | None], Any],
        kind: str | None = None,
    ) -> None:
        policy: DeliveryPolicy = kept("policy")
        settings: CampaignSettings = kept("settings")
        self._channel_id: UUID | None = kept("channel_id")
        self._at, self._later, self._policy, self._change, self._set_at = at, at is not None, policy, change, set_at
        self._field: MomentField | None = None
        self._wrong = ""
        with ui.element("div").classes("m-col m-gap"):
            picks = Picks(_("When"), self._later, self._choose)
            picks.described(False, "bolt", _("Now"), _("It starts as soon as you press send."))
            picks.described(True, "schedule", _("At a planned time"), _("It starts by itself, also when nobody is here."))
            self._plan = ui.element("div").classes("w-full")
            self._draw_plan()
            self._rules = RulesCard(settings, change, by_code=kind is not None and kinds.of(kind).paired)
            self._draw_fold()

    def _draw_plan(self) -> None:
        self._plan.clear()
        if not self._later:
            return
        with self._plan, card():
            with ui.element("div").classes("m-moment"):
                self._field = moment_field(_("Day"), self._at or _suggestion())
            for part in (self._field.day, self._field.time):
                part.control.on_value_change(lambda: self._read())
            self._start = ui.label().classes("m-sub")
            self._read()
            channel_id, api = self._channel_id, session.current().api
            if channel_id is not None:
                load(lambda: campaigns.best_hours(api, channel_id), self._draw_best, lambda: None)

    def _draw_best(self, found: BestHours) -> None:
        """The hour at which campaigns of this channel did best, one click away."""
        if found.best is None:
            return
        hour = found.best

        def use() -> None:
            day = (self._at or _suggestion()).astimezone(formats.zone())
            moment = day.replace(hour=hour, minute=0, second=0, microsecond=0)
            if moment <= datetime.now(UTC):
                moment += timedelta(days=1)
            self._at = moment.astimezone(UTC)
            self._draw_plan()

        with ui.element("div").classes("m-row m-near m-wrap"):
            text = _("Campaigns of this channel did best when they went out at {hour}, by the last 90 days.")
            ui.label(text.format(hour=f"{hour}:00")).classes("m-hint")
            button(_("Use {hour}").format(hour=f"{hour}:00"), use, kind="plain")

    def _choose(self, later: bool) -> None:
        if later != self._later:
            self._later = later
            if not later:
                self._at = None
                self._set_at(None)
            self._draw_plan()

    def _read(self) -> None:
        assert self._field is not None
        value = self._field.value
        self._wrong = _wrong(value)
        if self._wrong or value is None:
            self._field.error(self._wrong)
            self._start.text = ""
            return
        self._at = value
        left = (value - datetime.now(UTC)).total_seconds()
        self._start.text = _("Starts {when}, in {time}.").format(when=formats.moment(value), time=formats.duration(left))
        self._set_at(value)

    def complete(self) -> bool:
        """Whether the plan can be kept; a time that is over or half typed is said and focused, never taken for "now"."""
        if not self._rules.complete():
            return False
        if not self._later or self._field is None:
            return True
        self._read()
        if self._wrong:
            mark({self._field.day: self._wrong})
        return not self._wrong

    def _draw_fold(self) -> None:
        with ui.element("button").classes("m-fold").props("type=button") as fold:
            ui.label(_("Advanced"))
            icon("keyboard_arrow_down")
        inside = ui.element("div").classes("w-full")
        shown = self._policy == DeliveryPolicy.AT_LEAST_ONCE

        def toggle(on: bool) -> None:
            nonlocal shown
            shown = on
            inside.set_visibility(on)
            fold.classes(add="m-fold-on" if on else "", remove="" if on else "m-fold-on")
            fold.props["aria-expanded"] = "true" if on else "false"

        fold.on("click", lambda: toggle(not shown), [])
        with inside:
            self._draw_policies()
        toggle(shown)

    def _draw_policies(self) -> None:
        with ui.element("div").classes("m-col m-near"):
            text = _("Rarely, the line breaks just after a message was handed over, and no answer ever comes. What then?")
            ui.label(text).classes("m-sub")
            picks = Picks(_("Delivery"), self._policy, self._set_policy)
            once = _("Do not send again: nobody gets it twice. Good for offers.")
            picks.described(DeliveryPolicy.AT_MOST_ONCE, "looks_one", _("At most once"), once)
            again = _("Send once more: nobody misses it, very few may get it twice. Good for reminders and codes.")
            picks.described(DeliveryPolicy.AT_LEAST_ONCE, "repeat", _("At least once"), again)

    def _set_policy(self, policy: DeliveryPolicy) -> None:
        if policy != self._policy:
            self._policy = policy
            self._change(policy=policy)


def planned(text: str | None) -> datetime | None:
    """The plan in the address. One that cannot be read is over, and is said so; it never means "now"."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else datetime.now(UTC)


def _wrong(value: datetime | None) -> str:
    if value is None:
        return _("Choose a day and a time.")
    return _("Choose a time in the future.") if value <= datetime.now(UTC) else ""


def _suggestion() -> datetime:
    """Tomorrow at nine, in the company's zone."""
    local = datetime.now(formats.zone()) + timedelta(days=1)
    return local.replace(hour=9, minute=0, second=0, microsecond=0).astimezone(UTC)
