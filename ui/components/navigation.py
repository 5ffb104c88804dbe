"""What stands in the sidebar, and what is set up on pages of its own: one list each. A later capability adds one line here."""

from typing import NamedTuple

from api.contract.enums import Permission
from ui import session
from ui.i18n import _

INBOX = "/inbox"


class Place(NamedTuple):
    """One line of the sidebar; `permission` hides it from those who could not open it; `phone` puts it in the bottom bar.
    Neighbours of one `group` stand under its name. `hint`: what it is for, said on the settings page."""

    path: str
    icon: str
    label: str
    permission: Permission | None = None
    phone: bool = False
    gap: bool = False
    group: str = ""
    hint: str = ""


def mine(places: list[Place]) -> list[Place]:
    """Those that the reader may open."""
    return [place for place in places if place.permission is None or session.current().may(place.permission)]


def places() -> list[Place]:
    """In the order of the sidebar, in the reader's language."""
    return [
        Place("/", "home", _("Home"), phone=True),
        Place(INBOX, "forum", _("Conversations"), Permission.CONVERSATIONS_READ, phone=True),
        Place("/calls", "phone_in_talk", _("Calls"), Permission.CONVERSATIONS_READ),
        Place("/contacts", "group", _("Contacts"), Permission.CONTACTS_READ, phone=True),
        Place("/boards", "view_kanban", _("Boards"), Permission.BOARDS_READ, phone=True),
        Place("/campaigns", "campaign", _("Campaigns"), Permission.CAMPAIGNS_READ, phone=True),
        Place("/cadences", "route", _("Sequences"), Permission.CAMPAIGNS_READ),
        Place("/analytics", "monitoring", _("Analytics"), Permission.ANALYTICS_READ),
        Place("/templates", "article", _("Templates"), Permission.TEMPLATES_READ),
        Place("/channels", "hub", _("Channels"), Permission.CHANNELS_READ),
        Place("/sandbox", "science", _("Simulator"), Permission.SANDBOX_USE),
        Place("/personas", "smart_toy", _("Personas"), Permission.PERSONAS_READ, group=_("AI")),
        Place("/knowledge", "menu_book", _("Knowledge"), Permission.KNOWLEDGE_READ, group=_("AI")),
        Place("/team", "badge", _("Team"), Permission.TEAM_READ, gap=True),
        Place("/settings", "settings", _("Settings")),
    ]


def setups() -> list[Place]:
    """What is set up on a page of its own: links at the foot of the settings, and found by Ctrl-K."""
    inbox, ai = _("Labels, teams, quick replies, office hours"), _("Connection, costs, limits and safety of the AI")
    out, into = _("Tell other systems what happens here"), _("Take what forms, shops and spreadsheets send")
    return [
        Place("/settings/inbox", "forum", _("Inbox settings"), Permission.CONVERSATIONS_READ, hint=inbox),
        Place("/settings/ai", "auto_awesome", _("AI service"), Permission.AI_READ, hint=ai),
        Place("/integrations", "handshake", _("Integrations"), Permission.INTEGRATIONS_READ, hint=_("Connect Kommo and Zapier")),
        Place("/webhooks", "webhook", _("Webhooks"), Permission.WEBHOOKS_READ, hint=out),
        Place("/incoming", "call_received", _("Incoming webhooks"), Permission.INCOMING_READ, hint=into),
        Place(
            "/settings/costs",
            "payments",
            _("Costs and hours"),
            Permission.CAMPAIGNS_READ,
            hint=_("Prices, the month's limit, and when campaigns may write"),
        ),
        Place(
            "/settings/privacy",
            "shield_person",
            _("Privacy"),
            Permission.PRIVACY_WRITE,
            hint=_("Erased people, and how long things are kept"),
        ),
        Place(
            "/settings/health",
            "monitor_heart",
            _("Health"),
            Permission.COMPANY_WRITE,
            hint=_("Whether everything works, and what to do where not"),
        ),
        Place("/settings/history", "history", _("History of changes"), Permission.AUDIT_READ, hint=_("Who did what, and when")),
    ]
