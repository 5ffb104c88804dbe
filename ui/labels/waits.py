"""What people of a campaign wait for, in one sentence: which rule holds how many until when."""

from datetime import datetime
from typing import NamedTuple

from api.contract.campaign_progress import CampaignWait
from api.contract.campaigns import Campaign
from api.contract.enums import WaitRule
from ui import formats
from ui.i18n import _
from ui.labels import reasons
from ui.labels.campaigns import people

ICONS = {
    WaitRule.QUIET_HOURS: "bedtime",
    WaitRule.OFFICE_DAYS: "event_busy",
    WaitRule.HOLIDAY: "event_busy",
    WaitRule.CALL_HOURS: "phone_paused",
    WaitRule.WARM_UP: "local_fire_department",
    WaitRule.TIER: "stairs",
    WaitRule.SPEND_CAP: "savings",
    WaitRule.CHANNEL: "link_off",
    WaitRule.PACE: "speed",
    WaitRule.RETRY: "replay",
    WaitRule.SPREAD: "timelapse",
    WaitRule.MOMENT: "schedule",
}


def sentence(found: CampaignWait) -> str:
    """For all of them together."""
    count, by = people(found.count), rule(found.rule, found.name)
    if found.until is None:
        return _("{people} are held: {rule}").format(people=count, rule=by)
    return _("{people} are held by {rule} until {when}").format(people=count, rule=by, when=formats.moment(found.until))


def held(by: WaitRule, name: str, until: datetime | None = None) -> str:
    """For one person."""
    if until is None:
        return _("Held by {rule}").format(rule=rule(by, name))
    return _("Held by {rule} until {when}").format(rule=rule(by, name), when=formats.moment(until))


def rule(by: WaitRule, name: str) -> str:
    """What the rule is called, as it stands in the middle of a sentence."""
    why = reasons.failures().get(name)
    match by:
        case WaitRule.QUIET_HOURS | WaitRule.OFFICE_DAYS | WaitRule.HOLIDAY:
            hours = (
                _("the hours of this campaign")
                if name == "campaign"
                else _("rule “{name}”").format(name=name)
                if name
                else _("the hours in which you write")
            )
            if by is WaitRule.HOLIDAY:
                return _("{rule}, as it is a holiday").format(rule=hours)
            return _("{rule}, as you do not write on this day").format(rule=hours) if by is WaitRule.OFFICE_DAYS else hours
        case WaitRule.CALL_HOURS:
            hours = _("the hours in which people may be called")
            return f"{hours} ({name})" if name else hours
        case WaitRule.WARM_UP:
            return _("the pace of the young number")
        case WaitRule.TIER:
            return _("the number's daily limit of people")
        case WaitRule.SPEND_CAP:
            return _("the limit of the month") if name == "month" else _("the limit of this campaign")
        case WaitRule.CHANNEL:
            return _("the channel cannot send ({reason})").format(reason=why.name) if why else _("the channel cannot send")
        case WaitRule.PACE:
            return _("the pace between two messages")
        case WaitRule.RETRY:
            return _("a new try, as it failed ({reason})").format(reason=why.name) if why else _("a new try, as it failed")
        case WaitRule.SPREAD:
            return _("the time over which it is spread")
        case WaitRule.MOMENT:
            return _("the moment chosen for them")


class Limit(NamedTuple):
    name: str
    link: str


def limit_of(campaign: Campaign) -> Limit | None:
    """Which limit of costs stopped it, and where it is changed."""
    kind, _colon, scope = (campaign.state_detail or "").partition(":")
    if campaign.state_reason not in {"spend_cap", "price_unknown"} or kind != "limit":
        return None
    return Limit(rule(WaitRule.SPEND_CAP, scope), "/settings/costs?tab=limit" if scope == "month" else "#cost")
