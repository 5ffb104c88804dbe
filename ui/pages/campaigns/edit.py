"""Where a campaign is made: a new one, or a draft at the step at which somebody goes on."""

from datetime import datetime
from uuid import UUID

from fastapi.responses import RedirectResponse, Response
from nicegui import ui

from api.contract.campaigns import Campaign
from api.contract.enums import CampaignState, Permission
from ui.components.frame import frame
from ui.i18n import _
from ui.labels.campaigns import STEPS, new_name
from ui.pages.campaigns.live import found_or_error
from ui.pages.campaigns.step_when import planned
from ui.pages.campaigns.wizard import Wizard
from ui.routing import page


@page("/campaigns/new", permission=Permission.CAMPAIGNS_WRITE)
def campaign_new() -> None:
    _open(None, new_name(), "channel", None)


@page("/campaigns/{campaign_id:uuid}/edit", permission=Permission.CAMPAIGNS_WRITE)
async def campaign_edit(campaign_id: UUID, step: str = "", at: str = "") -> Response | None:
    found = await found_or_error(campaign_id)
    if found is None:
        return None
    if found.state != CampaignState.DRAFT:
        ui.context.client.delete()
        return RedirectResponse(f"/campaigns/{campaign_id}", 303)
    _open(found, found.name, step if step in STEPS else _first_open(found), planned(at))
    return None


def _first_open(campaign: Campaign) -> str:
    """The step at which somebody who comes back goes on."""
    if campaign.channel_id is None:
        return "channel"
    return "review" if campaign.template_id or campaign.body else "audience"


def _open(campaign: Campaign | None, name: str, step: str, at: datetime | None) -> None:
    with frame(name, _("Only your team sees this name"), breadcrumbs=[(_("Campaigns"), "/campaigns")]) as head:
        Wizard(campaign, name, step, at, head)
