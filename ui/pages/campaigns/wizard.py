"""Making a campaign: channel, audience, message, when, review. One page; what is typed is kept by itself.

A new campaign is written at the API when its channel is chosen, so that looking around leaves no empty drafts behind.
The plan (`at`) belongs to the launch, not to the draft: it lives in the address until then.
"""

from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.campaigns import Campaign, Preview
from api.contract.channels import Channel
from api.contract.enums import CampaignState, Permission
from api.contract.events import CampaignChanged, CampaignDeleted, CampaignEvent, ChannelChanged, Event, TemplatesChanged
from ui import live, session
from ui.client import campaigns
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import button, icon_button
from ui.components.frame import Frame
from ui.components.menus import more
from ui.components.states import Loader, load, skeleton_card
from ui.components.text import icon
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import campaigns as campaign_labels
from ui.labels.campaigns import STEPS
from ui.pages.campaigns import actions, goal, preflight, step_bar, step_channel, step_fallback, step_review
from ui.pages.campaigns.draft import Draft
from ui.pages.campaigns.pane import Pane, test_send
from ui.pages.campaigns.reach import Reach
from ui.pages.campaigns.rename import ask_name
from ui.pages.campaigns.step_audience import AudienceStep, Choices, choices
from ui.pages.campaigns.step_variants import MessageStep
from ui.pages.campaigns.step_when import WhenStep


class Wizard:
    """Steps above, the open one below, back and on at the foot."""

    def __init__(self, campaign: Campaign | None, name: str, step: str, at: datetime | None, head: Frame) -> None:
        self._api, self._head, self._step, self._at = session.current().api, head, step, at
        self._preview: Preview | None = None
        self._seen, self._launched = set(STEPS[: STEPS.index(step) + 1]), False
        self._alone: UUID | None = None  # the only channel there is, chosen without a click
        self._reach: Reach | None = None
        self._pane: Pane | None = None
        self._text: MessageStep | None = None
        self._loader: Loader[Any] | None = None
        self._open_step: AudienceStep | WhenStep | None = None
        self._on: ui.button | None = None
        self._steps_shown: tuple[Any, ...] = ()
        with ui.element("div") as unseen:
            self._draft = Draft(self._api, campaign, name, on_saved=self._saved, on_status=self._say)
            self._throttle = Throttle(self._ask, 0.3)
        unseen.set_visibility(False)
        self._address = address()
        self._address.on_back(self._went_back)
        self._write_address()
        self._draw_head()
        self._steps = ui.element("nav").classes("m-card m-card-flush m-wiz-steps")
        self._steps.props["aria-label"] = _("Steps")
        self._place = ui.element("div").classes("m-wiz-body")
        self._foot = ui.element("div").classes("m-wiz-foot")
        self._draw()
        live.on(CampaignEvent, self._heard)
        live.on(ChannelChanged, self._others)
        live.on(TemplatesChanged, self._others)
        live.on_reset(self._look)

    # -- saving -------------------------------------------------------------------------------------------------

    def _change(self, **fields: Any) -> None:
        if self._reach is not None and ("audience" in fields or "settings" in fields):
            self._reach.wait()
        self._draft.change(**fields)

    def _saved(self) -> None:
        self._throttle.poke()

    def _say(self, state: str, error: ApiProblem | None = None) -> None:
        self._status.classes(
            add="m-saved-bad" if state in {"offline", "refused"} else "",
            remove="m-saved-bad" if state in {"saving", "saved"} else "",
        )
        self._status.clear()
        with self._status:
            icon({"saving": "sync", "saved": "cloud_done"}.get(state, "cloud_off"))
            ui.label(campaign_labels.draft_state(state))
        if state == "changed":
            toast(_("Somebody else changed this draft meanwhile. You see what is there now."), "warn")
            self._draw()
        elif error is not None:
            problems.show(error)

    async def _ask(self) -> None:
        """What the API thinks of the draft now: how many people, how it reads, what is missing."""
        if self._draft.campaign is None or self._step not in {"audience", "message", "review"}:
            return
        try:
            preview = await campaigns.preview(self._api, self._draft.id, self._text.variant if self._text else 0)
        except (ApiProblem, Offline) as error:
            (partial(self._reach.fail, retry=self._ask) if self._reach is not None else problems.show)(error)
            return
        self._preview = preview
        if self._reach is not None:
            self._reach.set(preview)
        if self._pane is not None:
            self._pane.set(preview)
        if self._text is not None and self._text.sms is not None:
            self._text.sms.set(preview)
        self._draw_steps()

    # -- what others do -----------------------------------------------------------------------------------------

    async def _heard(self, event: CampaignEvent) -> None:
        if self._draft.campaign is None or event.campaign_id != self._draft.id or self._launched:
            return
        if isinstance(event, CampaignDeleted):
            toast(_("Somebody deleted this draft."), "warn")
            ui.navigate.to("/campaigns")
        elif isinstance(event, CampaignChanged):
            if event.state == CampaignState.DRAFT:
                await self._look(event.version)
            else:
                ui.navigate.to(f"/campaigns/{self._draft.id}")

    async def _look(self, version: int | None = None) -> None:
        with suppress(ApiProblem, Offline):
            if await self._draft.look(version):
                self._say("changed")

    async def _others(self, event: Event) -> None:
        """Channels and templates come and go; a step that lists them is drawn anew, one in which somebody types is not."""
        step = self._text.templates if self._text is not None and isinstance(event, TemplatesChanged) else None
        if self._loader is not None and ((step is not None and step.follows) or self._step in {"channel", "review"}):
            await self._loader.refresh(only_changes=True)

    # -- going --------------------------------------------------------------------------------------------------

    def _kind(self) -> str | None:
        return self._draft.campaign.channel_kind if self._draft.campaign else None

    async def _go(self, step: str) -> None:
        if self._alone is not None:
            await self._take(self._alone)
        campaign = self._draft.campaign
        if step != "channel" and (campaign is None or (self._step == "channel" and campaign.channel_id is None)):
            toast(_("Choose the channel first."), "info")
            return
        if step != self._step and self._complete(step):
            await self._draft.flush()
            self._open(step)
            self._write_address(push=True)

    def _open(self, step: str) -> None:
        self._step = step
        self._seen.add(step)
        ui.run_javascript("window.scrollTo({top: 0})")
        self._draw()

    async def _went_back(self) -> None:
        """The browser's Back goes to the step before, under the same rule as the buttons."""
        step = self._address.get("step")
        if step not in STEPS or step == self._step:
            return
        if not self._complete(step):
            self._write_address(push=True)
            return
        await self._draft.flush()
        self._open(step)
        self._write_address()

    def _complete(self, step: str) -> bool:
        """Whether the open step may be left for `step`. A choice that is half made is said there."""
        return (self._step, step) == ("audience", "channel") or self._open_step is None or self._open_step.complete()

    def _write_address(self, *, push: bool = False) -> None:
        if self._draft.campaign is not None:
            at = self._at.isoformat() if self._at else None
            self._address.write({"step": self._step, "at": at}, push=push, path=f"/campaigns/{self._draft.id}/edit")

    def _set_at(self, at: datetime | None) -> None:
        if at != self._at:
            self._at = at
            self._write_address()

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw(self) -> None:
        self._head.title.text = self._draft.name
        self._draw_steps()
        self._draw_step()
        self._draw_foot()

    def _draw_head(self) -> None:
        self._head.actions.clear()
        with self._head.actions:
            self._status = ui.element("div").classes("m-hint m-saved")
            self._status.props["role"] = "status"
            icon_button("edit", _("Rename"), self._rename)
            campaign = self._draft.campaign
            if campaign is not None:
                more(actions.menu(campaign.id, campaign.name, campaign.state, in_list=False))

    def _rename(self) -> None:
        def renamed(name: str) -> None:
            self._draft.name = name
            self._head.title.text = name
            if self._draft.campaign is not None:
                self._change(name=name)

        ask_name(self._draft.name, renamed)

    def _draw_steps(self) -> None:
        missing = {found.step for found in self._preview.problems} if self._preview else set()
        started = self._draft.campaign is not None
        shown = (self._step, frozenset(self._seen), frozenset(missing), started)
        if shown == self._steps_shown:
            return  # the same again: a press must not meet a redraw
        self._steps_shown = shown
        self._steps.clear()
        with self._steps:
            step_bar.draw(self._step, self._seen, missing, started=started, go=self._go)

    def _draw_step(self) -> None:
        self._reach = self._pane = self._text = self._loader = self._open_step = None
        self._place.clear()
        with self._place:
            {
                "channel": self._channel,
                "audience": self._audience,
                "message": self._message,
                "when": self._when,
                "review": self._review,
            }[self._step]()

    def _draw_foot(self) -> None:
        at = STEPS.index(self._step)
        self._foot.set_visibility(True)  # a step may have hidden it
        self._foot.clear()
        self._on = None
        with self._foot:
            if at:
                button(_("Back"), partial(self._go, STEPS[at - 1]), icon="arrow_back")
            ui.space()
            if at < len(STEPS) - 1:
                self._on = button(_("Continue"), partial(self._go, STEPS[at + 1]), kind="primary")
                self._on.props("icon-right=sym_r_arrow_forward")
        self._allow_on()

    def _allow_on(self) -> None:
        """Continue, once there is a channel. The button stays the same one: a press must not meet a redraw."""
        if self._on is not None:
            self._on.set_enabled(self._draft.campaign is not None or self._alone is not None)

    # -- steps --------------------------------------------------------------------------------------------------

    def _channel(self) -> None:
        async def choose(channel_id: UUID) -> None:
            await self._take(channel_id)
            self._draw_steps()
            self._allow_on()

        async def fetch() -> list[Channel]:
            return await step_channel.fetch(self._api)

        def draw(found: list[Channel]) -> None:
            chosen = self._draft.campaign.channel_id if self._draft.campaign else None
            self._alone = step_channel.only_one(found) if chosen is None else None
            step_channel.draw(found, chosen or self._alone, choose)
            self._allow_on()

        self._loader = load(fetch, draw, step_channel.skeleton)

    async def _take(self, channel_id: UUID) -> None:
        if self._draft.campaign is None:
            await self._create(channel_id)
        if self._draft.campaign is not None and channel_id != self._draft.campaign.channel_id:
            self._change(channel_id=channel_id)
            await self._draft.flush()
            self._preview = None
        self._alone = None

    async def _create(self, channel_id: UUID) -> None:
        await self._draft.create(channel_id)
        self._write_address()
        self._draw_head()
        self._say("saved")

    def _audience(self) -> None:
        with ui.element("div").classes("m-aside m-aside-first"):
            with ui.element("div"):
                load(lambda: choices(self._api), self._draw_audience)
            with ui.element("div").classes("m-aside-side"):
                self._reach = Reach()
        self._throttle.poke()

    def _draw_audience(self, found: Choices) -> None:
        self._open_step = AudienceStep(self._draft.value("audience"), self._draft.value("settings"), found, self._change)

    def _message(self) -> None:
        with ui.element("div").classes("m-aside"):
            with ui.element("div"):
                self._loader = load(self._fetch_message, self._draw_message)
            self._side = ui.element("div").classes("m-aside-side")

    async def _fetch_message(self) -> tuple[Any, ...]:
        campaign = self._draft.campaign
        assert campaign is not None
        custom = await campaigns.custom_fields(self._api)
        channels = await step_channel.fetch(self._api)
        channel = next((c for c in channels if c.id == campaign.channel_id), None)
        templates = await step_fallback.templates(self._api, channel, channels)
        return channel, custom, templates, await campaigns.tags(self._api), channels, await goal.stages()

    def _draw_message(self, found: tuple[Any, ...]) -> None:
        channel, *chosen = found
        if self._kind() is None:
            step_channel.draw_missing(partial(self._go, "channel"))
            return
        self._text = MessageStep(
            self._draft,
            channel,
            tuple(chosen),
            self._change,
            self._other_text,
            (self._side, self._foot),
        )
        self._side.clear()
        with self._side:
            self._pane = Pane(channel)
            if session.current().may(Permission.CAMPAIGNS_SEND):
                sandbox = bool(channel and channel.sandbox)

                def try_out() -> None:
                    test_send(self._draft, sandbox, self._text.variant if self._text else 0)

                button(_("Send a test"), try_out, icon="send_to_mobile")
        self._throttle.poke()

    async def _other_text(self) -> None:
        await self._draft.flush()
        self._throttle.poke()

    def _when(self) -> None:
        self._open_step = WhenStep(self._at, self._draft.value, self._change, self._set_at, self._kind())

    def _review(self) -> None:
        self._loader = load(self._fetch_review, self._draw_review, lambda: skeleton_card(8))

    async def _fetch_review(self) -> step_review.Facts:
        await self._draft.flush()
        campaign = self._draft.campaign
        assert campaign is not None
        self._preview = await campaigns.preview(self._api, campaign.id)
        channel = next((c for c in await step_channel.fetch(self._api) if c.id == campaign.channel_id), None)
        names = await step_review.names(self._api, campaign.audience)
        return step_review.Facts(campaign, channel, self._preview, self._at, names)

    def _draw_review(self, facts: step_review.Facts) -> None:
        self._seen |= set(STEPS)
        self._draw_steps()
        with ui.element("div").classes("m-aside"):
            with ui.element("div").classes("m-col m-gap"):
                test = partial(test_send, self._draft, facts.campaign.sandbox, 0)
                pace = step_review.draw(facts, self._go, test, partial(self._launch, facts))
                samples = preflight.section(self._draft, self._at, self._go, self._draw_step, pace)
                step_review.summary(facts, self._go)
                samples.here()
            with ui.element("div").classes("m-aside-side"):
                self._pane = Pane(facts.channel)
                self._pane.set(facts.preview)

    async def _launch(self, facts: step_review.Facts) -> None:
        if not await step_review.ask(facts):
            return
        self._launched = True
        try:
            launched = await campaigns.launch(self._api, self._draft.id, self._at)
        except (ApiProblem, Offline) as problem:
            self._launched = False
            if not isinstance(problem, ApiProblem) or problem.code not in ("not_ready", "in_the_past"):
                raise
            if problem.code == "not_ready":
                toast(campaign_labels.first_problem(problem.errors), "bad")
                self._draw_step()
            else:
                toast(_("The planned time is over. Choose another one."), "bad")
                await self._go("when")
        else:
            ui.navigate.to(f"/campaigns/{launched.id}")
