"""A virtual agent searches the knowledge in the middle of a call: what the persona of its channel knows, and nothing else."""

import time
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db.assistant import spoken
from db.clock import now
from db.knowledge import asking, bases, sources
from db.knowledge.enums import BaseLanguage
from db.providers.retell.signature import sign_retell
from db.tenancy import Actor
from tests import factories
from tests.db.channels.factories import AUTH_TOKEN, make_channel
from workers.inbound import process_inbox

QUESTION = "Até que horas vocês atendem no sábado?"


async def search(client: httpx.AsyncClient, channel: UUID, question: str = QUESTION) -> dict[str, Any]:
    body = msgspec.json.encode({"name": "search_knowledge", "args": {"question": question}, "call": {"call_id": "call_1"}})
    headers = {"x-retell-signature": sign_retell(AUTH_TOKEN, body, int(now().timestamp() * 1000))}
    answer = await client.post(f"/hooks/retell/{channel}/knowledge", content=body, headers=headers)
    assert answer.status_code == 200
    told: dict[str, Any] = answer.json()
    return told


async def a_base(actor: Actor, question: str, answer: str, name: str = "Loja") -> UUID:
    base = await bases.create_base(actor, name=name, language=BaseLanguage.PORTUGUESE)
    await sources.add_answer(actor, base.id, question, answer)
    return base.id


async def test_the_agent_finds_what_the_persona_of_its_channel_knows(
    hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    channel = await make_channel(owner_db, owner, "voice_retell")
    told = await search(hook_client, channel)
    assert (told["outcome"], told["passages"]) == ("no_persona", [])  # nothing is widened to all bases
    known = await a_base(owner, "Qual é o horário de sábado?", "No sábado atendemos das 9 às 13 horas.")
    await a_base(owner, "Até que horas no sábado?", "Segredo de sábado: outra base.", "Outra")
    await factories.persona(owner_db, owner, channel, knowledge_base_ids=[str(known)])
    told = await search(hook_client, channel)
    assert told["outcome"] == "found"
    assert "das 9 às 13 horas" in told["passages"][0]["text"]
    assert "Segredo" not in str(told)
    assert "Responda só" in told["next"]
    assert (await search(hook_client, channel, "xyzzy"))["outcome"] == "nothing"
    assert (await search(hook_client, channel, ""))["outcome"] == "no_question"
    await process_inbox(owner.company_id)  # what was stored of the question causes nothing, and is gone
    assert await owner_db.fetchval("select count(*) from webhook_inbox where channel_id = $1", channel) == 0
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id) == 0


async def test_another_companys_knowledge_is_none(
    hook_client: httpx.AsyncClient, owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    theirs = await a_base(stranger, "Qual é o horário de sábado?", "Segredo de outra empresa.")
    channel = await make_channel(owner_db, owner, "voice_retell")
    await factories.persona(owner_db, owner, channel, knowledge_base_ids=[str(theirs)])
    assert (await search(hook_client, channel))["outcome"] == "nothing"


async def test_vectors_that_do_not_come_are_not_waited_for(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """No worker runs here: words decide after a second and a half."""
    known = await a_base(owner, "Qual é o horário de sábado?", "No sábado atendemos das 9 às 13 horas.")
    await owner_db.execute("update knowledge_base set embedder = 'e' where id = $1", known)
    await owner_db.execute(
        "insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb) select company_id, base_id, id, 'e',"
        " array_fill(0.1, array[1536])::halfvec from knowledge_chunk where base_id = $1",
        known,
    )
    begun = time.monotonic()
    found = await asking.search_bases(owner, [known], QUESTION, 4, 0.5)
    assert 0.4 < time.monotonic() - begun < 3
    assert "das 9 às 13" in found[0].body


@pytest.mark.parametrize("trouble", ["slow", "broken"])
async def test_the_agent_hears_that_nothing_could_be_searched(
    trouble: str, hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no(*_: Any) -> Any:
        raise TimeoutError if trouble == "slow" else asyncpg.PostgresConnectionError("gone")

    monkeypatch.setattr(spoken, "lookup", no)
    channel = await make_channel(owner_db, owner, "voice_retell")
    assert (await search(hook_client, channel))["outcome"] == "unavailable"
