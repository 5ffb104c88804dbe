"""Templates over HTTP."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import pytest

from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.db.channels.factories import make_channel

GOOD: dict[str, Any] = {
    "name": "promo_verao",
    "language": "pt_BR",
    "category": "marketing",
    "body": "Oi {{1}}, chegou!",
    "body_examples": ["Ana"],
}


async def test_create_list_show_delete(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as(Role.MANAGER)
    body = {**GOOD, "channel_id": str(channel), "header": "Para {{1}}", "header_example": "Ana", "quick_replies": ["Sair"]}
    made = await client.post("/v1/templates", json=body, headers=headers)
    assert made.status_code == 201, made.text
    template = made.json()
    assert (template["status"], template["placeholders"], template["channel_name"]) == ("pending", ["header.1", "1"], "Loja")
    assert (await client.get(f"/v1/templates/{template['id']}", headers=headers)).json() == template
    again = await client.post("/v1/templates", json=body, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "template_exists")
    await client.post("/v1/templates", json={**body, "name": "outra"}, headers=headers)
    first = (await client.get("/v1/templates?limit=1", headers=headers)).json()
    assert [item["name"] for item in first["items"]] == ["outra"]
    rest = (await client.get("/v1/templates", params={"cursor": first["next_cursor"]}, headers=headers)).json()
    assert ([item["name"] for item in rest["items"]], rest["next_cursor"]) == (["promo_verao"], None)
    found = (await client.get("/v1/templates?search=verÃO&status=pending", headers=headers)).json()["items"]
    assert [item["name"] for item in found] == ["promo_verao"]
    assert (await client.delete(f"/v1/templates/{template['id']}", headers=headers)).status_code == 200
    assert (await client.get(f"/v1/templates/{template['id']}", headers=headers)).status_code == 404
    revived = await client.post("/v1/templates", json=body, headers=headers)  # the same name takes the hidden one's place
    assert revived.status_code == 201
    jobs = await owner_db.fetchval("select count(*) from job where company_id = $1 and name = 'SubmitTemplate'", owner.company_id)
    assert jobs == 3


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"body": "{{1}} chegou"}, "body"),
        ({"body": "Chegou {{1}}"}, "body"),
        ({"body": "Oi {{2}}!"}, "body"),
        ({"body": "Oi {{1}!"}, "body"),
        ({"body_examples": []}, "body_examples"),
        ({"body_examples": ["a", "b"]}, "body_examples"),
        ({"header": "{{1}} {{2}}"}, "header"),
        ({"header": "Oi {{1}}"}, "header_example"),
        ({"header": "Oi {{nome}}", "header_example": "Ana"}, "header"),
        ({"footer": "Oi {{1}}"}, "footer"),
        ({"url_button": {"text": "x", "url": "https://a/{{1}}/b", "example": "x"}}, "url_button.url"),
        ({"url_button": {"text": "x", "url": "https://a/{{1}}"}}, "url_button.example"),
        ({"quick_replies": ["x"] * 10, "url_button": {"text": "x", "url": "https://a"}}, "quick_replies"),
        ({"name": "Promo Verão"}, "name"),
        ({"unknown": 1}, "unknown"),
    ],
)
async def test_rules_of_whatsapp_name_their_field(
    change: dict[str, Any],
    field: str,
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    owner: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    channel = await make_channel(owner_db, owner)
    body = {**GOOD, "channel_id": str(channel), **change}
    answer = await client.post("/v1/templates", json=body, headers=await sign_in_as())
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_only_whatsapp_has_templates_and_only_ours(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    headers_for: SignInAs,
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    sms, channel = await make_channel(owner_db, owner, "sms"), await make_channel(owner_db, owner)
    headers, other = await sign_in_as(), await headers_for(stranger)
    refused = await client.post("/v1/templates", json={**GOOD, "channel_id": str(sms)}, headers=headers)
    assert refused.json()["code"] == "no_templates"
    assert (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=other)).status_code == 404
    template = (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=headers)).json()
    for method in ("GET", "DELETE"):
        assert (await client.request(method, f"/v1/templates/{template['id']}", headers=other)).status_code == 404
    assert (await client.get("/v1/templates", headers=other)).json()["items"] == []
    assert (await client.post(f"/v1/channels/{channel}/templates/sync", headers=other)).status_code == 404
    assert (await client.post(f"/v1/channels/{channel}/templates/sync", headers=headers)).status_code == 202
    viewer = await sign_in_as(Role.VIEWER)
    assert (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=viewer)).status_code == 403
    assert (await client.delete(f"/v1/templates/{template['id']}", headers=viewer)).status_code == 403


async def test_a_template_in_use_stays(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as()
    template = (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=headers)).json()
    await owner_db.execute(
        "insert into campaign(company_id, name, state, channel_id, template_id) values ($1, 'x', 'scheduled', $2, $3)",
        owner.company_id,
        channel,
        UUID(template["id"]),
    )
    used = await client.delete(f"/v1/templates/{template['id']}", headers=headers)
    assert (used.status_code, used.json()["code"]) == (409, "template_in_use")
