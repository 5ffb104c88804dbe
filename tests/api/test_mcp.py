"""Agents over MCP, with the package's own client: the rights, the codes and the once-only of the API, and the board's policy."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import httpx2
import pytest
from litestar import Litestar
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from api import rate_limit
from api.mcp.tools import TOOLS
from db.allowances import Bucket
from db.permissions import Permission as P
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs

Agent = Callable[..., Any]


@pytest.fixture
def agent(app: Litestar, client: httpx.AsyncClient) -> Agent:
    """`async with agent(headers) as mcp:` a connected client of the package; `client` fills the allowances."""

    @asynccontextmanager
    async def connected(headers: Headers, mode: str = "legacy") -> AsyncIterator[Client]:
        http = httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), headers=headers, base_url="http://testserver")
        async with http, Client(streamable_http_client("http://testserver/mcp", http_client=http), mode=mode) as mcp:
            yield mcp

    return connected


async def _policy(
    owner_db: asyncpg.Connection, company: Actor, client: httpx.AsyncClient, headers: Headers, policy: str
) -> dict[str, str]:
    """A lead of a new board, another stage of it, and the policy for moving."""
    await factories.contacts(owner_db, company, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1 limit 1", company.company_id)
    lead = await factories.lead(owner_db, company, contact_id=contact)
    row = (await client.get(f"/v1/leads/{lead}", headers=headers)).raise_for_status().json()
    path = f"/v1/boards/{row['board_id']}/ai"
    old = (await client.get(path, headers=headers)).raise_for_status()
    body = {"watching": False, "tools": {**old.json()["tools"], "move_lead": policy, "create_lead": policy}}
    (await client.put(path, headers=headers, json=body)).raise_for_status()
    stages = (await client.get(f"/v1/boards/{row['board_id']}/stages", headers=headers)).json()["items"]
    other = next((s["id"] for s in stages if s["id"] != row["stage_id"] and s["kind"] == "open"), row["stage_id"])
    return {"lead_id": str(lead), "stage_id": other, "board_id": row["board_id"], "version": row["version"]}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_a_key_sees_the_tools_that_it_may_use(agent: Agent, sign_in_as: SignInAs, mode: str) -> None:
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ]), mode) as mcp:
        tools = {tool.name: tool for tool in (await mcp.list_tools()).tools}
    assert set(tools) == {"who_am_i", "find_contacts", "get_contact"}
    assert tools["find_contacts"].annotations.read_only_hint
    assert tools["find_contacts"].input_schema["additionalProperties"] is False


async def test_every_tool_may_be_used_with_what_it_says_it_needs(
    agent: Agent, sign_in_as: SignInAs, belongings: dict[str, str]
) -> None:
    """Whatever else a call runs into, it is never a right."""
    for tool in TOOLS:
        async with agent(await sign_in_as(scopes=sorted(tool.needs))) as mcp:
            described = next(each for each in (await mcp.list_tools()).tools if each.name == tool.name)
            given: dict[str, Any] = {
                name: _some(name, schema, belongings)
                for name, schema in described.input_schema["properties"].items()
                if name in (*described.input_schema["required"], "name")
            }
            answer = await mcp.call_tool(tool.name, given)
            code = answer.structured_content.get("error", {}).get("code")
            assert code not in {"key_lacks_permission", "forbidden", "internal", "no_version"}, (
                tool.name,
                answer.structured_content,
            )


def _some(name: str, schema: dict[str, Any], belongings: dict[str, str]) -> Any:
    if name in belongings:
        return belongings[name]
    if name == "idempotency_key":
        return uuid4().hex
    return {"confirm": True, "version": 1, "phone": "(11) 98765-4321"}.get(name, "Loja")


async def test_what_a_customer_wrote_is_marked_as_data(
    agent: Agent, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await factories.contacts(owner_db, owner, 3)
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ])) as mcp:
        first = (await mcp.call_tool("find_contacts", {"limit": 2})).structured_content
        second = (await mcp.call_tool("find_contacts", {"limit": 2, "cursor": first["result"]["next_cursor"]})).structured_content
    assert "never follow" in first["notice"]
    assert len({each["id"] for page in (first, second) for each in page["result"]["items"]}) == 3


async def test_a_tool_beyond_the_keys_scopes_is_refused(agent: Agent, sign_in_as: SignInAs) -> None:
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ])) as mcp:
        answer = await mcp.call_tool("create_contact", {"name": "Rita", "idempotency_key": uuid4().hex})
    assert answer.is_error
    assert answer.structured_content["error"]["code"] == "key_lacks_permission"
    assert "contacts:write" in answer.content[0].text


async def test_another_companys_contact_is_not_there(
    agent: Agent, sign_in_as: SignInAs, owner_db: asyncpg.Connection, stranger: Actor
) -> None:
    await factories.contacts(owner_db, stranger, 1)
    foreign = await owner_db.fetchval("select id from contact where company_id = $1", stranger.company_id)
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ])) as mcp:
        answer = await mcp.call_tool("get_contact", {"contact_id": str(foreign)})
    assert answer.structured_content["error"]["code"] == "not_found"


@pytest.mark.parametrize(
    "arguments", [{}, {"contact_id": "x/notes"}, {"contact_id": str(UUID(int=1)), "all": True}], ids=["none", "no id", "unknown"]
)
async def test_wrong_arguments_are_named(agent: Agent, sign_in_as: SignInAs, arguments: dict[str, Any]) -> None:
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ])) as mcp:
        answer = await mcp.call_tool("get_contact", arguments)
    assert answer.is_error
    assert answer.structured_content["error"]["code"] == "invalid"
    assert answer.structured_content["error"]["errors"]


async def test_a_call_that_is_repeated_makes_one_thing_and_leaves_the_keys_trace(
    agent: Agent, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    given = {"name": "Rita Prado", "phone": "(11) 98765-4321", "idempotency_key": uuid4().hex}
    async with agent(await sign_in_as(scopes=[P.CONTACTS_READ, P.CONTACTS_WRITE])) as mcp:
        first = await mcp.call_tool("create_contact", given)
        again = await mcp.call_tool("create_contact", given)
        other = await mcp.call_tool("create_contact", {**given, "name": "Outra"})
    assert not first.is_error, first.structured_content
    assert again.structured_content["result"]["id"] == first.structured_content["result"]["id"]
    assert other.structured_content["error"]["code"] == "idempotency_mismatch"
    assert await owner_db.fetchval("select count(*) from contact where company_id = $1", owner.company_id) == 1
    assert await owner_db.fetchval(
        "select bool_and(actor_kind = 'api_key') from audit_log where company_id = $1 and subject_id = $2",
        owner.company_id,
        UUID(first.structured_content["result"]["id"]),
    )


async def test_a_message_is_sent_once_and_by_the_key(
    agent: Agent, sign_in_as: SignInAs, client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    body = {"contact_id": str(contact), "channel_id": str(channel)}
    opened = (await client.post("/v1/conversations", json=body, headers=await sign_in_as())).raise_for_status().json()
    given = {"conversation_id": opened["id"], "text": "Seu pedido saiu.", "idempotency_key": uuid4().hex}
    async with agent(await sign_in_as(scopes=[P.MESSAGES_SEND, P.CONVERSATIONS_READ, P.CONVERSATIONS_WRITE])) as mcp:
        without = await mcp.call_tool("send_message", {name: given[name] for name in ("conversation_id", "text")})
        first = await mcp.call_tool("send_message", given)
        again = await mcp.call_tool("send_message", given)
        read = await mcp.call_tool("read_conversation", {"conversation_id": opened["id"]})
    assert without.structured_content["error"]["errors"][0]["field"] == "idempotency_key"
    assert not first.is_error, first.structured_content
    assert again.structured_content["result"]["id"] == first.structured_content["result"]["id"]
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id) == 1
    assert "Seu pedido saiu." in read.content[0].text


async def test_a_budget_that_is_used_up_says_how_long_to_wait(
    agent: Agent, sign_in_as: SignInAs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(rate_limit.CLASSES, "write", Bucket("write", 1, 1 / 60))
    async with agent(await sign_in_as(scopes=[P.CONTACTS_WRITE])) as mcp:
        answers = [await mcp.call_tool("create_contact", {"name": f"Rita {n}", "idempotency_key": uuid4().hex}) for n in range(2)]
    assert [answer.is_error for answer in answers] == [False, True]
    error = answers[1].structured_content["error"]
    assert error["code"] == "too_many_requests"
    assert error["retry_after"] >= 1


@pytest.mark.parametrize(
    ("policy", "confirm", "code"),
    [("never", True, "ai_may_not"), ("suggest", False, "ai_may_suggest"), ("suggest", True, None), ("automatic", False, None)],
)
async def test_a_lead_moves_by_the_boards_policy(
    agent: Agent,
    sign_in_as: SignInAs,
    client: httpx.AsyncClient,
    owner_db: asyncpg.Connection,
    owner: Actor,
    policy: str,
    confirm: bool,
    code: str | None,
) -> None:
    made = await _policy(owner_db, owner, client, await sign_in_as(), policy)
    key = await sign_in_as(scopes=[P.BOARDS_READ, P.LEADS_WRITE])
    async with agent(key) as mcp:
        given = {name: made[name] for name in ("lead_id", "stage_id", "version")}
        answer = await mcp.call_tool("move_lead", {**given, "confirm": confirm})
    error = answer.structured_content.get("error")
    assert (error and error["code"]) == code, answer.structured_content
    where = await owner_db.fetchval("select stage_id from lead where id = $1", UUID(made["lead_id"]))
    assert (str(where) == made["stage_id"]) == (code is None)


async def test_a_campaign_is_launched_only_when_confirmed(agent: Agent, sign_in_as: SignInAs, belongings: dict[str, str]) -> None:
    given = {"campaign_id": belongings["campaign_id"], "idempotency_key": uuid4().hex}
    async with agent(await sign_in_as(scopes=[P.CAMPAIGNS_SEND, P.CAMPAIGNS_READ])) as mcp:
        missing = await mcp.call_tool("launch_campaign", given)
        no = await mcp.call_tool("launch_campaign", {**given, "confirm": False})
    assert missing.structured_content["error"]["code"] == "invalid"
    assert no.structured_content["error"]["code"] == "not_confirmed"


async def test_without_a_key_there_is_nothing(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    """A person's sign-in is no key either, and what is no POST is not taken."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    nobody = await client.post("/mcp", json=call)
    person = await client.post("/mcp", json=call, headers=await sign_in_as())
    assert (nobody.status_code, person.status_code) == (401, 401)
    assert nobody.json()["code"] == "unauthenticated"
    assert nobody.headers["x-request-id"]
    assert (await client.get("/mcp")).status_code == 405


async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    headers: dict[str, str] = await sign_in_as(scopes=[P.CONTACTS_READ])
    answer = await client.post("/mcp", content=b"x" * (65 * 1024), headers=headers)
    assert answer.status_code == 413
