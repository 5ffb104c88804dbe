"""Team, invitations, company, keys and the audit log, one case per kind of caller."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import httpx
import pytest

from db.clock import now
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, SignInAs, bearer, make_member

READS = {
    "/v1/company": Permission.COMPANY_READ,
    "/v1/team": Permission.TEAM_READ,
    "/v1/team/invitations": Permission.TEAM_READ,
    "/v1/api-keys": Permission.KEYS_WRITE,
    "/v1/audit": Permission.AUDIT_READ,
    "/v1/home": Permission.CAMPAIGNS_READ,
}


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
async def test_roles_read_what_they_may(client: httpx.AsyncClient, sign_in_as: SignInAs, role: Role) -> None:
    headers = await sign_in_as(role)
    for path, permission in READS.items():
        answer = await client.get(path, headers=headers)
        expected = 200 if permission in ROLE_PERMISSIONS[role] else 403
        assert answer.status_code == expected, (path, answer.text)


@pytest.mark.parametrize(("path", "permission"), READS.items())
async def test_keys_read_by_scope(client: httpx.AsyncClient, sign_in_as: SignInAs, path: str, permission: Permission) -> None:
    assert (await client.get(path, headers=await sign_in_as(scopes=[permission]))).status_code == 200
    others = [one for one in Permission if one is not permission]
    answer = await client.get(path, headers=await sign_in_as(scopes=others))
    assert (answer.status_code, answer.json()["code"]) == (403, "key_lacks_permission")


async def test_a_key_is_told_who_it_is(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    me = (await client.get("/v1/me", headers=await sign_in_as(scopes=[Permission.CONTACTS_READ]))).json()
    assert (me["user_id"], me["role"], me["name"], me["permissions"]) == (None, None, "Test key", ["contacts:read"])


@pytest.mark.parametrize("method", ["get", "delete"])
async def test_keys_have_no_sessions(client: httpx.AsyncClient, sign_in_as: SignInAs, method: str) -> None:
    answer = await client.request(method, "/v1/me/sessions", headers=await sign_in_as(scopes=list(Permission)))
    assert (answer.status_code, answer.json()["code"]) == (403, "people_only")


async def test_profile_and_company_change(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as()
    me = await client.patch("/v1/me", json={"name": "Ana Souza", "language": "en"}, headers=headers)
    assert (me.json()["name"], me.json()["language"]) == ("Ana Souza", "en")
    company = await client.patch("/v1/company", json={"time_zone": "America/Manaus"}, headers=headers)
    assert (company.json()["time_zone"], company.json()["name"]) == ("America/Manaus", "Loja Aurora")
    for name, value in {"time_zone": "Mars/Olympus", "country": "BR\n", "name": "\u200b"}.items():
        wrong = await client.patch("/v1/company", json={name: value}, headers=headers)
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, name)
    assert (await client.patch("/v1/company", json={"name": "X"}, headers=await sign_in_as(Role.MANAGER))).status_code == 403


async def test_the_last_owner_stays(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    headers = await bearer(owner_db, owner)
    demote = await client.patch(f"/v1/team/{owner.id}", json={"role": "admin"}, headers=headers)
    assert (demote.status_code, demote.json()["code"]) == (409, "last_owner")
    assert (await client.delete(f"/v1/team/{owner.id}", headers=headers)).json()["code"] == "last_owner"
    second = await make_member(owner_db, owner, Role.OWNER)
    assert (await client.delete(f"/v1/team/{second.id}", headers=headers)).status_code == 204
    assert (await client.delete(f"/v1/team/{second.id}", headers=headers)).status_code == 404


async def test_only_an_owner_touches_an_owner(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await make_member(owner_db, owner, Role.OWNER)
    admin = await make_member(owner_db, owner, Role.ADMIN)
    agent = await make_member(owner_db, owner, Role.AGENT)
    headers = await bearer(owner_db, admin)
    for answer in (
        await client.patch(f"/v1/team/{owner.id}", json={"role": "agent"}, headers=headers),
        await client.patch(f"/v1/team/{agent.id}", json={"role": "owner"}, headers=headers),
        await client.delete(f"/v1/team/{owner.id}", headers=headers),
        await client.post("/v1/team/invitations", json={"email": "x@example.com", "role": "owner"}, headers=headers),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "owner_only")
    promoted = await client.patch(f"/v1/team/{agent.id}", json={"role": "manager"}, headers=headers)
    assert promoted.json()["role"] == "manager"


async def test_a_new_role_holds_at_once_and_a_removal_ends_sessions(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    agent = await make_member(owner_db, owner, Role.AGENT)
    theirs, ours = await bearer(owner_db, agent), await bearer(owner_db, owner)
    assert (await client.get("/v1/audit", headers=theirs)).status_code == 403
    await client.patch(f"/v1/team/{agent.id}", json={"role": "admin"}, headers=ours)
    assert (await client.get("/v1/audit", headers=theirs)).status_code == 200
    assert (await client.delete(f"/v1/team/{agent.id}", headers=ours)).status_code == 204
    assert (await client.get("/v1/me", headers=theirs)).status_code == 401


async def test_the_team_comes_in_pages(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    for _ in range(4):
        await make_member(owner_db, owner, Role.AGENT)
    headers = await bearer(owner_db, owner)
    seen, cursor = [], None
    for _ in range(3):
        page = (
            await client.get("/v1/team", params={"limit": 2, **({"cursor": cursor} if cursor else {})}, headers=headers)
        ).json()
        seen += [member["user_id"] for member in page["items"]]
        cursor = page["next_cursor"]
    assert cursor is None
    assert len(seen) == len(set(seen)) == 5
    bad = await client.get("/v1/team", params={"cursor": "nonsense"}, headers=headers)
    assert (bad.status_code, bad.json()["code"]) == (422, "bad_cursor")


async def test_another_companys_ids_do_not_exist(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    theirs, ours = await bearer(owner_db, stranger), await bearer(owner_db, owner)
    key = (await client.post("/v1/api-keys", json={"name": "k", "scopes": ["contacts:read"]}, headers=theirs)).json()["api_key"][
        "id"
    ]
    invited = await client.post("/v1/team/invitations", json={"email": "z@example.com", "role": "agent"}, headers=theirs)
    session_id = await owner_db.fetchval("select id from session where user_id = $1", stranger.id)
    for method, path, body in (
        ("patch", f"/v1/team/{stranger.id}", {"role": "agent"}),
        ("delete", f"/v1/team/{stranger.id}", None),
        ("delete", f"/v1/api-keys/{key}", None),
        ("delete", f"/v1/team/invitations/{invited.json()['invitation']['id']}", None),
        ("delete", f"/v1/me/sessions/{session_id}", None),
        ("post", "/v1/auth/switch-company", {"company_id": str(stranger.company_id)}),
    ):
        answer = await client.request(method, path, json=body, headers=ours)
        assert answer.status_code == 404, (path, answer.text)
    for path in READS:
        assert str(stranger.company_id) not in (await client.get(path, headers=ours)).text
    assert (await client.get("/v1/me", headers=theirs)).status_code == 200


async def test_an_invited_stranger_makes_an_account(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as()
    email = f"{uuid4().hex}@example.com"
    made = await client.post("/v1/team/invitations", json={"email": email.upper(), "role": "manager"}, headers=headers)
    assert made.status_code == 201, made.text
    token = made.json()["link"].rpartition("/")[2]
    preview = (await client.get(f"/v1/auth/invitations/{token}")).json()
    assert preview == {"company_name": "Loja Aurora", "email": email, "role": "manager", "role_name": None, "has_account": False}
    address = f"/v1/auth/invitations/{token}/accept"
    assert [e["field"] for e in (await client.post(address, json={"password": "short"})).json()["errors"]] == ["name", "password"]
    joined = await client.post(address, json={"password": PASSWORD, "name": "Bruno"})
    assert joined.json()["me"]["role"] == "manager", joined.text
    assert (await client.post(address, json={"password": PASSWORD, "name": "Bruno"})).status_code == 404
    assert (await client.get(f"/v1/auth/invitations/{token}")).status_code == 404
    again = await client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=headers)
    assert again.json()["code"] == "already_member"


async def test_an_invited_member_of_another_company_uses_their_password(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    person = await make_member(owner_db, stranger, Role.AGENT, PASSWORD)
    email = await owner_db.fetchval("select email from account_user where id = $1", person.id)
    made = await client.post(
        "/v1/team/invitations", json={"email": email, "role": "agent"}, headers=await bearer(owner_db, owner)
    )
    token = made.json()["link"].rpartition("/")[2]
    assert (await client.get(f"/v1/auth/invitations/{token}")).json()["has_account"] is True
    wrong = await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": "not this one"})
    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    joined = await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": PASSWORD})
    assert len(joined.json()["me"]["companies"]) == 2
    assert joined.json()["me"]["company"]["id"] == str(owner.company_id)


@pytest.mark.parametrize("ending", ["revoke", "expire", "again"])
async def test_ended_invitations(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs, ending: str
) -> None:
    headers, email = await sign_in_as(), f"{uuid4().hex}@example.com"
    made = (await client.post("/v1/team/invitations", json={"email": email, "role": "agent"}, headers=headers)).json()
    if ending == "revoke":
        assert (await client.delete(f"/v1/team/invitations/{made['invitation']['id']}", headers=headers)).status_code == 204
        assert (await client.get("/v1/team/invitations", headers=headers)).json()["items"] == []
    elif ending == "expire":
        await owner_db.execute("update invitation set expires_at = now() where email = $1", email)
    else:
        await client.post("/v1/team/invitations", json={"email": email, "role": "viewer"}, headers=headers)
        assert len((await client.get("/v1/team/invitations", headers=headers)).json()["items"]) == 1
    token = made["link"].rpartition("/")[2]
    assert (await client.get(f"/v1/auth/invitations/{token}")).status_code == 404
    assert (
        await client.post(f"/v1/auth/invitations/{token}/accept", json={"password": PASSWORD, "name": "B"})
    ).status_code == 404


async def test_a_key_lives_and_dies(client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as(Role.ADMIN)
    made = await client.post("/v1/api-keys", json={"name": "Zapier", "scopes": ["company:read", "team:read"]}, headers=headers)
    assert made.status_code == 201, made.text
    secret, key = made.json()["secret"], made.json()["api_key"]
    assert secret.startswith(key["prefix"] + "_")
    assert len(secret) == len("mia_live_") + 8 + 1 + 43
    as_key = {"Authorization": f"Bearer {secret}"}
    assert (await client.get("/v1/company", headers=as_key)).status_code == 200
    assert (await client.get("/v1/audit", headers=as_key)).status_code == 403
    forged = {"Authorization": f"Bearer {secret[:-1]}{'A' if secret[-1] != 'A' else 'B'}"}
    assert (await client.get("/v1/company", headers=forged)).status_code == 401
    listed = (await client.get("/v1/api-keys", headers=headers)).json()["items"]
    assert secret not in str(listed)
    assert listed[0]["last_used_at"] is not None
    assert (await client.delete(f"/v1/api-keys/{key['id']}", headers=headers)).status_code == 204
    assert (await client.get("/v1/company", headers=as_key)).status_code == 401


async def test_a_key_cannot_outgrow_its_maker(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    maker = await sign_in_as(scopes=[Permission.KEYS_WRITE, Permission.CONTACTS_READ])
    wide = await client.post("/v1/api-keys", json={"name": "k", "scopes": ["contacts:write"]}, headers=maker)
    assert (wide.status_code, wide.json()["code"]) == (403, "scope_too_wide")
    assert (await client.post("/v1/api-keys", json={"name": "k", "scopes": ["contacts:read"]}, headers=maker)).status_code == 201
    past = {"name": "k", "scopes": ["contacts:read"], "expires_at": (now() - timedelta(hours=1)).isoformat()}
    assert (await client.post("/v1/api-keys", json=past, headers=maker)).json()["errors"][0]["code"] == "in_the_past"


async def test_an_expired_key_is_refused(client: httpx.AsyncClient, owner_db: asyncpg.Connection, sign_in_as: SignInAs) -> None:
    headers = await sign_in_as(scopes=[Permission.COMPANY_READ])
    await owner_db.execute("update api_key set expires_at = now() where prefix = $1", headers["Authorization"][7:24])
    assert (await client.get("/v1/company", headers=headers)).status_code == 401


async def test_everything_is_in_the_audit_log(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    headers = await bearer(owner_db, owner)
    agent = await make_member(owner_db, owner, Role.AGENT)
    await client.patch(f"/v1/team/{agent.id}", json={"role": "viewer"}, headers={**headers, "X-Request-Id": "audit-test-1"})
    await client.post("/v1/api-keys", json={"name": "k", "scopes": ["contacts:read"]}, headers=headers)
    first = (await client.get("/v1/audit", params={"limit": 1}, headers=headers)).json()
    assert first["items"][0]["action"] == "api_key.created"
    second = (await client.get("/v1/audit", params={"limit": 1, "cursor": first["next_cursor"]}, headers=headers)).json()[
        "items"
    ][0]
    assert (second["action"], second["actor_name"], second["data"]) == (
        "member.role_changed",
        "Ana Lima",
        {"before": "agent", "after": "viewer"},
    )
    family = (await client.get("/v1/audit", params={"action": "member.*"}, headers=headers)).json()["items"]
    assert [entry["subject_id"] for entry in family] == [str(agent.id)]
    stored = await owner_db.fetchval(
        "select request_id from audit_log where company_id = $1 and action = 'member.role_changed'", owner.company_id
    )
    assert stored == "audit-test-1"
