"""What people do with a campaign from the list and from its page: pause, resume, cancel, clone, delete, back to draft.

Each asks first where nothing can take it back, and offers undo where something can. A page that shows the campaign takes the answer;
others repaint from the event.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.campaigns import Campaign
from api.contract.enums import CampaignState, Permission
from ui import formats, session
from ui.client import campaigns
from ui.components.confirm import confirm
from ui.components.menus import Choice
from ui.components.toast import toast, toast_undo
from ui.i18n import _, ngettext

Done = Callable[[], Any]
Take = Callable[[Campaign], None]


def _pass(answer: Campaign) -> None:
    """Where nothing shows the one campaign."""


async def pause(campaign_id: UUID, take: Take = _pass) -> None:
    api = session.current().api
    take(await campaigns.pause(api, campaign_id))
    toast_undo(_("Paused. What is on its way still arrives."), lambda: resume(campaign_id, take))


async def resume(campaign_id: UUID, take: Take = _pass) -> None:
    take(await campaigns.resume(session.current().api, campaign_id))
    toast(_("It goes on."))


async def cancel(campaign_id: UUID, left: int | None = None, take: Take = _pass) -> None:
    """Asks first: those who have not got the message will not get it."""
    text = _("Whoever has not received the message yet will not receive it. This cannot be undone.")
    if left:
        from_now = ngettext("{n} person is still waiting.", "{n} people are still waiting.", left).format(n=formats.number(left))
        text = f"{from_now} {text}"
    if await confirm(_("Cancel this campaign?"), text, yes=_("Cancel the campaign"), no=_("Back"), danger=True):
        take(await campaigns.cancel(session.current().api, campaign_id))
        toast(_("Cancelled. Nothing more goes out."))


async def to_draft(campaign_id: UUID) -> None:
    """A planned campaign becomes a draft again, to be changed."""
    sure = await confirm(
        _("Back to draft?"), _("It will not start at the planned time. You can plan it again."), yes=_("Back to draft")
    )
    if sure:
        await campaigns.cancel(session.current().api, campaign_id)
        ui.navigate.to(f"/campaigns/{campaign_id}/edit")


async def clone(campaign_id: UUID) -> None:
    made = await campaigns.clone(session.current().api, campaign_id)
    ui.navigate.to(f"/campaigns/{made.id}/edit")


async def delete(campaign_id: UUID, name: str, after: Done | None = None) -> None:
    sure = await confirm(_("Delete “{name}”?").format(name=name), _("The draft is gone for good."), yes=_("Delete"), danger=True)
    if sure:
        await campaigns.delete(session.current().api, campaign_id)
        toast(_("Draft deleted."))
        if after is not None:
            after()


def menu(campaign_id: UUID, name: str, state: CampaignState, *, in_list: bool = True) -> list[Choice]:
    """What the person may do with a campaign in this state. On its own page, the buttons already offer the first ones."""
    me = session.current()
    send, write = me.may(Permission.CAMPAIGNS_SEND), me.may(Permission.CAMPAIGNS_WRITE)
    found: list[Choice] = []
    if in_list and send and state == CampaignState.RUNNING:
        found.append(Choice(_("Pause"), lambda: pause(campaign_id), "pause"))
    if in_list and send and state == CampaignState.PAUSED:
        found.append(Choice(_("Resume"), lambda: resume(campaign_id), "play_arrow"))
    if in_list and write and state == CampaignState.DRAFT:
        found.append(Choice(_("Edit"), lambda: ui.navigate.to(f"/campaigns/{campaign_id}/edit"), "edit"))
    if in_list and send and state == CampaignState.SCHEDULED:
        found.append(Choice(_("Back to draft"), lambda: to_draft(campaign_id), "edit"))
    if write:
        found.append(Choice(_("Clone"), lambda: clone(campaign_id), "content_copy"))
    if send and state in {CampaignState.PREPARING, CampaignState.RUNNING, CampaignState.PAUSED}:
        found.append(Choice(_("Cancel the campaign"), lambda: cancel(campaign_id), "block", danger=True, line=True))
    if write and state == CampaignState.DRAFT:
        after = None if in_list else lambda: ui.navigate.to("/campaigns")
        found.append(Choice(_("Delete"), lambda: delete(campaign_id, name, after), "delete", danger=True, line=True))
    return found
