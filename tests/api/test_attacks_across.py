"""Where one part would lend its rights to another: keys that may change an automation but not do what it does, test keys whose effects come
later, and agents, cursors and repeated requests that somebody made up."""

import base64
import hashlib
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest

from api.auth import guard
from db.permissions import Permission as P
from db.permissions import Role
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, SignInAs
from tests.api.test_borrowed_rights import new_key

WEBHOOK: dict[str, Any] = {"url": "https://example.com/hook", "types": ["contact.changed"], "description": ""}
KOMMO = "/v1/integrations/kommo"


def said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def a_test_key(client: httpx.AsyncClient, auth: Headers) -> Headers:
    made = await client.post("/v1/api-keys", json={"name": "Teste", "scopes": [*P], "test": True}, headers=auth)
    assert made.status_code == 201, made.text
    return {"Authorization": f"Bearer {made.json()['secret']}"}


# -- test keys: what they set up would act later, on real people


async def test_a_test_key_has_nobody_outside_told(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, belongings: dict[str, str]
) -> None:
    auth = await sign_in_as()
    key = await a_test_key(client, auth)
    own = f"/v1/webhooks/{belongings['webhook_id']}"
    span = {"since": "2026-01-01T00:00:00Z", "until": "2026-12-31T00:00:00Z"}
    tried = [
        await client.post("/v1/webhooks", json=WEBHOOK, headers=key),
        await client.patch(own, json={"url": "https://example.net/"}, headers=key),
        await client.post(f"{own}/test", headers=key),
        await client.post(f"{own}/replay", json=span, headers=key),
        await client.post(f"{own}/deliveries/{belongings['delivery_id']}/replay", headers=key),
        await client.patch(KOMMO, json={"push_contacts": True, "push_notes": True}, headers=key),
        await client.put(KOMMO, json={"way": "token", "host": "evil.kommo.com", "token": "t" * 20}, headers=key),
        await client.post(f"/v1/holds/{uuid4()}/decide", json={"items": [str(uuid4())], "decision": "continued"}, headers=key),
    ]
    assert {said(one) for one in tried} == {(403, "test_key")}, [one.text for one in tried]
    told = "select count(*) from webhook_delivery where endpoint_id = $1 and state <> 'delivered'"
    assert await owner_db.fetchval(told, UUID(belongings["webhook_id"])) == 0
    assert (await client.get(own, headers=key)).status_code == 200  # it looks


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_test_key_lets_nothing_write_to_real_people_later(
    client: httpx.AsyncClient,
    sign_in_as: SignInAs,
    owner: Actor,
    owner_db: asyncpg.Connection,
    belongings: dict[str, str],
    sandbox: bool,
) -> None:
    auth = await sign_in_as()
    key = await a_test_key(client, auth)
    await owner_db.execute("update channel set sandbox = $2 where company_id = $1", owner.company_id, sandbox)
    channel, board, stage = belongings["channel_id"], belongings["board_id"], belongings["stage_id"]
    rules, bound = f"/v1/boards/{board}/rules", f"/v1/personas/{belongings['persona_id']}/bindings"
    text = {"stage_id": stage, "action": {"kind": "send_text", "channel_id": channel, "text": "Oi"}}
    letter = {"stage_id": stage, "action": {"kind": "send_template", "template_id": belongings["template_id"], "bindings": []}}
    binding = {"bindings": [{"channel_id": channel}]}
    tried = [
        await client.post(rules, json=text, headers=key),
        await client.post(rules, json=letter, headers=key),
        await client.put(bound, json=binding, headers=key),
    ]
    refused = [said(one) == (403, "test_key") for one in tried]
    assert refused == [not sandbox] * 3, [one.text for one in tried]
    everywhere = await client.put(bound, json={"bindings": [{"label_id": belongings["label_id"]}]}, headers=key)
    assert said(everywhere) == (403, "test_key")
    await client.put(bound, json=binding, headers=auth)
    published = await client.post(f"{bound.removesuffix('/bindings')}/publish", json={"note": ""}, headers=key)
    assert (said(published) == (403, "test_key")) is not sandbox, published.text
    theirs = (await client.post(rules, json=text | {"enabled": False}, headers=auth)).json()
    on = await client.patch(f"/v1/stage-rules/{theirs['id']}", json={"enabled": True}, headers=key)
    assert (said(on) == (403, "test_key")) is not sandbox, on.text


@pytest.mark.parametrize("sandbox", [True, False])
async def test_a_test_key_changes_nothing_that_protects_or_leads_real_people(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection, sandbox: bool
) -> None:
    """Hours, limits of costs and the window of texts hold for all numbers; a sequence goes on by itself."""
    auth = await sign_in_as()
    key = await a_test_key(client, auth)
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 2)
    plan = {"steps": [{"kind": "send", "id": str(uuid4()), "channel_id": str(channel), "text": "Oi"}]}
    own = "/v1/cadences/" + (await client.post("/v1/cadences", json={"name": "Volta", "plan": plan}, headers=auth)).json()["id"]
    assert (await client.post(f"{own}/start", headers=auth)).status_code == 200
    await owner_db.execute("update channel set sandbox = $2 where company_id = $1", owner.company_id, sandbox)
    hours = {"name": "Dia", "weekdays": [0], "opens": 0, "closes": 1440}
    kept = (await client.post("/v1/send-hours", json=hours, headers=auth)).json()["id"]
    tried = [
        await client.post(f"{own}/enrolments", json={"contacts": {"everyone": True}}, headers=key),
        await client.post(f"{own}/pause", headers=key),
        await client.put(f"/v1/warm-ups/{channel}", json={"starts": "2026-01-01"}, headers=key),
    ]
    assert [said(one) == (403, "test_key") for one in tried] == [not sandbox] * 3, [one.text for one in tried]
    everywhere = [
        await client.post("/v1/send-hours", json=hours, headers=key),
        await client.delete(f"/v1/send-hours/{kept}", headers=key),
        await client.put("/v1/costs/limit", json={"limit_micro": None, "currency": None}, headers=key),
        await client.patch("/v1/company", json={"same_text_hours": 0}, headers=key),
    ]
    assert {said(one) for one in everywhere} == {(403, "test_key")}, [one.text for one in everywhere]


# -- automations act with rights of their own: who may only change them borrows none


async def _hook_that_tags(client: httpx.AsyncClient, auth: Headers) -> tuple[str, str]:
    made = (await client.post("/v1/incoming-hooks", json={"name": "Loja"}, headers=auth)).json()
    steps = [{"kind": "contact", "phone": "{{telefone}}"}]
    change = {"steps": steps, "signature_header": "X-Loja", "secret": "segredo-longo"}
    changed = await client.patch(f"/v1/incoming-hooks/{made['id']}", json=change, headers=auth)
    assert changed.status_code == 200, changed.text
    return f"/v1/incoming-hooks/{made['id']}", httpx.URL(made["url"]).path


@pytest.mark.parametrize("change", [{"signature_header": None}, {"secret": "meu-segredo"}, {"signature_header": "X-Meu"}])
async def test_who_may_not_do_a_hooks_steps_does_not_say_who_calls_it(
    client: httpx.AsyncClient, sign_in_as: SignInAs, change: dict[str, Any]
) -> None:
    auth = await sign_in_as()
    hook, path = await _hook_that_tags(client, auth)
    _, key = await new_key(client, auth, P.INCOMING_WRITE, P.INCOMING_READ)
    assert said(await client.patch(hook, json=change, headers=key)) == (403, "key_lacks_permission")
    assert (await client.post(path, json={"telefone": "+5511955550000"})).status_code == 401
    assert (await client.patch(hook, json={"name": "Outro nome"}, headers=key)).status_code == 200
    _, whole = await new_key(client, auth, P.INCOMING_WRITE, P.CONTACTS_WRITE)
    assert (await client.patch(hook, json=change, headers=whole)).status_code == 200


async def test_who_may_not_do_a_hooks_steps_gets_no_address_of_it(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    hook, path = await _hook_that_tags(client, auth)
    _, key = await new_key(client, auth, P.INCOMING_WRITE)
    assert said(await client.post(f"{hook}/renew-address", headers=key)) == (403, "key_lacks_permission")
    assert (await client.post(path, json={"telefone": "1"})).status_code == 401, "the old one is still one"


async def test_the_log_of_a_webhook_shows_nobody_what_they_may_not_read(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    """And another address is told nothing that waits, or can be sent again, whatever the types are now."""
    auth = await sign_in_as()
    made = (await client.post("/v1/webhooks", json=WEBHOOK | {"types": ["message.received"]}, headers=auth)).json()
    own = f"/v1/webhooks/{made['id']}"
    delivery = await owner_db.fetchval(
        "insert into webhook_delivery(company_id, endpoint_id, event_id, type, entity, sequence, body, state) values"
        " ($1, $2, 'msg_9', 'message.received', 'contact_id:1', 1, '{\"text\": \"meu cpf\"}', 'delivered') returning id",
        owner.company_id,
        UUID(made["id"]),
    )
    _, key = await new_key(client, auth, P.WEBHOOKS_READ, P.WEBHOOKS_WRITE, P.CONTACTS_READ)
    read = await client.get(f"{own}/deliveries/{delivery}", headers=key)
    assert read.status_code == 403, read.text
    assert "cpf" not in read.text
    assert (await client.get(f"{own}/deliveries", headers=key)).status_code == 200
    thief = {"url": "https://thief.example/"}
    for first in ({}, {"types": ["contact.changed"]}):  # the second: what it was told is still there to be sent again
        await client.patch(own, json=first | {"description": "x"}, headers=key)
        for change in (thief, thief | {"types": ["contact.changed"]}):
            assert said(await client.patch(own, json=change, headers=key)) == (403, "webhook_type_not_yours"), (first, change)
    assert (await client.get(own, headers=auth)).json()["url"] == WEBHOOK["url"]
    assert (await client.get(f"{own}/deliveries/{delivery}", headers=auth)).json()["body"] == '{"text": "meu cpf"}'


async def test_rules_of_kommo_lend_nobody_the_contacts(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    auth = await sign_in_as()
    await owner_db.execute(
        "insert into kommo_connection(company_id, id, way, host, hook_hash, hook_token, state, account_id)"
        " values ($1, $1, 'token', 'aurora.kommo.com', $2, '', 'ready', 7)",
        owner.company_id,
        uuid4().bytes,
    )
    _, key = await new_key(client, auth, P.INTEGRATIONS_WRITE, P.INTEGRATIONS_READ)
    for rule in ("push_contacts", "push_leads", "push_notes", "take_contacts", "take_leads"):
        assert said(await client.patch(KOMMO, json={rule: True}, headers=key)) == (403, "key_lacks_permission"), rule
    assert (await client.patch(KOMMO, json={"push_contacts": True}, headers=auth)).status_code == 200
    theirs = {"way": "token", "host": "thief.kommo.com", "token": "t" * 20}
    assert said(await client.put(KOMMO, json=theirs, headers=key)) == (403, "key_lacks_permission")
    assert (await client.patch(KOMMO, json={"push_contacts": False}, headers=key)).status_code == 200


# -- agents


def _call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": tool, "arguments": arguments}}


async def _agent(client: httpx.AsyncClient, key: Headers, body: Any) -> httpx.Response:
    told = {**key, "accept": "application/json, text/event-stream", "content-type": "application/json"}
    raw = body if isinstance(body, bytes) else msgspec.json.encode(body)
    answer = await client.post("/mcp", content=raw, headers={**told, "mcp-protocol-version": "2025-06-18"})
    assert answer.status_code < 500, answer.text
    return answer


async def test_odd_words_of_agents_break_nothing(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    _, key = await new_key(client, await sign_in_as(), P.CONTACTS_READ, P.CONTACTS_WRITE, P.BOARDS_READ, P.LEADS_WRITE)
    bodies: list[Any] = [
        b"",
        b"null",
        b"[" * 30_000,
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"jsonrpc":"2.0","id":NaN,"method":"tools/list"}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find_contacts","arguments":{"search":"\\ud800"}}}',
        b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"find_contacts","arguments":{"limit":1e999}}}',
        [_call("who_am_i")] * 100,
        _call("__init__"),
        _call("find_contacts", search="\0", limit=10**30),
        _call("find_contacts", tag="x" * 50_000),
    ]
    for body in bodies:
        answer = await _agent(client, key, body)
        assert "internal" not in answer.text, (body[:80], answer.text)
    for wrong in ("../../v1/team", "0198f3a2-6f7e-7c41-9a53-2f1d8c0b7e01/../..", "{lead_id}", 7, None):
        answer = await _agent(client, key, _call("get_lead", lead_id=wrong))
        assert answer.json()["result"]["structuredContent"]["error"]["code"] == "invalid", answer.text
    twice = await _agent(client, key, _call("create_contact", name="Ana", idempotency_key="12345678\r\nx-evil: 1"))
    assert twice.json()["result"]["structuredContent"]["error"]["code"] == "invalid"


async def test_agents_have_what_their_key_has(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner: Actor, owner_db: asyncpg.Connection, belongings: dict[str, str]
) -> None:
    """A session is none, a test key stays one, and a key that is used from elsewhere too."""
    auth = await sign_in_as()
    assert (await _agent(client, auth, _call("who_am_i"))).status_code == 401
    await owner_db.execute("update channel set sandbox = false where company_id = $1", owner.company_id)
    template = {"conversation_id": belongings["conversation_id"], "template_id": belongings["template_id"], "bindings": []}
    sent = await _agent(client, await a_test_key(client, auth), _call("send_template", idempotency_key="k" * 8, **template))
    assert sent.json()["result"]["structuredContent"]["error"]["code"] == "test_key", sent.text
    made = {"name": "Longe", "scopes": ["company:read"], "addresses": ["203.0.113.0/24"]}
    away = (await client.post("/v1/api-keys", json=made, headers=auth)).json()["secret"]
    spoofed = {"Authorization": f"Bearer {away}", "X-Forwarded-For": "203.0.113.5"}
    assert said(await _agent(client, spoofed, _call("who_am_i"))) == (403, "address_not_allowed")


# -- what is repeated, and what is made up


async def test_a_repeated_request_gives_nobody_elses_answer(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    body, once = {"name": "k", "scopes": ["company:read"]}, {"Idempotency-Key": f"criar-{uuid4().hex}"}
    first_id, first = await new_key(client, auth, P.KEYS_WRITE, P.COMPANY_READ)
    _, second = await new_key(client, auth, P.KEYS_WRITE, P.COMPANY_READ)
    made = await client.post("/v1/api-keys", json=body, headers=first | once)
    assert made.status_code == 201
    stolen = await client.post("/v1/api-keys", json=body, headers=second | once)
    assert said(stolen) == (409, "idempotency_mismatch")
    assert made.json()["secret"] not in stolen.text
    assert (await client.delete(f"/v1/api-keys/{first_id}", headers=auth)).status_code == 204
    guard.forget_all()
    assert (await client.post("/v1/api-keys", json=body, headers=first | once)).status_code == 401


def _cursor(path: str, *key: object) -> str:
    """As the API would make it: nothing in it is secret."""
    bound = hashlib.sha256(msgspec.json.encode((path, []))).digest()[:8]
    return base64.urlsafe_b64encode(bound + msgspec.json.encode(key)).decode().rstrip("=")


async def test_cursors_that_somebody_made_up_end_in_a_word(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    await client.put("/v1/events/history", json={"kept": True}, headers=auth)
    for path, key in (
        ("/v1/events/history", (10**25, "x")),
        ("/v1/events/history", (-(10**18), "\0")),
        ("/v1/events/history", (True, None)),
        ("/v1/requests", ("0" * 36,)),
        ("/v1/team", ("\0", str(uuid4()))),
        ("/v1/erasures", (1,)),
    ):
        answer = await client.get(path, params={"cursor": _cursor(path, *key)}, headers=auth)
        assert answer.status_code in (200, 422), (path, key, answer.text)
    for version in ("2026-11-27, 2026-11-27", "é", "9" * 5000, "latest", ""):
        answer = await client.get("/v1/company", headers={**auth, "Master-Version": version.encode()})
        assert answer.status_code == 422, (version[:20], answer.text)


async def test_logs_of_requests_and_of_changes_are_of_ones_own_company(
    app: Any, client: httpx.AsyncClient, sign_in_as: SignInAs, stranger: Actor, headers_for: SignInAs
) -> None:
    ours, theirs = await sign_in_as(), await headers_for(stranger)
    shared = {"X-Request-Id": f"pedido-{uuid4().hex}"}  # whoever knows the id of another one's request
    await client.get("/v1/company", headers=ours | shared)
    await app.state.journal.flush()
    query = {"request_id": shared["X-Request-Id"]}
    assert len((await client.get("/v1/requests", params=query, headers=ours)).json()["items"]) == 1
    assert (await client.get("/v1/requests", params=query, headers=theirs)).json()["items"] == []
    assert said(await client.get("/v1/requests", headers=await sign_in_as(Role.MANAGER))) == (403, "forbidden")
    by_key = await sign_in_as(scopes=[one for one in P if one is not P.AUDIT_READ])
    assert said(await client.get("/v1/requests", headers=by_key)) == (403, "key_lacks_permission")
