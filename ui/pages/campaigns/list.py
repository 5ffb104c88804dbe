"""The list of campaigns: find one, see how far it is, act on it. Rows move in place while campaigns send."""

from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.campaigns import CampaignRow
from api.contract.enums import CampaignState, Permission
from api.contract.events import CampaignEvent
from ui import formats, kinds, live, session
from ui.client import campaigns as client
from ui.components.buttons import button
from ui.components.frame import frame
from ui.components.listing import Listing
from ui.components.menus import more
from ui.components.progress import width
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.text import badge, icon
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import campaigns as campaign_labels
from ui.labels.campaigns import campaign_state
from ui.pages.campaigns import actions
from ui.routing import page


@page("/campaigns", permission=Permission.CAMPAIGNS_READ)
def campaigns() -> None:
    with frame(_("Campaigns"), _("One message to many people")) as head:
        with head.actions:
            button(_("Compare"), icon="compare_arrows", to="/campaigns/compare")
            if session.current().may(Permission.CAMPAIGNS_WRITE):
                button(_("New campaign"), kind="primary", icon="add", to="/campaigns/new")
        _List()


_STATES: dict[str, tuple[CampaignState, ...]] = {
    "draft": (CampaignState.DRAFT,),
    "scheduled": (CampaignState.SCHEDULED,),
    "running": (CampaignState.PREPARING, CampaignState.RUNNING),
    "paused": (CampaignState.PAUSED, CampaignState.HELD),
    "finished": (CampaignState.FINISHED,),
    "ended": (CampaignState.FAILED, CampaignState.CANCELLED),
}


def _chips() -> tuple[Filter, str]:
    names = {
        "draft": _("Drafts"),
        "scheduled": _("Scheduled ones"),
        "running": _("Sending"),
        "paused": _("Paused ones"),
        "finished": _("Completed ones"),
        "ended": _("Failed or cancelled"),
    }
    return Filter("state", _("State"), names), _("All campaigns")


class _List:
    """Events move the rows' numbers; a change of the order draws the list anew."""

    def __init__(self) -> None:
        self._api = session.current().api
        self._rows: dict[UUID, _Row] = {}
        self._next: str | None = None
        with ui.element("div").classes("m-card m-card-flush m-camps"):
            self._list = Listing(
                self._fetch,
                self._draw,
                self._draw_blank,
                search=_("Search campaigns"),
                chips=_chips(),
                classes="m-camp-list",
            )
        self._throttle = Throttle(self._move, 1.0)
        live.on(CampaignEvent, self._heard)
        live.on_reset(self._list.refresh)

    def _heard(self, event: CampaignEvent) -> None:
        self._throttle.poke()

    async def _fetch(self, query: Query) -> Page[CampaignRow]:
        states = _STATES.get(query.filters.get("state", ""), ())
        return await client.campaigns(self._api, states=states, search=query.search, limit=query.limit)

    async def _move(self) -> None:
        """The same rows with new numbers stay where they are, so an open menu or a hovered row is not taken away."""
        if not self._rows:
            await self._list.refresh()
            return
        found = await self._list.fetch()
        if [row.id for row in found.items] != list(self._rows) or found.next_cursor != self._next:
            await self._list.refresh()
            return
        for row in found.items:
            self._rows[row.id].set(row)

    def _draw(self, found: Page[CampaignRow]) -> None:
        self._rows, self._next = {}, found.next_cursor
        if not found.items:
            return
        with ui.element("div").classes("m-camp m-camp-head").props("aria-hidden=true"):
            for name in (_("Campaign"), _("Progress"), _("Sent"), _("Delivered"), _("Read"), _("Replied"), _("When"), ""):
                ui.label(name)
        with ui.element("div").classes("w-full").props("role=list"):
            for row in found.items:
                self._rows[row.id] = _Row(row)

    def _draw_blank(self) -> None:
        if session.current().may(Permission.CAMPAIGNS_WRITE):
            text = _("A campaign sends one message to many people. You see everything before it goes out.")
            empty("campaign", _("No campaign yet"), text, action=_("Create a campaign"), to="/campaigns/new")
        else:
            empty("campaign", _("No campaign yet"), _("When your team sends one, you follow it here."))


class _Row:
    """One campaign: a link to it, with its figures and a menu; `set` moves the figures."""

    def __init__(self, row: CampaignRow) -> None:
        self._state: tuple[CampaignState, bool] | None = None
        with ui.element("div").classes("m-camp").props("role=listitem") as self.element:
            with ui.element("div").classes("m-camp-name"):
                with ui.element("div").classes(f"m-camp-icon m-camp-{row.channel_kind or 'none'}"):
                    icon(kinds.of(row.channel_kind).icon)
                with ui.element("div").classes("m-col m-tight m-grow"):
                    with ui.element("div").classes("m-row m-near"):
                        self._name = ui.link(row.name, _path(row)).classes("m-strong m-clip m-camp-link")
                        self._badge = ui.element("div").classes("m-row m-near shrink-0")
                    with ui.element("div").classes("m-row m-near"):
                        self._channel = ui.label().classes("m-hint m-clip")
            with ui.element("div").classes("m-camp-bar"):
                with ui.element("div").classes("m-track") as self._track:
                    self._track.props.update({"role": "progressbar", "aria-label": _("Progress")})
                    self._fill = ui.element("div").classes("m-fill")
                self._share = ui.label().classes("m-hint")
            self._numbers = [self._number(name) for name in (_("Sent"), _("Delivered"), _("Read"), _("Replied"))]
            self._when = ui.label().classes("m-hint m-camp-when")
            self._menu = ui.element("div").classes("m-camp-menu")
        self.set(row)

    def _number(self, name: str) -> tuple[ui.label, ui.label]:
        with ui.element("div").classes("m-camp-no"):
            ui.label(name).classes("m-hint m-only-phone")
            return ui.label().classes("m-num"), ui.label().classes("m-hint")

    def set(self, row: CampaignRow) -> None:
        if (row.state, row.trial_waits) != self._state:
            self._state = row.state, row.trial_waits
            self._draw_state(row)
        self._name.text = row.name
        parts = [row.channel_name or _("No channel yet")] + ([_("Simulator")] if row.sandbox else [])
        self._channel.text = " · ".join(parts)
        counts = row.counts
        n = row.figures
        done = campaign_labels.done(n, counts)
        open_ = not (n.audience or counts.skipped)  # no list of people yet, or it could not be made
        share = done / n.audience if n.audience else 0.0
        tone = {
            CampaignState.PAUSED: "warn",
            CampaignState.HELD: "warn",
            CampaignState.FAILED: "bad",
            CampaignState.CANCELLED: "quiet",
        }.get(row.state)
        self._fill.style(width(share))
        self._fill.classes(replace="m-fill" + (f" m-fill-{tone}" if tone else ""))
        self._track.props.update({"aria-valuenow": round(share * 100), "aria-valuemin": 0, "aria-valuemax": 100})
        self._track.set_visibility(not open_)
        self.element.classes(add="m-camp-blank" if open_ else "", remove="" if open_ else "m-camp-blank")
        self._share.text = "" if open_ else f"{formats.number(done)} / {formats.number(n.audience)}"
        read = n.read if kinds.can(row.channel_kind).reports_read else None
        pairs = ((n.sent, None), (n.delivered, n.sent), (read, n.sent), (n.replied, n.sent))
        for (number, hint), (value, base) in zip(self._numbers, pairs, strict=True):
            number.text = formats.DASH if open_ else formats.number(value)
            number.classes(add="m-faint" if open_ or value is None else "", remove="m-faint" if not open_ else "")
            hint.text = formats.percent(value, base, 0) if base and value is not None and not open_ else ""
        self._when.text = _when(row)

    def _draw_state(self, row: CampaignRow) -> None:
        name, tone = campaign_state(row.state, row.outage_since)
        self._badge.clear()
        with self._badge:
            moving = row.state in {CampaignState.RUNNING, CampaignState.PREPARING} and row.outage_since is None
            badge(name, tone, live=moving)
            if row.trial_waits:
                badge(_("Choose the text"), "warn")
        self._name.props["href"] = _path(row)
        self._menu.clear()
        entries = actions.menu(row.id, row.name, row.state)
        if entries:
            with self._menu:
                more(entries, _("More about {name}").format(name=row.name))


def _path(row: CampaignRow) -> str:
    return f"/campaigns/{row.id}" + ("/edit" if row.state == CampaignState.DRAFT else "")


def _when(row: CampaignRow) -> str:
    if row.state == CampaignState.DRAFT:
        return _("changed {when}").format(when=formats.ago(row.updated_at))
    moment = row.scheduled_at if row.state == CampaignState.SCHEDULED else row.started_at
    return formats.moment(moment or row.updated_at)
