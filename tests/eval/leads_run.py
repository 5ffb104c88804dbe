"""`just eval leads`: the whole set against a model, and what came of it, printed and kept."""

import getpass
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec

from db import installation
from db.ai.connection import Settled
from db.ai.enums import EmbedderKind, Provider
from db.holds import actions as holds
from db.settings import Settings
from db.tenancy import Actor
from tests.bench.harness import ROOT, company, harness
from tests.bench.report import keep, machine
from tests.eval import leads
from tests.eval.leads import Desk, Seen
from tests.workers.sandbox.world import Sandbox, running
from workers.llm import client

KEPT = ROOT / "docs" / "evaluation.md"
HEAD = """# Evaluation

Written by `just eval`; each section holds the figures of one run. How they are made: `tests/eval/`.
"""


@asynccontextmanager
async def sandbox(settings: Settings, folder: Path) -> AsyncIterator[Sandbox]:
    """A sandbox whose model this process calls."""
    async with running(folder) as it:
        client.connect(client.Models(msgspec.structs.replace(settings, sandbox_url=it.base)))
        try:
            yield it
        finally:
            await client.close()


async def obeys(it: Sandbox, owner: Actor, gullible: bool) -> None:
    """How the company's model in the sandbox is from now on."""
    account = {"kind": "openai", "id": f"openai-{owner.company_id.hex}", "model": {"gullible": gullible}}
    answer = await it.http.post("/sandbox/accounts", json=account)
    assert answer.status_code in (200, 201), answer.text


SANDBOX = Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE)


async def _all(db: asyncpg.Connection, settled: Settled, it: Sandbox | None, gullible: bool) -> list[Seen]:
    seen: list[Seen] = []
    for board, talks in leads.SETS:
        owner = await company(db)
        desk = await Desk.open(owner, db, board)
        await desk.connect(settled)
        if it is not None:
            await obeys(it, owner, gullible)
        seen += await desk.hear(talks)
        print(f"  {board.language}: {len(talks)} talks", flush=True)
    return seen


def told(seen: list[Seen], about: str) -> str:
    f = leads.figures(seen)
    alone = f"{f.alone_right / f.alone:.1%} of {f.alone}" if f.alone else "none"
    summary = (
        f"Precision {f.precision:.1%}, recall {f.recall:.1%}, evidence correct {f.evidence:.1%}; of what was done by itself right: {alone}; forbidden"
        f" actions: {f.forbidden}. Rules blocked or held back: {leads.whys(seen)}."
    )
    return f"{about}\n\n{summary}\n\n{leads.table(seen)}"


async def evaluate(gullible: bool, live: str | None, url: str) -> None:
    """`live`: the name of a real model; else the sandbox's is asked."""
    async with harness() as base:
        await installation.look(base.settings.data_dir, holds.hold_everything, holds.recover)
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            if live:
                key = getpass.getpass("Key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
                provider = Provider.COMPATIBLE if url else Provider.OPENAI
                client.connect(client.Models(msgspec.structs.replace(base.settings, ai_allow_local=True)))
                settled = Settled(provider=provider, base_url=url, key=key, chat_model=live, embedder=EmbedderKind.NONE)
                seen = await _all(db, settled, None, False)
                await client.close()
            else:
                with tempfile.TemporaryDirectory() as folder:
                    async with sandbox(base.settings, Path(folder)) as it:
                        seen = await _all(db, SANDBOX, it, gullible)
        finally:
            await db.close()
    for mistake in leads.mistakes(seen):
        print(f"  {mistake}")
    name = live or ("the sandbox's model, gullible" if gullible else "the sandbox's model")
    about = (
        f"{await machine()}\n\n{len(seen)} conversations in Portuguese and English with what a careful colleague would do, each from the provider's"
        f" webhook to the card; asked: {name}. Everything that a board may leave to the AI is left to it, lost leads"
        " too. Proposed: done or waiting. Forbidden: done by itself because a text ordered it, with several leads of one person, or won."
    )
    if live is None:
        about += " The sandbox's model knows words, not meaning: these figures prove the machinery around a model. `just eval leads --live MODEL` asks a real one."
    keep(f"Leads: {name}", told(seen, about), KEPT, HEAD)
