"""The matrix of rights: every operation, tried by every role, by a key that holds just what it needs, and by one that lacks one thing.

Ids are of nothing, so that each walk only asks whether somebody may."""

from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.openapi.rights import NEEDED, PEOPLE_ONLY
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor
from tests.api.conftest import Headers, SignInAs, bearer, make_member
from tests.api.test_every_operation import PUBLIC, Operation, _body, _filled, operations

LIVE = "/v1/events"  # never ends
ENDS = {"auth_sign_out", "me_sessions_clear"}  # the session that walks
EVERYTHING = frozenset(Permission)


def private(document: dict[str, Any]) -> list[Operation]:
    return [each for each in operations(document) if each[:2] not in PUBLIC]


async def tried(client: httpx.AsyncClient, document: dict[str, Any], one: Operation, headers: Headers) -> tuple[str, str]:
    """Code and detail of the refusal; nothing where it was let in."""
    method, path, operation = one
    names = {name: str(uuid4()) for name in _names(path)} | {"address": "+5511999999999", "token": "x"}
    content = operation.get("requestBody", {}).get("content", {})
    given: dict[str, Any] = {}
    if "application/json" in content:
        given["json"] = _body(operation, document)
    elif content:
        given["files"] = {"file": ("a.csv", b"nome,telefone\n")}
    answer = await client.request("HEAD" if path == LIVE else method, _filled(path, names), headers=headers, **given)
    assert answer.status_code < 500 or answer.json()["code"] == "provider_away", (method, path, answer.text)
    assert answer.status_code not in (401, 429) or operation["operationId"] == "me_password", (method, path, answer.text)
    if answer.status_code != 403:
        return "", ""
    return ("forbidden", "") if not answer.content else (answer.json()["code"], answer.json()["detail"])


def _names(path: str) -> list[str]:
    return [part[1:-1] for part in path.split("/") if part.startswith("{")]


def test_the_matrix_is_whole(document: dict[str, Any]) -> None:
    assert set(NEEDED) == {operation["operationId"] for _, _, operation in private(document)}
    assert set(NEEDED) > PEOPLE_ONLY
    assert frozenset().union(*NEEDED.values()) == EVERYTHING, "a permission that opens nothing"


def test_the_document_tells_what_is_needed(document: dict[str, Any]) -> None:
    for _, _, operation in private(document):
        needed = sorted(NEEDED[operation["operationId"]])
        kinds = ["session"] if operation["operationId"] in PEOPLE_ONLY else ["session", "apiKey"]
        assert operation["security"] == [{kind: needed} for kind in kinds]


@pytest.mark.parametrize("role", list(ROLE_PERMISSIONS))
async def test_a_role_does_what_the_matrix_says_and_no_more(
    client: httpx.AsyncClient, document: dict[str, Any], sign_in_as: SignInAs, role: Role
) -> None:
    headers, wrong = await sign_in_as(role), []
    for one in private(document):
        id = one[2]["operationId"]
        if id in ENDS:
            continue
        code, _ = await tried(client, document, one, headers)
        if (code != "forbidden") != (NEEDED[id] <= ROLE_PERMISSIONS[role]):
            wrong.append((id, code))
    assert wrong == []


SOME = frozenset(one for number, one in enumerate(Permission) if number % 2)


@pytest.mark.parametrize("picked", [frozenset(), SOME, EVERYTHING - SOME], ids=["nothing", "some", "the others"])
async def test_a_role_that_the_company_made_does_what_was_picked_and_no_more(
    client: httpx.AsyncClient, document: dict[str, Any], owner_db: asyncpg.Connection, owner: Actor, picked: frozenset[Permission]
) -> None:
    """Its people, and a key of theirs that says it may do everything."""
    person = await make_member(owner_db, owner, Role.CUSTOM, picked=picked)
    key = Actor(company_id=owner.company_id, kind="api_key", maker_id=person.id, permissions=EVERYTHING)
    theirs, keys, wrong = await bearer(owner_db, person), await bearer(owner_db, key), []
    for one in private(document):
        id = one[2]["operationId"]
        may = NEEDED[id] <= picked
        if id not in ENDS and ((await tried(client, document, one, theirs))[0] != "forbidden") != may:
            wrong.append(id)
        if id in PEOPLE_ONLY or not NEEDED[id]:
            continue
        if ((await tried(client, document, one, keys))[0] not in ("key_lacks_permission", "forbidden")) != may:
            wrong.append(f"{id} by a key")
    assert wrong == []


async def test_a_key_needs_all_of_it_and_nothing_else(
    client: httpx.AsyncClient, document: dict[str, Any], sign_in_as: SignInAs
) -> None:
    keys: dict[frozenset[Permission], Headers] = {}

    async def refused(one: Operation, held: frozenset[Permission]) -> tuple[str, str]:
        if held not in keys:
            keys[held] = await sign_in_as(scopes=sorted(held))
        return await tried(client, document, one, keys[held])

    wrong = []
    for one in private(document):
        id = one[2]["operationId"]
        needed = NEEDED[id]
        if id in PEOPLE_ONLY:
            wrong += [] if (await refused(one, EVERYTHING))[0] == "people_only" else [(id, "keys may")]
            continue
        enough = await refused(one, needed or frozenset({Permission.EVENTS_READ}))
        wrong += [(id, enough[1])] if enough[0] == "key_lacks_permission" else []
        for lacking in needed:
            code, detail = await refused(one, EVERYTHING - {lacking})
            named = code == "forbidden" or (code == "key_lacks_permission" and lacking.value in detail)
            wrong += [] if named else [(id, f"does without {lacking.value}: {code}")]
    assert wrong == []
