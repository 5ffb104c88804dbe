"""What is booked on a board, a week at a time: each day with its appointments, and the lead behind each."""

from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board
from api.contract.bookings import Appointment, Booking
from api.contract.enums import Permission
from api.contract.events import AppointmentChanged
from ui import formats, live, session
from ui.client import boards, bookings
from ui.components.address import address
from ui.components.buttons import button, icon_button
from ui.components.frame import Frame, frame
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.pages.boards.views import view_switch
from ui.routing import page

WEEK = timedelta(days=7)


@page("/boards/{board_id:uuid}/appointments", permission=Permission.BOARDS_READ)
def agenda(board_id: UUID) -> None:
    crumbs = [(_("Boards"), "/boards"), (_("Board"), f"/boards/{board_id}")]
    with frame(_("Appointments"), breadcrumbs=crumbs, active="/boards") as head:
        _Agenda(board_id, head)


class _Found(NamedTuple):
    board: Board
    booking: Booking
    booked: list[Appointment]


class _Agenda:
    def __init__(self, board_id: UUID, head: Frame) -> None:
        me = session.current()
        self._api, self._id, self._head = me.api, board_id, head
        self._manage = me.may(Permission.BOARDS_WRITE)
        self._monday = _monday(address().get("week"))
        with head.actions:
            view_switch(board_id, "agenda")
            if self._manage:
                button(_("Settings"), icon="tune", to=f"/boards/{board_id}/settings?tab=booking", kind="plain")
        with ui.element("div").classes("m-agenda-bar"):
            icon_button("chevron_left", _("The week before"), partial(self._go, -WEEK))
            self._heading = ui.label().classes("m-strong").props("aria-live=polite")
            icon_button("chevron_right", _("The week after"), partial(self._go, WEEK))
            button(_("This week"), self._today, kind="plain")
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(5))
        self._title()
        self._throttle = Throttle(lambda: self._place.refresh(only_changes=True), 0.5)
        live.on(AppointmentChanged, self._heard)
        live.on_reset(lambda: self._place.refresh(only_changes=True))
        address().on_back(self._back)

    def _heard(self, event: AppointmentChanged) -> None:
        if event.board_id == self._id:
            self._throttle.poke()

    async def _go(self, by: timedelta) -> None:
        await self._show(self._monday + by)

    async def _today(self) -> None:
        await self._show(_monday(""))

    async def _back(self) -> None:
        self._monday = _monday(address().get("week"))
        self._title()
        await self._place.refresh()

    async def _show(self, monday: date) -> None:
        self._monday = monday
        address().write({"week": None if monday == _monday("") else monday.isoformat()}, push=True)
        self._title()
        await self._place.refresh()

    def _title(self) -> None:
        self._heading.text = formats.span(self._monday, self._monday + timedelta(days=6))

    async def _fetch(self) -> _Found:
        since, until = _midnight(self._monday), _midnight(self._monday + WEEK)
        return _Found(
            await boards.board(self._api, self._id),
            await bookings.booking(self._api, self._id),
            await bookings.between(self._api, self._id, since, until),
        )

    def _draw(self, found: _Found) -> None:
        self._head.title.text = _("Appointments of {board}").format(board=found.board.name)
        if not found.booked and not found.booking.enabled:
            text = _("Say when it is open and how long an appointment takes. Then the AI and your team book its free times.")
            to = f"/boards/{self._id}/settings?tab=booking" if self._manage else None
            empty("event", _("This board takes no bookings"), text, action=_("Set up") if to else "", to=to)
            return
        by_day: dict[date, list[Appointment]] = {self._monday + timedelta(days=one): [] for one in range(7)}
        for one in found.booked:
            by_day.setdefault(one.starts_at.astimezone(formats.zone()).date(), []).append(one)
        with ui.element("div").classes("m-agenda").props("role=list"):
            for day, booked in by_day.items():
                self._draw_day(day, booked)

    def _draw_day(self, day: date, booked: list[Appointment]) -> None:
        today = datetime.now(formats.zone()).date()
        classes = "m-agenda-day" + (" m-agenda-today" if day == today else "") + ("" if booked else " m-agenda-free")
        with ui.element("div").classes(classes).props("role=listitem"):
            with ui.element("div").classes("m-agenda-head"):
                with ui.element("div").classes("m-col m-tight"):
                    ui.label(formats.weekday(day)).classes("m-strong")
                    ui.label(formats.short_day(day)).classes("m-agenda-date")
                count = ngettext("{n} appointment", "{n} appointments", len(booked)).format(n=formats.number(len(booked)))
                ui.label(count if booked else _("Nothing booked")).classes("m-hint")
            for one in booked:
                over = " m-agenda-over" if one.ends_at < datetime.now(UTC) else ""
                with ui.link(target=f"/boards/{self._id}?lead={one.lead_id}").classes("m-agenda-one" + over):
                    span = f"{formats.clock(one.starts_at)} – {formats.clock(one.ends_at)}"
                    ui.label(span).classes("m-agenda-time")
                    ui.label(one.contact_name or one.lead_title).classes("m-strong m-clip")
                    if one.contact_name and one.contact_name != one.lead_title:
                        ui.label(one.lead_title).classes("m-hint m-clip")
                    by = _("booked by {name}").format(name=one.by.name) if one.by else _("booked by the AI or a program")
                    ui.label(by).classes("m-hint")


def _monday(text: str) -> date:
    """Of the week that the address names, else of this one."""
    try:
        day = date.fromisoformat(text)
        day = day if 1990 < day.year < 2200 else datetime.now(formats.zone()).date()
    except ValueError:
        day = datetime.now(formats.zone()).date()
    return day - timedelta(days=day.weekday())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), formats.zone())
