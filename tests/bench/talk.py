"""How long somebody on the line waits for the first words of our persona: sockets of Retell's custom LLM, a worker, the simulator's model.

Timed from the frame that wants an answer to the first frame with words, which is a whole sentence that was checked.
"""

import asyncio
import time
from uuid import UUID

import asyncpg
import msgspec
from websockets.asyncio.client import connect

from db.ai import connection
from db.ai.connection import Settled
from db.ai.enums import EmbedderKind, Provider
from db.channels import talks
from db.channels.secrets import seal
from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.tenancy import Actor
from tests import factories
from tests.bench.harness import Harness, company
from tests.bench.ingest import await_api
from tests.bench.webhooks import SECRET

ANSWERS = 50
"""Questions with an answer each, in the base that is searched."""
CALLS = 8
"""At once."""
TURNS = 6
"""Questions of each."""


async def first_words(base: Harness) -> list[float]:
    """Seconds of each answer. Raises SystemExit where somebody hears nothing that was asked for."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    settings = base.settings
    try:
        actor = await company(db)
        found = await channel(db, actor, "voice_retell")
        await knowledge(db, actor, found)
        await connection.save(actor, Settled(provider=Provider.SANDBOX, chat_model="gpt-4o", embedder=EmbedderKind.NONE))
        programs = [
            base.start(
                "-m", "workers.sandbox", "--host", "127.0.0.1", "--port", str(settings.sandbox_port), "--smtp-port", "-1",
                "--data", str(base.folder / "sandbox"),
            ),
            base.start("-m", "api"),
            base.start("-m", "workers"),
        ]  # fmt: skip
        await await_api(base, programs[1])
        url = await _address(actor, found, base)
        await _call(url, 0, 1)  # what is only slow the first time
        waited = await asyncio.gather(*(_call(url, number, TURNS) for number in range(1, CALLS + 1)))
        for program in reversed(programs):
            base.stop(program)
        return [one for call in waited for one in call]
    finally:
        await db.close()


async def _address(actor: Actor, channel_id: UUID, base: Harness) -> str:
    made = msgspec.structs.replace(base.settings, webhook_url=f"http://127.0.0.1:{base.settings.api_port}")
    return await talks.address(actor, channel_id, made)


async def _call(url: str, number: int, turns: int) -> list[float]:
    waited = []
    async with connect(f"{url}/call_{number}", proxy=None) as socket:
        details = {"call_id": f"call_{number}", "from_number": f"+55119{number:08}", "direction": "inbound"}
        await socket.send(msgspec.json.encode({"interaction_type": "call_details", "call": details}).decode())
        said: list[dict[str, str]] = []
        for turn in range(1, turns + 1):
            model = (number * turns + turn) % ANSWERS
            said.append({"role": "user", "content": f"Quanto custa o modelo {model}?"})
            asked = {"interaction_type": "response_required", "response_id": turn, "transcript": said}
            begun, heard = time.perf_counter(), ""
            await socket.send(msgspec.json.encode(asked).decode())
            async with asyncio.timeout(60):
                while True:
                    frame = msgspec.json.decode(await socket.recv())
                    if frame.get("response_id") != turn:
                        continue
                    if frame["content"] and not heard:
                        waited.append(time.perf_counter() - begun)
                    heard += frame["content"]
                    if frame["content_complete"]:
                        break
            if f"{model + 10} reais" not in heard:
                raise SystemExit(f"The run is void: asked for model {model}, heard {heard!r}.")
            said.append({"role": "agent", "content": heard})
    return waited


async def channel(db: asyncpg.Connection, actor: Actor, kind: str) -> UUID:
    channel_id = await factories.channel(db, actor, kind=kind, sandbox=False)
    await db.execute(
        "update channel set signing_secret = $2 where id = $1",
        channel_id,
        seal(actor.company_id, channel_id, "signing_secret", SECRET),
    )
    return channel_id


async def knowledge(db: asyncpg.Connection, actor: Actor, channel_id: UUID) -> None:
    base = await bases.create_base(actor, name="Loja", language=BaseLanguage.PORTUGUESE)
    for number in range(ANSWERS):
        await sources.add_answer(
            actor, base.id, f"Quanto custa o modelo {number}?", f"O modelo {number} custa {number + 10} reais."
        )
    await factories.persona(db, actor, channel_id, knowledge_base_ids=[str(base.id)])
