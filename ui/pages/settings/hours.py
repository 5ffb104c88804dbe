"""When the company answers, and what is said by itself to who writes outside of the hours."""

from datetime import date
from functools import partial

from nicegui import ui

from api.contract.conversations import OfficeHours, OfficeHoursPatch
from api.contract.enums import Permission
from api.contract.problems import RequestError
from ui import formats, session
from ui.client import inbox as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.forms import area_field, filled, form, switch_field, text_field
from ui.components.states import Loader, load
from ui.components.text import chip
from ui.components.toast import toast
from ui.components.week import WeekField
from ui.i18n import _


def draw_hours() -> None:
    _Hours()


class _Hours:
    def __init__(self) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.COMPANY_WRITE)
        self._place: Loader[OfficeHours] = load(lambda: client.office_hours(self._api), self._draw)

    def _draw(self, found: OfficeHours) -> None:
        self._version = found.version
        self._holidays = list(found.holidays)
        hint = _(
            "In the time zone of the company. The time to the first answer counts these hours only. A team can have hours of its own."
        )
        with ui.element("div").classes("m-forms"), card(_("Office hours"), hint=hint) as place:
            self._enabled = switch_field(
                _("We answer at certain hours"), found.enabled, hint=_("Off: there is always somebody who answers."),
                on_change=lambda on: self._rest.set_visibility(on),
            )  # fmt: skip
            with ui.element("div").classes("m-col m-loose w-full") as self._rest:
                self._week = WeekField(found.hours if found.enabled or found.hours else None)
                self._closed = ui.element("div").classes("m-col m-near w-full")
                self._text = area_field(
                    _("Automatic answer outside of these hours"), found.away_text, limit=1000, rows=3,
                    placeholder=_("We are closed now and answer as soon as we are back."),
                    hint=_("Once for a conversation until you open again. Empty: nothing is sent."),
                )  # fmt: skip
            self._rest.set_visibility(found.enabled)
            self._draw_holidays()
            if self._write:
                form(self._save, _("Save"))
            else:
                place.props["inert"] = True

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
        if not filled([self._week]):
            return
        body = OfficeHoursPatch(
            enabled=bool(self._enabled.value),
            hours=self._week.value,
            holidays=self._holidays,
            away_text=self._text.value.strip(),
        )
        try:
            found = await client.change_office_hours(self._api, body, self._version)
        except ApiProblem as error:
            problems.show_in({"hours": self._week, "away_text": self._text}, error)
            if error.code == RequestError.CHANGED_MEANWHILE:
                await self._place.refresh()
            return
        self._version = found.version
        toast(_("Saved."))
