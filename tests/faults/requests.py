"""`kill -9` of API processes in the middle of requests that create and send, each repeated under its Idempotency-Key until it is
answered: every effect there exactly once, and the answer the same for ever after."""

import asyncio
import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx

from db import valkey
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import Headers, bearer
from tests.bench.harness import Harness, company, harness
from tests.bench.ports import free_ports
from tests.faults.harness import Report

PATIENCE = 90  # seconds until a request must have its answer


@dataclass
class Call:
    """One POST, and the query that counts its effects by `$1`, the company, and `$2`, what is only in this request."""

    url: str
    count: str
    mark: Any
    body: dict[str, Any] | None = None
    file: tuple[str, bytes] | None = None
    key: str = field(default_factory=lambda: uuid4().hex)
    tries: int = 0
    interrupted: int = 0
    answer: httpx.Response | None = None


class Api:
    """Two API processes, so that a retry meets the one while the other is dead."""

    def __init__(self, base: Harness, ports: list[int]) -> None:
        self._base = base
        self._urls = [f"http://127.0.0.1:{port}" for port in ports]
        self._processes = [self._start(port) for port in ports]
        self._ports = ports

    def _start(self, port: int) -> "subprocess.Popen[bytes]":
        return self._base.start("-m", "api", env={"API_PORT": str(port)})

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Waits until both answer."""
        limit = time.monotonic() + 60
        for url in self._urls:
            while True:
                with suppress(httpx.TransportError):
                    if (await http.get(f"{url}/health")).status_code == 200:
                        break
                assert time.monotonic() < limit, (self._base.folder / "log").read_text(errors="replace")[-4000:]
                await asyncio.sleep(0.1)

    def kill(self, number: int) -> None:
        """kill -9 of what serves, then of its parent, which would end it politely; and new ones in their place."""
        parent = self._processes[number]
        for child in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split():
            with suppress(ProcessLookupError):
                os.kill(int(child), signal.SIGKILL)
        self._base.stop(parent, hard=True)
        self._processes[number] = self._start(self._ports[number])

    async def insist(self, http: httpx.AsyncClient, headers: Headers, call: Call, first: int) -> None:
        """Repeats the request, at the one process and the other, until it has an answer. Raises AssertionError for a refusal."""
        limit = time.monotonic() + PATIENCE
        keyed = {**headers, "Idempotency-Key": call.key}
        while True:
            url = self._urls[(first + call.tries) % 2] + call.url
            call.tries += 1
            try:
                sent: dict[str, Any] = {"files": {"file": call.file}} if call.file else {"json": call.body}
                answer = await http.post(url, headers=keyed, **sent)
            except httpx.ConnectError:
                pass
            except httpx.TransportError:
                call.interrupted += 1
            else:
                if 200 <= answer.status_code < 300:
                    call.answer = answer
                    return
                waits = answer.status_code == 503 or answer.json()["code"] == "idempotency_in_progress"
                assert waits, f"{call.url}, try {call.tries}: {answer.status_code} {answer.text}"
            assert time.monotonic() < limit, f"{call.url} had no answer after {call.tries} tries"
            await asyncio.sleep(0.1)


async def _calls(db: asyncpg.Connection, actor: Actor, channel: UUID, template: UUID, number: int) -> list[Call]:
    """One of each kind: create, send, connect, upload, and what a unique name would refuse the second time."""
    word = uuid4().hex
    campaign = await factories.campaign(db, actor, channel, template)
    to = f"+5511{981234567 + number}"
    draft = {"channel_id": str(channel), "name": f"t_{word}", "language": "pt_BR", "category": "marketing", "body": "Oi!"}
    audited = "select count(*) from audit_log where company_id = $1 and action = '{}' and subject_id = $2"
    named = "select count(*) from {} where company_id = $1 and name = $2"
    return [
        Call("/v1/contacts", named.format("contact"), f"Ana {word}", {"name": f"Ana {word}"}),
        Call(f"/v1/campaigns/{campaign}/launch", audited.format("campaign.launched"), campaign, {}),
        Call(
            f"/v1/campaigns/{campaign}/test",
            "select count(*) from message where company_id = $1 and address = $2",
            to,
            {"to": [to]},
        ),
        Call("/v1/channels", named.format("channel"), word, {"kind": "whatsapp", "sandbox": True, "name": word}),
        Call(
            "/v1/imports",
            "select count(*) from contact_import where company_id = $1 and filename = $2",
            f"{word}.csv",
            file=(f"{word}.csv", b"nome,telefone\n" + b"Ana,11987654321\n" * 2000),
        ),
        Call(
            f"/v1/sandbox/{channel}/reply",
            "select count(*) from job where company_id = $1 and payload->'params'->>'text' = $2",
            word,
            {"address": "+5511987654321", "text": word},
        ),
        Call("/v1/templates", named.format("template"), f"t_{word}", draft),
        Call("/v1/api-keys", named.format("api_key"), word, {"name": word, "scopes": ["contacts:read"]}),
        Call(
            f"/v1/campaigns/{campaign}/clone",
            "select count(*) from campaign where company_id = $1 and cloned_from = $2",
            campaign,
            {},
        ),
        Call("/v1/tags", named.format("tag"), word, {"name": word}),
    ]


async def api_killed(requests: int) -> Report:
    """kill -9 of one of two API processes at a random moment while ten requests run."""
    ports = free_ports(2)
    began = time.monotonic()
    async with harness(postgres={"fsync": "off", "shared_buffers": "'128MB'"}, api_port=ports[0]) as base:
        db = await asyncpg.connect(base.settings.database_owner_url)
        timeout = httpx.Timeout(20, connect=2)
        async with httpx.AsyncClient(timeout=timeout, limits=httpx.Limits(max_keepalive_connections=0)) as http:
            actor = await company(db)
            channel = await factories.channel(db, actor)
            template = await factories.template(db, actor, channel)
            await factories.contacts(db, actor, 5)
            headers = await bearer(db, actor)
            api = Api(base, ports)
            done: list[Call] = []
            kills = 0
            while len(done) < requests or not any(call.interrupted for call in done):  # a kill may come too late
                await api.ready(http)
                await _forget_allowances()
                await db.execute(
                    "update contact_import set state = 'failed' where company_id = $1", actor.company_id
                )  # room for more
                calls = await _calls(db, actor, channel, template, len(done))
                random.shuffle(calls)
                victim = kills % 2
                tasks = [asyncio.create_task(api.insist(http, headers, call, victim)) for call in calls]
                await asyncio.sleep(random.uniform(0.01, 0.4))
                await asyncio.to_thread(api.kill, victim)
                kills += 1
                await asyncio.gather(*tasks)
                done += calls
            await api.ready(http)
            return await _prove(db, actor, api, http, headers, done, kills, began)


async def _forget_allowances() -> None:
    if keys := [key async for key in valkey.client().scan_iter("limit:*")]:
        await valkey.client().delete(*keys)


async def _prove(
    db: asyncpg.Connection,
    actor: Actor,
    api: Api,
    http: httpx.AsyncClient,
    headers: Headers,
    done: list[Call],
    kills: int,
    began: float,
) -> Report:
    effects = [await db.fetchval(call.count, actor.company_id, call.mark) for call in done]
    doubled, lost = sum(count > 1 for count in effects), effects.count(0)
    wrong = [(call.url, count) for call, count in zip(done, effects, strict=True) if count != 1]
    assert not wrong, f"not once: {wrong}"
    found: Counter[str] = Counter()
    for call in done:
        first = call.answer
        assert first is not None
        found["interrupted"] += call.interrupted
        found["committed before the kill"] += "idempotency-replayed" in first.headers
        await _forget_allowances()
        call.tries = 0
        await api.insist(http, headers, call, 0)
        assert call.answer is not None
        assert call.answer.headers.get("idempotency-replayed") == "true", call.url
        assert (call.answer.status_code, call.answer.content) == (first.status_code, first.content), call.url
    seconds = time.monotonic() - began
    return Report("API killed (-9) in requests", seconds, dict(found), sum(effects), doubled, lost, notes=f"{kills} kills")
