"""Templates over HTTP."""

from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
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
        ({"body": " "}, "body"),
        ({"body": "Oi {{1}} {{2}}, chegou!", "body_examples": ["a", "b"]}, "body"),
        ({"header": "Verão ☀️"}, "header"),
        ({"header": "*Verão*"}, "header"),
        ({"header": "Verão ⭐"}, "header"),
        ({"header": "Verão {{1"}, "header"),
        ({"header": "1️⃣ Verão"}, "header"),
        ({"footer": "Até logo 👋🏽"}, "footer"),
        ({"footer": "Até {{logo"}, "footer"),
        ({"quick_replies": ["Sim 👍"]}, "quick_replies[0]"),
        ({"buttons": [{"kind": "url", "text": "Ver {{1}}", "url": "https://a"}]}, "buttons[0].text"),
        ({"body": "Oi {{Nome}}, chegou!"}, "body"),
        ({"body": "Oi {{promoção}}, chegou!"}, "body"),
        ({"body": "Oi {{nome}} e {{1}}, chegou!", "body_examples": ["a", "b"]}, "body"),
        ({"body": "👩‍👩‍👧‍👦" * 147}, "body"),
        ({"header": "Verão", "header_location": True}, "header"),
        ({"header_file_id": str(UUID(int=7))}, "header_file_id"),
        ({"buttons": [{"kind": "url", "text": str(n), "url": "https://a"} for n in range(3)]}, "buttons[2]"),
        ({"buttons": [{"kind": "phone", "text": "Ligar", "phone": "11 98765"}]}, "buttons[0].phone"),
        ({"buttons": [{"kind": "copy_code", "example": "x" * 16}]}, "buttons[0].example"),
        ({"buttons": [{"kind": "url", "text": "Ver"}]}, "buttons[0].url"),
        ({"buttons": [{"kind": "quick_reply"}]}, "buttons[0].text"),
        ({"quick_replies": ["Sim"], "buttons": [{"kind": "quick_reply", "text": "sim"}]}, "buttons[0].text"),
        (
            {
                "quick_replies": ["Sim"],
                "url_button": {"text": "x", "url": "https://a"},
                "buttons": [{"kind": "quick_reply", "text": "Não"}],
            },
            "buttons[0]",
        ),
        ({"category": "authentication"}, "body"),
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
    path = f"/v1/templates/{template['id']}"
    used = await client.delete(path, headers=headers)
    assert (used.status_code, used.json()["code"]) == (409, "template_in_use")
    other = "update campaign set template_id = null, trial = $2::jsonb, fallback = $3::jsonb where company_id = $1"
    for trial, fallback in (
        ({"variants": [{"share": 50, "template_id": template["id"]}]}, None),
        (None, {"channel_id": str(channel), "template_id": template["id"]}),
    ):
        told = [msgspec.json.encode(one).decode() if one is not None else None for one in (trial, fallback)]
        await owner_db.execute(other, owner.company_id, *told)
        assert (await client.delete(path, headers=headers)).json()["code"] == "template_in_use"
    await owner_db.execute(other, owner.company_id, None, None)
    assert (await client.delete(path, headers=headers)).status_code < 300


async def test_every_part_of_a_template(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = str(await make_channel(owner_db, owner))
    headers = await sign_in_as()
    buttons = [
        {"kind": "quick_reply", "text": "Quero"},
        {"kind": "url", "text": "Ver", "url": "https://loja.test/{{1}}", "example": "https://loja.test/a"},
        {"kind": "phone", "text": "Ligar", "phone": "+551140001234"},
        {"kind": "copy_code", "example": "VERAO20"},
    ]
    body = {**GOOD, "channel_id": channel, "header_location": True, "buttons": buttons}
    made = (await client.post("/v1/templates", json=body, headers=headers)).json()
    assert made["components"][0] == {"type": "HEADER", "format": "LOCATION"}
    assert made["components"][-1]["buttons"] == [
        {"type": "QUICK_REPLY", "text": "Quero"},
        {"type": "URL", "text": "Ver", "url": "https://loja.test/{{1}}", "example": ["https://loja.test/a"]},
        {"type": "PHONE_NUMBER", "text": "Ligar", "phone_number": "+551140001234"},
        {"type": "COPY_CODE", "example": "VERAO20"},
    ]
    code = {"channel_id": channel, "name": "codigo", "language": "pt_BR", "category": "authentication", "code_minutes": 10}
    made = (await client.post("/v1/templates", json=code, headers=headers)).json()
    assert made["components"] == [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 10},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ]


async def test_flows_the_catalogue_and_the_time_on_the_way(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = str(await make_channel(owner_db, owner))
    headers = await sign_in_as()
    flow = {"kind": "flow", "text": "Agendar", "flow_id": "1234567890", "flow_screen": "WELCOME"}
    body = {**GOOD, "channel_id": channel, "lifetime_seconds": 86_400, "buttons": [flow]}
    made = (await client.post("/v1/templates", json=body, headers=headers)).json()
    assert made["lifetime_seconds"] == 86_400
    assert made["components"][-1]["buttons"] == [
        {"type": "FLOW", "text": "Agendar", "flow_id": "1234567890", "flow_action": "navigate", "navigate_screen": "WELCOME"}
    ]
    body = {**GOOD, "channel_id": channel, "name": "itens", "header": "Verão", "buttons": [{"kind": "products"}]}
    made = (await client.post("/v1/templates", json=body, headers=headers)).json()
    assert made["components"][-1]["buttons"] == [{"type": "MPM", "text": "Ver itens"}]
    assert made["placeholders"] == ["1", "button.0.products"]
    catalog = {"kind": "catalog"}
    for change, wrong in (
        ({"buttons": [{**flow, "flow_id": "meu fluxo"}]}, ("buttons[0].flow_id", "flow_id")),
        ({"buttons": [catalog], "category": "utility"}, ("buttons[0]", "only_marketing")),
        ({"buttons": [{"kind": "quick_reply", "text": "Sim"}, catalog]}, ("buttons[1]", "stands_alone")),
        ({"buttons": [{"kind": "products"}]}, ("header", "products_header")),
        ({"lifetime_seconds": 3_600}, ("lifetime_seconds", "lifetime")),
        ({"lifetime_seconds": 86_400, "category": "utility"}, ("lifetime_seconds", "lifetime")),
    ):
        asked = {
            name: value for name, value in {**GOOD, "channel_id": channel, **change}.items() if name not in ("name", "language")
        }
        found = (await client.post("/v1/templates/check", json=asked, headers=headers)).json()["errors"]
        assert [(one["field"], one["code"]) for one in found] == [wrong]


async def test_only_a_paused_template_is_asked_to_go_again(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as()
    made = (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=headers)).json()
    path = f"/v1/templates/{made['id']}/unpause"
    early = await client.post(path, headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "template_not_paused")
    await owner_db.execute("update template set status = 'paused', external_id = '1' where id = $1", UUID(made["id"]))
    asked = await client.post(path, headers=headers)
    assert (asked.status_code, asked.json()["status"]) == (202, "paused")
    last = "select payload->>'verb' from job where name = 'SubmitTemplate' order by id desc limit 1"
    assert await owner_db.fetchval(last) == "unpause"


@pytest.mark.parametrize(
    ("change", "advice"),
    [
        ({}, ["no_way_out"]),
        ({"footer": "Responda SAIR para não receber"}, []),
        ({"category": "utility"}, []),
        ({"category": "utility", "body": "Oi {{1}}, só hoje com 20% de desconto!"}, ["sells"]),
        ({"category": "utility", "body": "Oi {{1}}, veja https://bit.ly/x o seu pedido."}, ["short_link"]),
        ({"category": "utility", "body": "Oi {{1}} e {{2}} ok", "body_examples": ["a", "b"]}, ["few_words"]),
        ({"category": "utility", "body": "Oi {{1}}, responda com a sua senha."}, ["secrets"]),
        ({"category": "utility", "body": "OI {{1}}, O SEU PEDIDO CHEGOU NA LOJA!"}, ["shouts"]),
        ({"category": "utility", "body": "Oi {{1}}, " + "chegou " * 90 + "!"}, ["long"]),
    ],
)
async def test_a_draft_is_looked_at(
    change: dict[str, Any],
    advice: list[str],
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    owner: Actor,
    owner_db: asyncpg.Connection,
) -> None:
    channel = await make_channel(owner_db, owner)
    body = {**GOOD, "channel_id": str(channel), **change}
    del body["name"], body["language"]
    checked = await client.post("/v1/templates/check", json=body, headers=await sign_in_as())
    assert checked.status_code == 200, checked.text
    assert (checked.json()["errors"], checked.json()["advice"]) == ([], advice)
    assert checked.json()["placeholders"][0] == "1"
    body["body"] = "{{1}} chegou"
    wrong = (await client.post("/v1/templates/check", json=body, headers=await sign_in_as())).json()
    assert "variable_at_edge" in [error["code"] for error in wrong["errors"]]
    assert wrong["components"] == []


async def test_a_reviewed_template_is_changed_and_its_versions_are_kept(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    headers = await sign_in_as()
    made = (await client.post("/v1/templates", json={**GOOD, "channel_id": str(channel)}, headers=headers)).json()
    path = f"/v1/templates/{made['id']}"
    text = {"category": "marketing", "body": "Oi {{1}}, mudou!", "body_examples": ["Ana"]}
    early = await client.put(path, json=text, headers=headers)
    assert (early.status_code, early.json()["code"]) == (409, "template_not_editable")
    await owner_db.execute("update template set status = 'approved', external_id = '1' where id = $1", UUID(made["id"]))
    other = await client.put(path, json={**text, "category": "utility"}, headers=headers)
    assert (other.status_code, other.json()["errors"][0]["code"]) == (422, "category_fixed")
    changed = await client.put(path, json=text, headers=headers)
    assert (changed.status_code, changed.json()["status"]) == (200, "pending")
    listed = (await client.get(f"{path}/versions", headers=headers)).json()["items"]
    assert [(one["number"], one["status"], one["components"][0]["text"]) for one in listed] == [
        (2, "pending", "Oi {{1}}, mudou!"),
        (1, "approved", "Oi {{1}}, chegou!"),
    ]
    assert listed[0]["created_by"] is not None
    assert (
        await owner_db.fetchval("select payload->>'verb' from job where name = 'SubmitTemplate' order by id desc limit 1")
        == "edit"
    )
    campaign = "insert into campaign(company_id, name, state, channel_id, template_id) values ($1, 'x', 'paused', $2, $3)"
    await owner_db.execute("update template set status = 'approved' where id = $1", UUID(made["id"]))
    await owner_db.execute(campaign, owner.company_id, channel, UUID(made["id"]))
    assert (await client.put(path, json=text, headers=headers)).json()["code"] == "template_in_use"


async def test_a_place_is_written_as_whatsapp_knows_it_and_right_to_left_passes(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner)
    body = {**GOOD, "channel_id": str(channel), "body": "مرحبا {{ nome }}، *وصل* الطلب 📦", "header": "שלום"}
    made = await client.post("/v1/templates", json=body, headers=await sign_in_as())
    assert made.status_code == 201, made.text
    head, text = made.json()["components"]
    assert (head["text"], text["text"]) == ("שלום", "مرحبا {{nome}}، *وصل* الطلب 📦")
    assert made.json()["placeholders"] == ["nome"]
    assert made.json()["category_was"] is None
