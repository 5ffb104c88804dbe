"""What did not arrive: failures by reason with what to do, those without a result, and who was left out."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from nicegui import ui

from api.contract.campaign_progress import FailureGroup, Progress
from api.contract.campaigns import Campaign, RetryFailed
from api.contract.enums import CampaignState, DeliveryPolicy, Permission
from ui import formats, kinds, session
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.charts import funnel
from ui.components.confirm import confirm
from ui.components.text import Text, icon
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import campaigns as campaign_labels
from ui.labels import reasons
from ui.pages.campaigns.cures import follow_ups, of_failure
from ui.pages.campaigns.figures import steps

_RETRYABLE = {CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED}
UNKNOWN, DAILY = "unknown_outcome", "marketing_cap"
CAP_RESTS = timedelta(days=1)
"""So long WhatsApp refuses marketing to a person again whom it refused it (code 131049): docs/contracts/meta-whatsapp.md (Limits)."""


def merged(groups: list[FailureGroup]) -> list[FailureGroup]:
    """One group per reason, the largest first; the provider's code only where it is the same for all."""
    found: dict[str, FailureGroup] = {}
    for group in groups:
        known = found.get(group.reason)
        if known is None:
            found[group.reason] = FailureGroup(reason=group.reason, code=group.code, count=group.count, retryable=group.retryable)
            continue
        known.count += group.count
        known.code = known.code if known.code == group.code else None
    return sorted(found.values(), key=lambda group: -group.count)


class Outcomes:
    """Redrawn only when something in it changed. `on_reason(key)` shows the people of a reason in the table below."""

    def __init__(self, campaign: Campaign, progress: Progress, on_reason: Callable[[str], Any]) -> None:
        self._campaign, self._on_reason = campaign, on_reason
        self._drawn: object = None
        self._place = ui.element("div").classes("m-split")
        self.set(progress)

    def set(self, progress: Progress) -> None:
        seen = (progress.failures, progress.skipped, progress.counts, progress.figures, progress.state)
        if seen == self._drawn:
            return
        self._drawn = seen
        self._place.clear()
        with self._place:
            with ui.element("div").classes("m-col m-gap"):
                self._draw_unknown(progress)
                self._draw_failures(progress)
            with ui.element("div").classes("m-col m-gap"):
                with card(_("From sent to reply")):
                    reads = kinds.can(self._campaign.channel_kind).reports_read
                    way = [step for step in steps(progress, reads) if step.key not in {"waiting", "failed", "stopped"}]
                    with ui.element("div").classes("m-way-funnel"):
                        funnel([(step.name, step.value) for step in way])
                    follow_ups(self._campaign, progress.figures, progress.alone, reads=reads)
                self._draw_skipped(progress)

    def _draw_unknown(self, progress: Progress) -> None:
        count = progress.counts.unknown
        if not count:
            return
        who = kinds.of(self._campaign.channel_kind).vendor
        text = ngettext("{n} message without an answer yet.", "{n} messages without an answer yet.", count)
        with note("info", text.format(n=formats.number(count)) + " " + _("Checking with {who}…").format(who=who)):
            once = self._campaign.policy == DeliveryPolicy.AT_MOST_ONCE
            ui.label(
                _(
                    "They went out, but no clear answer came back. If none comes, we do not send them again, so nobody gets it twice."
                )
                if once
                else _("They went out, but no clear answer came back. If none comes, we send them once more.")
            ).classes("m-hint")

    def _draw_failures(self, progress: Progress) -> None:
        groups = merged(progress.failures)
        may = session.current().may(Permission.CAMPAIGNS_SEND) and progress.state in _RETRYABLE
        many = [group for group in groups if group.retryable and group.reason not in (UNKNOWN, DAILY)]
        total = sum(group.count for group in groups)

        def again() -> None:
            if may and len(many) > 1:
                count = sum(group.count for group in many)
                button(
                    _("Try all {n} again").format(n=formats.number(count)),
                    lambda: self._retry([group.reason for group in many], count),
                    icon="refresh",
                )

        with card(_("Why they failed"), actions=again, flush=True) as element:
            element.props["id"] = "failures"
            if not groups:
                with ui.element("div").classes("m-calm"):
                    icon("check_circle")
                    ui.label(_("No failures so far.") if progress.figures.sent else _("Nothing sent yet."))
                return
            for group in groups:
                self._draw_group(group, total, may)

    def _draw_group(self, group: FailureGroup, total: int, may: bool) -> None:
        why = reasons.failure(group.reason)
        with ui.element("div").classes("m-why"):
            with ui.element("div").classes("m-why-no"):
                ui.label(formats.number(group.count)).classes("m-num")
                ui.label(formats.percent(group.count, total, 0)).classes("m-hint")
            with ui.element("div").classes("m-col m-tight m-grow"):
                with ui.element("div").classes("m-row m-near items-baseline m-wrap"):
                    ui.label(why.name).classes("m-strong")
                    if group.code:
                        ui.label(_("code {code}").format(code=group.code)).classes("m-hint")
                Text("p", why.todo, "m-sub m-why-todo")
                cures = of_failure(self._campaign, group, self._send, may_retry=may)
                if cures:
                    with ui.element("div").classes("m-row m-near m-wrap m-why-cures"):
                        for cure in cures:
                            button(cure.text, cure.act, icon=cure.symbol)
            with ui.element("div").classes("m-row m-near shrink-0 m-why-do"):
                button(_("See who"), lambda: self._on_reason(group.reason), kind="plain")
                if may and group.retryable:
                    again = {UNKNOWN: self._retry_unknown, DAILY: self._retry_daily}.get(group.reason, self._retry)
                    button(_("Try again"), lambda: again([group.reason], group.count), icon="refresh")

    async def _retry(self, keys: list[str], count: int) -> None:
        await self._send(RetryFailed(reasons=keys))

    async def _retry_unknown(self, keys: list[str], count: int) -> None:
        text = _("We do not know whether they arrived. Some of these people may get the message twice.")
        question = ngettext("Send {n} message again?", "Send {n} messages again?", count).format(n=formats.number(count))
        if await confirm(question, text, yes=_("Send again")):
            await self._send(RetryFailed(reasons=keys, include_unknown=True))

    async def _retry_daily(self, keys: list[str], count: int) -> None:
        """A retry goes out at once; WhatsApp refuses it again until a day is over."""
        text = _("A retry goes out at once. WhatsApp counts 24 hours per person and refuses most of them again before that.")
        question = ngettext("Try {n} message again now?", "Try {n} messages again now?", count).format(n=formats.number(count))
        ended = self._campaign.finished_at
        if (ended is not None and datetime.now(UTC) - ended > CAP_RESTS) or await confirm(question, text, yes=_("Try now")):
            await self._send(RetryFailed(reasons=keys))

    async def _send(self, body: RetryFailed) -> None:
        queued = await campaigns.retry_failed(session.current().api, self._campaign.id, body)
        if queued:
            text = ngettext("{n} message is in the queue again.", "{n} messages are in the queue again.", queued)
            text = text.format(n=formats.number(queued))
            if body.at is not None:
                text += " " + _("It goes out at {when}.").format(when=formats.moment(body.at))
            toast(text)
        else:
            toast(_("There is nothing left to try again."), "info")

    def _draw_skipped(self, progress: Progress) -> None:
        groups = merged(progress.skipped)
        if not groups:
            return
        total = sum(group.count for group in groups)
        with card(_("Left out"), hint=_("{people} got no message").format(people=campaign_labels.people(total)), flush=True):
            for group in groups:
                why = reasons.skip(group.reason)
                with ui.element("div").classes("m-why"):
                    with ui.element("div").classes("m-why-no"):
                        ui.label(formats.number(group.count)).classes("m-num")
                    with ui.element("div").classes("m-col m-tight m-grow"):
                        ui.label(why.name).classes("m-strong")
                        Text("p", why.todo, "m-hint")
