"""When the team answers, and what is said by itself to who writes outside of the hours."""

from datetime import date
from functools import partial

from nicegui import ui

from api.contract.conversations import OfficeHours, OfficeHoursPatch, OpenHours
from api.contract.enums import Permission
from api.contract.problems import RequestError
from ui import formats, session
from ui.client import inbox as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, icon_button
from ui.components.cards import card
from ui.components.forms import area_field, form, lead_to, switch_field, text_field
from ui.components.states import Loader, load
from ui.components.text import chip
from ui.components.toast import toast
from ui.i18n import _, pgettext
from ui.labels import conversations as labels

_USUAL = (9 * 60, 18 * 60)


def draw_hours() -> None:
    _Hours()


class _Hours:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[OfficeHours] = load(lambda: client.office_hours(self._api), self._draw)

    def _draw(self, found: OfficeHours) -> None:
        self._version = found.version
        given = found.hours if found.enabled or found.hours else [OpenHours(day, *_USUAL) for day in range(5)]
        self._times: list[list[tuple[str, str]]] = [
            [(_clock(one.opens), _clock(one.closes)) for one in given if one.weekday == day] for day in range(7)
        ]
        self._holidays = list(found.holidays)
        hint = _("In the time zone of the company. The time to the first answer counts these hours only.")
        with ui.element("div").classes("m-forms"), card(_("Office hours"), hint=hint) as place:
            self._enabled = switch_field(
                _("We answer at certain hours"), found.enabled, hint=_("Off: there is always somebody who answers."),
                on_change=lambda on: self._rest.set_visibility(on),
            )  # fmt: skip
            with ui.element("div").classes("m-col m-loose w-full") as self._rest:
                self._days = ui.element("div").classes("m-hours")
                self._wrong = ui.label().classes("m-field-error").props("aria-live=polite")
                self._closed = ui.element("div").classes("m-col m-near w-full")
                self._text = area_field(
                    _("Automatic answer outside of these hours"), found.away_text, limit=1000, rows=3,
                    placeholder=_("We are closed now and answer as soon as we are back."),
                    hint=_("Once for a conversation until you open again. Empty: nothing is sent."),
                )  # fmt: skip
            self._rest.set_visibility(found.enabled)
            self._draw_days()
            self._draw_holidays()
            if self._write:
                form(self._save, _("Save"))
            else:
                place.props["inert"] = True

    def _draw_days(self) -> None:
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

        field = ui.input(value=value).props("outlined dense hide-bottom-space type=time")
        field.props["aria-label"] = label
        field.on_value_change(lambda event: changed(event.value or ""))

    def _add(self, day: int) -> None:
        times = self._times[day]
        times.append((times[-1][1], "23:59") if times else (_clock(_USUAL[0]), _clock(_USUAL[1])))
        self._draw_days()

    def _take(self, day: int, number: int) -> None:
        del self._times[day][number]
        self._draw_days()

    def _draw_holidays(self) -> None:
        self._closed.clear()
        with self._closed:
            ui.label(_("Days on which nobody answers")).classes("m-label")
            if self._holidays:
                with ui.element("div").classes("m-row m-near m-wrap"):
                    for one in sorted(self._holidays):
                        chip(formats.full_day(one), on_remove=partial(self._free, one))
            with ui.element("div").classes("m-row m-near items-end"):
                field = text_field(_("Add a holiday"), kind="date")
                button(_("Add"), lambda: self._close(field.value))

    def _close(self, text: str) -> None:
        if text:
            self._holidays = sorted({*self._holidays, date.fromisoformat(text)})
            self._draw_holidays()

    def _free(self, day: date) -> None:
        self._holidays.remove(day)
        self._draw_holidays()

    async def _save(self) -> None:
        self._wrong.text = ""
        try:
            hours = [
                OpenHours(day, _minutes(opens), _minutes(closes))
                for day, times in enumerate(self._times)
                for opens, closes in times
            ]
        except ValueError:
            lead_to(self._wrong, _("Fill in every time, or take it away."))
            self._wrong.text = _("Fill in every time, or take it away.")
            return
        body = OfficeHoursPatch(
            enabled=bool(self._enabled.value), hours=hours, holidays=self._holidays, away_text=self._text.value.strip()
        )
        try:
            found = await client.change_office_hours(self._api, body, self._version)
        except ApiProblem as error:
            if error.errors:
                self._wrong.text = problems.sentence(error)
                lead_to(self._wrong, self._wrong.text)
                return
            problems.show(error)
            if error.code == RequestError.CHANGED_MEANWHILE:
                await self._place.refresh()
            return
        self._version = found.version
        toast(_("Saved."))


def _clock(minutes: int) -> str:
    return "23:59" if minutes >= 1440 else f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: str) -> int:
    """09:30 → 570; the last minute of a day is its end. Raises ValueError."""
    hours, minutes = text.split(":")[:2]
    found = int(hours) * 60 + int(minutes)
    return 1440 if found == 1439 else found
