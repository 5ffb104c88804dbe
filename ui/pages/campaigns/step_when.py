"""Fourth step: now, or at a day and time of the company's zone; and what happens when a result stays unknown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from nicegui import ui

from api.contract.enums import DeliveryPolicy
from ui import formats
from ui.components.cards import card
from ui.components.forms import MomentField, mark, moment_field
from ui.components.text import icon, pressable
from ui.i18n import _


class WhenStep:
    """`set_at(moment or None)` for the plan, `change(policy=…)` for the policy."""

    def __init__(
        self,
        at: datetime | None,
        policy: DeliveryPolicy,
        change: Callable[..., Any],
        set_at: Callable[[datetime | None], Any],
    ) -> None:
        self._at, self._later, self._policy, self._change, self._set_at = at, at is not None, policy, change, set_at
        self._field: MomentField | None = None
        self._wrong = ""
        with ui.element("div").classes("m-col m-gap"):
            self._place = ui.element("div").classes("m-col m-gap")
            self._draw()
            self._draw_fold()

    def _draw(self) -> None:
        self._place.clear()
        with self._place:
            with ui.element("div").classes("m-picks m-picks-wide").props("role=radiogroup") as group:
                group.props["aria-label"] = _("When")
                _pick("bolt", _("Now"), _("It starts as soon as you press send."), not self._later, partial(self._choose, False))
                _pick(
                    "schedule", _("At a planned time"), _("It starts by itself, also when nobody is here."), self._later,
                    partial(self._choose, True),
                )  # fmt: skip
            if self._later:
                with card():
                    with ui.element("div").classes("m-moment"):
                        self._field = moment_field(_("Day"), self._at or _suggestion())
                    for part in (self._field.day, self._field.time):
                        part.control.on_value_change(lambda: self._read())
                    self._start = ui.label().classes("m-sub")
                    self._read()

    def _choose(self, later: bool) -> None:
        if later != self._later:
            self._later = later
            if not later:
                self._at = None
                self._set_at(None)
            self._draw()

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
            self._policies = ui.element("div").classes("m-col m-near")
            self._draw_policies()
        toggle(shown)

    def _draw_policies(self) -> None:
        self._policies.clear()
        with self._policies:
            text = _("Rarely, the line breaks just after a message was handed over, and no answer ever comes. What then?")
            ui.label(text).classes("m-sub")
            with ui.element("div").classes("m-picks m-picks-wide").props("role=radiogroup") as group:
                group.props["aria-label"] = _("Delivery")
                once = self._policy == DeliveryPolicy.AT_MOST_ONCE
                _pick(
                    "looks_one", _("At most once"), _("Do not send again: nobody gets it twice. Good for offers."), once,
                    partial(self._set_policy, DeliveryPolicy.AT_MOST_ONCE),
                )  # fmt: skip
                _pick(
                    "repeat", _("At least once"),
                    _("Send once more: nobody misses it, very few may get it twice. Good for reminders and codes."), not once,
                    partial(self._set_policy, DeliveryPolicy.AT_LEAST_ONCE),
                )  # fmt: skip

    def _set_policy(self, policy: DeliveryPolicy) -> None:
        if policy != self._policy:
            self._policy = policy
            self._change(policy=policy)
            self._draw_policies()


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


def _pick(symbol: str, name: str, hint: str, on: bool, choose: Callable[[], Any]) -> None:
    with ui.element("div").classes("m-pick" + (" m-pick-on" if on else "")) as element:
        with ui.element("div").classes("m-camp-icon"):
            icon(symbol)
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(name).classes("m-strong")
            ui.label(hint).classes("m-hint")
        with ui.element("div").classes("m-pick-tick"):
            icon("check")
    pressable(element, choose, name)
    element.props.update({"role": "radio", "aria-checked": "true" if on else "false"})
