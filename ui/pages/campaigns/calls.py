"""On the page of a campaign that calls: what goes on, how the calls ended, and each of them, to be heard and read."""

from datetime import datetime
from typing import Any

from nicegui import ui

from api.contract.base import Page
from api.contract.calls import CallOutcome
from api.contract.campaign_progress import CampaignCall, CampaignCallFigures, Progress
from api.contract.campaigns import Campaign
from api.contract.enums import Permission
from ui import formats, session
from ui.client import campaigns
from ui.components.cards import card
from ui.components.cells import person, state, two_lines
from ui.components.progress import width
from ui.components.query import Filter, Query
from ui.components.table import Column, DataTable, data_table
from ui.components.text import Tone, title
from ui.i18n import _, ngettext
from ui.labels import calls as labels
from ui.labels.campaigns import people

_GOING_ON: Tone = "info"


class Calls:
    """Nothing where the campaign does not call. `set` redraws the figures when they changed; `refresh` asks for the list again."""

    def __init__(self, campaign: Campaign, progress: Progress) -> None:
        self._campaign, self._api = campaign, session.current().api
        self._drawn: CampaignCallFigures | None = None
        self._table: DataTable[CampaignCall] | None = None
        self._place = ui.element("div").classes("w-full")
        if progress.calls is None:
            return
        self.set(progress)
        me = session.current()
        if me.may(Permission.CONVERSATIONS_READ) and me.may(Permission.CONTACTS_READ):
            with ui.element("section").classes("m-col m-near w-full"):
                title(_("Calls"))
                self._table = data_table(
                    [
                        Column("name", _("Person"), phone="title"),
                        Column("outcome", _("How it ended"), phone="end"),
                        Column("at", _("When"), look="m-sub", phone="sub"),
                        Column("length", _("Length"), look="m-sub"),
                        Column("summary", _("Summary"), look="m-sub"),
                    ],
                    self._fetch,
                    _row,
                    filters=[Filter("outcome", _("How it ended"), {one.value: labels.outcome(one)[0] for one in CallOutcome})],
                    link=lambda one: f"/calls/{one.id}",
                    limit=25,
                )

    def set(self, progress: Progress) -> None:
        found = progress.calls
        if found is None or found == self._drawn:
            return
        self._drawn = found
        self._place.clear()
        with self._place:
            _draw(found)

    async def refresh(self) -> None:
        if self._table is not None:
            await self._table.refresh()

    async def _fetch(self, query: Query) -> Page[CampaignCall]:
        params = {"cursor": query.cursor, "limit": query.limit, "outcome": query.filters.get("outcome")}
        return await campaigns.calls(self._api, self._campaign.id, params)


def _draw(found: CampaignCallFigures) -> None:
    with card(_("How the calls go"), hint=_("All calls, also earlier ones to the same person.")):
        with ui.element("div").classes("m-row m-wrap m-near items-baseline"):
            going = formats.number(found.going_on)
            of = f"{going} / {formats.number(found.places)}" if found.places is not None else going
            parts = [(of, _("going on now")), (formats.number(found.calls), ngettext("call so far", "calls so far", found.calls))]
            if found.seconds:
                parts.append((formats.duration(found.seconds), _("in all")))
            for number, unit in parts:
                with ui.element("div").classes("m-figure"):
                    ui.label(number)
                    ui.label(unit).classes("m-unit")
        if found.again:
            when = f" · {_('the first {when}').format(when=formats.moment(found.again_at))}" if found.again_at else ""
            ui.label(_("{people} are called again").format(people=people(found.again)) + when).classes("m-sub")
        if found.callbacks:
            ui.label(_("{people} are called back at the time they said").format(people=people(found.callbacks))).classes("m-sub")
        if not found.outcomes:
            ui.label(_("No call has ended yet.")).classes("m-hint")
            return
        most = found.outcomes[0].calls
        with ui.element("div").classes("m-col m-near w-full"):
            for one in found.outcomes:
                with ui.element("div").classes("m-col m-tight w-full"):
                    with ui.element("div").classes("m-row m-between w-full"):
                        ui.label(labels.outcome(one.outcome)[0])
                        ui.label(formats.number(one.calls)).classes("m-num")
                    with ui.element("div").classes("m-way-track").props("aria-hidden=true"):
                        ui.element("div").classes("m-way-fill").style(width(one.calls / most))


def _row(one: CampaignCall) -> dict[str, Any]:
    number = formats.phone(one.address)
    name, tone = labels.stage(one.stage) or _("It rings"), _GOING_ON
    if one.outcome is not None:
        name, tone = labels.outcome(one.outcome)
    return {
        "id": str(one.id),
        "name": person(one.contact_name or number, number if one.contact_name else ""),
        "outcome": state(name, tone),
        "at": two_lines(formats.moment(one.at), _which(one, one.next_at)),
        "length": formats.duration(one.seconds) if one.seconds else "",
        "summary": one.summary or "",
    }


def _which(one: CampaignCall, again: datetime | None) -> str:
    if one.callback:
        return _("As they asked")
    which = _("Call {n}").format(n=one.number)
    return which if again is None else f"{which} · {_('again {when}').format(when=formats.moment(again))}"
