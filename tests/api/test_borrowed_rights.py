"""Keys and invitations never do more than the person who made them may do now."""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.auth import guard
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, SignInAs, bearer, make_member


async def new_key(client: httpx.AsyncClient, headers: Headers, *scopes: Permission) -> tuple[str, Headers]:
    """Its id, and the headers of who holds it."""
    made = await client.post("/v1/api-keys", json={"name": "Loja virtual", "scopes": [*scopes]}, headers=headers)
    assert made.status_code == 201, made.text
    return made.json()["api_key"]["id"], {"Authorization": f"Bearer {made.json()['secret']}"}


async def invited(client: httpx.AsyncClient, headers: Headers, role: Role) -> str:
    """The path of a new invitation."""
    body = {"email": f"{uuid4().hex}@example.com", "role": role.value}
    made = await client.post("/v1/team/invitations", json=body, headers=headers)
    assert made.status_code == 201, made.text
    return "/v1/auth/invitations/" + str(made.json()["link"]).rpartition("/")[2]


@pytest.fixture
async def admin(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    return await make_member(owner_db, owner, Role.ADMIN)


async def end(client: httpx.AsyncClient, headers: Headers, person: Actor, ending: str) -> None:
    path = f"/v1/team/{person.id}"
    answer = await (
        client.delete(path, headers=headers)
        if ending == "removed"
        else client.patch(path, json={"role": "viewer"}, headers=headers)
    )
    assert answer.is_success, answer.text


@pytest.mark.parametrize("ending", ["removed", "demoted"])
async def test_keys_and_invitations_end_with_the_rights_of_their_maker(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, admin: Actor, ending: str
) -> None:
    theirs, ours = await bearer(owner_db, admin), await bearer(owner_db, owner)
    wide_id, wide = await new_key(client, theirs, Permission.AUDIT_READ, Permission.KEYS_WRITE, Permission.COMPANY_READ)
    _, narrow = await new_key(client, theirs, Permission.COMPANY_READ)
    grandchild_id, grandchild = await new_key(client, wide, Permission.AUDIT_READ)
    kept_id, kept = await new_key(client, ours, Permission.AUDIT_READ)
    invitation = await invited(client, theirs, Role.ADMIN)
    ours_invited = await invited(client, ours, Role.ADMIN)
    await end(client, ours, admin, ending)
    for ended in (wide, grandchild):
        assert (await client.get("/v1/audit", headers=ended)).status_code == 401
    assert (await client.get("/v1/company", headers=narrow)).status_code == (401 if ending == "removed" else 200)
    assert (await client.get("/v1/audit", headers=kept)).status_code == 200
    accept = {"password": PASSWORD, "name": "Bruno"}
    assert (await client.post(f"{invitation}/accept", json=accept)).status_code == 404
    assert (await client.post(f"{ours_invited}/accept", json=accept)).status_code == 200
    listed = {key["id"]: key for key in (await client.get("/v1/api-keys", headers=ours)).json()["items"]}
    for ended_id in (wide_id, grandchild_id):
        assert listed[ended_id]["ended_because"] == f"maker_{ending}"
        assert listed[ended_id]["created_by"] == "Pessoa admin"
    assert (listed[kept_id]["ended_at"], listed[kept_id]["created_by"]) == (None, "Ana Lima")
    entries = (await client.get("/v1/audit", params={"action": "api_key.ended"}, headers=ours)).json()["items"]
    assert {wide_id, grandchild_id} <= {entry["subject_id"] for entry in entries}
    assert (await client.get("/v1/audit", params={"action": "invitation.ended"}, headers=ours)).json()["items"]


async def test_an_owner_made_admin_invites_no_owners_any_more(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    second = await make_member(owner_db, owner, Role.OWNER)
    theirs, ours = await bearer(owner_db, second), await bearer(owner_db, owner)
    as_owner, as_agent = await invited(client, theirs, Role.OWNER), await invited(client, theirs, Role.AGENT)
    await client.patch(f"/v1/team/{second.id}", json={"role": "admin"}, headers=ours)
    assert (await client.get(as_owner)).status_code == 404
    assert (await client.get(as_agent)).status_code == 200


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
async def test_a_key_is_measured_against_its_makers_present_role(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, admin: Actor, role: Role
) -> None:
    """Also when nothing ended it: the role is read with every use."""
    _, key = await new_key(client, await bearer(owner_db, admin), *Permission)
    invitation = await invited(client, await bearer(owner_db, admin), Role.AGENT)
    await owner_db.execute("update membership set role = $2 where user_id = $1", admin.id, role.value)
    guard.forget_all()
    me = (await client.get("/v1/me", headers=key)).json()
    assert set(me["permissions"]) == ROLE_PERMISSIONS[role]
    assert (await client.get(invitation)).status_code == (200 if Permission.TEAM_WRITE in ROLE_PERMISSIONS[role] else 404)


async def test_nobody_raises_their_own_role_through_a_key(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, admin: Actor
) -> None:
    agent = await make_member(owner_db, owner, Role.AGENT)
    _, key = await new_key(client, await bearer(owner_db, admin), *Permission)
    for role in ("admin", "viewer"):
        own = await client.patch(f"/v1/team/{admin.id}", json={"role": role}, headers=key)
        assert (own.status_code, own.json()["code"]) == (403, "own_role")
    up = await client.patch(f"/v1/team/{agent.id}", json={"role": "owner"}, headers=key)
    assert (up.status_code, up.json()["code"]) == (403, "owner_only")
    await client.patch(f"/v1/team/{admin.id}", json={"role": "viewer"}, headers=await bearer(owner_db, owner))
    assert (await client.patch(f"/v1/team/{admin.id}", json={"role": "admin"}, headers=key)).status_code == 401


async def test_a_remembered_sign_in_makes_nothing_above_the_present_role(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, admin: Actor
) -> None:
    headers = await bearer(owner_db, admin)
    assert (await client.get("/v1/me", headers=headers)).status_code == 200  # remembered as admin for 3 seconds
    await owner_db.execute("update membership set role = 'viewer' where user_id = $1", admin.id)
    key = await client.post("/v1/api-keys", json={"name": "k", "scopes": ["audit:read"]}, headers=headers)
    assert (key.status_code, key.json()["code"]) == (403, "scope_too_wide")
    email = f"{uuid4().hex}@example.com"
    invitation = await client.post("/v1/team/invitations", json={"email": email, "role": "admin"}, headers=headers)
    assert invitation.status_code == 403


WRITES: dict[tuple[str, str], tuple[Permission, dict[str, Any] | None]] = {
    ("patch", "/v1/company"): (Permission.COMPANY_WRITE, {}),
    ("patch", "/v1/team/{user}"): (Permission.TEAM_WRITE, {"role": "viewer"}),
    ("delete", "/v1/team/{user}"): (Permission.TEAM_WRITE, None),
    ("post", "/v1/team/invitations"): (Permission.TEAM_WRITE, {"email": "nova@example.com", "role": "viewer"}),
    ("delete", "/v1/team/invitations/{nobody}"): (Permission.TEAM_WRITE, None),
    ("post", "/v1/api-keys"): (Permission.KEYS_WRITE, {"name": "k", "scopes": ["company:read"]}),
    ("delete", "/v1/api-keys/{nobody}"): (Permission.KEYS_WRITE, None),
    ("patch", "/v1/channels/{nobody}"): (Permission.CHANNELS_WRITE, {"name": "Outro"}),
    ("delete", "/v1/channels/{nobody}"): (Permission.CHANNELS_WRITE, None),
}
AGENT = frozenset({
    Permission.CONTACTS_WRITE, Permission.CONVERSATIONS_WRITE, Permission.LEADS_WRITE, Permission.MESSAGES_SEND, Permission.SANDBOX_USE,
})  # fmt: skip
MANAGER = AGENT | {
    Permission.CONTACTS_EXPORT, Permission.TEMPLATES_WRITE, Permission.CAMPAIGNS_WRITE, Permission.CAMPAIGNS_SEND, Permission.BOARDS_WRITE,
    Permission.KNOWLEDGE_WRITE, Permission.PERSONAS_WRITE,
}  # fmt: skip
MAY_WRITE = {Role.VIEWER: frozenset(), Role.AGENT: AGENT, Role.MANAGER: MANAGER, Role.ADMIN: frozenset(Permission), Role.OWNER: frozenset(Permission)}  # fmt: skip
FROM_AGENT = {Permission.KNOWLEDGE_READ, Permission.PERSONAS_READ}
FROM_MANAGER = {Permission.AI_READ, Permission.ANALYTICS_READ}
MAY_NOT_READ = {Role.VIEWER: FROM_AGENT | FROM_MANAGER, Role.AGENT: FROM_MANAGER}
"""Said anew here: a role that gains a permission by mistake in db/permissions.py is caught."""


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
async def test_roles_write_what_they_may(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, sign_in_as: SignInAs, role: Role
) -> None:
    headers = await sign_in_as(role)
    reads = (
        {one for one in Permission if one.value.endswith(":read")}
        - {Permission.AUDIT_READ, Permission.INCOMING_READ, Permission.INTEGRATIONS_READ, Permission.WEBHOOKS_READ}
        - MAY_NOT_READ.get(role, set())
    )
    assert ROLE_PERMISSIONS[role] == reads | MAY_WRITE[role] or MAY_WRITE[role] == frozenset(Permission)
    for (method, path), (permission, body) in WRITES.items():
        victim = await make_member(owner_db, owner, Role.AGENT)
        where = path.format(user=victim.id, nobody=uuid4())
        answer = await client.request(method, where, json=body, headers=headers)
        allowed = permission in MAY_WRITE[role]
        assert (answer.status_code != 403) == allowed, (role, method, path, answer.text)
        assert not allowed or answer.status_code in {200, 201, 204, 404, 428}, (method, path, answer.text)


async def test_a_key_that_lacks_a_permission_is_told_so(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    refused = await client.get("/v1/audit", headers=await sign_in_as(scopes=[Permission.COMPANY_READ]))
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("This API key may not do this")
    assert "role" in (await client.get("/v1/audit", headers=await sign_in_as(Role.AGENT))).json()["detail"]
