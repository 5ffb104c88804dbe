"""Roles, permissions, and which role holds which. Deny by default: what is not listed here is refused."""

from collections.abc import Collection
from enum import StrEnum


class Role(StrEnum):
    """What a member may do in a company, from most to least. `custom`: what the company picked for a role of its own (`custom_role`)."""

    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"
    CUSTOM = "custom"


class Permission(StrEnum):
    """What an action asks of its actor; also the scopes of an API key."""

    COMPANY_READ = "company:read"
    COMPANY_WRITE = "company:write"
    TEAM_READ = "team:read"
    TEAM_WRITE = "team:write"
    KEYS_WRITE = "keys:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    INTEGRATIONS_READ = "integrations:read"
    INTEGRATIONS_WRITE = "integrations:write"
    CHANNELS_READ = "channels:read"
    CHANNELS_WRITE = "channels:write"
    CONTACTS_READ = "contacts:read"
    CONTACTS_WRITE = "contacts:write"
    CONTACTS_EXPORT = "contacts:export"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    CAMPAIGNS_READ = "campaigns:read"
    CAMPAIGNS_WRITE = "campaigns:write"
    CAMPAIGNS_SEND = "campaigns:send"
    BOARDS_READ = "boards:read"
    BOARDS_WRITE = "boards:write"
    LEADS_WRITE = "leads:write"
    MESSAGES_SEND = "messages:send"  # one by one, by hand or over the API
    CONVERSATIONS_READ = "conversations:read"
    CONVERSATIONS_WRITE = "conversations:write"
    AI_READ = "ai:read"
    AI_WRITE = "ai:write"
    KNOWLEDGE_READ = "knowledge:read"
    KNOWLEDGE_WRITE = "knowledge:write"
    PERSONAS_READ = "personas:read"
    PERSONAS_WRITE = "personas:write"  # publishing too
    SANDBOX_USE = "sandbox:use"
    PRIVACY_WRITE = "privacy:write"  # erase people, say how long things are kept
    AUDIT_READ = "audit:read"
    EVENTS_READ = "events:read"
    ANALYTICS_READ = "analytics:read"
    INCOMING_READ = "incoming:read"  # incoming hooks, and what came for them
    INCOMING_WRITE = "incoming:write"


_VIEWER = frozenset(
    {
        Permission.COMPANY_READ,
        Permission.TEAM_READ,
        Permission.CHANNELS_READ,
        Permission.CONTACTS_READ,
        Permission.TEMPLATES_READ,
        Permission.CAMPAIGNS_READ,
        Permission.BOARDS_READ,
        Permission.CONVERSATIONS_READ,
        Permission.EVENTS_READ,
    }
)
_AGENT = _VIEWER | {
    Permission.CONTACTS_WRITE,
    Permission.LEADS_WRITE,
    Permission.MESSAGES_SEND,
    Permission.CONVERSATIONS_WRITE,
    Permission.KNOWLEDGE_READ,
    Permission.PERSONAS_READ,
    Permission.SANDBOX_USE,
}
_MANAGER = _AGENT | {
    Permission.CONTACTS_EXPORT,
    Permission.TEMPLATES_WRITE,
    Permission.CAMPAIGNS_WRITE,
    Permission.CAMPAIGNS_SEND,
    Permission.BOARDS_WRITE,
    Permission.AI_READ,
    Permission.ANALYTICS_READ,
    Permission.KNOWLEDGE_WRITE,
    Permission.PERSONAS_WRITE,
}
_ADMIN = frozenset(Permission)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.AGENT: _AGENT,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,  # only an owner may change another owner: that rule stands in accounts/rights.py
}
"""Of the built-in roles."""


def held(role: Role, picked: Collection[str] | None) -> frozenset[Permission]:
    """What a role gives. `picked`: for `custom`; none of it is nothing, and a name that is no permission any more gives nothing."""
    if role is Role.CUSTOM:
        return frozenset(one for one in Permission if one.value in (picked or ()))
    return ROLE_PERMISSIONS[role]
