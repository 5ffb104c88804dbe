"""Which role holds which permission. Deny by default: what is not listed here is refused."""

from db.enums import Permission, Role

_VIEWER = frozenset(
    {
        Permission.COMPANY_READ,
        Permission.TEAM_READ,
        Permission.CHANNELS_READ,
        Permission.CONTACTS_READ,
        Permission.TEMPLATES_READ,
        Permission.CAMPAIGNS_READ,
        Permission.EVENTS_READ,
    }
)
_AGENT = _VIEWER | {Permission.CONTACTS_WRITE, Permission.MESSAGES_SEND, Permission.SANDBOX_USE}
_MANAGER = _AGENT | {
    Permission.CONTACTS_EXPORT,
    Permission.TEMPLATES_WRITE,
    Permission.CAMPAIGNS_WRITE,
    Permission.CAMPAIGNS_SEND,
}
_ADMIN = frozenset(Permission)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: _VIEWER,
    Role.AGENT: _AGENT,
    Role.MANAGER: _MANAGER,
    Role.ADMIN: _ADMIN,
    Role.OWNER: _ADMIN,  # only an owner may change another owner: that rule stands in accounts/actions.py
}
