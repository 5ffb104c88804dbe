"""What audited actions are called. The lines are the contract's, so that downloads say the same."""

from api.contract.audit import AuditEntry
from api.contract.audit_lines import ACTORS, AUDIT, LINES
from ui.i18n import _, pgettext


def line(action: str) -> str:
    """What was done, in plain words; a newer name as it is."""
    return pgettext(AUDIT, LINES[action]) if action in LINES else action


def actor(entry: AuditEntry) -> str:
    return entry.actor_name or pgettext(AUDIT, ACTORS[entry.actor_kind])


def families() -> dict[str, str]:
    """What can be asked for, as the API's filter takes it."""
    return {
        "session.*": _("Sign-ins"),
        "member.*": _("Roles of the team"),
        "invitation.*": _("Invitations"),
        "api_key.*": _("API keys"),
        "company.*": _("Company"),
        "*.exported": _("Downloads of lists"),
        "contact*.*": _("Contacts"),
        "import.*": _("Imports"),
        "campaign.*": _("Campaigns"),
        "channel.*": _("Channels"),
        "conversation.*": _("Conversations"),
        "message.*": _("Messages"),
        "lead*.*": _("Leads"),
        "board.*": _("Boards"),
        "stage*.*": _("Stages and their rules"),
        "persona*.*": _("Personas"),
        "knowledge*.*": _("Knowledge"),
        "ai*.*": _("AI service"),
    }
