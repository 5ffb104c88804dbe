"""Who may do what: the whole table by hand, so that a right that moves is a decision."""

import pytest

from db.permissions import ROLE_PERMISSIONS, Permission, Role, held

P = Permission
READS = {
    P.COMPANY_READ,
    P.TEAM_READ,
    P.CHANNELS_READ,
    P.CONTACTS_READ,
    P.TEMPLATES_READ,
    P.CAMPAIGNS_READ,
    P.BOARDS_READ,
    P.CONVERSATIONS_READ,
    P.EVENTS_READ,
}
AGENT = READS | {
    P.CONTACTS_WRITE,
    P.LEADS_WRITE,
    P.MESSAGES_SEND,
    P.CONVERSATIONS_WRITE,
    P.KNOWLEDGE_READ,
    P.PERSONAS_READ,
    P.SANDBOX_USE,
}
MANAGER = AGENT | {P.CONTACTS_EXPORT, P.TEMPLATES_WRITE, P.CAMPAIGNS_WRITE, P.CAMPAIGNS_SEND, P.BOARDS_WRITE}
MANAGER |= {P.AI_READ, P.ANALYTICS_READ, P.KNOWLEDGE_WRITE, P.PERSONAS_WRITE}
ADMIN = MANAGER | {P.AI_WRITE, P.COMPANY_WRITE, P.TEAM_WRITE, P.KEYS_WRITE, P.CHANNELS_WRITE, P.AUDIT_READ}
ADMIN |= {P.WEBHOOKS_READ, P.WEBHOOKS_WRITE}
ADMIN |= {P.INTEGRATIONS_READ, P.INTEGRATIONS_WRITE}
ADMIN |= {P.INCOMING_READ, P.INCOMING_WRITE, P.PRIVACY_WRITE}
TABLE = {Role.VIEWER: READS, Role.AGENT: AGENT, Role.MANAGER: MANAGER, Role.ADMIN: ADMIN, Role.OWNER: ADMIN}


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
def test_a_role_holds_exactly_its_permissions(role: Role) -> None:
    assert ROLE_PERMISSIONS[role] == TABLE[role]


def test_nothing_picked_is_nothing() -> None:
    assert (
        held(Role.CUSTOM, None)
        == held(Role.CUSTOM, [])
        == held(Role.CUSTOM, ["contacts:*", "*", "owner", "admin"])
        == frozenset()
    )
    assert held(Role.CUSTOM, ["contacts:read", "gone:write"]) == {P.CONTACTS_READ}
    assert Role.CUSTOM not in ROLE_PERMISSIONS


def test_every_permission_is_somebodys() -> None:
    assert set(Permission) == ADMIN
