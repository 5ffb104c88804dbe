"""What the team has for its inbox: labels, teams, quick replies, office hours, how soon it wants to answer. Each tab saves by itself."""

from nicegui import ui

from api.contract.enums import Permission
from ui import session
from ui.components.frame import frame
from ui.components.progress import tabs
from ui.i18n import _
from ui.pages.settings.hours import draw_hours
from ui.pages.settings.labels import draw_labels
from ui.pages.settings.quick_replies import draw_quick_replies
from ui.pages.settings.teams import draw_teams
from ui.pages.settings.times import draw_times
from ui.routing import page


@page("/settings/inbox", permission=Permission.CONVERSATIONS_READ)
def inbox_settings(tab: str = "labels") -> None:
    text = _("What sorts conversations, who gets them, and what is written often")
    crumbs = [(_("Conversations"), "/inbox")]
    with frame(_("Inbox settings"), text, breadcrumbs=crumbs, active="/inbox"), ui.element("div").classes("w-full"):
        parts = [
            ("labels", _("Labels"), draw_labels),
            ("teams", _("Teams"), draw_teams),
            ("replies", _("Quick replies"), draw_quick_replies),
            ("hours", _("Office hours"), draw_hours),
        ]
        if session.current().may(Permission.COMPANY_READ):
            parts.append(("times", _("Answer time"), draw_times))
        tabs(parts, tab, name="tab")
