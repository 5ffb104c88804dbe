"""Names of roles and permissions for people. One place, so that no page invents its own."""

from api.contract.enums import Permission, Role
from ui.i18n import _


def role_name(role: Role, own: str | None = None) -> str:
    """`own`: what the company calls a role that it made itself."""
    return (
        own
        or {
            Role.OWNER: _("Owner"),
            Role.ADMIN: _("Administrator"),
            Role.MANAGER: _("Manager"),
            Role.AGENT: _("Agent"),
            Role.VIEWER: _("Viewer"),
            Role.CUSTOM: _("Role of your company"),
        }[role]
    )


def role_hint(role: Role) -> str:
    """What the role may do, in one sentence."""
    return {
        Role.OWNER: _("Everything, also naming other owners."),
        Role.ADMIN: _("Everything in the company: team, channels, keys and campaigns."),
        Role.MANAGER: _("Plans and sends campaigns, makes templates, exports contacts."),
        Role.AGENT: _("Works with contacts, answers them, and tries messages in the simulator."),
        Role.VIEWER: _("Sees everything, changes nothing."),
        Role.CUSTOM: _("What your company picked for this role."),
    }[role]


def permission_name(permission: Permission) -> str:
    return {
        Permission.COMPANY_READ: _("See the company"),
        Permission.COMPANY_WRITE: _("Change the company"),
        Permission.TEAM_READ: _("See the team"),
        Permission.TEAM_WRITE: _("Change the team"),
        Permission.KEYS_WRITE: _("Make and revoke API keys"),
        Permission.CHANNELS_READ: _("See channels"),
        Permission.CHANNELS_WRITE: _("Connect and change channels"),
        Permission.CONTACTS_READ: _("See contacts"),
        Permission.CONTACTS_WRITE: _("Change contacts"),
        Permission.CONTACTS_EXPORT: _("Export contacts"),
        Permission.TEMPLATES_READ: _("See templates"),
        Permission.TEMPLATES_WRITE: _("Make and change templates"),
        Permission.CAMPAIGNS_READ: _("See campaigns"),
        Permission.CAMPAIGNS_WRITE: _("Make and change campaigns"),
        Permission.CAMPAIGNS_SEND: _("Send campaigns"),
        Permission.BOARDS_READ: _("See boards"),
        Permission.BOARDS_WRITE: _("Make and change boards"),
        Permission.LEADS_WRITE: _("Work with leads"),
        Permission.MESSAGES_SEND: _("Answer people one by one"),
        Permission.AI_READ: _("See what the AI costs"),
        Permission.AI_WRITE: _("Set the AI service up"),
        Permission.KNOWLEDGE_READ: _("See what the AI knows"),
        Permission.KNOWLEDGE_WRITE: _("Change what the AI knows"),
        Permission.PERSONAS_READ: _("See personas"),
        Permission.PERSONAS_WRITE: _("Make, change and publish personas"),
        Permission.CONVERSATIONS_READ: _("See conversations"),
        Permission.CONVERSATIONS_WRITE: _("Answer and work on conversations"),
        Permission.SANDBOX_USE: _("Use the simulator"),
        Permission.INTEGRATIONS_READ: _("See connections to other systems"),
        Permission.INTEGRATIONS_WRITE: _("Connect other systems"),
        Permission.WEBHOOKS_READ: _("See webhooks"),
        Permission.PRIVACY_WRITE: _("Erase people's data, say how long things are kept"),
        Permission.WEBHOOKS_WRITE: _("Make and change webhooks"),
        Permission.AUDIT_READ: _("See the history of changes"),
        Permission.EVENTS_READ: _("Follow live events"),
        Permission.ANALYTICS_READ: _("See figures of conversations, messages and money"),
        Permission.INCOMING_READ: _("See incoming webhooks and what came for them"),
        Permission.INCOMING_WRITE: _("Make and change incoming webhooks"),
    }.get(permission, permission.value)
