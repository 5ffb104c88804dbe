"""What brought a person: the campaign that they answered, or the ad, with the first and the last of them."""

from nicegui import ui

from api.contract.conversations import Touch
from api.contract.enums import Permission
from ui import formats, session
from ui.components.text import safe_link
from ui.i18n import _


def draw_touches(first: Touch | None, last: Touch | None) -> None:
    """Both where they differ; nothing where nothing is known."""
    if last is None or first is None or first == last:
        for touch in (one for one in (last or first,) if one is not None):
            _draw(touch, _("Came by"))
    else:
        _draw(last, _("Came last by"))
        _draw(first, _("Came first by"))


def _draw(touch: Touch, how: str) -> None:
    with ui.element("div").classes("m-col gap-0"):
        ui.label(f"{how} · {formats.moment(touch.at)}").classes("m-hint")
        if touch.campaign_id is not None:
            name = touch.campaign_name or _("Campaign")
            if session.current().may(Permission.CAMPAIGNS_READ):
                ui.link(name, f"/campaigns/{touch.campaign_id}").classes("m-link m-text")
            else:
                ui.label(name).classes("m-text")
        elif touch.referral is not None:
            text = touch.referral.headline or touch.referral.source_url or _("an ad")
            safe_link(text, touch.referral.source_url or "").classes("m-text")
