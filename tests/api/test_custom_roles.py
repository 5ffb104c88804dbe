"""Roles that a company makes itself: what they do, and what nobody gets by them, by an invitation, a key or a sign-in of before."""

from collections.abc import Collection
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.auth import guard
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import PASSWORD, Headers, SignInAs, bearer, custom_role, make_member
from tests.api.test_borrowed_rights import new_key

P = Permission
HEAD = frozenset({P.TEAM_READ, P.TEAM_WRITE, P.KEYS_WRITE, P.CONTACTS_READ})
"""Somebody who looks after the team and is no administrator."""


@pytest.fixture
async def ours(owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    return await bearer(owner_db, owner)


@pytest.fixture
async def head(owner_db: asyncpg.Connection, owner: Actor) -> Actor:
    return await make_member(owner_db, owner, Role.CUSTOM, picked=HEAD)


async def made(client: httpx.AsyncClient, headers: Headers, name: str, picked: Collection[Permission]) -> dict[str, Any]:
    answer = await client.post("/v1/team/roles", json={"name": name, "permissions": sorted(picked)}, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def invited(client: httpx.AsyncClient, headers: Headers, role: str, role_id: object = None) -> httpx.Response:
    body = {"email": f"{uuid4().hex}@example.com", "role": role, "role_id": None if role_id is None else str(role_id)}
    return await client.post("/v1/team/invitations", json=body, headers=headers)


def link(answer: httpx.Response) -> str:
    assert answer.status_code == 201, answer.text
    return "/v1/auth/invitations/" + str(answer.json()["link"]).rpartition("/")[2]


async def joins(client: httpx.AsyncClient, path: str) -> httpx.Response:
    return await client.post(f"{path}/accept", json={"password": PASSWORD, "name": "Bia"})


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"]) if answer.status_code >= 400 else str(answer.status_code)


async def test_somebody_is_invited_with_a_role_of_the_company_and_may_do_what_it_says(
    client: httpx.AsyncClient, ours: Headers
) -> None:
    role = await made(client, ours, "Secretária", [P.CONTACTS_READ, P.EVENTS_READ])
    path = link(await invited(client, ours, "custom", role["id"]))
    assert (await client.get(path)).json()["role_name"] == "Secretária"
    signed_in = (await joins(client, path)).json()
    assert (signed_in["me"]["role"], signed_in["me"]["role_name"]) == ("custom", "Secretária")
    assert signed_in["me"]["permissions"] == ["contacts:read", "events:read"]
    theirs = {"Authorization": f"Bearer {signed_in['token']}"}
    assert (await client.get("/v1/contacts", headers=theirs)).status_code == 200
    assert (await client.post("/v1/contacts", json={"name": "Ana"}, headers=theirs)).status_code == 403
    (listed,) = [one for one in (await client.get("/v1/team/roles", headers=ours)).json()["items"] if one["id"]]
    assert (listed["name"], listed["people"], listed["names"], listed["invited"]) == ("Secretária", 1, ["Bia"], 0)
    (bia,) = [one for one in (await client.get("/v1/team", headers=ours)).json()["items"] if one["name"] == "Bia"]
    assert (bia["role"], bia["role_id"], bia["role_name"], bia["answers"]) == ("custom", role["id"], "Secretária", False)


async def test_the_built_in_roles_are_listed_with_what_they_hold(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    items = (await client.get("/v1/team/roles", headers=await sign_in_as(Role.VIEWER))).json()["items"]
    assert [one["role"] for one in items] == ["owner", "admin", "manager", "agent", "viewer"]
    assert "team:write" in items[1]["permissions"]
    assert "contacts:write" not in items[4]["permissions"]
    assert items[0]["names"] == ["Ana Lima"]


async def test_a_sign_in_that_is_open_sees_the_change_of_its_role_at_once(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, ours: Headers
) -> None:
    role = await made(client, ours, "Caixa", [P.CONTACTS_READ, P.CONTACTS_WRITE, P.KEYS_WRITE])
    person = await make_member(owner_db, owner, Role.CUSTOM, role_id=role["id"])
    theirs = await bearer(owner_db, person)
    _, wide = await new_key(client, theirs, P.CONTACTS_WRITE)
    _, narrow = await new_key(client, theirs, P.CONTACTS_READ)
    assert (await client.post("/v1/contacts", json={"name": "Ana"}, headers=theirs)).status_code == 201
    stale = await client.patch(f"/v1/team/roles/{role['id']}", json={"name": "x"}, headers={**ours, "If-Match": '"7"'})
    assert code(stale) == "changed_meanwhile"
    less = {"permissions": ["contacts:read", "boards:read"]}
    changed = await client.patch(f"/v1/team/roles/{role['id']}", json=less, headers={**ours, "If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert (await client.post("/v1/contacts", json={"name": "Ana"}, headers=theirs)).status_code == 403
    assert (await client.get("/v1/boards", headers=theirs)).status_code == 200
    assert (await client.get("/v1/contacts", headers=wide)).status_code == 401  # ended, not only lessened
    assert (await client.get("/v1/contacts", headers=narrow)).status_code == 200
    await client.patch(f"/v1/team/roles/{role['id']}", json={"permissions": []}, headers=ours)
    assert (await client.get("/v1/contacts", headers=theirs)).status_code == 403
    assert (await client.get("/v1/me", headers=theirs)).json()["permissions"] == []
    assert (await client.get("/v1/contacts", headers=narrow)).status_code == 401
    entry = (await client.get("/v1/audit", params={"action": "role.changed"}, headers=ours)).json()["items"][-1]
    assert (entry["data"]["added"], entry["data"]["removed"]) == (["boards:read"], ["keys:write", "contacts:write"])


async def test_a_role_that_somebody_has_goes_only_with_the_one_they_get_instead(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, ours: Headers
) -> None:
    role = await made(client, ours, "Balcão", [P.CONTACTS_READ, P.CONVERSATIONS_READ, P.CONVERSATIONS_WRITE])
    person = await make_member(owner_db, owner, Role.CUSTOM, role_id=role["id"])
    asked = await invited(client, ours, "custom", role["id"])
    where = f"/v1/team/roles/{role['id']}"
    refused = await client.delete(where, headers=ours)
    assert code(refused) == "role_in_use"
    assert "Pessoa custom" in refused.json()["detail"]
    assert asked.json()["invitation"]["email"] in refused.json()["detail"]
    for move in (
        {"move_to": "custom"},
        {"move_to": "custom", "move_to_id": role["id"]},
        {"move_to": "custom", "move_to_id": str(uuid4())},
    ):
        assert (await client.delete(where, params=move, headers=ours)).status_code == 422
    assert (await client.delete(where, params={"move_to": "viewer"}, headers=ours)).status_code == 204
    me = (await client.get("/v1/me", headers=await bearer(owner_db, person))).json()
    assert (me["role"], me["role_name"]) == ("viewer", None)
    assert (await joins(client, link(asked))).json()["me"]["role"] == "viewer"
    assert (await client.delete(where, headers=ours)).status_code == 404
    actions = [one["action"] for one in (await client.get("/v1/audit", headers=ours)).json()["items"]]
    assert {"role.created", "role.deleted", "member.role_changed"} <= set(actions)


async def test_an_invitation_to_a_role_that_is_gone_opens_nothing(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, ours: Headers
) -> None:
    role = await made(client, ours, "Estágio", [P.CONTACTS_READ])
    old = link(await invited(client, ours, "custom", role["id"]))
    await owner_db.execute("update invitation set expires_at = now() - interval '1 hour' where role_id = $1", role["id"])
    assert (await client.delete(f"/v1/team/roles/{role['id']}", headers=ours)).status_code == 204
    await owner_db.execute(
        "update invitation set expires_at = now() + interval '1 hour' where company_id = $1 and role = 'custom'", owner.company_id
    )
    assert (await client.get(old)).status_code == (await joins(client, old)).status_code == 404


async def test_names_are_not_taken_twice_and_nothing_unknown_is_picked(client: httpx.AsyncClient, ours: Headers) -> None:
    role = await made(client, ours, "Caixa", [])
    other = await made(client, ours, "Outra", [])
    for answer in (
        await client.post("/v1/team/roles", json={"name": "CAIXA", "permissions": []}, headers=ours),
        await client.patch(f"/v1/team/roles/{other['id']}", json={"name": "caixa"}, headers=ours),
    ):
        assert code(answer) == "role_exists"
    assert (await client.patch(f"/v1/team/roles/{role['id']}", json={"name": "caixa"}, headers=ours)).status_code == 200
    for picked in (["contacts:*"], ["everything"], "contacts:read", None):
        body = {"name": "Nova", "permissions": picked}
        assert (await client.post("/v1/team/roles", json=body, headers=ours)).status_code == 422


async def test_nobody_gets_more_by_a_role_than_they_hold(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, head: Actor, ours: Headers
) -> None:
    theirs = await bearer(owner_db, head)
    await made(client, theirs, "Leitura", [P.CONTACTS_READ])
    wider = {"name": "Mais", "permissions": ["contacts:read", "contacts:write"]}
    assert code(await client.post("/v1/team/roles", json=wider, headers=theirs)) == "scope_too_wide"
    own = f"/v1/team/roles/{head.role_id}"
    assert code(await client.patch(own, json={"permissions": wider["permissions"]}, headers=theirs)) == "scope_too_wide"
    strong = await made(client, ours, "Forte", [P.CONTACTS_EXPORT])
    for body in ({"permissions": []}, {"name": "Fraca"}):
        assert code(await client.patch(f"/v1/team/roles/{strong['id']}", json=body, headers=theirs)) == "above_you"
    assert code(await client.delete(f"/v1/team/roles/{strong['id']}", headers=theirs)) == "above_you"
    agent = await make_member(owner_db, owner, Role.CUSTOM, picked=[P.CONTACTS_READ])
    for person in (head, agent):
        for role in ("admin", "manager", "agent", "viewer"):
            tried = await client.patch(f"/v1/team/{person.id}", json={"role": role}, headers=theirs)
            assert code(tried) == "scope_too_wide", role
        assert code(await client.patch(f"/v1/team/{person.id}", json={"role": "owner"}, headers=theirs)) == "owner_only"
        to_strong = {"role": "custom", "role_id": strong["id"]}
        assert code(await client.patch(f"/v1/team/{person.id}", json=to_strong, headers=theirs)) == "scope_too_wide"
    weak = await made(client, theirs, "Fraca", [P.CONTACTS_READ])
    for move in ({"move_to": "admin"}, {"move_to": "custom", "move_to_id": strong["id"]}):
        assert code(await client.delete(f"/v1/team/roles/{weak['id']}", params=move, headers=theirs)) == "scope_too_wide"
    assert code(await client.delete(f"/v1/team/roles/{weak['id']}", params={"move_to": "owner"}, headers=theirs)) == "owner_only"


async def test_nobody_touches_who_may_do_more(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, head: Actor, ours: Headers
) -> None:
    theirs = await bearer(owner_db, head)
    admin = await make_member(owner_db, owner, Role.ADMIN)
    weak = await made(client, theirs, "Fraca", [])
    body = {"role": "custom", "role_id": weak["id"]}
    for person, expected in ((admin, "above_you"), (owner, "owner_only")):
        assert code(await client.patch(f"/v1/team/{person.id}", json=body, headers=theirs)) == expected
        assert code(await client.delete(f"/v1/team/{person.id}", headers=theirs)) == expected
    invitation = (await invited(client, ours, "admin")).json()["invitation"]["id"]
    assert code(await client.delete(f"/v1/team/invitations/{invitation}", headers=theirs)) == "above_you"


async def test_nobody_invites_above_themselves_and_an_invitation_falls_with_its_makers_role(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, head: Actor, ours: Headers
) -> None:
    theirs = await bearer(owner_db, head)
    role = await made(client, theirs, "Leitura", [P.CONTACTS_READ])
    for given, expected in (("owner", "owner_only"), ("admin", "scope_too_wide"), ("viewer", "scope_too_wide")):
        assert code(await invited(client, theirs, given)) == expected
    assert (await invited(client, theirs, "custom")).status_code == 422
    assert (await invited(client, theirs, "viewer", role["id"])).status_code == 422
    widened = link(await invited(client, theirs, "custom", role["id"]))
    lessened = link(await invited(client, theirs, "custom", head.role_id))
    more = {"permissions": ["contacts:read", "contacts:export"]}
    assert (await client.patch(f"/v1/team/roles/{role['id']}", json=more, headers=ours)).status_code == 200
    assert (await joins(client, widened)).status_code == 404
    assert (await client.get(lessened)).status_code == 200
    less = {"permissions": sorted(HEAD - {P.TEAM_WRITE})}
    assert (await client.patch(f"/v1/team/roles/{head.role_id}", json=less, headers=ours)).status_code == 200
    assert (await joins(client, lessened)).status_code == 404
    assert len((await client.get("/v1/audit", params={"action": "invitation.ended"}, headers=ours)).json()["items"]) == 2


async def test_a_key_hands_on_what_it_holds_and_touches_no_role_of_its_maker(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, head: Actor, ours: Headers
) -> None:
    """A narrow key that is stolen makes nobody strong."""
    _, key = await new_key(client, ours, P.TEAM_READ, P.TEAM_WRITE)
    weak = await make_member(owner_db, owner, Role.CUSTOM)
    for role in ("admin", "viewer"):
        assert code(await client.patch(f"/v1/team/{weak.id}", json={"role": role}, headers=key)) == "scope_too_wide"
    wide = {"name": "Porta", "permissions": ["contacts:read"]}
    assert code(await client.post("/v1/team/roles", json=wide, headers=key)) == "scope_too_wide"
    assert (
        code(await client.patch(f"/v1/team/roles/{weak.role_id}", json={"permissions": ["keys:write"]}, headers=key))
        == "scope_too_wide"
    )
    assert (await client.delete(f"/v1/team/{weak.id}", headers=key)).status_code == 204  # its maker may
    theirs = await bearer(owner_db, head)
    _, borrowed = await new_key(client, theirs, *HEAD)
    own = f"/v1/team/roles/{head.role_id}"
    assert code(await client.patch(own, json={"permissions": []}, headers=borrowed)) == "own_role"
    assert code(await client.delete(own, params={"move_to": "viewer"}, headers=borrowed)) == "own_role"
    refused = await client.post("/v1/api-keys", json={"name": "k", "scopes": ["contacts:write"]}, headers=theirs)
    assert code(refused) == "scope_too_wide"


async def test_a_remembered_sign_in_hands_on_nothing_that_is_gone(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, head: Actor, ours: Headers
) -> None:
    """Another process takes the rights away: this one remembers them for 3 seconds."""
    admin = await make_member(owner_db, owner, Role.ADMIN)
    friend = await make_member(owner_db, owner, Role.CUSTOM, picked=[P.CONTACTS_READ])
    _, key = await new_key(client, await bearer(owner_db, admin), *Permission)
    remembered = [await bearer(owner_db, admin), key, await bearer(owner_db, head)]
    for headers in remembered:
        assert (await client.get("/v1/me", headers=headers)).status_code == 200
    await owner_db.execute("update membership set role = 'viewer' where user_id = $1", admin.id)
    await owner_db.execute("update custom_role set permissions = '{team:read}' where id = $1", head.role_id)
    to_head = {"role": "custom", "role_id": str(head.role_id)}
    for headers in remembered:
        for answer in (
            await client.patch(f"/v1/team/{friend.id}", json=to_head, headers=headers),
            await client.post("/v1/team/roles", json={"name": "Porta", "permissions": ["contacts:read"]}, headers=headers),
            await client.patch(f"/v1/team/roles/{friend.role_id}", json={"permissions": []}, headers=headers),
            await client.delete(f"/v1/team/roles/{friend.role_id}", headers=headers),
            await client.delete(f"/v1/team/{friend.id}", headers=headers),
        ):
            assert answer.status_code == 403, answer.text
    for headers in (remembered[0], remembered[2]):
        assert (await invited(client, headers, "custom", friend.role_id)).status_code == 403
    guard.forget_all()
    assert (await client.get("/v1/me", headers=key)).json()["permissions"] == sorted(
        (await client.get("/v1/me", headers=remembered[0])).json()["permissions"]
    )


async def test_the_last_owner_stays_and_roles_of_others_do_not_exist(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, ours: Headers, stranger: Actor
) -> None:
    role = await made(client, ours, "Tudo", list(Permission))
    body = {"role": "custom", "role_id": role["id"]}
    assert code(await client.patch(f"/v1/team/{owner.id}", json=body, headers=ours)) == "last_owner"
    almost = await bearer(owner_db, await make_member(owner_db, owner, Role.CUSTOM, role_id=role["id"]))
    assert code(await client.patch(f"/v1/team/{owner.id}", json={"role": "viewer"}, headers=almost)) == "owner_only"
    assert code(await client.delete(f"/v1/team/{owner.id}", headers=almost)) == "owner_only"
    foreign = await custom_role(owner_db, stranger, [P.CONTACTS_READ])
    person = await make_member(owner_db, owner, Role.AGENT)
    wanted = {"role": "custom", "role_id": str(foreign)}
    assert (await client.patch(f"/v1/team/{person.id}", json=wanted, headers=ours)).status_code == 422
    assert (await invited(client, ours, "custom", foreign)).status_code == 422
    assert (await client.delete(f"/v1/team/roles/{foreign}", headers=ours)).status_code == 404
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await owner_db.execute("update membership set role = 'custom', role_id = $2 where user_id = $1", person.id, foreign)
