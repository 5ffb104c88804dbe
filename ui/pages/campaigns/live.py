"""A campaign that was launched: where it stands, how fast it goes, what failed and what to do, person by person.

Repaints from events, at most twice a second while they come; a slow beat keeps rate and end honest when nothing moves.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from uuid import UUID

from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from api.contract.campaign_progress import Progress
from api.contract.campaigns import Campaign
from api.contract.enums import CampaignState, Permission
from api.contract.events import CampaignChanged, CampaignEvent, ChannelChanged
from ui import formats, kinds, live, session
from ui.client import campaigns
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components import error_page
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.download import hand_on
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.palette import visited
from ui.components.states import load, skeleton_chart, skeleton_figures, skeleton_list
from ui.components.text import badge, icon, title
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import campaigns as campaign_labels
from ui.labels import channels as channel_labels
from ui.labels import waits as wait_labels
from ui.labels.campaigns import campaign_state
from ui.pages.campaigns import actions
from ui.pages.campaigns.calls import Calls
from ui.pages.campaigns.cost import Cost
from ui.pages.campaigns.cures import rest
from ui.pages.campaigns.figures import Figures
from ui.pages.campaigns.instead import Instead
from ui.pages.campaigns.outcomes import Outcomes
from ui.pages.campaigns.recipients import Recipients
from ui.pages.campaigns.speed import Speed
from ui.pages.campaigns.trial import Trial
from ui.pages.campaigns.waits import Waits
from ui.routing import page

_STOPPED = (CampaignState.CANCELLED, CampaignState.FAILED)
BEAT = 5.0  # seconds between looks when no event comes


@page("/campaigns/{campaign_id:uuid}", permission=Permission.CAMPAIGNS_READ)
async def campaign_live(campaign_id: UUID) -> Response | None:
    # Beside what is asked next: one wait less until the figures stand.
    progress = asyncio.create_task(_early(session.current().api, campaign_id))
    found = await found_or_error(campaign_id)
    if found is None:
        return None
    if found.state == CampaignState.DRAFT:
        ui.context.client.delete()
        return RedirectResponse(f"/campaigns/{campaign_id}/edit", 303)
    with frame(found.name, campaign_labels.subtitle(found), breadcrumbs=[(_("Campaigns"), "/campaigns")]) as head:
        _Live(found, head, progress)
        visited("campaign", found.name, f"/campaigns/{found.id}", found.channel_name or "")
    return None


async def _early(api: ApiClient, campaign_id: UUID) -> Progress | None:
    """None: it is asked for again, and what is wrong is said then."""
    try:
        return await campaigns.progress(api, campaign_id)
    except (ApiProblem, Offline):
        return None


async def found_or_error(campaign_id: UUID) -> Campaign | None:
    """The campaign, or None when an error page was drawn instead."""
    try:
        return await campaigns.campaign(session.current().api, campaign_id)
    except ApiProblem as problem:
        status = problem.status if problem.status in {403, 404} else 503
    except Offline:
        status = 503
    ui.context.client.status_code = status
    error_page.draw(status)
    return None


@page("/campaigns/{campaign_id:uuid}/recipients.csv", permission=Permission.CONTACTS_EXPORT)
async def recipients_csv(
    campaign_id: UUID, state: str | None = None, reason: str | None = None, replied: str | None = None, search: str | None = None
) -> Response:
    """The API's file of the people that the table shows."""
    asked = {"state": state, "reason": reason, "replied": replied, "search": search}
    return await hand_on(f"/v1/campaigns/{campaign_id}/recipients.csv", asked)


class _Live:
    """The page of one campaign: head, notice, figures, speed, outcomes, people."""

    def __init__(self, campaign: Campaign, head: Frame, progress: asyncio.Task[Progress | None]) -> None:
        self._campaign, self._head, self._api = campaign, head, session.current().api
        self._early: asyncio.Task[Progress | None] | None = progress
        self._left = self._unsent = 0
        self._outage_since = campaign.outage_since
        self._built = False
        self._writing = asyncio.Lock()  # what is heard of our own write waits for its answer
        self._notice = ui.element("div").classes("w-full m-live-notice")
        self._notice.props["aria-live"] = "polite"
        self._draw_head()
        self._place = load(self._fetch, self._build, _skeleton)
        with ui.element("div") as unseen:
            self._throttle = Throttle(self._move, 0.5)
            self._slow = Throttle(self._move_people, 4.0)
        unseen.set_visibility(False)
        live.on(CampaignEvent, self._heard)
        live.on(ChannelChanged, self._heard_of_channel)
        live.on_reset(self._reload)
        live.on_connection(self._back)
        beat(BEAT, self._beat)

    # -- asking -------------------------------------------------------------------------------------------------

    async def _fetch(self) -> Progress:
        early, self._early = self._early, None
        if early is not None and (found := await early) is not None:
            return found
        return await campaigns.progress(self._api, self._campaign.id)

    def _heard(self, event: CampaignEvent) -> None:
        if event.campaign_id != self._campaign.id:
            return
        if isinstance(event, CampaignChanged):
            self._newest = max(self._newest, event.version)
        self._throttle.poke()
        self._slow.poke()

    def _heard_of_channel(self, event: ChannelChanged) -> None:
        if event.channel_id == self._campaign.channel_id:
            self._throttle.poke()

    _changed = False
    _newest = 0  # version of which an event has told

    async def _write(self, act: Callable[[UUID, actions.Take], Awaitable[None]]) -> None:
        async with self._writing:
            await act(self._campaign.id, self._take)

    def _take(self, campaign: Campaign) -> None:
        """The campaign as the API just gave it, whatever it was asked; an older answer that comes late is dropped."""
        if campaign.version < self._campaign.version:
            return
        self._campaign = campaign
        if campaign.state == CampaignState.DRAFT:
            ui.navigate.to(f"/campaigns/{campaign.id}/edit")
            return
        self._draw_head()
        self._head.subtitle.text = campaign_labels.subtitle(campaign)

    def _back(self) -> None:
        if live.connected():
            self._changed = True
            self._throttle.poke()

    async def _reload(self) -> None:
        self._changed = True
        self._throttle.poke()
        self._slow.poke()

    def _beat(self) -> None:
        if self._campaign.state in {CampaignState.RUNNING, CampaignState.PREPARING, CampaignState.SCHEDULED}:
            self._throttle.poke()

    async def _move(self) -> None:
        """One look at the API; what is on the screen stays when it does not answer (the frame says that)."""
        try:
            before = self._campaign
            progress = await self._fetch()
            async with self._writing:
                known = self._campaign
            if known is not before:  # asked before our own write was answered
                self._throttle.poke()
                return
            if self._changed or self._newest > known.version or progress.state != known.state:
                self._changed = False
                self._take(await campaigns.campaign(self._api, known.id))
        except Offline:
            return
        except ApiProblem as problem:
            if problem.status >= 500:
                return
            raise
        self._note_outage(progress)
        if self._built:
            await self._set(progress)
        elif _materialised(progress):
            await self._place.refresh()

    async def _move_people(self) -> None:
        if self._built:
            await self._people.refresh()
            await self._calls.refresh()
            await self._cost.refresh()
            await self._trial.refresh()

    # -- drawing ------------------------------------------------------------------------------------------------

    def _build(self, progress: Progress) -> None:
        self._count(progress)
        self._note_outage(progress)
        self._draw_notice()
        if not _materialised(progress):
            self._built = False
            self._draw_before()
            return
        reads = kinds.can(self._campaign.channel_kind).reports_read
        self._figures = Figures(progress, reads, self._to_failures, self._to_replies)
        self._speed = Speed(progress, tried=self._campaign.trial is not None)
        self._waits = Waits(progress)
        self._trial = Trial(self._campaign)
        self._outcomes = Outcomes(self._campaign, progress, self._only)
        self._calls = Calls(self._campaign, progress)
        self._instead = Instead(progress, self._resume_instead)
        self._cost = Cost(self._campaign, progress)
        self._people = Recipients(self._campaign)
        self._built = True

    def _note_outage(self, progress: Progress) -> None:
        if progress.outage_since != self._outage_since:
            self._outage_since = progress.outage_since
            self._draw_head()

    async def _set(self, progress: Progress) -> None:
        self._count(progress)
        self._figures.set(progress)
        self._speed.set(progress)
        self._waits.set(progress)
        self._outcomes.set(progress)
        self._instead.set(progress)
        self._calls.set(progress)
        await self._cost.set(progress)

    def _count(self, progress: Progress) -> None:
        self._left = progress.counts.queued + progress.counts.sending
        was, self._unsent = self._unsent, progress.counts.queued + progress.counts.cancelled
        if self._built and was != self._unsent and self._campaign.state in _STOPPED:
            self._draw_notice()

    async def _resume_instead(self) -> None:
        await self._write(actions.resume)
        self._throttle.poke()

    async def _only(self, reason: str) -> None:
        await self._people.only(reason)

    def _to_replies(self) -> None:
        ui.navigate.to(f"/inbox?view=all&campaign_id={self._campaign.id}")

    def _to_failures(self) -> None:
        ui.run_javascript("document.getElementById('failures')?.scrollIntoView({behavior: 'smooth', block: 'center'})")

    def _draw_head(self) -> None:
        campaign = self._campaign
        may = session.current().may(Permission.CAMPAIGNS_SEND)
        name, tone = campaign_state(campaign.state, self._outage_since)
        self._head.actions.clear()
        with self._head.actions:
            if campaign.sandbox:
                badge(_("Simulator"), "info")
            moving = campaign.state in {CampaignState.RUNNING, CampaignState.PREPARING} and self._outage_since is None
            badge(name, tone, live=moving)
            if may and campaign.state == CampaignState.RUNNING:
                button(_("Pause"), lambda: self._write(actions.pause), icon="pause")
            if may and campaign.state == CampaignState.PAUSED:
                button(_("Resume"), lambda: self._write(actions.resume), kind="primary", icon="play_arrow")
            if campaign.state not in {CampaignState.SCHEDULED, CampaignState.PREPARING}:
                button(_("Report"), icon="summarize", to=f"/campaigns/{campaign.id}/report")
            entries = self._menu()
            if entries:
                more(entries)
        if self._built:
            self._draw_notice()

    def _menu(self) -> list[Choice]:
        campaign = self._campaign
        found = actions.menu(campaign.id, campaign.name, campaign.state, in_list=False)
        return [
            one._replace(on_click=lambda: actions.cancel(campaign.id, self._left, self._take)) if one.icon == "block" else one
            for one in found
        ]

    def _draw_notice(self) -> None:
        campaign = self._campaign
        self._notice.clear()
        with self._notice:
            if campaign.state in {CampaignState.PAUSED, CampaignState.FAILED}:
                stop = campaign_labels.stopped(campaign.state, campaign.state_reason, campaign.resume_at)
                with note(stop.tone, stop.text, name="error" if stop.tone == "bad" else "warning"):
                    ui.label(stop.todo).classes("m-sub")
                    if (limit := wait_labels.limit_of(campaign)) is not None:
                        with ui.element("div").classes("m-row m-near"):
                            ui.label(_("It is {limit}.").format(limit=limit.name)).classes("m-hint")
                            ui.link(_("See the limit"), limit.link).classes("m-link")
                    elif campaign.state_detail:
                        ui.label(
                            _("The provider says: {text}").format(text=channel_labels.provider_words(campaign.state_detail))
                        ).classes("m-hint")
                    if campaign.state == CampaignState.FAILED:
                        self._draw_rest()
            elif campaign.state == CampaignState.HELD:
                with note(
                    "warn",
                    _("Held back: the database went back in time, and who has got this message is not known."),
                    name="warning",
                ):
                    if session.current().may(Permission.COMPANY_WRITE):
                        with ui.element("div").classes("m-row m-near"):
                            button(_("Decide"), to="/held")
                    else:
                        ui.label(_("An administrator of your company decides whether it goes on.")).classes("m-sub")
            elif campaign.state == CampaignState.RUNNING and self._outage_since is not None:
                stop = channel_labels.outage(campaign.channel_kind, self._outage_since)
                with note(stop.tone, stop.text, name="warning"):
                    ui.label(stop.todo).classes("m-sub")
            elif campaign.state == CampaignState.CANCELLED:
                with note("info", _("Cancelled. Nothing more goes out; what was sent keeps its results.")):
                    if self._unsent:
                        self._draw_rest()

    def _draw_rest(self) -> None:
        """What helps where a campaign stopped half way: nobody who has it gets it again."""
        campaign = self._campaign
        if not session.current().may(Permission.CAMPAIGNS_WRITE):
            return
        with ui.element("div").classes("m-row m-near m-wrap"):
            if self._unsent:
                rest(campaign, self._unsent)
            else:
                button(_("Clone"), lambda: actions.clone(campaign.id), icon="content_copy")

    def _draw_before(self) -> None:
        """Planned, or the list of people is being made: nobody has a message yet."""
        campaign = self._campaign
        with card():
            with ui.element("div").classes("m-state"):
                with ui.element("div").classes("m-state-icon"):
                    icon("schedule" if campaign.state == CampaignState.SCHEDULED else "group")
                if campaign.state == CampaignState.SCHEDULED and campaign.scheduled_at:
                    title(_("Starts {when}").format(when=formats.moment(campaign.scheduled_at)))
                    left = max(0, (campaign.scheduled_at - datetime.now(UTC)).total_seconds())
                    text = _("In {time}. Until then you can change it: it becomes a draft again.")
                    ui.label(text.format(time=formats.duration(left))).classes("m-sub")
                    if session.current().may(Permission.CAMPAIGNS_SEND):
                        with ui.element("div").classes("m-actions"):
                            button(_("Change"), lambda: actions.to_draft(campaign.id), icon="edit")
                elif campaign.state == CampaignState.PREPARING:
                    title(_("Making the list of people"))
                    ui.label(_("It takes a few seconds. You can leave this page.")).classes("m-sub")
                elif campaign.state == CampaignState.HELD:
                    title(_("Held back"))
                    ui.label(_("Its list of people is made when it goes on.")).classes("m-sub")
                else:
                    title(_("Nobody got a message"))
                    ui.label(_("The campaign ended before the first message.")).classes("m-sub")


def _materialised(progress: Progress) -> bool:
    """Whether the list of people was made; it may hold only people who are left out."""
    return bool(progress.figures.audience or progress.counts.skipped)


def _skeleton() -> None:
    skeleton_figures(5)
    skeleton_chart()
    skeleton_list(4)
