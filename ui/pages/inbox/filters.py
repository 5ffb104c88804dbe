"""By what the list is filtered: a menu of what there is, and what was chosen as chips."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.channels import Channel
from api.contract.enums import Permission
from ui import session
from ui.client import campaigns, channels
from ui.client.base import ApiProblem, Offline
from ui.components.buttons import icon_button
from ui.components.menus import NEAR, Choice, choices
from ui.components.text import chip
from ui.i18n import _, pgettext
from ui.pages.inbox.furniture import Furniture

CAMPAIGN = "campaign_id"
FILTERS = ("channel_id", "label_id", "team_id", "assignee_id", CAMPAIGN)


class Filters:
    """`choose(key, value)` is called with what is chosen; None: no more."""

    def __init__(self, choose: Callable[[str, str | None], Any]) -> None:
        self._choose, self._api = choose, session.current().api
        self._offered: list[tuple[str, str, dict[str, str]]] = []  # the key, its name, and the values' names
        self._names: dict[str, dict[str, str]] = {}
        self._near = False

    def draw_menu(self) -> None:
        """The button and its menu."""
        with icon_button("filter_list", _("Filter")) as shown, ui.menu() as self._menu:
            pass
        for sign in NEAR:
            shown.on(sign, self._come_near, [])

    def draw_chips(self) -> None:
        """Where what was chosen stands."""
        self._chips = ui.element("div").classes("m-row m-near m-wrap")

    async def furnish(self, given: Furniture, chosen: Mapping[str, str]) -> None:
        """What can be filtered by: what is known already, and the channels."""
        kept: list[Channel] = []
        if session.current().may(Permission.CHANNELS_READ):
            with suppress(ApiProblem, Offline):
                kept = await channels.channels(self._api)
        self._offered = [
            ("channel_id", _("Channel"), {str(one.id): one.name for one in kept}),
            ("label_id", _("Label"), {str(one.id): one.name for one in given.labels}),
            ("team_id", _("Team"), {str(one.id): one.name for one in given.teams}),
            ("assignee_id", pgettext("lead", "Owner"), {str(one.user_id): one.name for one in given.people if one.answers}),
        ]
        self._names = {**{key: names for key, _name, names in self._offered}, CAMPAIGN: await self._campaign_name(chosen)}
        self._fill_menu()
        self.show(chosen)

    def _come_near(self) -> None:
        self._near = True
        self._fill_menu()

    def _fill_menu(self) -> None:
        """It lists the whole team: it is drawn for who comes near."""
        if not self._near:
            return
        self._menu.clear()
        with self._menu:
            for key, name, names in self._offered:
                choices(
                    [
                        Choice(text, partial(self._choose, key, value), head="" if number else name)
                        for number, (value, text) in enumerate(names.items())
                    ]
                )

    async def _campaign_name(self, chosen: Mapping[str, str]) -> dict[str, str]:
        """Of the campaign whose answers are listed: its figure leads here, no menu offers it."""
        campaign = chosen.get(CAMPAIGN)
        if not campaign or not session.current().may(Permission.CAMPAIGNS_READ):
            return {}
        try:
            name = (await campaigns.campaign(self._api, UUID(campaign))).name
        except (ApiProblem, Offline):
            return {}
        return {campaign: _("Answered {name}").format(name=name)}

    def show(self, chosen: Mapping[str, str]) -> None:
        """What was chosen."""
        self._chips.clear()
        with self._chips:
            for key, value in chosen.items():
                text = self._names.get(key, {}).get(value, "…")
                shown = chip(text, on=True, on_remove=partial(self._choose, key, None))
                if key == CAMPAIGN:
                    told = _("As many as the campaign counts. Who was deleted since is counted there and has no conversation.")
                    shown.props["title"] = told
        self._chips.set_visibility(bool(chosen))
