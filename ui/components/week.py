"""When something is open on each day of a week: times that are added, changed and taken away."""

from collections.abc import Sequence
from functools import partial

from nicegui import ui

from api.contract.conversations import OpenHours
from ui.components.buttons import icon_button
from ui.components.forms import Field
from ui.i18n import _, pgettext
from ui.labels import conversations as labels

_USUAL = (9 * 60, 18 * 60)


class WeekField(Field[list[OpenHours]]):
    """`hours` None: nobody said anything yet, so Monday to Friday stand there to begin with."""

    def __init__(self, hours: Sequence[OpenHours] | None, *, inactive: bool = False) -> None:
        self._times = _texts([OpenHours(day, *_USUAL) for day in range(5)] if hours is None else hours)
        self._inactive = inactive
        self.name = ""
        with ui.element("div").classes("m-col m-near w-full") as self.element:
            self._days = ui.element("div").classes("m-hours")
            self._wrong = ui.label().classes("m-field-error").props("aria-live=polite")
        self.element.set_visibility(not inactive)
        self._draw()

    @property
    def value(self) -> list[OpenHours]:
        """Raises ValueError while a time is missing."""
        times = ((day, opens, closes) for day, some in enumerate(self._times) for opens, closes in some)
        return [OpenHours(day, _minutes(opens), _minutes(closes)) for day, opens, closes in times]

    @value.setter
    def value(self, value: list[OpenHours]) -> None:
        self._times = _texts(value)
        self._draw()

    @property
    def empty(self) -> bool:
        return not self._inactive and any(not time for some in self._times for pair in some for time in pair)

    @property
    def asks(self) -> str:
        return _("Fill in every time, or take it away.")

    def error(self, text: str) -> None:
        self._wrong.text = text

    def focus(self) -> None:
        """It is led to as a whole."""

    def hide(self, hidden: bool = True) -> None:
        self._inactive = hidden
        super().hide(hidden)

    def _draw(self) -> None:
        self._days.clear()
        with self._days:
            for day, times in enumerate(self._times):
                name = labels.weekday(day)
                with ui.element("div").classes("m-hours-day"):
                    ui.label(name).classes("m-label")
                    with ui.element("div").classes("m-col m-near"):
                        if not times:
                            ui.label(pgettext("day", "Closed")).classes("m-hint")
                        for number, (opens, closes) in enumerate(times):
                            with ui.element("div").classes("m-row m-near"):
                                self._time(day, number, 0, opens, _("{day}: opens at").format(day=name))
                                ui.label("–").props("aria-hidden=true")
                                self._time(day, number, 1, closes, _("{day}: closes at").format(day=name))
                                icon_button(
                                    "close", _("{day}: take these hours away").format(day=name), partial(self._take, day, number)
                                )
                    icon_button("add", _("{day}: add hours").format(day=name), partial(self._add, day))

    def _time(self, day: int, number: int, side: int, value: str, label: str) -> None:
        def changed(text: str) -> None:
            pair = list(self._times[day][number])
            pair[side] = text
            self._times[day][number] = (pair[0], pair[1])
            self.error("")

        field = ui.input(value=value).props("outlined dense hide-bottom-space type=time")
        field.props["aria-label"] = label
        field.on_value_change(lambda event: changed(event.value or ""))

    def _add(self, day: int) -> None:
        times = self._times[day]
        times.append((times[-1][1], "23:59") if times else (_clock(_USUAL[0]), _clock(_USUAL[1])))
        self._draw()

    def _take(self, day: int, number: int) -> None:
        del self._times[day][number]
        self._draw()


def _texts(hours: Sequence[OpenHours]) -> list[list[tuple[str, str]]]:
    """Of each day of the week."""
    return [[(_clock(one.opens), _clock(one.closes)) for one in hours if one.weekday == day] for day in range(7)]


def _clock(minutes: int) -> str:
    return "23:59" if minutes >= 1440 else f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: str) -> int:
    """09:30 → 570; the last minute of a day is its end. Raises ValueError."""
    hours, minutes = text.split(":")[:2]
    found = int(hours) * 60 + int(minutes)
    return 1440 if found == 1439 else found
