"""In the message step of WhatsApp: what goes another way to people whom it does not reach, and when its number falls."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from msgspec import structs
from nicegui import ui

from api.contract.campaigns import Binding, CampaignFallback
from api.contract.channels import Channel, Template
from api.contract.contacts import CustomField
from ui import kinds
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.components.cards import card
from ui.components.forms import area_field, number_field, select_field, switch_field
from ui.i18n import _
from ui.pages.campaigns.step_sms import LIMIT
from ui.pages.campaigns.step_template import TemplateStep

LATE = 72
"""Hours, unless somebody chooses others."""
MOVES = 15
"""Minutes, the same."""


class FallbackCard:
    """`change(fallback=…)` on every move. `channels`: those over which it may go; `by_code`: the campaign's own number is connected by a code, so
    the templates of official ones do, too; `calls`: it calls people. `around`: what is hidden while a template is written."""

    def __init__(
        self,
        known: CampaignFallback | None,
        channels: list[Channel],
        change: Callable[..., Any],
        *,
        by_code: bool = False,
        calls: bool = False,
        templates: Sequence[Template] = (),
        custom: Sequence[CustomField] = (),
        around: Sequence[ui.element] = (),
    ) -> None:
        self._change, self._by_code, self._templates, self._custom, self._around = (
            change,
            by_code,
            templates,
            list(custom),
            around,
        )
        self._channels: dict[UUID, Channel] = {channel.id: channel for channel in channels}
        names = {channel.id: channel.name for channel in channels}
        self._template_id, self._bindings = (known.template_id, known.bindings) if known is not None else (None, [])
        either = by_code or calls
        title = _("If WhatsApp does not reach somebody")
        if either:
            title = _("If the calls do not reach somebody") if calls else _("If the number falls or does not reach somebody")
        with card(title), ui.element("div").classes("m-col m-gap"):
            if not names:
                missing = (
                    _("With an SMS channel or the official API, they can get a message in its place.")
                    if either
                    else _("With an SMS channel, they can get an SMS in its place.")
                )
                ui.label(missing).classes("m-hint")
                ui.link(_("Connect a channel") if either else _("Connect an SMS channel"), "/channels").classes("m-link")
                return
            self._switch = switch_field(
                _("Write to them in its place")
                if calls
                else _("Send it another way")
                if by_code
                else _("Send them an SMS in its place"),
                known is not None,
                hint=_("Once for each person, after the last call. They count as one person.")
                if calls
                else _("Once for each person, and only where it is sure that nothing arrived. They count as one person."),
                on_change=lambda _on: self._read(),
            )
            with ui.element("div").classes("m-col m-near w-full") as self._inside:
                chosen = known.channel_id if known is not None and known.channel_id in names else next(iter(names))
                label = _("Over which channel") if either else _("SMS channel")
                self._channel = select_field(label, names, chosen, on_change=self._choose)
                with ui.element("div").classes("w-full") as self._sms:
                    self._draw_text(known)
                self._cloud = ui.element("div").classes("w-full")
                self._draw_late(known, either=either)
                if by_code:
                    self._draw_moves(known)
            self._draw_template()
            self._inside.set_visibility(known is not None)

    def _draw_text(self, known: CampaignFallback | None) -> None:
        self._text = area_field(
            _("SMS"),
            known.body if known is not None else "",
            limit=LIMIT,
            rows=4,
            placeholder=_("Hi {{first_name|customer}}, …"),
            hint=_("What stands after the bar is written for people without that value."),
            on_change=self._read,
        )

    def _draw_late(self, known: CampaignFallback | None, *, either: bool) -> None:
        self._late = number_field(
            _("Also for failures that are told later") if either else _("Also for failures that WhatsApp tells later"),
            known.late_hours if known is not None else LATE,
            low=1,
            high=168,
            suffix=_("hours"),
            hint=_("Counted from the end of the campaign. Whoever fails after that gets nothing else.")
            if either
            else _("Counted from the end of the campaign. Whoever fails after that gets no SMS."),
            on_change=self._read,
        )
        self._late.element.classes("m-short")

    def _draw_moves(self, known: CampaignFallback | None) -> None:
        after = known.move_after_minutes if known is not None else None
        self._moves = switch_field(
            _("Also what still waits when the number falls"),
            after is not None,
            hint=_("When it is blocked, logged out, or may write to nobody new. Otherwise the rest waits for it."),
            on_change=lambda _on: self._read(),
        )
        self._after = number_field(
            _("After"), MOVES if after is None else after, low=0, high=1440, suffix=_("minutes"), on_change=self._read
        )
        self._after.element.classes("m-short")

    @property
    def _by_template(self) -> bool:
        return kinds.can(self._channels[self._channel.value].kind).campaign_content == "template"

    def _choose(self) -> None:
        self._template_id, self._bindings = None, []
        self._draw_template()
        self._read()

    def _draw_template(self) -> None:
        """Text or template, as the chosen channel takes it."""
        by_template = self._by_template
        self._sms.set_visibility(not by_template)
        self._cloud.clear()
        if not by_template:
            return
        channel = self._channels[self._channel.value]
        mine = [one for one in self._templates if one.channel_id == channel.id]
        chosen = next((one for one in mine if one.id == self._template_id), None)
        with self._cloud:
            TemplateStep(mine, chosen, None, self._bindings, self._custom, self._take, channel, self._around)

    def _take(self, **fields: Any) -> None:
        """Of the template's own fields; one with a file at its head brings the file that it was reviewed with."""
        self._template_id = fields.get("template_id", self._template_id)
        bindings: list[Binding] = fields.get("bindings", self._bindings)
        self._bindings = bindings
        self._read()

    def _read(self) -> None:
        on = bool(self._switch.value)
        self._inside.set_visibility(on)
        late = self._late.value if self._late.value is not None and 1 <= self._late.value <= 168 else LATE
        body = "" if self._by_template else self._text.value or ""
        chosen = CampaignFallback(channel_id=self._channel.value, body=body, late_hours=round(late))
        if self._by_code:
            moves = bool(self._moves.value)
            self._after.element.set_visibility(moves)
            after = self._after.value if self._after.value is not None and 0 <= self._after.value <= 1440 else MOVES
            chosen = structs.replace(chosen, move_after_minutes=round(after) if moves else None)
        if self._by_template:
            chosen = structs.replace(chosen, template_id=self._template_id, bindings=self._bindings)
        self._change(fallback=chosen if on else None)


def beside(channels: list[Channel], sandbox: bool, *, by_template: bool = False) -> list[Channel]:
    """Those that may send in place of a channel: as real as it is. `by_template`: over the official API, too."""
    takes = ("text", "template") if by_template else ("text",)
    fits = [one for one in channels if one.sandbox == sandbox and not kinds.of(one.kind).paired]
    return [one for one in fits if kinds.can(one.kind).campaign_content in takes]


async def templates(api: ApiClient, channel: Channel | None, channels: list[Channel]) -> list[Template]:
    """Those that a campaign over this channel chooses from: its own, or those of the channels that may send in its place."""
    if channel is None:
        return []
    another = kinds.of(channel.kind).paired or kinds.can(channel.kind).calls
    wanted = beside(channels, channel.sandbox, by_template=True) if another else [channel]
    return [one for other in wanted if kinds.can(other.kind).templates for one in await campaigns.templates(api, other.id)]
