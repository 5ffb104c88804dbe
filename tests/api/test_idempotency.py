"""The same key twice: one effect, one answer; also at once, and when anything fails in between."""

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import msgspec
import pytest

from db import idempotency, queue, valkey
from db.accounts import key_hashes
from db.engine import Transaction
from db.event_stream import stream_key
from db.idempotency import _LOCK, Answer, Attempt
from db.permissions import Role
from db.settings import Settings
from db.tenancy import Actor
from db.work import system_work
from tests import factories
from tests.api.conftest import Headers, bearer, make_member

BODY = {"name": "Zapier", "scopes": ["contacts:read"]}


async def keys_of(owner_db: asyncpg.Connection, actor: Actor) -> int:
    count: int = await owner_db.fetchval("select count(*) from api_key where company_id = $1", actor.company_id)
    return count


@pytest.fixture
async def headers(owner_db: asyncpg.Connection, owner: Actor) -> Headers:
    return {**await bearer(owner_db, owner), "Idempotency-Key": uuid4().hex}


async def test_the_second_gets_the_first_answer(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    first = await client.post("/v1/api-keys", json=BODY, headers=headers)
    second = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert second.headers["content-type"] == first.headers["content-type"]
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert await keys_of(owner_db, owner) == 1
    kept = await owner_db.fetchval("select body from idempotency where company_id = $1", owner.company_id)
    assert first.json()["secret"].encode() not in kept


async def test_another_request_under_the_key_is_refused(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    await client.post("/v1/api-keys", json=BODY, headers=headers)
    other_body = await client.post("/v1/api-keys", json={**BODY, "name": "Other"}, headers=headers)
    colleague = await make_member(owner_db, owner, Role.ADMIN)
    other_person = await client.post("/v1/api-keys", json=BODY, headers={**headers, **await bearer(owner_db, colleague)})
    for answer in (other_body, other_person):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")


async def test_companies_do_not_share_keys(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, stranger: Actor, headers: Headers
) -> None:
    ours = await client.post("/v1/api-keys", json=BODY, headers=headers)
    theirs = await client.post("/v1/api-keys", json=BODY, headers={**headers, **await bearer(owner_db, stranger)})
    assert theirs.status_code == 201
    assert ours.json()["secret"] != theirs.json()["secret"]


async def test_many_at_once_make_one(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    answers = await asyncio.gather(*(client.post("/v1/api-keys", json=BODY, headers=headers) for _ in range(8)))
    assert await keys_of(owner_db, owner) == 1
    for answer in answers:
        if answer.status_code != 201:
            assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
            assert "retry-after" in answer.headers
    assert len({answer.json()["secret"] for answer in answers if answer.status_code == 201}) == 1


async def test_a_refusal_frees_the_key(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    wrong = await client.post("/v1/api-keys", json={"name": "", "scopes": []}, headers=headers)
    assert wrong.status_code == 422
    assert await owner_db.fetchval("select count(*) from idempotency where company_id = $1", owner.company_id) == 0
    assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 201


async def test_a_fault_of_ours_frees_the_key(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*args: object) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patch:
        patch.setattr("db.accounts.api_keys.create", broken)
        assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 500
    assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 201


async def test_an_answer_that_cannot_be_kept_takes_the_effect_back(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(attempt: Attempt, answer: Answer) -> None:
        raise ConnectionError("the server went away")

    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "keep", lost)
        refused = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "retry-after" in refused.headers
    assert await keys_of(owner_db, owner) == 0
    assert await owner_db.fetchval("select count(*) from audit_log where company_id = $1", owner.company_id) == 0
    again = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert (again.status_code, await keys_of(owner_db, owner)) == (201, 1)
    assert "idempotency-replayed" not in again.headers


@pytest.mark.parametrize("committed", [False, True])
async def test_a_commit_of_unknown_outcome_is_settled_by_the_next_try(
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    owner: Actor,
    headers: Headers,
    monkeypatch: pytest.MonkeyPatch,
    committed: bool,
) -> None:
    commit = Transaction.commit

    async def lost(transaction: Transaction) -> None:
        if committed:
            await commit(transaction)  # type: ignore[no-untyped-call]
        raise ConnectionResetError

    await client.get("/v1/company", headers=headers)  # the token is known, so the one commit is that of the request
    known = await key_hashes.hasher()

    async def hasher() -> key_hashes.Hasher:
        return known

    with monkeypatch.context() as patch:
        patch.setattr(key_hashes, "hasher", hasher)
        patch.setattr(Transaction, "commit", lost)
        unknown = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert (unknown.status_code, unknown.json()["code"]) == (503, "unavailable")
    assert await keys_of(owner_db, owner) == committed
    again = await client.post("/v1/api-keys", json=BODY, headers=headers)
    assert (again.status_code, await keys_of(owner_db, owner)) == (201, 1)
    assert ("idempotency-replayed" in again.headers) is committed


async def test_events_and_wake_ups_leave_after_the_commit_only(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"kind": "whatsapp", "sandbox": True, "name": "Ensaio"}
    woken: list[tuple[int, list[queue.Wake]]] = []
    wake = queue.wake

    async def seen(wakes: list[queue.Wake]) -> None:
        if wakes:
            woken.append((await owner_db.fetchval("select count(*) from job where id = $1", wakes[0].id), wakes))
        await wake(wakes)

    monkeypatch.setattr(queue, "wake", seen)
    with monkeypatch.context() as patch:
        patch.setattr(Attempt, "keep", _raise)
        assert (await client.post("/v1/channels", json=body, headers=headers)).status_code == 503
    assert (await events_of(owner), woken) == ([], [])
    assert (await client.post("/v1/channels", json=body, headers=headers)).status_code == 201
    assert [visible for visible, _ in woken] == [1]
    assert await events_of(owner) == ["channel.changed"]
    assert (await client.post("/v1/channels", json=body, headers=headers)).headers["idempotency-replayed"] == "true"
    assert (len(woken), await events_of(owner)) == (1, ["channel.changed"])


async def _raise(*args: object) -> None:
    raise ConnectionError


async def events_of(actor: Actor) -> list[str]:
    entries = await valkey.client().xrange(stream_key(actor.company_id))
    return [msgspec.json.decode(fields[b"e"])["type"] for _, fields in entries]


async def test_while_the_first_runs_the_second_is_told_to_wait(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    async with owner_db.transaction():
        assert await owner_db.fetchval(_LOCK, str(owner.company_id), headers["Idempotency-Key"])
        answer = await client.post("/v1/api-keys", json=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
        assert answer.headers["retry-after"] == "2"
    assert (await client.post("/v1/api-keys", json=BODY, headers=headers)).status_code == 201


async def test_keys_are_forgotten_after_a_day(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    age = "update idempotency set created_at = now() - interval '25 hours' where company_id = $1"
    await client.post("/v1/api-keys", json=BODY, headers=headers)
    await owner_db.execute(age, owner.company_id)
    other = {**BODY, "name": "Other"}
    first = await client.post("/v1/api-keys", json=other, headers=headers)
    assert (first.status_code, first.json()["api_key"]["name"]) == (201, "Other")
    assert (await client.post("/v1/api-keys", json=other, headers=headers)).content == first.content
    await owner_db.execute(age, owner.company_id)
    async with system_work() as s:
        await idempotency.forget_old(s)
    assert await owner_db.fetchval("select count(*) from idempotency where company_id = $1", owner.company_id) == 0


async def test_every_kind_of_creation_and_sending_is_answered_as_the_first_time(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    """Also where the thing made first would now stand in the way of a second."""
    channel = await factories.channel(owner_db, owner)
    await owner_db.execute("update channel set sandbox = true where id = $1", channel)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 2)
    contact = await owner_db.fetchval("select id from contact where company_id = $1 and name = 'Pessoa 1'", owner.company_id)
    to = await owner_db.fetchval(
        "select value from contact_identity where company_id = $1 and contact_id = $2 and kind = 'phone'",
        owner.company_id,
        contact,
    )
    campaign = await factories.campaign(owner_db, owner, channel, template)
    launched = f"/v1/campaigns/{campaign}"
    whatsapp = {"phone_number_id": "1", "waba_id": "2", "access_token": "t" * 20, "app_secret": "0" * 32}
    calls: list[tuple[str, dict[str, Any]]] = [
        ("/v1/contacts", {"name": "Ana", "phone": "+5511987650000"}),
        (f"/v1/contacts/{contact}/notes", {"body": "oi"}),
        ("/v1/contacts/bulk", {"filter": {"ids": [str(contact)]}, "verb": "add_tags", "tags": ["vip"]}),
        ("/v1/tags", {"name": "novos"}),
        ("/v1/custom-fields", {"key": "district", "label": "Bairro"}),
        ("/v1/team/invitations", {"email": "bia@example.com", "role": "agent"}),
        ("/v1/api-keys", BODY),
        ("/v1/channels", {"kind": "whatsapp", "name": "Loja", "values": whatsapp}),
        (f"/v1/channels/{channel}/check", {}),
        (f"/v1/channels/{channel}/templates/sync", {}),
        (
            "/v1/templates",
            {"channel_id": str(channel), "name": "oi", "language": "pt_BR", "category": "marketing", "body": "Oi!"},
        ),
        (f"/v1/sandbox/{channel}/reply", {"address": to, "text": "Quero"}),
        ("/v1/campaigns", {"name": "Natal"}),
        (f"{launched}/clone", {}),
        (f"{launched}/test", {"to": [to]}),
        (f"{launched}/launch", {}),
        (f"{launched}/cancel", {}),
    ]
    for url, body in calls:
        auth = {**headers, "Idempotency-Key": uuid4().hex}
        first = await client.post(url, json=body, headers=auth)
        assert 200 <= first.status_code < 300, (url, first.text)
        before = await _counts(owner_db, owner)
        second = await client.post(url, json=body, headers=auth)
        assert second.headers.get("idempotency-replayed") == "true", (url, second.text)
        assert (second.status_code, second.content) == (first.status_code, first.content), url
        assert second.headers.get("etag") == first.headers.get("etag"), url
        assert await _counts(owner_db, owner) == before, url


async def _counts(db: asyncpg.Connection, actor: Actor) -> list[int]:
    tables = [
        row["table_name"]
        for row in await db.fetch(
            "select table_name from information_schema.columns where table_schema = 'public' and column_name = 'company_id'"
            " and table_name not in (select table_name from information_schema.views)"
            " and table_name <> 'request_log' order by 1"  # to ask again is a line of its own
        )
    ]
    return [await db.fetchval(f'select count(*) from "{table}" where company_id = $1', actor.company_id) for table in tables]


async def test_an_upload_is_known_by_its_content(
    client: httpx.AsyncClient, database: Settings, owner_db: asyncpg.Connection, owner: Actor, headers: Headers
) -> None:
    async def send(content: bytes, name: str = "lista.csv") -> httpx.Response:
        return await client.post("/v1/imports", files={"file": (name, content)}, headers=headers)

    def files() -> int:
        return len([path for path in (database.blob_dir / "acc" / str(owner.company_id)).rglob("*") if path.is_file()])

    content = b"nome,telefone\n" + b"Ana,11987654321\n" * 80_000  # beyond what is kept in memory
    first = await send(content)
    assert first.status_code == 201
    second = await send(content)
    assert (second.status_code, second.content) == (201, first.content)
    assert second.headers["idempotency-replayed"] == "true"
    same_length = content[:-2] + b"2\n"
    for answer in (await send(same_length), await send(content, "outra.csv")):
        assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_mismatch")
    assert await owner_db.fetchval("select count(*) from contact_import where company_id = $1", owner.company_id) == 1
    assert files() == 1
    blob = await owner_db.fetchval("select blob from contact_import where company_id = $1", owner.company_id)
    assert (database.blob_dir / blob).read_bytes() == content


async def test_a_form_where_json_is_asked_for_is_no_fault(client: httpx.AsyncClient, headers: Headers) -> None:
    answer = await client.post("/v1/api-keys", files={"file": ("a.csv", b"x")}, headers=headers)
    assert 400 <= answer.status_code < 500


@pytest.mark.parametrize("key", ["x" * 201, "with space"])
async def test_odd_keys(client: httpx.AsyncClient, headers: Headers, key: str) -> None:
    answer = await client.post("/v1/api-keys", json=BODY, headers={**headers, "Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_idempotency_key")
