"""What one click does about those who did not get a message, did not read it, or did not answer."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.campaign_progress import FailureGroup, ReportFallback
from api.contract.campaigns import Campaign, CampaignFollowUp, Figures, RetryFailed
from api.contract.enums import CampaignPart, ChannelState, Permission
from ui import formats, kinds, session
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.toast import toast
from ui.i18n import _, ngettext

OTHER_WAY = frozenset({"not_on_whatsapp", "unreachable", "marketing_cap", "experiment", "country_blocked"})
"""The person can perhaps be reached in another way, and did not ask to be left alone."""
LATER = frozenset(
    {"marketing_cap", "unreachable", "temporary", "network", "spam_rate", "queue_full", "api_rate", "throughput", "pair_rate"}
)
"""What often passes within a day."""
LANDLINE = "landline"
HOUR = 10


class Cure(NamedTuple):
    text: str
    symbol: str
    act: Callable[[], Any]


def tomorrow() -> datetime:
    """Tomorrow at ten, in the reader's zone."""
    now = datetime.now(formats.zone())
    return (now + timedelta(days=1)).replace(hour=HOUR, minute=0, second=0, microsecond=0)


def of_failure(campaign: Campaign, group: FailureGroup, retry: Callable[[RetryFailed], Any], *, may_retry: bool) -> list[Cure]:
    """What helps those of one reason; without what the person has no right to."""
    me, found = session.current(), []
    if me.may(Permission.CAMPAIGNS_WRITE):
        found += [_by(campaign, group, kind) for kind in other_kinds(campaign, group.reason)]
    if may_retry and group.reason in LATER and group.retryable:
        at = tomorrow()
        text = _("Try tomorrow at {time}").format(time=formats.clock(at))
        found.append(Cure(text, "schedule", lambda: retry(RetryFailed(reasons=[group.reason], at=at))))
    if group.reason == LANDLINE and me.may(Permission.CONTACTS_WRITE):
        found.append(Cure(_("Leave landlines out from now on"), "phone_disabled", lambda: note_landlines(campaign.id)))
    return found


def other_kinds(campaign: Campaign, reason: str) -> list[str]:
    """Of channels that may reach who failed for this reason."""
    others = [kind for kind in kinds.every() if kind.kind != campaign.channel_kind]
    if reason in OTHER_WAY:
        return [kind.kind for kind in others if kind.capabilities.campaign_content == "text"]
    if reason == LANDLINE:
        return [kind.kind for kind in others if kind.capabilities.reaches_landlines]
    return []


def _by(campaign: Campaign, group: FailureGroup, kind: str) -> Cure:
    if kinds.can(kind).campaign_content == "call":
        text = ngettext("Call this {n} with {vendor}", "Call these {n} with {vendor}", group.count)
    else:
        text = ngettext("Send to this {n} by {channel}", "Send to these {n} by {channel}", group.count)
    text = text.format(n=formats.number(group.count), channel=kinds.name(kind), vendor=kinds.of(kind).vendor)

    async def act() -> None:
        found = await campaigns.channels(session.current().api)
        ready = [one for one in found if one.kind == kind and one.state == ChannelState.CONNECTED]
        fitting = [one for one in ready if one.sandbox == campaign.sandbox] or ready
        if not fitting:
            toast(_("Connect a channel for {channel} first.").format(channel=kinds.name(kind)), "info")
            ui.navigate.to("/channels/connect")
            return
        name = _("{campaign} · by {channel}").format(campaign=campaign.name, channel=kinds.name(kind))
        await follow(campaign.id, name, CampaignPart.FAILED, reason=group.reason, channel_id=fitting[0].id)

    return Cure(text, "forward_to_inbox", act)


async def follow(
    campaign_id: UUID, name: str, who: CampaignPart, *, reason: str | None = None, channel_id: UUID | None = None
) -> None:
    """Makes the draft and opens it at its message: nothing goes out before a person starts it."""
    body = CampaignFollowUp(who=who, reason=reason, channel_id=channel_id, name=name[:120])
    made = await campaigns.follow_up(session.current().api, campaign_id, body)
    ui.navigate.to(f"/campaigns/{made.id}/edit?step=message")


def rest(campaign: Campaign, count: int) -> None:
    """The button for a new draft to those whose turn had not come when the campaign stopped."""
    text = ngettext("Send to {n} who has not got it", "Send to the {n} who have not got it", count)
    name = _("{campaign} · the rest").format(campaign=campaign.name)
    button(
        text.format(n=formats.number(count)), lambda: follow(campaign.id, name, CampaignPart.NOT_SENT), icon="forward_to_inbox"
    )


async def note_landlines(campaign_id: UUID) -> None:
    noted = await campaigns.note_landlines(session.current().api, campaign_id)
    if noted:
        text = ngettext(
            "{n} number is noted as a landline. SMS campaigns leave it out.",
            "{n} numbers are noted as landlines. SMS campaigns leave them out.",
            noted,
        )
        toast(text.format(n=formats.number(noted)))
    else:
        toast(_("They are noted as landlines already."), "info")


def follow_ups(campaign: Campaign, figures: Figures, alone: ReportFallback | None, *, reads: bool) -> None:
    """Buttons for a new draft to who did not read, and to who did not answer; of those who got the first message."""
    if not session.current().may(Permission.CAMPAIGNS_WRITE) or not figures.sent:
        return
    sent, read, replied = figures.sent, figures.read, figures.replied
    if alone is not None:
        sent, read, replied = sent - alone.sent, read - alone.read, replied - alone.replied
    unread, silent = sent - read, sent - replied
    with ui.element("div").classes("m-row m-near m-wrap"):
        if reads and unread:
            text = ngettext("Write to {n} who did not read it", "Write to the {n} who did not read it", unread)
            name = _("{campaign} · not read").format(campaign=campaign.name)
            button(
                text.format(n=formats.number(unread)), lambda: follow(campaign.id, name, CampaignPart.NOT_READ),
                icon="mark_email_unread",
            )  # fmt: skip
        if silent:
            text = ngettext("Write to {n} who did not answer", "Write to the {n} who did not answer", silent)
            other = _("{campaign} · no answer").format(campaign=campaign.name)
            button(
                text.format(n=formats.number(silent)),
                lambda: follow(campaign.id, other, CampaignPart.NOT_REPLIED),
                icon="reply_all",
            )
