"""In the message step of WhatsApp: the SMS for people whom it does not reach."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.campaigns import CampaignFallback
from api.contract.channels import Channel
from ui import kinds
from ui.components.cards import card
from ui.components.forms import area_field, number_field, select_field, switch_field
from ui.i18n import _
from ui.pages.campaigns.step_sms import LIMIT

LATE = 72
"""Hours, unless somebody chooses others."""


class FallbackCard:
    """`change(fallback=…)` on every move. `channels`: those that send free texts to phones."""

    def __init__(self, known: CampaignFallback | None, channels: list[Channel], change: Callable[..., Any]) -> None:
        self._change = change
        names: dict[UUID, str] = {channel.id: channel.name for channel in channels}
        with card(_("If WhatsApp does not reach somebody")), ui.element("div").classes("m-col m-gap"):
            if not names:
                ui.label(_("With an SMS channel, they can get an SMS in its place.")).classes("m-hint")
                ui.link(_("Connect an SMS channel"), "/channels").classes("m-link")
                return
            self._switch = switch_field(
                _("Send them an SMS in its place"),
                known is not None,
                hint=_("Once for each person, and only where it is sure that nothing arrived. They count as one person."),
                on_change=lambda _on: self._read(),
            )
            with ui.element("div").classes("m-col m-near w-full") as self._inside:
                chosen = known.channel_id if known is not None and known.channel_id in names else next(iter(names))
                self._channel = select_field(_("SMS channel"), names, chosen, on_change=self._read)
                self._text = area_field(
                    _("SMS"),
                    known.body if known is not None else "",
                    limit=LIMIT,
                    rows=4,
                    placeholder=_("Hi {{first_name|customer}}, …"),
                    hint=_("What stands after the bar is written for people without that value."),
                    on_change=self._read,
                )
                self._late = number_field(
                    _("Also for failures that WhatsApp tells later"),
                    known.late_hours if known is not None else LATE,
                    low=1,
                    high=168,
                    suffix=_("hours"),
                    hint=_("Counted from the end of the campaign. Whoever fails after that gets no SMS."),
                    on_change=self._read,
                )
                self._late.element.classes("m-short")
            self._inside.set_visibility(known is not None)

    def _read(self) -> None:
        on = bool(self._switch.value)
        self._inside.set_visibility(on)
        late = self._late.value if self._late.value is not None and 1 <= self._late.value <= 168 else LATE
        body = self._text.value or ""
        self._change(fallback=CampaignFallback(channel_id=self._channel.value, body=body, late_hours=round(late)) if on else None)


def for_texts(channels: list[Channel], sandbox: bool) -> list[Channel]:
    """Those that may send in place of a channel: as real as it is."""
    return [one for one in channels if kinds.can(one.kind).campaign_content == "text" and one.sandbox == sandbox]
