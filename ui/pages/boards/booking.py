"""What a board offers to book: how long an appointment takes, when, how soon and how far ahead."""

from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.bookings import Booking, BookingPut
from api.contract.problems import RequestError
from ui import formats
from ui.client import bookings as client
from ui.client import inbox
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import Field, filled, select_field, switch_field
from ui.components.states import Loader, load, skeleton_card
from ui.components.toast import toast
from ui.components.week import WeekField
from ui.i18n import _, ngettext

CAPACITIES = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50)
LENGTHS = (15, 20, 30, 45, 60, 90, 120, 180, 240)  # minutes
NOTICES = (0, 60, 120, 240, 720, 1440, 2880)
REMINDERS = (0, 1, 2, 3, 6, 12, 24, 48)  # hours
AHEAD = (7, 14, 30, 60, 90)  # days


class _Found(NamedTuple):
    """`closed`: the company has no office hours; None: who looks may not know."""

    booking: Booking
    closed: bool | None


class BookingCard:
    """Part of the board's settings."""

    def __init__(self, api: ApiClient, board_id: UUID) -> None:
        self._api, self._id = api, board_id
        self._place: Loader[_Found] = load(self._fetch, self._draw, skeleton_card)

    async def _fetch(self) -> _Found:
        found = await client.booking(self._api, self._id)
        try:
            return _Found(found, not (await inbox.office_hours(self._api)).hours)
        except ApiProblem as error:
            if error.status != 403:
                raise
            return _Found(found, None)

    def _draw(self, both: _Found) -> None:
        found = both.booking
        self._version = found.version
        hint = _("Customers choose a free time, and each time is booked once. The lead is due on its day.")
        with card(_("Appointments"), hint=hint):
            self._enabled = switch_field(_("This board takes bookings"), found.enabled)
            with ui.element("div").classes("m-col w-full") as rest:
                with ui.element("div").classes("m-lp-pair"):
                    lengths = {one: formats.duration(one * 60) for one in sorted({*LENGTHS, found.minutes})}
                    self._minutes: Field[int] = select_field(_("An appointment takes"), lengths, found.minutes)
                    sizes = {one: formats.number(one) for one in sorted({*CAPACITIES, found.capacity})}
                    hint = _("People, rooms or chairs that serve at once.")
                    self._capacity: Field[int] = select_field(_("At the same time"), sizes, found.capacity, hint=hint)
                with ui.element("div").classes("m-lp-pair"):
                    notices = {
                        one: formats.duration(one * 60) if one else _("No notice")
                        for one in sorted({*NOTICES, found.notice_minutes})
                    }
                    self._notice: Field[int] = select_field(_("Notice before it"), notices, found.notice_minutes)
                    days = {
                        one: ngettext("{n} day", "{n} days", one).format(n=formats.number(one))
                        for one in sorted({*AHEAD, found.ahead_days})
                    }
                    self._ahead: Field[int] = select_field(_("How far ahead"), days, found.ahead_days)
                remind = {
                    one: formats.duration(one * 3600) if one else _("nobody is reminded")
                    for one in sorted({*REMINDERS, found.remind_hours})
                }
                hint = _("Before it starts, where the channel takes a message then. Else the lead falls due, with a note.")
                self._remind: Field[int] = select_field(_("Remind the customer"), remind, found.remind_hours, hint=hint)
                self._own = switch_field(
                    _("Other hours than the office hours"),
                    bool(found.hours),
                    hint=_("Else the hours of your company, without its holidays."),
                )
                self._week = WeekField(found.hours or None, inactive=not found.hours)
                self._own.on_value_change(lambda: self._week.hide(not self._own.value))
                if both.closed:
                    text = _("Your company has no office hours: without hours of its own this board offers no time.")
                    with note("warn", text, name="event_busy") as closed:
                        button(_("Set office hours"), to="/settings/inbox?tab=hours")
                    closed.bind_visibility_from(self._own, "value", backward=lambda own: not own)
            rest.bind_visibility_from(self._enabled, "value")
            with ui.element("div").classes("m-row"):
                button(_("Save"), self._save, kind="primary")

    async def _save(self) -> None:
        if self._own.value and not filled([self._week]):
            return
        body = BookingPut(
            enabled=self._enabled.value,
            minutes=self._minutes.value,
            capacity=self._capacity.value,
            notice_minutes=self._notice.value,
            ahead_days=self._ahead.value,
            remind_hours=self._remind.value,
            hours=self._week.value if self._own.value else [],
        )
        try:
            now = await client.set_booking(self._api, self._id, body, self._version)
        except (ApiProblem, Offline) as error:
            if isinstance(error, ApiProblem) and error.code == RequestError.CHANGED_MEANWHILE:
                self._version = (await client.booking(self._api, self._id)).version
                toast(_("A colleague changed this meanwhile. Save again to keep yours."), "warn")
                return
            fields: dict[str, Field[Any]] = {"hours": self._week, "minutes": self._minutes}
            problems.show_in(fields, error)
            return
        self._version = now.version
        toast(_("Saved."))
