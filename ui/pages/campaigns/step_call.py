"""Third step by call: what the virtual agent says, what is left on a machine, and who is called again."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from msgspec import structs
from nicegui import ui

from api.contract.campaigns import CampaignCallSettings, CampaignSettings
from api.contract.channels import ChannelAgent
from api.contract.contacts import CustomField
from ui import session
from ui.client import channels
from ui.client.base import ApiProblem, Offline
from ui.components.agent_field import agent_field
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.forms import area_field, number_field, select_field, switch_field
from ui.components.states import load, skeleton
from ui.i18n import _
from ui.pages.campaigns.step_sms import LIMIT, inserts

MOST_TRIES = 5


class CallStep:
    """`channel_id`: over which it calls. `change(body=…)` and `keep(settings=…)` while they are written."""

    def __init__(
        self,
        channel_id: UUID | None,
        body: str,
        settings: CampaignSettings,
        custom: list[CustomField],
        change: Callable[..., Any],
        keep: Callable[..., Any],
    ) -> None:
        self._channel, self._change, self._keep, self._settings = channel_id, change, keep, settings
        with ui.element("div").classes("m-col m-gap"):
            with card(_("Script"), hint=_("Your agent at the provider gets it under the name {name}.").format(name="{{script}}")):
                self._script = area_field(
                    _("What the agent says and asks"),
                    body,
                    limit=LIMIT,
                    rows=8,
                    placeholder=_("Hi {{first_name|customer}}, this is Ana from the shop. …"),
                    hint=_("Begin with who calls and why. What stands after the bar is said to people without that value."),
                    on_change=lambda: self._change(body=self._script.value or ""),
                )
                inserts(self._script, custom)
            self._draw_machine(settings.calls)
            self._draw_tries(settings.calls)

    def _set(self, **fields: Any) -> None:
        changed = structs.replace(self._settings, calls=structs.replace(self._settings.calls, **fields))
        if changed != self._settings:
            self._settings = changed
            self._keep(settings=changed)

    def _draw_machine(self, known: CampaignCallSettings) -> None:
        def switched(on: bool) -> None:
            message.element.set_visibility(on)
            self._set(voicemail=(message.value or "") if on else "")

        with card(_("If a machine answers")), ui.element("div").classes("m-col m-gap"):
            switch_field(
                _("Leave a message"),
                bool(known.voicemail),
                hint=_("Otherwise the agent hangs up. Who has the message is not called again."),
                on_change=switched,
            )
            message = area_field(
                _("Message"),
                known.voicemail,
                limit=600,
                rows=3,
                placeholder=_("Hi {{first_name|customer}}, I will call later."),
                on_change=lambda: self._set(voicemail=message.value or ""),
            )
            message.element.set_visibility(bool(known.voicemail))

    def _draw_tries(self, known: CampaignCallSettings) -> None:
        hint = _("At most two calls a day and three a week to one person, only in the hours that the law of their place allows.")
        with card(_("Who is called again"), hint=hint), ui.element("div").classes("m-col m-gap"):
            names = {1: _("Once"), **{n: _("Up to {n} times").format(n=n) for n in range(2, MOST_TRIES + 1)}}
            tries = select_field(
                _("Call each person"),
                names,
                known.tries,
                hint=_(
                    "Busy: after 15 minutes, then an hour. Not answered: after two hours, then at other times of the next days."
                ),
                on_change=lambda: self._set(tries=tries.value),
            )
            switch_field(
                _("Call back at the time that the person says"),
                known.callback,
                hint=_("Your agent's analysis tells it in the field callback_at; without it, about a day later."),
                on_change=lambda on: self._set(callback=on),
            )

            def read() -> None:
                if at_once.value is None or 1 <= at_once.value <= 500:
                    self._set(at_once=None if at_once.value is None else round(at_once.value))

            at_once = number_field(
                _("Calls at the same time, at most"),
                known.at_once,
                low=1,
                high=500,
                hint=_("Empty: as many as your account at the provider has places."),
                on_change=read,
            )
            at_once.element.classes("m-short")
            self._who = load(self._agents, self._draw_agent, lambda: skeleton("line m-w-40"))

    async def _agents(self) -> list[ChannelAgent] | None:
        """None: they cannot be read now, which keeps nobody from going on."""
        try:
            return [] if self._channel is None else await channels.agents(session.current().api, self._channel)
        except (ApiProblem, Offline):
            return None

    def _draw_agent(self, found: list[ChannelAgent] | None) -> None:
        known = self._settings.calls.agent
        if found is None:
            with note("warn", _("Who can speak cannot be shown now. What was chosen stays."), name="cloud_off"):
                with ui.element("div").classes("m-row"):
                    button(_("Try again"), self._who.refresh, icon="refresh")
            return
        agent = agent_field(found, known, on_change=lambda: self._set(agent=(agent.value or "").strip()[:100]))
