"""Boards and leads over HTTP: what each role may do, what is told to whom, and the ways of a card."""

from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from api.contract.events import BoardTotals, LeadChanged
from db import work
from db.permissions import ROLE_PERMISSIONS, Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs

Json = dict[str, Any]


@pytest.fixture
async def us(headers_for: SignInAs, owner: Actor) -> Headers:
    return await headers_for(owner)


async def first_board(client: httpx.AsyncClient, headers: Headers) -> Json:
    found: Json = (await client.get("/v1/boards", headers=headers)).json()["items"][0]
    return found


async def make(client: httpx.AsyncClient, headers: Headers, **body: object) -> Json:
    answer = await client.post("/v1/leads", json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"] == f"/v1/leads/{answer.json()['id']}"
    made: Json = answer.json()
    return made


async def test_a_card_is_made_moved_read_and_deleted(client: httpx.AsyncClient, us: Headers, owner: Actor) -> None:
    board = await first_board(client, us)
    new, talking, *_, lost = board["stages"]
    contact = (await client.post("/v1/contacts", json={"name": "Ana"}, headers=us)).json()
    own = await client.post(f"/v1/boards/{board['id']}/fields", json={"label": "Bairro"}, headers=us)
    assert (own.status_code, own.json()["key"]) == (201, "bairro")
    made = await make(
        client, us, board_id=board["id"], title="Reforma", value_cents=150_000, contact_id=contact["id"],
        owner_id=str(owner.id), due_on="2026-03-02", tags=["vip"], values={"bairro": "Centro"},
    )  # fmt: skip
    assert (made["stage_id"], made["contact"], made["owner"]["id"]) == (
        new["id"],
        {"id": contact["id"], "name": "Ana"},
        str(owner.id),
    )
    assert (made["tags"], made["values"], made["due_on"], made["version"]) == (["vip"], {"bairro": "Centro"}, "2026-03-02", 1)
    path = f"/v1/leads/{made['id']}"
    moved = await client.post(f"{path}/move", json={"stage_id": talking["id"], "version": 1}, headers=us)
    assert (moved.status_code, moved.json()["stage_id"], moved.json()["version"]) == (200, talking["id"], 2)
    late = await client.post(f"{path}/move", json={"stage_id": new["id"], "version": 1}, headers=us)
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    lost_without = await client.post(f"{path}/move", json={"stage_id": lost["id"]}, headers=us)
    assert (lost_without.status_code, lost_without.json()["code"]) == (422, "lost_reason_missing")
    late = await client.patch(path, json={"title": "x"}, headers=us | {"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "changed_meanwhile")
    changed = await client.patch(path, json={"value_cents": None, "owner_id": None}, headers=us | {"If-Match": '"2"'})
    assert (changed.json()["value_cents"], changed.json()["owner"], changed.json()["title"]) == (None, None, "Reforma")
    totals = {stage["name"]: (stage["leads"], stage["value_cents"]) for stage in (await first_board(client, us))["stages"]}
    assert (totals["Novo"], totals["Em conversa"]) == ((0, 0), (1, 0))
    told = (await client.get(f"{path}/history", headers=us)).json()["items"]
    assert [(one["kind"], one["fields"]) for one in told] == [
        ("updated", ["owner_id", "value_cents"]),
        ("moved", []),
        ("created", []),
    ]
    assert (told[1]["from_stage"]["name"], told[1]["to_stage"]["name"], told[1]["by"]["id"]) == (
        "Novo",
        "Em conversa",
        str(owner.id),
    )
    listed = await client.get(f"/v1/contacts/{contact['id']}/leads", headers=us)
    assert [one["id"] for one in listed.json()["items"]] == [made["id"]]
    assert (await client.delete(path, headers=us)).status_code == 204
    assert (await client.get(path, headers=us)).status_code == 404


async def test_a_column_comes_page_by_page_in_its_order(client: httpx.AsyncClient, us: Headers) -> None:
    board = await first_board(client, us)
    new, talking, *_ = board["stages"]
    made = [await make(client, us, board_id=board["id"], title=f"n{number}", value_cents=number) for number in range(5)]
    bulk = {"lead_ids": [one["id"] for one in made], "stage_id": talking["id"]}
    done = (await client.post("/v1/leads/bulk-move", json=bulk, headers=us)).json()
    assert done["moved"] == 5
    path = f"/v1/boards/{board['id']}/leads"
    seen, query = [], {"stage_id": talking["id"], "limit": "2"}
    for _ in range(3):
        answer = (await client.get(path, params=query, headers=us)).json()
        seen += [one["title"] for one in answer["items"]]
        query["cursor"] = answer["next_cursor"]
    assert (seen, answer["next_cursor"]) == (["n0", "n1", "n2", "n3", "n4"], None)
    by_value = await client.get(path, params={"sort": "value", "limit": "3"}, headers=us)
    assert [one["title"] for one in by_value.json()["items"]] == ["n4", "n3", "n2"]
    for query in ({"sort": "rank"}, {"sort": "no"}, {"due": "no"}):
        assert (await client.get(path, params=query, headers=us)).status_code == 422
    assert (
        await client.post("/v1/leads/bulk-move", json={**bulk, "lead_ids": bulk["lead_ids"] * 101}, headers=us)
    ).status_code == 422
    assert (await client.get(path, params={"stage_id": new["id"]}, headers=us)).json()["items"] == []
    undo = f"/v1/leads/bulk-move/{done['bulk_move_id']}/undo"
    assert (await client.post(undo, headers=us)).json() == {"moved": 5, "stayed": 0}
    assert (await client.get(path, params={"stage_id": talking["id"]}, headers=us)).json()["items"] == []
    again = await client.post(undo, headers=us)
    assert (again.status_code, again.json()["code"]) == (409, "move_undone")
    told = (await client.get(f"/v1/leads/{made[0]['id']}/history", headers=us)).json()["items"]
    assert [one["kind"] for one in told] == ["moved_back", "moved", "created"]


@pytest.mark.parametrize("role", ROLE_PERMISSIONS)
async def test_who_may_do_what(client: httpx.AsyncClient, us: Headers, sign_in_as: SignInAs, role: Role) -> None:
    board = await first_board(client, us)
    lead = await make(client, us, board_id=board["id"], title="Reforma")
    them = await sign_in_as(role)
    works, rules = role is not Role.VIEWER, role not in (Role.VIEWER, Role.AGENT)
    path, stage = f"/v1/leads/{lead['id']}", board["stages"][1]["id"]
    asked: list[tuple[bool, str, str, Json | None]] = [
        (True, "GET", f"/v1/boards/{board['id']}/leads", None),
        (True, "GET", f"{path}/history", None),
        (works, "POST", "/v1/leads", {"board_id": board["id"], "title": "x"}),
        (works, "POST", f"{path}/move", {"stage_id": stage}),
        (works, "POST", "/v1/leads/bulk-move", {"stage_id": stage, "lead_ids": [lead["id"]]}),
        (works, "PATCH", path, {"title": "y"}),
        (works, "POST", f"{path}/notes", {"body": "oi"}),
        (works, "DELETE", path, None),
        (rules, "POST", "/v1/boards", {"name": "Outro"}),
        (rules, "PATCH", f"/v1/boards/{board['id']}", {"name": "Outro"}),
        (rules, "POST", f"/v1/boards/{board['id']}/stages", {"name": "Outra"}),
        (rules, "PATCH", f"/v1/stages/{stage}", {"name": "Outra"}),
        (rules, "POST", f"/v1/boards/{board['id']}/lost-reasons", {"name": "Outro"}),
        (True, "GET", f"/v1/boards/{board['id']}/fields", None),
        (rules, "POST", f"/v1/boards/{board['id']}/fields", {"label": "Outro"}),
        (rules, "DELETE", f"/v1/boards/{board['id']}", None),
    ]
    for allowed, method, where, body in asked:
        answer = await client.request(method, where, json=body, headers=them)
        assert (answer.status_code == 403, answer.is_success) == (not allowed, allowed), (method, where, answer.text)


async def test_what_is_told_when_a_lead_moves(client: httpx.AsyncClient, us: Headers, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lead with the stage that it left, and the totals of both as they are now."""
    board = await first_board(client, us)
    new, talking, *_ = board["stages"]
    lead = await make(client, us, board_id=board["id"], title="Reforma", value_cents=700)
    told: list[Any] = []

    async def publish(_: object, events: list[Any]) -> None:
        told.extend(events)

    monkeypatch.setattr(work.event_stream, "publish", publish)
    await client.post(f"/v1/leads/{lead['id']}/move", json={"stage_id": talking["id"]}, headers=us)
    changed, totals = told
    assert isinstance(changed, LeadChanged)
    assert msgspec.to_builtins(changed) == {
        "board_id": board["id"], "lead_id": lead["id"], "stage_id": talking["id"], "from_stage_id": new["id"],
        "deleted": False, "version": 2,
    }  # fmt: skip
    assert isinstance(totals, BoardTotals)
    assert {str(one.id): (one.leads, one.value_cents) for one in totals.stages} == {new["id"]: (0, 0), talking["id"]: (1, 700)}
    told.clear()
    await client.post(f"/v1/leads/{lead['id']}/move", json={"stage_id": talking["id"]}, headers=us)
    assert [type(event) for event in told] == [LeadChanged]
    told.clear()
    await client.delete(f"/v1/leads/{lead['id']}", headers=us)
    assert [(type(event), getattr(event, "deleted", None)) for event in told] == [(LeadChanged, True), (BoardTotals, None)]


async def test_own_fields_are_filtered_by(client: httpx.AsyncClient, us: Headers) -> None:
    board = await first_board(client, us)
    path = f"/v1/boards/{board['id']}"
    field = {"label": "Origem", "kind": "choice", "choices": ["Indicação", "Anúncio"], "on_card": True}
    made = (await client.post(f"{path}/fields", json=field, headers=us)).json()
    assert {name: made[name] for name in field} == field
    for title, origin in (("a", "Indicação"), ("b", "Anúncio"), ("c", "")):
        await make(client, us, board_id=board["id"], title=title, value_cents=100, values={"origem": origin})
    wrong = {"board_id": board["id"], "title": "x", "values": {"origem": "Rádio", "nada": "1"}}
    answer = await client.post("/v1/leads", json=wrong, headers=us)
    assert [(one["field"], one["code"]) for one in answer.json()["errors"]] == [
        ("values.origem", "not_a_choice"),
        ("values.nada", "field_unknown"),
    ]
    found = await client.get(f"{path}/leads", params={"value": "origem:Indicação"}, headers=us)
    assert [(one["title"], one["values"]) for one in found.json()["items"]] == [("a", {"origem": "Indicação"})]
    totals = (await client.get(f"{path}/totals", params={"value": "origem:Anúncio"}, headers=us)).json()["items"]
    assert [(one["leads"], one["value_cents"]) for one in totals[:2]] == [(1, 100), (0, 0)]
    for bad in ("origem", "origem:", ":x"):
        answer = await client.get(f"{path}/leads", params={"value": bad}, headers=us)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "key_and_value")


async def test_a_note_counts_on_its_card(client: httpx.AsyncClient, us: Headers, owner_db: asyncpg.Connection) -> None:
    board = await first_board(client, us)
    lead = await make(client, us, board_id=board["id"], title="Reforma")
    path = f"/v1/leads/{lead['id']}"
    note = (await client.post(f"{path}/notes", json={"body": " ligar "}, headers=us)).json()
    await client.post(f"{path}/notes", json={"body": "ligou"}, headers=us)
    assert [one["body"] for one in (await client.get(f"{path}/notes", headers=us)).json()["items"]] == ["ligou", "ligar"]
    assert (await client.get(path, headers=us)).json()["note_count"] == 2
    assert (await client.delete(f"{path}/notes/{note['id']}", headers=us)).status_code == 204
    seen = (await client.get(path, headers=us)).json()
    assert (seen["note_count"], seen["version"]) == (1, 1)
    assert (await client.post(f"{path}/notes", json={"body": " "}, headers=us)).status_code == 422


async def test_a_board_is_exported_with_the_filters_of_its_list(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    us = await sign_in_as()
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await factories.lead(owner_db, owner, "=1+1", value_cents=123450, contact_id=contact, tags=["vip", "loja"])
    await factories.lead(owner_db, owner, "Obra")
    board = await owner_db.fetchval("select id from board where company_id = $1", owner.company_id)
    path = f"/v1/boards/{board}/leads/export.csv"
    lines = (await client.get(path, headers=us)).text.split("\r\n")
    assert lines[0].startswith('\ufeff"título";"contato";"telefone";"etapa";"valor"')
    assert [line.split(";")[0] for line in lines[1:3]] == ['"Obra"', '"\'=1+1"']
    assert '"Pessoa 0";"\'+5511900000000";"Novo";"1234,50"' in lines[2]
    few = (await client.get(path, params={"tag": "vip", "language": "en", "separator": ","}, headers=us)).text.split("\r\n")
    assert len(few) == 3
    assert '"1234.50"' in few[1]
    assert (await client.head(path, headers=us)).status_code == 200
    await factories.lead_field(owner_db, owner, "sinal", "money", label="Sinal")
    await factories.lead_field(owner_db, owner, "urgente", "boolean", label="Urgente")
    await factories.lead(owner_db, owner, "Pressa", custom='{"sinal": "150000", "urgente": "true"}')
    head, one, *rest = (await client.get(path, params={"value": "urgente:true"}, headers=us)).text.split("\r\n")
    assert (head.split(";")[-2:], one.split(";")[-2:], rest) == (['"Sinal"', '"Urgente"'], ['"1500,00"', '"sim"'], [""])
    noted = await owner_db.fetchval(
        "select count(*) from audit_log where company_id = $1 and action = 'leads.exported'", owner.company_id
    )
    assert noted == 3
    agent = await sign_in_as(Role.AGENT)
    assert (await client.get(path, headers=agent)).status_code == 403
