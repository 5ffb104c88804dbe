"""What Retell and VAPI tell and ask of calls, at a steady pace over HTTP: news is stored and answered, questions are answered from our tables
while somebody holds the line.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.clock import now
from db.providers.retell.signature import sign_retell
from tests.bench.harness import Harness, company, harness
from tests.bench.ingest import await_api
from tests.bench.load import Load, offer
from tests.bench.ports import free_ports
from tests.bench.report import keep, machine, table
from tests.bench.talk import ANSWERS, CALLS, channel, first_words, knowledge
from tests.bench.webhooks import SECRET

OFFERED = 200.0
MOST = 0.3
"""Seconds in which 99 of 100 are to be answered."""
SEARCHES = 20.0
"""A second: one for every tenth call that tells something."""


class Figure(NamedTuple):
    what: str
    offered: float
    load: Load


async def measure(base: Harness, seconds: float) -> list[Figure]:
    """Each kind by itself, for so long. Raises SystemExit for a run in which something was refused or is not there."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        actor = await company(db)
        retell, vapi = [await channel(db, actor, kind) for kind in ("voice_retell", "voice_vapi")]
        await knowledge(db, actor, retell)
        process = base.start("-m", "api")
        await await_api(base, process)
        figures = []
        stored = 0
        for what, rate, requests in (
            ("Retell: news of a call", OFFERED, _retell(retell, "call", _started)),
            ("Retell: who calls", OFFERED, _retell(retell, "inbound", _rings)),
            ("Retell: search in the knowledge", SEARCHES, _retell(retell, "knowledge", _asks)),
            ("VAPI: news of a call", OFFERED, _vapi(vapi, "status-update")),
            ("VAPI: who calls", OFFERED, _vapi(vapi, "assistant-request")),
        ):
            prepared = [next(requests) for _ in range(500)]
            port = base.settings.api_port
            warm, load = await offer(port, prepared, rate, 1), await offer(port, prepared, rate, seconds)
            stored += warm.sent + load.sent
            if warm.refused or load.refused:
                raise SystemExit(f"The run is void: {warm.refused + load.refused} webhooks were refused ({what}).")
            figures.append(Figure(what, rate, load))
        found = await db.fetchval("select count(*) from webhook_inbox")
        if found != stored:
            raise SystemExit(f"The run is void: {found} rows for {stored} webhooks.")
        base.stop(process)
        return figures
    finally:
        await db.close()


def _started(number: int) -> dict[str, Any]:
    call = {
        "call_id": f"call_{number}",
        "direction": "inbound",
        "from_number": f"+55119{number:08}",
        "to_number": "+551131234567",
    }
    return {"event": "call_started", "call": {**call, "start_timestamp": int(now().timestamp() * 1000)}}


def _rings(number: int) -> dict[str, Any]:
    numbers = {"from_number": f"+55119{number:08}", "to_number": "+551131234567"}
    return {"event": "call_inbound", "call_inbound": {**numbers, "call_id": f"call_in_{number}"}}


def _asks(number: int) -> dict[str, Any]:
    question = f"Quanto custa o modelo {number % ANSWERS}?"
    return {"name": "search_knowledge", "args": {"question": question}, "call": {"call_id": f"call_{number}"}}


def _retell(channel_id: UUID, path: str, made: Callable[[int], dict[str, Any]]) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        body = msgspec.json.encode(made(number))
        signature = sign_retell(SECRET, body, int(now().timestamp() * 1000))
        yield _request(f"/hooks/retell/{channel_id}/{path}", f"x-retell-signature: {signature}", body)


def _vapi(channel_id: UUID, kind: str) -> Iterator[bytes]:
    number = 0
    while True:
        number += 1
        customer = {"number": f"+55119{number:08}"}
        call = {"id": f"call-{kind}-{number}", "type": "inboundPhoneCall", "customer": customer}
        told = {"type": kind, "status": "in-progress", "call": call, "customer": customer}
        yield _request(f"/hooks/vapi/{channel_id}", f"x-vapi-secret: {SECRET}", msgspec.json.encode({"message": told}))


def _request(path: str, proof: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{proof}\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def bench(seconds: float) -> None:
    """Webhooks of calls, for docs/benchmarks.md. Raises SystemExit where one answer in a hundred takes longer than it may."""
    api, sandbox = free_ports(2)
    async with harness(api_port=api, sandbox_port=sandbox, sandbox_url=f"http://127.0.0.1:{sandbox}") as base:
        figures = await measure(base, seconds)
        waited = await first_words(base)
        facts = await machine(base)
    rows = [
        [each.what, f"{each.offered:.0f}", *(f"{each.load.quantile(share) * 1000:.1f}" for share in (0.5, 0.95, 0.99, 1))]
        for each in figures
    ]
    text = (
        f"{facts}. One API process, no worker; signed webhooks at a steady pace for {seconds:g} s each, from the moment each was due until it was"
        f" answered: stored first, then answered from our tables. The base that is searched has {ANSWERS} answers, without vectors.\n\n"
    )
    found = table(["", "a second", "p50 ms", "p95 ms", "p99 ms", "slowest ms"], rows)
    slow = [each.what for each in figures if each.load.quantile(0.99) > MOST]
    if slow:
        raise SystemExit(f"{found}\n\nTaken longer than {MOST * 1000:.0f} ms by one in a hundred: {', '.join(slow)}.")
    spoken = Load(len(waited), 0, 1.0, waited)
    words = (
        f"\n\nOur persona speaks (custom LLM): {CALLS} calls at once over their sockets, one API process, one worker, the simulator's model (15 ms a word). From the"
        f" question to the first sentence, which was checked before it was said: p50 {spoken.quantile(0.5) * 1000:.0f} ms, p95 {spoken.quantile(0.95) * 1000:.0f} ms"
        f" ({len(waited)} answers, each with the right price).\n"
    )
    keep("Calls", text + found + words)
