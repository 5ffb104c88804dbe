"""On the page of a campaign: what the test of its texts tells, and the button that gives one of them to the others."""

from functools import partial

from nicegui import ui

from api.contract.campaigns import Campaign, CampaignTrialResult, CampaignTrialText
from api.contract.enums import Permission, TrialPhase
from ui import formats, session
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.confirm import confirm
from ui.components.states import Loader, load, skeleton_card
from ui.components.text import Text, badge
from ui.i18n import _
from ui.labels import trials as labels
from ui.labels.campaigns import people


class Trial:
    """A card that loads by itself, where there is a test; `refresh()` asks again."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign, self._api = campaign, session.current().api
        self._loader: Loader[CampaignTrialResult] | None = None
        if campaign.trial is not None:
            self._loader = load(lambda: campaigns.trial(self._api, campaign.id), self._draw, lambda: skeleton_card(4))

    async def refresh(self) -> None:
        if self._loader is not None:
            await self._loader.refresh(only_changes=True)

    def _draw(self, found: CampaignTrialResult) -> None:
        text, hint, tone = labels.verdict(found)
        open_ = found.state in (TrialPhase.TESTING, TrialPhase.WAITING)
        with card(_("Which text does better"), hint=labels.metric(found.metric), flush=True):
            with ui.element("div").classes("m-sum"), note("warn" if found.state is TrialPhase.WAITING else tone, text):
                for line in (hint, labels.ends(found)):
                    if line:
                        ui.label(line).classes("m-sub")
            for one in found.texts:
                self._line(found, one, choose=open_ and session.current().may(Permission.CAMPAIGNS_SEND))

    def _line(self, found: CampaignTrialResult, one: CampaignTrialText, *, choose: bool) -> None:
        with ui.element("div").classes("m-why"):
            with ui.element("div").classes("m-why-no"):
                share = formats.percent(one.counted, one.reached, 1) if one.reached else "–"
                ui.label(share).classes("m-num")
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
                    ui.label(labels.text_name(one.letter)).classes("m-strong")
                    if one.letter in (found.winner, found.sure):
                        badge(_("Better") if one.letter == found.sure else _("Chosen"), "ok")
                Text("p", one.text if len(one.text) < 160 else one.text[:160] + "…", "m-sub m-text")
                ui.label(f"{labels.counted(found.metric, one)} · {labels.interval(one)}").classes("m-hint")
            if choose:
                with ui.element("div").classes("m-row m-near shrink-0 m-why-do"):
                    button(_("Send this one"), partial(self._choose, found, one))

    async def _choose(self, found: CampaignTrialResult, one: CampaignTrialText) -> None:
        heading = _("Send {name} to {people}?").format(name=labels.text_name(one.letter), people=people(found.waiting))
        if await confirm(heading, _("The test is over then. What was sent cannot be taken back."), yes=_("Send this one")):
            await campaigns.choose_text(self._api, self._campaign.id, one.letter)
            await self.refresh()
