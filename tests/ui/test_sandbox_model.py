"""The page of what the simulator's model saw: requests as talks, and how the model is to behave."""

from datetime import UTC, datetime

import asyncpg
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from db.ai import connection, sandbox_model
from db.ai.connection import Settled
from db.ai.enums import Provider
from db.ai.sandbox_model import ModelCall, ModelMessage, ModelRequest
from db.tenancy import Actor
from tests.ui.interactions import click, until


def request(number: int, said: str, problem: str = "") -> ModelRequest:
    search = ModelMessage("assistant", "", [ModelCall("search_knowledge", '{"query":"prazo"}')])
    messages = [ModelMessage("system", "Você é a Lia."), ModelMessage("user", f'[m1] "{said}"'), search]
    answer = None if problem else ModelMessage("assistant", '{"decision":"reply"}')
    return ModelRequest(
        number=number, at=datetime(2026, 11, 26, 10, number, tzinfo=UTC), kind="chat", model="gpt-6-luna", status=429 if problem else 200,
        milliseconds=12, messages=messages, tools=["move_lead"], answer=answer, problem=problem, input_tokens=1500, cached_tokens=1408,
        output_tokens=7,
    )  # fmt: skip


async def test_requests_are_read_as_talks(real: User, owner: Actor) -> None:
    await sandbox_model.keep(owner.company_id, [request(2, "Tem troca?", "Rate limit reached."), request(1, "Qual o prazo?")])
    await real.open("/sandbox/model")
    await real.should_see("Qual o prazo?", retries=30)
    await real.should_see("429")
    await real.should_not_see("Você é a Lia.")  # drawn when it is opened
    assert real.client is not None
    lines = {one for one in real.client.elements.values() if "m-model-line" in one.classes}
    assert len(lines) == 2
    UserInteraction(real, lines, None).trigger("toggle")
    for text in (
        "Você é a Lia.",
        "search_knowledge",
        "1.500 tokens lidos, 1.408 deles em cache",
        "Rate limit reached.",
        "move_lead",
    ):
        await real.should_see(text)


async def test_the_model_is_told_how_to_behave(real: User, owner: Actor, owner_db: asyncpg.Connection) -> None:
    await connection.save(owner, Settled(provider=Provider.SANDBOX))
    await real.open("/sandbox/model")
    await real.should_see("Nenhum pedido ainda", retries=30)
    await real.should_see("Como o modelo se comporta", retries=30)
    next(iter(real.find(kind=ui.switch).elements)).value = True
    click(real, "Aplicar")
    sql = "select behaviour->>'gullible' from model_behaviour where company_id = $1"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id)) == "true"
    job = "select count(*) from job where company_id = $1 and payload->>'verb' = 'behaviour'"
    assert await owner_db.fetchval(job, owner.company_id) == 1
    await real.should_see("O modelo se comporta assim a partir de agora.", retries=30)
