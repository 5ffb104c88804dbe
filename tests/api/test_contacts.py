"""Contacts over HTTP: what people and partners see and may do."""

import csv
import io
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest

from db.contacts import export, field_removal, listing
from db.contacts.filter import ContactFilter
from db.jobs import RemoveField
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs
from workers.contacts import remove_field

Person = dict[str, Any]


@pytest.fixture
async def us(headers_for: SignInAs, owner: Actor) -> Headers:
    return await headers_for(owner)


async def make(client: httpx.AsyncClient, headers: Headers, **body: object) -> Person:
    answer = await client.post("/v1/contacts", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    return answer.json()  # type: ignore[no-any-return]


async def names(client: httpx.AsyncClient, headers: Headers, **params: Any) -> list[str]:
    answer = await client.get("/v1/contacts", params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return [row["name"] for row in answer.json()["items"]]


async def test_a_contact_is_made_read_changed_and_deleted(client: httpx.AsyncClient, us: Headers) -> None:
    await client.post("/v1/custom-fields", json={"key": "cidade", "label": "Cidade"}, headers=us)
    made = await make(
        client,
        us,
        name=" Beatriz  Nunes ",
        phone="(11) 8765-4321",
        email="Bia@Example.com",
        tags=["vip", "VIP"],
        custom={"cidade": "Recife"},
    )
    assert made["name"] == "Beatriz Nunes"
    assert {i["value"] for i in made["identities"]} == {"+5511987654321", "bia@example.com"}
    assert [tag["name"] for tag in made["tags"]] == ["VIP"]
    path = f"/v1/contacts/{made['id']}"
    seen = await client.get(path, headers=us)
    tag = seen.headers["etag"]
    changed = await client.patch(
        path, json={"name": "Bia", "email": None, "tags": [], "custom": {"cidade": ""}}, headers=us | {"If-Match": tag}
    )
    assert changed.status_code == 200
    assert (changed.json()["name"], changed.json()["tags"], changed.json()["custom"]) == ("Bia", [], {})
    assert [i["display"] for i in changed.json()["identities"]] == ["+55 11 98765-4321"]
    late = await client.patch(path, json={"name": "X"}, headers=us | {"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    late = await client.delete(path, headers=us | {"If-Match": tag})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    assert (await client.delete(path, headers=us | {"If-Match": changed.headers["etag"]})).status_code == 204
    assert (await client.get(path, headers=us)).status_code == 404


async def test_with_and_without_the_ninth_digit_is_one_person(client: httpx.AsyncClient, us: Headers) -> None:
    made = await make(client, us, name="Ana", phone="+55 11 98765-4321")
    again = await client.post("/v1/contacts", json={"phone": "(11) 8765-4321"}, headers=us)
    assert again.status_code == 409
    assert again.json()["code"] == "contact_exists"
    assert again.json()["params"]["contact_id"] == made["id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phone": "123"}, "phone"),
        ({"email": "nobody"}, "email"),
        ({}, "phone"),
        ({"name": "A", "custom": {"unknown": "1"}}, "custom.unknown"),
        ({"name": "A", "surname": "B"}, "surname"),
    ],
)
async def test_what_is_wrong_is_named(client: httpx.AsyncClient, us: Headers, body: Person, field: str) -> None:
    answer = await client.post("/v1/contacts", json=body, headers=us)
    assert answer.status_code == 422
    assert field in [error["field"] for error in answer.json()["errors"]]


async def test_custom_values_fit_their_kind(client: httpx.AsyncClient, us: Headers) -> None:
    for key, kind in (("valor", "number"), ("dia", "date"), ("ativo", "boolean")):
        await client.post("/v1/custom-fields", json={"key": key, "label": key, "kind": kind}, headers=us)
    made = await make(client, us, name="Ana", custom={"valor": "1.234,50", "dia": "31/01/2026", "ativo": "Sim"})
    assert made["custom"] == {"valor": "1234.50", "dia": "2026-01-31", "ativo": "true"}
    wrong = await client.post("/v1/contacts", json={"name": "B", "custom": {"dia": "31/02/2026"}}, headers=us)
    assert wrong.json()["errors"][0]["code"] == "not_a_date"


async def test_search_takes_names_numbers_and_wildcards_as_they_are(client: httpx.AsyncClient, us: Headers) -> None:
    await make(client, us, name="João 100% Certo", phone="11 98765-4321")
    await make(client, us, name="Maria_Clara", email="maria@loja.com.br")
    await make(client, us, name="Marina\\Lima", phone="21 3333-4444")
    assert await names(client, us, search="joao") == ["João 100% Certo"]
    assert await names(client, us, search="100%") == ["João 100% Certo"]
    assert await names(client, us, search="%") == []
    assert await names(client, us, search="a_c") == ["Maria_Clara"]
    assert await names(client, us, search="a\\l") == ["Marina\\Lima"]
    assert await names(client, us, search="ma") == ["Maria_Clara", "Marina\\Lima"]
    assert await names(client, us, search="(11) 98765") == ["João 100% Certo"]
    assert await names(client, us, search="11 8765-4321") == ["João 100% Certo"]
    assert await names(client, us, search="LOJA.com") == ["Maria_Clara"]
    assert await names(client, us, search="%' or true --") == []
    assert await names(client, us, search="clara LOJA") == ["Maria_Clara"]
    assert await names(client, us, search="certo 8765-4321 joão") == ["João 100% Certo"]
    assert await names(client, us, search="clara certo") == []
    assert await names(client, us, search="lo") == []  # no word begins with it; what follows an @ is no word


@pytest.mark.parametrize("sort", ["name", "recent"])
async def test_pages_neither_skip_nor_repeat(client: httpx.AsyncClient, us: Headers, sort: str) -> None:
    for number in range(7):
        await make(client, us, name=f"Pessoa {number % 3}", phone=f"11 9876543{number:02}")
    await make(client, us, email="semnome@example.com")
    for search in (None, "55119"):
        seen: list[str] = []
        cursor: str | None = ""
        while cursor is not None:
            params = {
                "sort": sort,
                "limit": 3,
                **({"cursor": cursor} if cursor else {}),
                **({"search": search} if search else {}),
            }
            answer = (await client.get("/v1/contacts", params=params, headers=us)).json()
            assert (answer["total"] is None) == bool(cursor)
            seen += [row["id"] for row in answer["items"]]
            cursor = answer["next_cursor"]
        assert len(seen) == len(set(seen)) == (7 if search else 8)
    assert (await names(client, us))[-1] == ""  # those without a name come last


async def test_a_total_that_nobody_counted_says_so(
    client: httpx.AsyncClient, us: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await make(client, us, name=f"Ana {number}")

    async def total(**params: str) -> tuple[int, bool]:
        answer = (await client.get("/v1/contacts", params={"limit": "1", **params}, headers=us)).json()
        return answer["total"], answer["total_is_estimate"]

    assert await total() == (3, False)
    assert await total(search="ana") == (3, False)
    monkeypatch.setattr(listing, "COUNTED", 1)
    assert (await total())[1]
    assert await total(count="exact") == (3, False)


async def test_a_cursor_belongs_to_its_list_its_order_and_its_filter(client: httpx.AsyncClient, us: Headers) -> None:
    for number in range(3):
        await make(client, us, name=f"Ana {number}", tags=["a"])
    first = {"sort": "name", "search": "Ana", "limit": "1", "count": "exact"}
    cursor = (await client.get("/v1/contacts", params=first, headers=us)).json()["next_cursor"]
    for params in (
        {"sort": "name", "search": "Ana", "cursor": cursor},
        {"search": "Ana", "sort": "name", "cursor": cursor, "limit": "2"},  # in whatever order, however many
    ):
        assert (await client.get("/v1/contacts", params=params, headers=us)).json()["items"][0]["name"] == "Ana 1"
    for url, foreign in (
        ("/v1/contacts", {"sort": "name"}),
        ("/v1/contacts", {"sort": "name", "search": "An"}),
        ("/v1/contacts", {"sort": "recent", "search": "Ana"}),
        ("/v1/contacts", {"sort": "name", "search": "Ana", "opted_out": "false"}),
        ("/v1/tags", {"search": "Ana"}),
        ("/v1/team", {}),
    ):
        answer = await client.get(url, params={**foreign, "cursor": cursor}, headers=us)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), (url, foreign)


async def test_filters_add_up(client: httpx.AsyncClient, us: Headers) -> None:
    await client.post("/v1/custom-fields", json={"key": "uf", "label": "UF"}, headers=us)
    await make(client, us, name="Ana", phone="11 98765-0001", tags=["a"], custom={"uf": "SP"})
    await make(client, us, name="Bia", phone="11 3333-4444", tags=["a", "b"])
    await make(client, us, name="Caio", email="caio@example.com", tags=["b"])
    found = {tag["name"]: tag for tag in (await client.get("/v1/tags", headers=us)).json()["items"]}
    a, b = found["a"]["id"], found["b"]["id"]
    assert found["a"]["contacts"] == 2
    assert await names(client, us, tag=a) == ["Ana", "Bia"]
    assert await names(client, us, tag=[a, b]) == ["Ana", "Bia", "Caio"]
    assert await names(client, us, tag=[a, b], all_tags=True) == ["Bia"]
    assert await names(client, us, without_tag=b) == ["Ana"]
    assert await names(client, us, line="fixed") == ["Bia"]
    assert await names(client, us, line="mobile") == ["Ana"]
    assert await names(client, us, has="email") == ["Caio"]
    assert await names(client, us, **{"custom.uf": "SP"}) == ["Ana"]
    assert await names(client, us, opted_out=True) == []
    assert await names(client, us, search="bia", tag=b) == ["Bia"]
    count = await client.post("/v1/contacts/count", json={"tags": [a], "without_tags": [b]}, headers=us)
    assert count.json() == {"count": 1, "is_estimate": False}


async def test_opting_out_acts_on_the_queue_and_outlives_the_contact(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    made = await make(client, us, name="Ana", phone="11 98765-4321", email="ana@example.com")
    waiting = await owner_db.fetchval(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key) "
        "values ($1, uuidv7(), $2, $2, $3, '+5511987654321', 'k') returning id",
        owner.company_id,
        uuid4(),
        UUID(made["id"]),
    )
    path = f"/v1/contacts/{made['id']}"
    out = await client.patch(path, json={"opted_out": True}, headers=us)
    assert out.json()["opt_out_source"] == "person"
    message = await owner_db.fetchrow("select state, reason from message where id = $1", waiting)
    assert message is not None
    assert (message["state"], message["reason"]) == (8, "opted_out")
    await client.delete(path, headers=us)
    back = await make(client, us, phone="11 8765-4321")
    assert back["opted_out_at"] is not None
    undone = await client.patch(f"/v1/contacts/{back['id']}", json={"opted_out": False}, headers=us)
    assert undone.json()["errors"][0]["field"] == "consent_note"
    leave = {"opted_out": False, "consent_note": "Pediu na loja"}
    undone = await client.patch(f"/v1/contacts/{back['id']}", json=leave, headers=us)
    assert undone.json()["opted_out_at"] is None
    left = await owner_db.fetch("select address from suppression where company_id = $1", owner.company_id)
    assert [row["address"] for row in left] == ["ana@example.com"]


async def test_notes(client: httpx.AsyncClient, us: Headers) -> None:
    made = await make(client, us, name="Ana", phone="11 98765-4321")
    path = f"/v1/contacts/{made['id']}"
    note = (await client.post(f"{path}/notes", json={"body": " Ligar à tarde "}, headers=us)).json()
    assert (note["body"], note["author"]) == ("Ligar à tarde", "Ana Lima")
    assert (await client.post(f"{path}/notes", json={"body": " "}, headers=us)).status_code == 422
    assert (await client.delete(f"{path}/notes/{note['id']}", headers=us)).status_code == 204
    assert (await client.get(f"{path}/notes", headers=us)).json()["items"] == []


async def test_tags_and_fields_are_named_once(client: httpx.AsyncClient, us: Headers) -> None:
    tag = (await client.post("/v1/tags", json={"name": "Promoção"}, headers=us)).json()
    assert (await client.post("/v1/tags", json={"name": "PROMOCAO"}, headers=us)).json()["code"] == "tag_exists"
    made = await make(client, us, name="Ana", tags=["promocao"])
    assert made["tags"][0]["id"] == tag["id"]
    renamed = await client.patch(f"/v1/tags/{tag['id']}", json={"name": "Oferta"}, headers=us)
    assert (renamed.json()["name"], renamed.json()["contacts"]) == ("Oferta", 1)
    assert (await client.delete(f"/v1/tags/{tag['id']}", headers=us)).status_code == 204


async def test_fields_are_made_renamed_counted_and_deleted(
    client: httpx.AsyncClient, us: Headers, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(field_removal, "BATCH", 2)

    async def refused(answer: httpx.Response, code: str) -> None:
        assert (answer.status_code, answer.json()["code"]) == (409, code), answer.text

    path = "/v1/custom-fields"
    made = (await client.post(path, json={"label": "Cidade natal"}, headers=us)).json()
    assert (made["key"], made["label"], made["contacts"]) == ("cidade_natal", "Cidade natal", None)
    await refused(await client.post(path, json={"key": "cidade_natal", "label": "Outra"}, headers=us), "field_exists")
    for label in ("cidade  NATAL", "Telefone", "E-mail", "first name"):
        await refused(await client.post(path, json={"key": "k", "label": label}, headers=us), "field_name_taken")
    other = (await client.post(path, json={"label": "Имя"}, headers=us)).json()
    third = (await client.post(path, json={"label": "Город"}, headers=us)).json()
    one = f"{path}/{made['id']}"
    for label in ("имя", "Phone"):
        await refused(await client.patch(one, json={"label": label}, headers=us), "field_name_taken")
    for label in ("Cidade Natal", "Cidade"):  # its own name in other letters, and a new one
        assert (await client.patch(one, json={"label": label}, headers=us)).json()["label"] == label
    people = [await make(client, us, name=f"P{n}", custom={"cidade_natal": "Recife"}) for n in range(5)]
    counted = (await client.get(path, params={"counted": True}, headers=us)).json()["items"]
    assert {each["key"]: each["contacts"] for each in counted} == {"cidade_natal": 5, other["key"]: 0, third["key"]: 0}

    assert (await client.delete(one, headers=us)).status_code == 204
    assert [each["label"] for each in (await client.get(path, headers=us)).json()["items"]] == ["Город", "Имя"]
    assert (await client.delete(one, headers=us)).status_code == 404
    await refused(await client.post(path, json={"key": "cidade_natal", "label": "Natal"}, headers=us), "field_busy")
    await field_removal.step(owner.company_id, UUID(made["id"]), None)  # then the worker dies
    await remove_field(owner.company_id, RemoveField(field_id=UUID(made["id"])))
    for person in people:
        assert (await client.get(f"/v1/contacts/{person['id']}", headers=us)).json()["custom"] == {}
    assert (await client.post(path, json={"key": "cidade_natal", "label": "Natal"}, headers=us)).status_code == 201
    await remove_field(owner.company_id, RemoveField(field_id=UUID(made["id"])))


async def test_a_field_says_which_campaigns_need_it(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    field = (await client.post("/v1/custom-fields", json={"key": "cidade", "label": "Cidade"}, headers=us)).json()
    channel = await factories.channel(owner_db, owner)
    sms = await factories.channel(owner_db, owner, "sms")
    template = await factories.template(owner_db, owner, channel)
    bound = await factories.campaign(owner_db, owner, channel, template, name="Por modelo")
    said = await factories.campaign(owner_db, owner, sms, body="Oi {{ custom.cidade | aí }}", name="Por texto", state="scheduled")
    meant = await factories.campaign(
        owner_db, owner, sms, body="Oi", name="Por público", audience='{"custom": {"cidade": "Recife"}}'
    )
    await factories.campaign(owner_db, owner, sms, body="Oi {{custom.cidade_natal|aí}} cidade", name="Outra")
    await factories.campaign(owner_db, owner, channel, template, name="Já foi", state="finished")
    found = (await client.get(f"/v1/custom-fields/{field['id']}/uses", headers=us)).json()["items"]
    assert {each["campaign_id"]: each["name"] for each in found} == {
        str(bound): "Por modelo",
        str(said): "Por texto",
        str(meant): "Por público",
    }


async def test_the_export_runs_no_formula_and_is_noted(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection, sign_in_as: SignInAs
) -> None:
    await make(client, us, name='=HYPERLINK("x")', phone="11 98765-4321", tags=["a", "b"])
    answer = await client.get("/v1/contacts/export.csv", headers=us)
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    header, row = csv.reader(io.StringIO(answer.text.lstrip("\ufeff")), delimiter=";")
    assert header == ["nome", "telefone", "email", "idioma", "etiquetas", "descadastrado"]
    assert row == ['\'=HYPERLINK("x")', "'+5511987654321", "", "", "a, b", ""]
    assert (await client.head("/v1/contacts/export.csv", headers=us)).status_code == 200  # hands nothing over
    noted = await owner_db.fetchval(
        "select count(*) from audit_log where company_id = $1 and action = 'contacts.exported'", owner.company_id
    )
    assert noted == 1
    agent = await sign_in_as(Role.AGENT)
    assert (await client.head("/v1/contacts/export.csv", headers=agent)).status_code == 403
    assert (await client.get("/v1/contacts/export.csv", headers=agent)).status_code == 403


async def test_an_export_takes_no_more_at_once_than_memory_holds(
    client: httpx.AsyncClient, us: Headers, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.post("/v1/custom-fields", json={"key": "obs", "label": "Obs"}, headers=us)
    for n in range(5):
        await make(client, us, name=f"P{n}", custom={"obs": "x" * 100})
    monkeypatch.setattr(export, "_MOST_TEXT", 150)
    assert [len(rows) async for rows in export.exported(owner, ContactFilter())] == [2, 2, 1]
    assert len((await client.get("/v1/contacts/export.csv", headers=us)).text.splitlines()) == 6


async def test_another_company_finds_nothing(
    client: httpx.AsyncClient, us: Headers, headers_for: SignInAs, stranger: Actor
) -> None:
    person = await make(client, us, name="Ana", phone="11 98765-4321", tags=["vip"])
    note = (await client.post(f"/v1/contacts/{person['id']}/notes", json={"body": "x"}, headers=us)).json()
    field = (await client.post("/v1/custom-fields", json={"key": "k", "label": "K"}, headers=us)).json()
    bulk = (await client.post("/v1/contacts/bulk", json={"filter": {"everyone": True}, "verb": "opt_out"}, headers=us)).json()
    them = await headers_for(stranger)
    path = f"/v1/contacts/{person['id']}"
    for method, url, body in (
        ("GET", path, None),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("GET", f"{path}/notes", None),
        ("POST", f"{path}/notes", {"body": "x"}),
        ("DELETE", f"{path}/notes/{note['id']}", None),
        ("PATCH", f"/v1/tags/{person['tags'][0]['id']}", {"name": "x"}),
        ("DELETE", f"/v1/tags/{person['tags'][0]['id']}", None),
        ("DELETE", f"/v1/custom-fields/{field['id']}", None),
        ("GET", f"/v1/contacts/bulk/{bulk['id']}", None),
    ):
        answer = await client.request(method, url, json=body, headers=them)
        assert answer.status_code == 404, (method, url, answer.text)
        assert (await client.request(method, url, json=body)).status_code == 401
    assert await names(client, them) == []
    assert await names(client, them, search="ana") == []
    assert (await client.get("/v1/contacts/export.csv", headers=them)).text.count("\n") == 1
    assert (await client.get(path, headers=us)).status_code == 200


async def test_who_may_only_look_changes_nothing(client: httpx.AsyncClient, us: Headers, sign_in_as: SignInAs) -> None:
    viewer = await sign_in_as(Role.VIEWER)
    key = await sign_in_as(scopes=[Permission.CONTACTS_READ])
    for headers in (viewer, key):
        assert (await client.get("/v1/contacts", headers=headers)).status_code == 200
        assert (await client.post("/v1/contacts", json={"name": "A"}, headers=headers)).status_code == 403
        assert (await client.post("/v1/tags", json={"name": "A"}, headers=headers)).status_code == 403
