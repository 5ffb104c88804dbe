"""What somebody has booked, beside a lead, a contact and a conversation: when it is, moved to another time, cancelled, or a new one."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal
from uuid import UUID

from nicegui import ui

from api.contract.bookings import Appointment, FreeTime
from api.contract.enums import Permission
from api.contract.events import AppointmentChanged
from ui import formats, live, session
from ui.client import bookings as client
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm, dialog
from ui.components.forms import Field, filled, select_field
from ui.components.states import Loader, load
from ui.components.text import icon, title
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _

Look = Literal["panel", "card", "side"]
"""A section of a panel, a card of a page, or a part of the column beside a conversation."""


class Appointments:
    """Of a lead (`board_id`: on which a new one may be booked) or of a contact. Shows nothing where there is nothing to show."""

    def __init__(
        self,
        look: Look = "panel",
        *,
        lead_id: UUID | None = None,
        board_id: UUID | None = None,
        contact_id: UUID | None = None,
    ) -> None:
        self._look: Look = look
        me = session.current()
        self._api, self._lead, self._board, self._contact = me.api, lead_id, board_id, contact_id
        self._write = me.may(Permission.LEADS_WRITE)
        self._offers = False
        if not me.may(Permission.BOARDS_READ):
            return
        self._place: Loader[list[Appointment]] = load(self._fetch, self._draw, lambda: None)
        self._throttle = Throttle(lambda: self._place.refresh(only_changes=True), 0.5)
        live.on(AppointmentChanged, self._heard)

    def _heard(self, event: AppointmentChanged) -> None:
        if self._lead is None or event.lead_id == self._lead:
            self._throttle.poke()

    async def _fetch(self) -> list[Appointment]:
        if self._board is not None and self._write:
            self._offers = (await client.booking(self._api, self._board)).enabled
        since = datetime.now(UTC) - timedelta(days=1)
        return await client.appointments(self._api, lead_id=self._lead, contact_id=self._contact, since=since)

    def _draw(self, found: list[Appointment]) -> None:
        ahead = any(one.ends_at > datetime.now(UTC) for one in found)
        offers = self._offers and not ahead
        if not found and not offers:
            return
        with self._place_of(_("Appointment") if self._lead else _("Appointments")):
            for one in found:
                self._draw_one(one)
            if offers and self._lead is not None and self._board is not None:
                button(_("Book a time"), partial(self._choose, self._board, _("Book a time"), self._book), icon="event_available")

    @contextmanager
    def _place_of(self, heading: str) -> Iterator[None]:
        if self._look == "card":
            with card(heading):
                yield
            return
        with ui.element("section").classes("m-lp-section m-appointments"):
            if self._look == "panel":
                title(heading)
            else:
                ui.label(heading).classes("m-inbox-side-head")
            yield

    def _draw_one(self, one: Appointment) -> None:
        with ui.element("div").classes("m-appointment"):
            icon("event")
            with ui.element("div").classes("m-col m-tight m-appointment-when"):
                ui.label(formats.moment(one.starts_at)).classes("m-strong")
                length = formats.duration((one.ends_at - one.starts_at).total_seconds())
                ui.label(length if self._lead else f"{one.lead_title} · {length}").classes("m-hint")
            if self._write and one.ends_at > datetime.now(UTC):
                heading = _("Move the appointment")
                with ui.element("div").classes("m-appointment-acts"):
                    button(_("Move"), partial(self._choose, one.board_id, heading, partial(self._move, one.id)), kind="plain")
                    button(_("Cancel it"), partial(self._cancel, one), kind="plain")

    async def _choose(self, board_id: UUID, heading: str, done: Callable[[datetime], Awaitable[Any]]) -> None:
        try:
            free = await client.free_times(self._api, board_id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        if not free:
            toast(_("No time is free."), "warn")
            return
        by_day: dict[Any, list[FreeTime]] = {}
        for one in free:
            by_day.setdefault(one.starts_at.astimezone(formats.zone()).date(), []).append(one)

        async def save() -> None:
            if not filled([time]):
                return
            try:
                await done(time.value)
            except (ApiProblem, Offline) as error:
                problems.show(error)
                return
            box.close()

        def other_day() -> None:
            options = {one.starts_at: formats.clock(one.starts_at) for one in by_day[day.value]}
            time.control.set_options(options, value=next(iter(options)))  # type: ignore[attr-defined]

        with dialog(heading) as box:
            days = {one: formats.full_day(one) for one in by_day}
            day: Field[Any] = select_field(_("Day"), days, next(iter(days)))
            first = by_day[day.value]
            time: Field[datetime] = select_field(
                _("Time"), {one.starts_at: formats.clock(one.starts_at) for one in first}, first[0].starts_at
            )
            day.control.on_value_change(other_day)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(heading, save, kind="primary")
        box.open()

    async def _book(self, at: datetime) -> None:
        assert self._lead is not None
        one = await client.book(self._api, self._lead, at)
        toast(_("Booked for {moment}. The customer is not told by itself.").format(moment=formats.moment(one.starts_at)))
        await self._place.refresh()

    async def _move(self, appointment_id: UUID, at: datetime) -> None:
        one = await client.move(self._api, appointment_id, at)
        toast(_("Moved to {moment}. The customer is not told by itself.").format(moment=formats.moment(one.starts_at)))
        await self._place.refresh()

    async def _cancel(self, one: Appointment) -> None:
        text = _("Its time is free again. The customer is not told by itself.")
        if not await confirm(_("Cancel this appointment?"), text, yes=_("Cancel it"), no=_("Keep it"), danger=True):
            return
        try:
            await client.cancel(self._api, one.id)
        except (ApiProblem, Offline) as error:
            problems.show(error)
            return
        await self._place.refresh()
