"""What stands in the sidebar: one list. A later capability adds one line here."""

from typing import NamedTuple

from api.contract.enums import Permission
from ui.i18n import _

INBOX = "/inbox"


class Place(NamedTuple):
    """One line of the sidebar; `permission` hides it from those who could not open it; `phone` puts it in the bottom bar.
    Neighbours of one `group` stand under its name."""

    path: str
    icon: str
    label: str
    permission: Permission | None = None
    phone: bool = False
    gap: bool = False
    group: str = ""


def places() -> list[Place]:
    """In the order of the sidebar, in the reader's language."""
    return [
        Place("/", "home", _("Home"), phone=True),
        Place(INBOX, "forum", _("Conversations"), Permission.CONVERSATIONS_READ, phone=True),
        Place("/contacts", "group", _("Contacts"), Permission.CONTACTS_READ, phone=True),
        Place("/boards", "view_kanban", _("Boards"), Permission.BOARDS_READ, phone=True),
        Place("/campaigns", "campaign", _("Campaigns"), Permission.CAMPAIGNS_READ, phone=True),
        Place("/templates", "article", _("Templates"), Permission.TEMPLATES_READ),
        Place("/channels", "hub", _("Channels"), Permission.CHANNELS_READ),
        Place("/incoming", "webhook", _("Incoming webhooks"), Permission.INCOMING_READ),
        Place("/sandbox", "science", _("Simulator"), Permission.SANDBOX_USE),
        Place("/personas", "smart_toy", _("Personas"), Permission.PERSONAS_READ, group=_("AI")),
        Place("/knowledge", "menu_book", _("Knowledge"), Permission.KNOWLEDGE_READ, group=_("AI")),
        Place("/team", "badge", _("Team"), Permission.TEAM_READ, gap=True),
        Place("/settings", "settings", _("Settings")),
    ]
