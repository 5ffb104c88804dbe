"""Imports over HTTP: upload, mapping, progress, rejected rows, and an export that comes back unchanged."""

import csv
import io
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db.contacts import import_rejects, imports
from db.jobs import DryRunImport, ForgetFile, InspectImport, RunImport, UndoImport
from db.tenancy import Actor
from tests.api.conftest import Headers, SignInAs
from tests.conftest import make_company
from workers.contacts import undo_import
from workers.imports.job import dry_run_import, forget_file, inspect_import, run_import

LIST = "Nome;Celular;E-mail;Cidade\nAna;(11) 98765-4321;ana@example.com;Recife\nZé Lima;123;x@;=1+1\n"


@pytest.fixture
async def us(headers_for: SignInAs, owner: Actor) -> Headers:
    return await headers_for(owner)


async def upload(
    client: httpx.AsyncClient, headers: Headers, owner: Actor, text: str | bytes, name: str = "lista.csv"
) -> dict[str, Any]:
    answer = await client.post("/v1/imports", files={"file": (name, text)}, headers=headers)
    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert (made["state"], made["columns"]) == ("uploaded", [])
    await inspect_import(owner.company_id, InspectImport(import_id=UUID(made["id"])))
    seen = (await client.get(f"/v1/imports/{made['id']}", headers=headers)).json()
    assert seen["state"] in ("ready", "failed")
    return seen  # type: ignore[no-any-return]


async def run(client: httpx.AsyncClient, headers: Headers, owner: Actor, seen: dict[str, Any], **more: Any) -> dict[str, Any]:
    columns = [{"index": c["index"], "target": c["target"], "field_key": c["field_key"]} for c in seen["columns"]]
    answer = await client.post(f"/v1/imports/{seen['id']}/start", json={"columns": columns, **more}, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (202, "queued"), answer.text
    await run_import(owner.company_id, RunImport(import_id=UUID(seen["id"])))
    return (await client.get(f"/v1/imports/{seen['id']}", headers=headers)).json()  # type: ignore[no-any-return]


async def test_a_list_is_looked_at_mapped_and_imported(client: httpx.AsyncClient, us: Headers, owner: Actor) -> None:
    seen = await upload(client, us, owner, LIST)
    assert [column["target"] for column in seen["columns"]] == ["name", "phone", "email", "custom"]
    assert seen["preview"][0][0] == "Ana"
    done = await run(client, us, owner, seen, tags=["maio"])
    assert done["state"] == "completed"
    assert (done["created"], done["rejected"], done["processed"], done["tags"]) == (1, 1, 2, ["maio"])
    rows = (await client.get("/v1/contacts", headers=us)).json()["items"]
    assert [(row["name"], row["phone_display"], row["tags"][0]["name"]) for row in rows] == [("Ana", "+55 11 98765-4321", "maio")]
    again = await run(client, us, owner, await upload(client, us, owner, LIST))
    assert again["unchanged"] == 1  # known before, and still one of the people in the second file
    for found in (done, again):
        page = await client.get("/v1/contacts", params={"import_id": found["id"]}, headers=us)
        assert [row["name"] for row in page.json()["items"]] == ["Ana"]
    fields = (await client.get("/v1/custom-fields", headers=us)).json()["items"]
    assert [(field["key"], field["label"]) for field in fields] == [("cidade", "Cidade")]
    listed = (await client.get("/v1/imports", headers=us)).json()["items"][1]
    columns = [{**column, "samples": []} for column in done["columns"]]
    assert listed == {**done, "columns": columns, "preview": []}


async def test_rejected_rows_come_back_with_their_reason_and_can_be_mended(
    client: httpx.AsyncClient, us: Headers, owner: Actor
) -> None:
    done = await run(client, us, owner, await upload(client, us, owner, LIST))
    path = f"/v1/imports/{done['id']}"
    first = (await client.get(f"{path}/rejects", params={"limit": 1}, headers=us)).json()
    rest = (await client.get(f"{path}/rejects", params={"cursor": first["next_cursor"]}, headers=us)).json()
    reasons = [(r["row_number"], r["field"], r["reason"]) for r in first["items"] + rest["items"]]
    assert reasons == [(3, "email", "email_invalid"), (3, "phone", "phone_too_short")]
    text = (await client.get(f"{path}/rejects.csv", headers=us)).text
    header, row = csv.reader(io.StringIO(text.lstrip("\ufeff")), delimiter=";")
    assert header == ["Nome", "Celular", "E-mail", "Cidade", "linha", "motivo"]
    assert row[:5] == ["Zé Lima", "123", "x@", "'=1+1", "3"]
    assert "dígitos" in row[5]
    mended = text.replace(';"123";"x@";', ';"11 98765-0000";"";')
    again = await upload(client, us, owner, mended, "corrigido.csv")
    assert [column["target"] for column in again["columns"]][-2:] == ["ignore", "ignore"]
    assert (await run(client, us, owner, again))["created"] == 1
    assert [row["name"] for row in (await client.get("/v1/contacts", headers=us)).json()["items"]] == ["Ana", "Zé Lima"]


async def test_an_export_imports_again_without_a_change(client: httpx.AsyncClient, us: Headers, owner: Actor) -> None:
    await client.post("/v1/custom-fields", json={"key": "data_de_nascimento", "label": "Data de nascimento"}, headers=us)
    for body in (
        {"name": '=Ana; "A"', "phone": "11 98765-4321", "email": "a@example.com", "tags": ["vip", "novo"], "language": "pt-BR"},
        {"name": "'Bia", "phone": "+351 912 345 678", "custom": {"data_de_nascimento": "-31"}},
        {"name": "João,=1+1;@x", "phone": "11 98765-0002", "custom": {"data_de_nascimento": 'a,\'=1, "-2"'}},
        {"name": "Caio", "email": "caio@example.com"},
    ):
        assert (await client.post("/v1/contacts", json=body, headers=us)).status_code == 201
    for params in ({}, {"separator": ",", "language": "en"}, {"separator": "tab"}):
        text = (await client.get("/v1/contacts/export.csv", params=params, headers=us)).content
        done = await run(client, us, owner, await upload(client, us, owner, text))
        assert (done["created"], done["updated"], done["unchanged"], done["rejected"]) == (0, 0, 4, 0)


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [(b"", 422, "file_empty"), (b"%PDF-1.7 ...", 422, "not_a_spreadsheet"), (b"\x89PNG\r\n", 422, "not_a_spreadsheet")],
)
async def test_what_is_no_list_is_refused(client: httpx.AsyncClient, us: Headers, content: bytes, status: int, code: str) -> None:
    answer = await client.post("/v1/imports", files={"file": ("x.csv", content)}, headers=us)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert (await client.get("/v1/imports", headers=us)).json()["items"] == []


async def test_too_large_a_file_is_refused(client: httpx.AsyncClient, us: Headers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "MAX_BYTES", 1000)
    answer = await client.post("/v1/imports", files={"file": ("x.csv", b"a;b\n" * 1000)}, headers=us)
    assert (answer.status_code, answer.json()["code"]) == (413, "file_too_large")


@pytest.mark.parametrize("filling", [b"x", b"\0"])
async def test_an_unreadable_file_fails_with_its_reason(
    client: httpx.AsyncClient, us: Headers, owner: Actor, filling: bytes
) -> None:
    seen = await upload(client, us, owner, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + filling * 6000, "velha.xls")
    assert (seen["state"], seen["error"]) == ("failed", "not_a_spreadsheet")


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ([{"index": 0, "target": "name"}], "no_address_column"),
        ([{"index": 1, "target": "phone"}, {"index": 2, "target": "phone"}], "target_twice"),
        ([{"index": 9, "target": "phone"}], "column_unknown"),
        ([{"index": 1, "target": "phone"}, {"index": 3, "target": "custom"}], "field_key_missing"),
    ],
)
async def test_a_mapping_that_cannot_work_is_refused(
    client: httpx.AsyncClient, us: Headers, owner: Actor, columns: list[Any], code: str
) -> None:
    seen = await upload(client, us, owner, LIST)
    answer = await client.post(f"/v1/imports/{seen['id']}/start", json={"columns": columns}, headers=us)
    assert (answer.status_code, answer.json()["code"]) == (422, "mapping_invalid")
    assert code in [error["code"] for error in answer.json()["errors"]]


async def test_an_import_starts_once_and_can_be_cancelled(client: httpx.AsyncClient, us: Headers, owner: Actor) -> None:
    seen = await upload(client, us, owner, LIST)
    path = f"/v1/imports/{seen['id']}"
    body = {"columns": [{"index": 1, "target": "phone"}]}
    assert (await client.post(f"{path}/start", json=body, headers=us)).status_code == 202
    assert (await client.post(f"{path}/start", json=body, headers=us)).json()["code"] == "import_not_ready"
    assert (await client.post(f"{path}/cancel", headers=us)).json()["state"] == "cancelled"
    await run_import(owner.company_id, RunImport(import_id=UUID(seen["id"])))
    assert (await client.get(path, headers=us)).json()["processed"] == 0


async def test_a_file_is_imported_again_with_other_columns(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    seen = await upload(client, us, owner, LIST)
    columns = [{"index": 0, "target": "ignore"}, {"index": 1, "target": "phone"}]
    path = f"/v1/imports/{seen['id']}"
    assert (await client.post(f"{path}/repeat", headers=us)).json()["code"] == "import_not_over"
    await client.post(f"{path}/start", json={"columns": columns, "tags": ["maio"]}, headers=us)
    await run_import(owner.company_id, RunImport(import_id=UUID(seen["id"])))
    assert [row["name"] for row in (await client.get("/v1/contacts", headers=us)).json()["items"]] == [""]
    answer = await client.post(f"{path}/repeat", headers=us)
    again = answer.json()
    assert (answer.status_code, again["state"], again["tags"]) == (201, "ready", ["maio"])
    assert [column["target"] for column in again["columns"]] == ["ignore", "phone", "ignore", "ignore"]
    assert (await client.post(f"{path}/repeat", headers=us)).json()["code"] == "file_not_kept"  # the new one has it
    await forget_file(owner.company_id, ForgetFile(import_id=UUID(seen["id"])))
    again["columns"][0]["target"] = "name"
    done = await run(client, us, owner, again, tags=["maio"])
    assert (done["state"], done["updated"], done["file_until"] > done["finished_at"]) == ("completed", 1, True)
    assert [row["name"] for row in (await client.get("/v1/contacts", headers=us)).json()["items"]] == ["Ana"]
    await owner_db.execute("update contact_import set file_until = now() where id = $1", UUID(done["id"]))
    gone = await client.post(f"/v1/imports/{done['id']}/repeat", headers=us)
    assert (gone.status_code, gone.json()["code"]) == (409, "file_not_kept")


async def test_rows_that_were_not_taken_are_mended_and_taken(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    text = LIST + "Bia;;;Natal\nCaio;abc;;Olinda\nDora;11 98765-4321;;\n"
    done = await run(client, us, owner, await upload(client, us, owner, text), tags=["maio"])
    path = f"/v1/imports/{done['id']}"
    assert [done[name] for name in ("created", "repeated", "rejected", "processed")] == [1, 1, 3, 5]

    async def mend(*rows: tuple[int, dict[int, str]]) -> dict[str, Any]:
        given = [{"row_number": n, "cells": [{"column": c, "value": v} for c, v in cells.items()]} for n, cells in rows]
        answer = await client.post(f"{path}/mend", json={"rows": given}, headers=us)
        assert answer.status_code == 200, answer.text
        return answer.json()  # type: ignore[no-any-return]

    async def left() -> list[tuple[int, str, str]]:
        page = await client.get(f"{path}/rejects", params={"warning": False}, headers=us)
        return [(one["row_number"], one["field"], one["value"]) for one in page.json()["items"]]

    first = await mend((3, {2: "y@"}), (4, {1: "(11) 98765-0001"}), (99, {1: "11 98765-0002"}))
    assert first["taken"] == [4]
    assert [(one["row_number"], one["field"], one["cells"][2]) for one in first["rejects"]] == [
        (3, "email", "y@"),
        (3, "phone", "y@"),
    ]
    assert await left() == [(3, "email", "y@"), (3, "phone", "123"), (5, "phone", "abc")]
    second = await mend((3, {1: "11 98765-0000"}), (4, {1: "(11) 98765-0009"}))
    assert (second["taken"], second["rejects"]) == ([3], [])
    third = await mend((5, {1: "1198765-4321"}))  # Ana's own number: her own row counts
    result = third["result"]
    assert [result[name] for name in ("created", "repeated", "rejected", "processed")] == [3, 2, 0, 5]
    assert await left() == []
    people = (await client.get("/v1/contacts", params={"import_id": done["id"]}, headers=us)).json()["items"]
    assert sorted((one["name"], one["tags"][0]["name"]) for one in people) == [
        ("Ana", "maio"),
        ("Bia", "maio"),
        ("Zé Lima", "maio"),
    ]

    wrong = await client.post(
        f"{path}/mend", json={"rows": [{"row_number": 3, "cells": [{"column": 9, "value": "x"}]}]}, headers=us
    )
    assert (wrong.status_code, wrong.json()["errors"][0]["code"]) == (422, "column_unknown")
    await client.post(f"{path}/undo", headers=us)
    await undo_import(owner.company_id, UndoImport(import_id=UUID(done["id"])))
    assert (await client.get("/v1/contacts", headers=us)).json()["items"] == []
    undone = await client.post(
        f"{path}/mend", json={"rows": [{"row_number": 3, "cells": [{"column": 1, "value": "x"}]}]}, headers=us
    )
    assert (undone.status_code, undone.json()["code"]) == (409, "import_undone")


async def test_rows_that_are_very_long_come_and_are_mended_a_few_at_a_time(
    client: httpx.AsyncClient, us: Headers, owner: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_rejects, "MOST_TEXT", 250)
    text = "Nome;Celular;Obs\n" + "".join(f"P{n};1234{n};{'x' * 100}\n" for n in range(7))
    looked = await upload(client, us, owner, text)
    looked["columns"][1] |= {"target": "phone", "field_key": None}
    done = await run(client, us, owner, looked)
    path = f"/v1/imports/{done['id']}"
    seen, cursor = list[int](), ""
    while cursor is not None:
        given = {"cursor": cursor} if cursor else {}
        page = (await client.get(f"{path}/rejects", params=given, headers=us)).json()
        assert 1 <= len(page["items"]) <= 3
        seen += [one["row_number"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert seen == list(range(2, 9))
    lines = (await client.get(f"{path}/rejects.csv", headers=us)).text.splitlines()
    assert len(lines) == 8

    def mended(*numbers: int) -> dict[str, Any]:
        return {"rows": [{"row_number": n, "cells": [{"column": 1, "value": f"11 98765-000{n}"}]} for n in numbers]}

    answer = await client.post(f"{path}/mend", json=mended(*range(2, 9)), headers=us)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert (await client.post(f"{path}/mend", json=mended(2, 3), headers=us)).json()["taken"] == [2, 3]


async def test_an_import_is_undone_after_a_look_at_what_that_does(client: httpx.AsyncClient, us: Headers, owner: Actor) -> None:
    done = await run(client, us, owner, await upload(client, us, owner, LIST), tags=["maio"])
    assert (done["undo"], done["undo_until"] > done["finished_at"]) == (None, True)
    path = f"/v1/imports/{done['id']}"
    nothing = {"removed": 1, "restored": 0, "kept": [], "processed": 0, "total": 1, "leads_removed": 0, "leads_kept": 0}
    assert (await client.get(f"{path}/undo-preview", headers=us)).json() == nothing
    person = (await client.get("/v1/contacts", headers=us)).json()["items"][0]
    await client.post(f"/v1/contacts/{person['id']}/notes", json={"body": "x"}, headers=us)
    kept = [{"reason": "noted", "message": "With notes.", "contacts": 1}]
    assert (await client.get(f"{path}/undo-preview", headers=us)).json() == {**nothing, "removed": 0, "kept": kept}
    for state in ("undoing", "undone"):
        answer = await client.post(f"{path}/undo", headers=us)
        assert (answer.status_code, answer.json()["state"]) == (202, state), answer.text
        await undo_import(owner.company_id, UndoImport(import_id=UUID(done["id"])))
    seen = (await client.get(path, headers=us)).json()
    assert seen["undo"] == {**nothing, "removed": 0, "kept": kept, "processed": 1}


async def test_another_company_finds_no_import(
    client: httpx.AsyncClient, us: Headers, owner: Actor, headers_for: SignInAs, stranger: Actor
) -> None:
    seen = await upload(client, us, owner, LIST)
    them = await headers_for(stranger)
    path = f"/v1/imports/{seen['id']}"
    bodies = {
        "start": {"columns": [{"index": 1, "target": "phone"}]},
        "mend": {"rows": [{"row_number": 3, "cells": [{"column": 1, "value": "11 98765-0000"}]}]},
    }
    for method, url in (
        ("GET", path),
        ("POST", f"{path}/start"),
        ("POST", f"{path}/cancel"),
        ("POST", f"{path}/undo"),
        ("POST", f"{path}/repeat"),
        ("POST", f"{path}/mend"),
        ("GET", f"{path}/undo-preview"),
        ("GET", f"{path}/rejects"),
        ("GET", f"{path}/rejects.csv"),
    ):
        answer = await client.request(method, url, headers=them, json=bodies.get(url.rsplit("/", 1)[1]))
        assert answer.status_code == 404, (url, answer.text)
    assert (await client.get("/v1/imports", headers=them)).json()["items"] == []


def test_the_hidden_part_of_an_inspection_is_kept_as_it_is() -> None:
    raw = b'{"columns":[],"preview":[],"encoding":null,"separator":null,"has_header":false,"sheet":{"x":1}}'
    assert msgspec.json.encode(msgspec.json.decode(raw, type=imports.Inspected)) == raw


async def test_what_an_import_would_do_is_asked_before(
    client: httpx.AsyncClient, us: Headers, owner: Actor, owner_db: asyncpg.Connection, headers_for: SignInAs
) -> None:
    seen = await upload(client, us, owner, LIST + "Ana;(11) 98765-4321;;\nBia;11 98765-0001;;\n")
    path = f"/v1/imports/{seen['id']}/dry-run"
    columns = [{"index": c["index"], "target": c["target"], "field_key": c["field_key"]} for c in seen["columns"]]
    asked = await client.post(path, json={"columns": columns}, headers=us)
    assert (asked.status_code, asked.json()["dry_run"]["state"], asked.json()["state"]) == (202, "waiting", "ready")
    await dry_run_import(owner.company_id, DryRunImport(import_id=UUID(seen["id"])))
    found = (await client.get(f"/v1/imports/{seen['id']}", headers=us)).json()
    dry = found["dry_run"]
    assert (dry["state"], dry["error"], dry["exact"], dry["processed"], found["total"]) == ("done", None, True, 4, 4)
    assert (dry["created"], dry["updated"], dry["unchanged"], dry["repeated"], dry["rejected"]) == (2, 0, 0, 1, 1)
    assert {reason["reason"]: reason["rows"] for reason in dry["reasons"]} == {"phone_too_short": 1, "email_invalid": 1}
    short = next(reason for reason in dry["reasons"] if reason["reason"] == "phone_too_short")
    assert (short["message"], short["examples"]) == (
        "The phone number has too few digits.",
        [{"row_number": 3, "field": "phone", "value": "123"}],
    )
    assert [column["fill_rate"] for column in found["columns"]] == [1.0, 1.0, 0.5, 0.5]
    assert (await client.get("/v1/contacts", headers=us)).json()["items"] == []
    assert (await client.get("/v1/custom-fields", headers=us)).json()["items"] == []
    none = await client.post(path, json={"columns": []}, headers=us)
    assert (none.status_code, none.json()["code"]) == (422, "mapping_invalid")
    other = await headers_for(await make_company(owner_db))
    assert (await client.post(path, json={"columns": columns}, headers=other)).status_code == 404
    done = await run(client, us, owner, seen)
    assert [done[name] == dry[name] for name in ("created", "updated", "unchanged", "repeated", "rejected", "warnings")] == [
        True
    ] * 6
    late = await client.post(path, json={"columns": columns}, headers=us)
    assert (late.status_code, late.json()["code"]) == (409, "import_not_ready")
