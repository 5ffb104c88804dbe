"""What one click in the review mends: the change of the draft that a rule of the pre-flight asks for."""

from typing import Any, NamedTuple
from uuid import UUID

from msgspec import structs

from api.contract.campaigns import Campaign
from api.contract.enums import PreflightRule
from api.contract.preflight import Preflight, PreflightFinding
from ui.client import campaigns
from ui.client.base import ApiClient
from ui.i18n import _
from ui.labels import preflight as labels

UNIT = 1_000_000  # millionths: limits are raised to whole amounts
PAGE = 200


class Mend(NamedTuple):
    """`fields`: of the draft, as they will be; None: they are asked for once somebody clicks (`fields_of`)."""

    text: str
    fields: dict[str, Any] | None


def mend(campaign: Campaign, found: Preflight, one: PreflightFinding) -> Mend | None:
    """None where one click cannot do it."""
    match one.rule:
        case PreflightRule.RECENTLY_MESSAGED:
            return Mend(_("Write to them too"), {"settings": structs.replace(campaign.settings, skip_recent_days=0)})
        case PreflightRule.SPEND_CAP if one.name == "campaign" and (most := needed(campaign, found)) is not None:
            text = _("Raise the limit to {amount}").format(amount=labels.money(most, campaign.settings.max_cost_currency or ""))
            return Mend(text, {"settings": structs.replace(campaign.settings, max_cost_micro=most)})
        case PreflightRule.CONTACT_DELETED:
            return Mend(_("Take them off the list"), None)
        case _:
            return None


def needed(campaign: Campaign, found: Preflight) -> int | None:
    """What everybody would cost in the currency of the limit, in whole amounts; None where a price is not known in it."""
    currency = campaign.settings.max_cost_currency
    if found.cost is None or found.cost.unpriced or any(one.currency != currency for one in found.cost.totals):
        return None
    total = sum(one.amount_micro for one in found.cost.totals)
    return -(-total // UNIT) * UNIT if total else None


async def fields_of(api: ApiClient, campaign: Campaign, one: PreflightFinding) -> dict[str, Any]:
    """The audience without those who are no contacts any more."""
    away: set[UUID] = set()
    cursor: str | None = None
    while True:
        found = await campaigns.preflight_people(api, campaign.id, one, None, PAGE, cursor)
        away |= {person.contact_id for person in found.items}
        cursor = found.next_cursor
        if cursor is None:
            break
    return {"audience": structs.replace(campaign.audience, ids=[one for one in campaign.audience.ids if one not in away])}
