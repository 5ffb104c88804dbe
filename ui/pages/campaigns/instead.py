"""On the page of a campaign: what went another way to those whom WhatsApp did not reach."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.campaign_progress import InsteadBySms, Progress
from api.contract.enums import CampaignState, Permission
from ui import formats, kinds, session
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.i18n import _, ngettext
from ui.labels import reasons
from ui.labels.campaigns import people

_GOES = (CampaignState.RUNNING, CampaignState.FINISHED)
"""Where it is resumed by itself; with a campaign that is paused it goes on."""


class Instead:
    """Redrawn only when something in it changed; nothing where nothing goes by SMS. `go_on`: somebody resumes it."""

    def __init__(self, progress: Progress, go_on: Callable[[], Any]) -> None:
        self._drawn: tuple[InsteadBySms | None, bool] = (None, False)
        self._go_on = go_on
        self._place = ui.element("div").classes("w-full")
        self.set(progress)

    def set(self, progress: Progress) -> None:
        found = progress.fallback
        may = session.current().may(Permission.CAMPAIGNS_SEND) and progress.state in _GOES
        if (found, may) == self._drawn:
            return
        self._drawn = (found, may)
        self._place.clear()
        if found is not None:
            with self._place:
                _draw(found, self._go_on if may else None)


def _draw(found: InsteadBySms, go_on: Callable[[], Any] | None) -> None:
    count = found.waiting + found.sent + found.failed
    by_sms = kinds.can(found.channel_kind).campaign_content == "text"
    with card(
        _("By SMS in its place") if by_sms else _("Another way in its place"),
        hint=_("By {channel}.").format(channel=found.channel_name),
    ):
        if found.stopped is not None:
            known = reasons.failures().get(found.stopped)
            with note("warn", _("Stopped: {reason}.").format(reason=known.name if known else found.stopped), name="warning"):
                if known:
                    ui.label(known.todo).classes("m-sub")
                if go_on is not None:
                    with ui.element("div").classes("m-row m-near"):
                        button(_("Resume"), go_on, icon="play_arrow")
        if not count and not found.skipped:
            nobody = (
                _("Nobody so far: whoever WhatsApp surely does not reach gets an SMS.")
                if by_sms
                else _("Nobody so far: it goes to whom the number surely does not reach.")
            )
            ui.label(nobody).classes("m-hint")
            return
        with ui.element("div").classes("m-figure"):
            ui.label(formats.number(count))
            ui.label(ngettext("person whom WhatsApp did not reach", "people whom WhatsApp did not reach", count)).classes(
                "m-unit"
            )
        parts = [
            (found.delivered, _("{n} have the SMS") if by_sms else _("{n} have it")),
            (found.replied, _("{n} wrote back")),
            (found.waiting, _("{n} wait")),
            (found.failed, _("{n} did not get it either")),
        ]
        ui.label(" · ".join(text.format(n=formats.number(n)) for n, text in parts if n)).classes("m-sub")
        if found.skipped:
            text = (
                _("{people} cannot get an SMS: no mobile number, or they asked for no messages.")
                if by_sms
                else _("{people} cannot get it: no number, or they asked for no messages.")
            )
            ui.label(text.format(people=people(found.skipped))).classes("m-hint")
        if found.both:
            text = (
                _("{people} got the first message after all, too. They count once.")
                if not by_sms
                else _("{people} got WhatsApp after all, too. They count once.")
            )
            ui.label(text.format(people=people(found.both))).classes("m-hint")
