"""The history of changes, as a person meets it."""

from uuid import uuid4

import asyncpg
from nicegui import ui
from nicegui.testing import User

from db.tenancy import Actor
from ui.client.base import ApiClient


async def noted(db: asyncpg.Connection, owner: Actor, action: str, data: str = "{}") -> None:
    await db.execute(
        "insert into audit_log(company_id, actor_kind, actor_id, action, subject_id, data) values ($1, 'user', $2, $3, $1, $4::jsonb)",
        owner.company_id, owner.id, action, data,
    )  # fmt: skip


async def test_the_history_says_who_did_what(real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await noted(owner_db, owner, "channel.connected", '{"name": "Loja"}')
    await noted(owner_db, owner, "thing.from_a_newer_version")
    await real.open("/settings/history")
    await real.should_see(kind=ui.table, retries=30)
    (table,) = real.find(kind=ui.table).elements
    said = str(table.rows)
    for text in ("Conectou um canal", "Loja", "Ana Lima", "thing.from_a_newer_version"):
        assert text in said
    only = next(str(row) for row in table.rows if "Conectou um canal" in str(row))
    assert f"/settings/history?subject={owner.company_id}" in only


async def test_the_file_is_of_what_is_shown(real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await noted(owner_db, owner, "channel.connected")
    await noted(owner_db, owner, "tag.created")
    await real.open("/settings/history?action=channel.*")
    await real.should_see(kind=ui.table, retries=30)
    hrefs = [str(one.props.get("href")) for one in real.find(kind=ui.button, content="Exportar").elements]
    assert hrefs == ["/settings/history/export.csv?action=channel.%2A"]
    answer = await real.http_client.get(hrefs[0])
    assert answer.headers["cache-control"] == "no-store"
    assert (answer.text.count("Conectou um canal"), answer.text.count("Criou uma etiqueta")) == (1, 0)
    broken = await real.http_client.get("/settings/history/export.csv?subject=x")
    assert broken.status_code == 422, "a thing that is none is not everything"


async def test_requests_of_one_key_are_listed(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    key = uuid4()
    await owner_db.execute(
        "insert into request_log(company_id, at, request_id, method, path, status, milliseconds, actor_kind, actor_id, code)"
        " select $1, now(), v.id, 'POST', '/v1/contacts', 422, 12.4, 'api_key', v.key, 'validation_failed'"
        " from (values ('erp-order-1', $2::uuid), ('erp-order-2', uuidv7())) v(id, key)",
        owner.company_id, key,
    )  # fmt: skip
    await real.open(f"/settings/requests?key={key}")
    await real.should_see(kind=ui.table, retries=30)
    (table,) = real.find(kind=ui.table).elements
    said = str(table.rows)
    for text in ("POST /v1/contacts", "erp-order-1", "422 validation_failed", "12 ms"):
        assert text in said
    assert "erp-order-2" not in said
    await real.open("/settings/requests")
    await real.should_see(kind=ui.table, retries=30)
    (table,) = real.find(kind=ui.table).elements
    assert all(one in str(table.rows) for one in ("erp-order-1", "erp-order-2")), "without a key those of all"
