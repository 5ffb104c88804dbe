"""A saved connection is tried at once: what works and what does not is said step by step, and what stopped goes on when it works."""

import asyncio
import contextvars
import threading
import time

import asyncpg
import msgspec
import pytest

from db.ai import budgets, connection, endings
from db.ai.connection import Connection, Finding, Settled
from db.ai.enums import BudgetPeriod, BudgetScope, CheckStep, ConnectionState, EmbedderKind, Provider, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.clock import now
from db.jobs import CheckAi
from db.settings import Settings
from db.tenancy import Actor
from db.work import Read
from tests.workers.llm.conftest import Reply, Service, completion, connect, ok, refused
from workers.llm import attempts, client
from workers.llm.ask import ask, embed, stream
from workers.llm.check import ABOUT, QUESTION, check_ai
from workers.llm.outcomes import NotConnected
from workers.runtime import Retry

KEY, MODELS, CHAT, VECTORS = CheckStep.KEY, CheckStep.MODELS, CheckStep.CHAT, CheckStep.EMBEDDING
CHECKS = "select count(*) from job where company_id = $1 and payload->>'type' = 'CheckAi'"


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attempts, "FIRST_WAIT", 0.0)


async def test_what_fails_while_the_package_is_still_loading_is_told_as_it_is() -> None:
    client._loading.acquire()
    later = threading.Timer(0.2, client._loading.release)
    began = time.monotonic()
    later.start()
    with pytest.raises(KeyError), client.failures("key"):
        raise KeyError("of ours")
    assert time.monotonic() - began >= 0.2, "the package's names were looked up before it was whole"


async def mails(owner_db: asyncpg.Connection, owner: Actor) -> int:
    count = "select count(*) from mail where company_id = $1 and template = 'ai_notice'"
    return int(await owner_db.fetchval(count, owner.company_id))


async def checked(owner: Actor) -> Connection:
    await check_ai(owner.company_id, CheckAi())
    found = await connection.connection(owner)
    assert found is not None
    return found


def said(found: Connection) -> list[tuple[CheckStep, CallFailure | None]]:
    return [(finding.step, finding.failure) for finding in found.findings]


async def test_everything_works(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    found = await checked(connected)
    assert said(found) == [(KEY, None), (MODELS, None), (CHAT, None), (VECTORS, None)]
    assert (found.state, found.models, found.embedding_dims) == ("ready", ["gpt-4o", "text-embedding-3-small"], 3)
    rows = await owner_db.fetch("select purpose, result from ai_usage where company_id = $1 order by id", connected.company_id)
    assert [tuple(row) for row in rows] == [("check", "answered"), ("check", "answered")]


@pytest.mark.parametrize(
    ("listed", "chat", "state", "expected"),
    [
        (refused(401, "invalid_api_key"), refused(401, "invalid_api_key"), "key_refused",
         [(KEY, CallFailure.KEY_REFUSED), (CHAT, CallFailure.KEY_REFUSED)]),
        (None, refused(429, "insufficient_quota"), "no_credit", [(KEY, None), (MODELS, None), (CHAT, CallFailure.NO_CREDIT)]),
        (None, refused(404, "model_not_found"), "failed", [(KEY, None), (MODELS, None), (CHAT, CallFailure.MODEL_GONE)]),
        (refused(404, None), ok(completion()), "ready", [(CHAT, None), (VECTORS, None)]),
        ((404, b"nothing", {}), (404, b"nothing", {}), "failed", [(KEY, CallFailure.UNREACHABLE), (CHAT, CallFailure.UNREACHABLE)]),
        ((200, b"<html>", {}), (200, b"<html>", {}), "failed", [(CHAT, CallFailure.MALFORMED)]),
        (None, ok(completion("", finish="length")), "ready", [(KEY, None), (MODELS, None), (CHAT, None), (VECTORS, None)]),
    ],
)  # fmt: skip
async def test_what_does_not_work_is_said(
    service: Service,
    connected: Actor,
    listed: Reply | None,
    chat: Reply,
    state: str,
    expected: list[tuple[CheckStep, CallFailure]],
) -> None:
    service.listed, service.chat = listed or service.listed, [chat]
    found = await checked(connected)
    assert said(found) == expected
    assert found.state == state


async def test_without_vectors_it_answers_all_the_same(service: Service, connected: Actor) -> None:
    service.embedding = lambda _: refused(404, "model_not_found", "no such model")
    found = await checked(connected)
    assert (found.state, found.findings[-1]) == ("ready", Finding(VECTORS, CallFailure.MODEL_GONE, "no such model"))
    await connect(connected, embedder=EmbedderKind.NONE)
    assert said(await checked(connected)) == [(KEY, None), (MODELS, None), (CHAT, None)]


async def test_a_stop_ends_when_it_works_again(service: Service, connected: Actor) -> None:
    service.chat = [refused(429, "insufficient_quota")]
    assert (await checked(connected)).state is ConnectionState.NO_CREDIT
    assert (await checked(connected)).state is ConnectionState.NO_CREDIT
    service.chat = [ok(completion("OK"))]
    assert (await checked(connected)).state is ConnectionState.READY


async def test_an_outage_takes_nothing_from_what_worked(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    await checked(connected)
    service.listed = service_down = refused(503, None)
    service.chat = [service_down]
    await owner_db.execute("update ai_connection set checked_at = null where company_id = $1", connected.company_id)
    with pytest.raises(Retry):
        await check_ai(connected.company_id, CheckAi())
    found = await connection.connection(connected)
    assert found is not None
    assert (found.state, found.models) == (ConnectionState.READY, ["gpt-4o", "text-embedding-3-small"])
    assert said(found) == [(KEY, CallFailure.UNREACHABLE), (CHAT, CallFailure.UNREACHABLE)], "and it is said"
    assert found.checked_at is not None


@pytest.mark.parametrize("reply", [None, refused(503, None)])
async def test_a_full_budget_or_an_outage_says_nothing_of_the_credit(
    service: Service, connected: Actor, reply: Reply | None
) -> None:
    service.chat = [refused(429, "insufficient_quota")]
    assert (await checked(connected)).state is ConnectionState.NO_CREDIT
    if reply is None:
        await budgets.set_budget(connected, BudgetScope.COMPANY, BudgetPeriod.DAY, 1)
    else:
        service.chat = [reply]
    assert (await checked(connected)).state is ConnectionState.NO_CREDIT


async def test_what_was_changed_meanwhile_is_not_overwritten(service: Service, connected: Actor) -> None:
    opened = await connection.opened(connected.company_id)
    assert opened is not None
    await connect(connected, chat_model="gpt-4")
    await connection.save_check(connected.company_id, opened.connection, [], None, None, ConnectionState.READY)
    found = await connection.connection(connected)
    assert found is not None
    assert (found.state, found.chat_model) == ("checking", "gpt-4")


async def test_what_an_earlier_connection_found_is_not_said_of_the_next_one(
    service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    """Both are version 1."""
    opened = await connection.opened(connected.company_id)
    assert opened is not None
    await connection.remove(connected)
    await connect(connected)
    await connection.stop(connected.company_id, opened.connection, ConnectionState.KEY_REFUSED)
    await connection.save_check(connected.company_id, opened.connection, [], None, None, ConnectionState.READY)
    found = await connection.connection(connected)
    assert found is not None
    assert (found.state, found.checked_at) == ("checking", None)
    assert await mails(owner_db, connected) == 0


@pytest.mark.parametrize("reply", [refused(401, "invalid_api_key"), refused(402, None), refused(403, "invalid_issuer")])
async def test_a_key_without_vectors_is_checked_once_and_stops_nothing(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, reply: Reply
) -> None:
    service.embedding = lambda _: reply
    await owner_db.execute("delete from job where company_id = $1", connected.company_id)
    found = await checked(connected)
    assert found.state is ConnectionState.READY
    assert not isinstance(await embed(connected.company_id, About(purpose=Purpose.EMBED), ["a"], kind="query"), list)
    found = await checked(connected)
    assert (found.state, found.findings[-1].step) == (ConnectionState.READY, VECTORS)
    assert found.findings[-1].failure in (CallFailure.KEY_REFUSED, CallFailure.NO_CREDIT)
    assert await owner_db.fetchval(CHECKS, connected.company_id) == 0, "no check starts another one"
    assert await mails(owner_db, connected) == 0


async def test_where_the_simulator_is_off_that_is_said(
    service: Service, settings: Settings, database: Settings, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await client.close()
    client.connect(client.Models(msgspec.structs.replace(settings, sandbox_url="")))
    await connect(owner, Provider.SANDBOX, key=None)
    off = NotConnected(CallFailure.SANDBOX_OFF)
    assert await ask(owner.company_id, ABOUT, QUESTION) == off
    assert [piece async for piece in stream(owner.company_id, ABOUT, QUESTION)] == [off]
    found = await checked(owner)
    assert (found.state, said(found)) == ("failed", [(CHAT, CallFailure.SANDBOX_OFF)])
    assert await owner_db.fetchval("select count(*) from ai_usage where company_id = $1", owner.company_id) == 0


async def test_a_key_never_meets_another_address(service: Service, connected: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody saves another provider the moment after a worker read the row."""
    fetchrow = Read.fetchrow

    async def read_then_saved(self: Read, sql: str, *args: object) -> asyncpg.Record | None:
        monkeypatch.setattr(Read, "fetchrow", fetchrow)
        row = await fetchrow(self, sql, *args)
        wanted = Settled(provider=Provider.COMPATIBLE, base_url=service.url, key="theirs", chat_model="m")
        await asyncio.create_task(connection.save(connected, wanted), context=contextvars.Context())
        return row

    monkeypatch.setattr(Read, "fetchrow", read_then_saved)
    opened = await connection.opened(connected.company_id)
    assert opened is not None
    assert (opened.connection.provider, opened.key) == (Provider.OPENAI, "sk-test-0123456789abcdef")


@pytest.mark.parametrize(
    "url", ["http://example.com/v1", "https://localhost/v1", "https://10.0.0.7/v1", "https://example.com:22/v1"]
)
async def test_an_address_inside_is_not_called(
    service: Service, settings: Settings, database: Settings, owner: Actor, url: str
) -> None:
    await client.close()
    client.connect(client.Models(settings))
    await connect(owner, Provider.COMPATIBLE, base_url=url, chat_model="m")
    found = await checked(owner)
    assert said(found) == [(KEY, CallFailure.ADDRESS_REFUSED), (CHAT, CallFailure.ADDRESS_REFUSED)]
    assert found.state is ConnectionState.FAILED


async def test_a_name_that_leads_inside_is_not_called(
    service: Service, settings: Settings, database: Settings, owner: Actor
) -> None:
    """Also when it led elsewhere a moment ago."""
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    await client.close()
    client.connect(client.Models(settings, resolve=resolve))
    await connect(owner, Provider.COMPATIBLE, base_url="https://models.example.com/v1", chat_model="m")
    found = await checked(owner)
    assert said(found) == [(KEY, CallFailure.ADDRESS_REFUSED), (CHAT, CallFailure.ADDRESS_REFUSED)]
    assert set(asked) == {"models.example.com"}
    assert service.asked == []


async def test_a_key_that_cannot_be_opened_is_said(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("update ai_connection set key = set_byte(key, 30, 7) where company_id = $1", connected.company_id)
    found = await checked(connected)
    assert (found.state, said(found)) == ("failed", [(KEY, CallFailure.KEY_UNREADABLE)])


async def test_owners_are_told_once_of_models_that_end(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("update ai_connection set chat_model = 'gpt-3.5-turbo' where company_id = $1", connected.company_id)
    assert await endings.warn_company(connected.company_id, now()) == ["gpt-3.5-turbo"]
    assert await endings.warn_company(connected.company_id, now()) == []
    count = "select count(*) from mail where company_id = $1 and template = 'ai_notice'"
    assert await owner_db.fetchval(count, connected.company_id) == 1


@pytest.mark.parametrize(("state", "again"), [("no_credit", 1), ("failed", 1), ("key_refused", 0), ("ready", 0)])
async def test_what_may_mend_itself_is_looked_at_again(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, state: str, again: int
) -> None:
    await owner_db.execute("update ai_connection set state = $2 where company_id = $1", connected.company_id, state)
    await owner_db.execute("delete from job where company_id = $1", connected.company_id)
    await connection.recheck()
    assert await owner_db.fetchval(CHECKS, connected.company_id) == again
