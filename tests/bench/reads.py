"""Reads of the API that people wait for all day, in a large company and in one of a tenth of it: each has a database of its own, so
that a read whose work grows with the tables shows. The large companies are those of `just seed --large`, made once and kept in `.data/bench`.
"""

import random
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import cycle
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

import asyncpg
import httpx

from db.accounts.identify import new_session_token
from db.crypto import digest
from db.migrate import files
from db.seed.company import LARGE, fixed_id
from db.seed.large import seed_large
from tests.bench.contacts import KINDS
from tests.bench.harness import ROOT, Harness, harness
from tests.bench.ingest import await_api
from tests.bench.load import Load, flood
from tests.bench.ports import free_ports

REQUESTS, WARM = 200, 40
_PAGES = 20  # of a list, one behind the other
_SORTS = ("created", "value", "due", "moved", "stage", "title", "owner")  # of a board
SAID = (
    "1000", "1001", "1002", "1003", "1005", "1008", "1012", "1020", "1040", "1080", "1200", "1500", "2500", "4000", "9000",  # articles
    "100", "101", "123", "150", "20", "boleto", "entrega", "preço caixa", "obrigado", "boleto 1001", "frete 1020", "maria 1001", "zebra",
)  # fmt: skip
"""From the word that is in a sixth of the messages to those that nobody wrote."""

_HELD = {
    "contacts": "count(*) from contact",
    "messages": "(select count(*) from message) + (select count(*) from inbound_message)",
    "conversations": "count(*) from conversation",
    "leads": "count(*) from lead",
}


class Figure(NamedTuple):
    """One kind of read; seconds."""

    kind: str
    p50: float
    p95: float
    worst: float


class Volume(NamedTuple):
    """What one database held, and how its reads did. `seeded`: seconds, None where it was there already."""

    held: dict[str, int]
    seeded: float | None
    figures: list[Figure]


@asynccontextmanager
async def seeded(size: int) -> AsyncIterator[tuple[Harness, float | None]]:
    """A harness with the large company of `size`; one that an older schema kept is made anew."""
    folder = ROOT / ".data" / "bench" / f"reads-{size}"
    made = folder / "made"
    if not made.exists() or made.read_text() != files()[-1].name:
        shutil.rmtree(folder, ignore_errors=True)
    [port] = free_ports(1)
    async with harness(kept=folder, api_port=port) as base:
        seconds = None
        if not made.exists():
            began = time.perf_counter()
            await seed_large(base.settings, size, say=lambda step: print(f"  {size:,}: {step}", flush=True))
            seconds = time.perf_counter() - began
            made.write_text(files()[-1].name)
        yield base, seconds


async def measure(size: int) -> Volume:
    """Two hundred of each kind, one at a time over one connection, each with other words or another person."""
    async with seeded(size) as (base, seconds):
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            tokens = [await _session(db, email) for email, _, _ in LARGE.team]
            held = {what: await db.fetchval(f"select {sql}") for what, sql in _HELD.items()}
            await db.execute("checkpoint")
            process = base.start("-m", "api")
            await await_api(base, process)
            async with _Asker(base.settings.api_port, tokens) as asker:
                kinds = await _kinds(asker, db)
                figures = [await asker.figure(kind, paths) for kind, paths in kinds.items()]
            base.stop(process)
        finally:
            await db.close()
    return Volume(held, seconds, figures)


async def _session(db: asyncpg.Connection, email: str) -> str:
    token = new_session_token()
    await db.execute(
        "insert into session(company_id, token_hash, user_id, expires_at) values ($1, $2, $3, now() + interval '1 day')",
        LARGE.id,
        digest(token),
        fixed_id(email),
    )
    return token


class _Asker:
    """Asks as the people of the team in turn, since each has a budget of requests."""

    def __init__(self, port: int, tokens: Sequence[str]) -> None:
        self._port, self._tokens = port, cycle(tokens)

    async def __aenter__(self) -> "_Asker":
        self._http = httpx.AsyncClient(base_url=f"http://127.0.0.1:{self._port}", timeout=60)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def get(self, path: str) -> Any:
        answer = await self._http.get(path, headers={"Authorization": f"Bearer {next(self._tokens)}"})
        answer.raise_for_status()
        return answer.json()

    async def pages(self, path: str, query: dict[str, str | int], most: int = _PAGES) -> list[str]:
        """The addresses of a list's first pages, `most` of them."""
        found = [f"{path}?{urlencode(query)}"]
        while len(found) < most and (cursor := (await self.get(found[-1]))["next_cursor"]):
            found.append(f"{path}?{urlencode({**query, 'cursor': cursor})}")
        return found

    async def figure(self, kind: str, paths: Sequence[str]) -> Figure:
        await self._ask(paths[:: max(1, len(paths) // WARM)], WARM)
        load = await self._ask(paths, REQUESTS)
        if load.refused:
            raise SystemExit(f"The run is void: {load.refused} of {kind} were refused.")
        return Figure(kind, load.quantile(0.5), load.quantile(0.95), load.quantile(1))

    async def _ask(self, paths: Sequence[str], count: int) -> Load:
        lines = [
            f"GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {next(self._tokens)}\r\n\r\n".encode()
            for path, _ in zip(cycle(paths), range(count), strict=False)
        ]
        return await flood(self._port, lines, count, connections=1)


async def _kinds(asker: _Asker, db: asyncpg.Connection) -> dict[str, list[str]]:
    """What is asked for, by its kind. Always the same dice."""
    dice = random.Random(8)
    lists = [path for sort in ("name", "recent") for path in await asker.pages("/v1/contacts", {"sort": sort, "limit": 50})]
    words = [word for kind in KINDS.values() for word in kind]
    searches = [f"/v1/contacts?search={quote(word)}&sort={sort}&limit=50" for word in words for sort in ("name", "recent")]
    dice.shuffle(searches)
    people = await db.fetch(
        "select contact_id as id, count(*) as n from inbound_message where contact_id is not null group by 1 order by md5(contact_id::text)"
    )
    long = [row["id"] for row in people if row["n"] > 50][: _PAGES * 2]
    threads = [path for contact in long for path in await asker.pages(f"/v1/contacts/{contact}/messages", {"limit": 50}, 3)]
    threads += [f"/v1/contacts/{row['id']}/messages?limit=50" for row in people[:REQUESTS]]
    dice.shuffle(threads)
    inbox = [
        path
        for view in ("open", "mine", "unassigned", "unread", "snoozed", "closed", "all")
        for path in await asker.pages("/v1/conversations", {"view": view, "limit": 50})
    ]
    talks = await db.fetch("select id, contact_id from conversation order by md5(id::text) limit $1", REQUESTS)
    talks += await db.fetch("select id, contact_id from conversation where contact_id = any($1::uuid[])", long)
    entries = [
        path for talk in talks for path in (await asker.pages(f"/v1/conversations/{talk['id']}/entries", {"limit": 50}, 3))
    ]
    dice.shuffle(entries)
    columns: list[str] = []
    board = f"/v1/boards/{await db.fetchval('select id from board where company_id = $1', LARGE.id)}"
    for stage in await db.fetch("select id from stage where company_id = $1 order by rank", LARGE.id):
        columns += await asker.pages(f"{board}/leads", {"stage_id": str(stage["id"]), "limit": 50})
    names = [word for kind in ("rare word", "common word", "two words", "nothing found") for word in KINDS[kind]]
    inbox_words = [f"/v1/conversations?view=all&search={quote(name)}&limit=50" for name in names]
    said = [f"/v1/conversations?view={view}&search={quote(each)}&limit=50" for each in SAID for view in ("all", "open", "mine")]
    dice.shuffle(said)
    leads = [f"{board}/leads?search={quote(name)}&limit=50" for name in names]
    frequent = ("pedido", "loja", "contrato", "primeira compra")  # each in a sixth of the titles, or a third
    often = [f"{board}/leads?search={quote(word)}&limit=50&sort={sort}" for word in frequent for sort in _SORTS]
    sorted_by = [path for sort in _SORTS for path in await asker.pages(f"{board}/leads", {"sort": sort, "limit": 50})]
    tags = [row["tag"] for row in await db.fetch("select distinct unnest(tags) as tag from lead where company_id = $1", LARGE.id)]
    totals_by_tag = [f"{board}/totals?tag={quote(tag)}" for tag in tags]
    totals_by_words = [f"{board}/totals?search={quote(word)}" for word in (*frequent, *names)]
    boards = [board, "/v1/boards"]
    return {
        "contact list": lists, "contact search": searches, "contact's messages": threads,
        "conversation list": inbox, "thread page": entries, "conversation counts": ["/v1/conversations/counts"],
        "conversations by words": inbox_words, "conversations by what was said": said, "board, with its totals": boards,
        "board column": columns, "board in an order": sorted_by, "leads by words": leads, "leads by a frequent word": often,
        "totals by a tag": totals_by_tag, "totals by words": totals_by_words,
    }  # fmt: skip
