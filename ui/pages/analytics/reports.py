"""Reports by mail: who gets which figures when, what came of each mail, and the way to stop one for oneself."""

from uuid import UUID

from babel import dates
from nicegui import ui

from api.contract.analytics_reports import FigureReport, FigureReportSet, ReportMail
from api.contract.enums import Permission, ReportMailReason, ReportMailState, ReportRhythm
from ui import formats, session
from ui.client import accounts, channels
from ui.client import analytics as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.cards import card
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, select_field, switch_field, text_field
from ui.components.frame import frame
from ui.components.menus import Choice, more
from ui.components.states import empty, load, skeleton, skeleton_card
from ui.components.text import Text
from ui.components.toast import toast
from ui.i18n import _
from ui.pages.analytics import pieces
from ui.routing import page

_ALL = ""


@page("/analytics/reports", permission=Permission.ANALYTICS_READ)
def report_list() -> None:
    with frame(
        _("Reports by mail"),
        _("The figures of the week or the month, to whoever you choose"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/reports")
        found = _Reports()
        if found.may:
            with head.actions:
                button(_("New report"), lambda: found.edit(None), icon="add", kind="primary")


def _states() -> dict[ReportMailState, str]:
    return {
        ReportMailState.WAITING: _("Waits to be sent"),
        ReportMailState.SENDING: _("Is being sent"),
        ReportMailState.SENT: _("Handed to the mail server"),
        ReportMailState.SKIPPED: _("Not sent"),
        ReportMailState.FAILED: _("Not sent"),
        ReportMailState.UNKNOWN: _("Maybe sent"),
    }


def _reasons() -> dict[ReportMailReason, str]:
    return {
        ReportMailReason.NO_RIGHT: _("This person may see no figures any more."),
        ReportMailReason.UNWANTED: _("This person wants it no more."),
        ReportMailReason.GONE: _("This person left the team."),
        ReportMailReason.REFUSED: _("The mailbox or the mail server refused it."),
        ReportMailReason.TRIED: _("The mail server did not take it for a long time."),
        ReportMailReason.NO_ANSWER: _("The mail server did not say whether it took it. It is not sent again by itself."),
    }


class _Reports:
    def __init__(self) -> None:
        self._api, self.may = session.current().api, session.current().may(Permission.COMPANY_WRITE)
        self._place = load(self._fetch, self._draw, lambda: skeleton_card(4), "m-col m-loose w-full")

    async def _fetch(self) -> list[FigureReport]:
        return await client.reports(self._api)

    def _draw(self, found: list[FigureReport]) -> None:
        if not found:
            with ui.element("div").classes("m-card"):
                text = _(
                    "A mail with the figures of the week or the month, as a page and as a PDF, with what changed in three sentences."
                )
                if self.may:
                    empty("forward_to_inbox", _("No reports yet"), text, action=_("New report"), on_click=lambda: self.edit(None))
                else:
                    empty("forward_to_inbox", _("No reports yet"), text)
            return
        for one in found:
            self._report(one)

    def _when(self, one: FigureReport) -> str:
        hour = f"{one.hour:02}:00"
        if one.rhythm is ReportRhythm.MONTHLY:
            return _("On the first of each month at {hour}, of the month before").format(hour=hour)
        names = dates.get_day_names("wide", locale=formats.locale())
        return _("Each {weekday} at {hour}, of the seven days before").format(weekday=names[one.weekday - 1], hour=hour)

    def _report(self, one: FigureReport) -> None:
        mine = next((each for each in one.readers if each.id == session.current().me.user_id), None)

        def actions() -> None:
            if mine is not None:
                button(
                    _("I want it again") if mine.off_at else _("Stop it for me"), lambda: self._wanted(one, mine.off_at is not None), kind="plain"
                )  # fmt: skip
            if self.may:
                button(_("Send it to me now"), lambda: self._try(one), icon="outgoing_mail", kind="plain")
                more([
                    Choice(_("Change"), lambda: self.edit(one), "edit"), Choice(_("What was sent"), lambda: self._sent(one), "history"),
                    Choice(_("Delete"), lambda: self._delete(one), "delete", danger=True, line=True),
                ])  # fmt: skip

        with card(one.name, hint=self._when(one), actions=actions):
            if one.active:
                Text("p", _("Next: {when}").format(when=formats.moment(one.next_at)), "m-sub")
            else:
                Text("p", _("Switched off"), "m-sub")
            get = [each.name for each in one.readers if each.off_at is None]
            off = [each.name for each in one.readers if each.off_at is not None]
            Text("p", _("To: {names}").format(names=", ".join(get)) if get else _("Nobody gets it."), "m-sub")
            if off:
                Text("p", _("Stopped it for themselves: {names}").format(names=", ".join(off)), "m-hint")

    async def _wanted(self, one: FigureReport, wanted: bool) -> None:
        await client.want_report(self._api, one.id, wanted)
        await self._place.refresh()

    async def _try(self, one: FigureReport) -> None:
        await client.try_report(self._api, one.id)
        toast(_("It is on its way to {email}.").format(email=session.current().me.email))

    async def _delete(self, one: FigureReport) -> None:
        if await confirm(
            _("Delete “{name}”?").format(name=one.name), _("Nobody gets it any more."), yes=_("Delete"), danger=True
        ):
            await client.delete_report(self._api, one.id, one.version)
            await self._place.refresh()

    async def edit(self, one: FigureReport | None) -> None:
        people = {str(each.user_id): each.name for each in (await accounts.team(self._api)).items}
        known = {_ALL: _("All channels")}
        if session.current().may(Permission.CHANNELS_READ):
            known |= {str(each.id): each.name for each in await channels.channels(self._api)}
        names = dates.get_day_names("wide", locale=formats.locale())
        rhythms = {ReportRhythm.WEEKLY.value: _("Each week"), ReportRhythm.MONTHLY.value: _("Each month, on the first")}
        me = str(session.current().me.user_id)
        readers = [str(each.id) for each in one.readers] if one else [me]
        with dialog(_("Change report") if one else _("New report"), wide=True) as box:
            name = text_field(_("Name"), one.name if one else "", limit=60)
            rhythm = select_field(_("How often"), rhythms, (one.rhythm if one else ReportRhythm.WEEKLY).value)
            weekday = select_field(_("Day"), {number: names[number - 1] for number in range(1, 8)}, one.weekday if one else 1)
            hours = {number: f"{number:02}:00" for number in range(24)}
            hour = select_field(_("Time"), hours, one.hour if one else 8, hint=_("By the clock of your company"))
            channel = select_field(_("Channel"), known, str(one.channel_id) if one and one.channel_id else _ALL)
            chosen = select_field(
                _("Who gets it"), {**{each: _("Left the team") for each in readers if each not in people}, **people}, readers, multiple=True,
                search=len(people) > 10, hint=_("Each gets the figures that they have the right to, in their own language."),
            )  # fmt: skip
            active = switch_field(_("Switched on"), one.active if one else True)
            weekday.hide(rhythm.value != ReportRhythm.WEEKLY.value)
            rhythm.control.on_value_change(lambda: weekday.hide(rhythm.value != ReportRhythm.WEEKLY.value))

            async def save() -> None:
                if not filled([name]):
                    return
                given = FigureReportSet(
                    name=name.value.strip(), rhythm=ReportRhythm(rhythm.value), weekday=int(weekday.value), hour=int(hour.value),
                    channel_id=UUID(channel.value) if channel.value else None, active=bool(active.value), reader_ids=[UUID(each) for each in chosen.value],
                )  # fmt: skip
                try:
                    if one is None:
                        await client.add_report(self._api, given)
                    else:
                        await client.set_report(self._api, one.id, given, one.version)
                except ApiProblem as error:
                    problems.show_in({"name": name, "reader_ids": chosen, "channel_id": channel}, error)
                    return
                box.close()
                await self._place.refresh()

            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Save"), save, kind="primary")
        box.open()

    def _sent(self, one: FigureReport) -> None:
        with dialog(_("What was sent"), one.name, wide=True) as box:
            place = load(
                lambda: client.report_mails(self._api, one.id),
                lambda found: self._draw_sent(one, found, place.refresh),
                lambda: skeleton("line m-w-60", "line m-w-60"),
                "m-tile-choice",
            )
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Close"), box.close, kind="plain")
        box.open()

    def _draw_sent(self, one: FigureReport, found: list[ReportMail], again: pieces.Again) -> None:
        if not found:
            ui.label(_("Nothing was sent yet.")).classes("m-hint")
        states, reasons = _states(), _reasons()
        for mail in found:

            async def send(mail: ReportMail = mail) -> None:
                if mail.state is ReportMailState.UNKNOWN and not await confirm(
                    _("Send it again?"), _("It may have arrived already. Then it comes twice."), yes=_("Send again")
                ):
                    return
                await client.send_report_again(self._api, one.id, mail.id)
                await again()

            with ui.element("div").classes("m-row m-between items-start w-full"):
                with ui.element("div").classes("m-col m-tight m-grow"):
                    ui.label(mail.user_name or _("Left the team")).classes("m-strong")
                    span = f"{formats.day(mail.first_day)} – {formats.day(mail.last_day)}"
                    said = [span, states[mail.state], formats.moment(mail.ended_at or mail.created_at)]
                    ui.label(" · ".join([*said, *([_("asked for by hand")] if mail.trial else [])])).classes("m-hint")
                    if mail.reason is not None:
                        ui.label(reasons[mail.reason]).classes("m-hint")
                if mail.state in (ReportMailState.UNKNOWN, ReportMailState.FAILED):
                    button(_("Send again"), send, kind="plain")
