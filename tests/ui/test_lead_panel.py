"""The panel of one lead: what is being written in it is kept, whatever else happens to the lead meanwhile."""

import asyncio
from uuid import UUID

import asyncpg
import httpx
from nicegui.testing import User

from db.tenancy import Actor
from tests import factories
from tests.ui.boards import drawn
from tests.ui.conftest import Network
from tests.ui.interactions import click, field, true_of, until
from tests.ui.test_inbox import Customers
from ui.client import boards as client
from ui.client.base import ApiClient
from ui.components.board import Board


async def test_a_move_from_the_panel_keeps_what_is_being_written(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    lead = await factories.lead(owner_db, owner, "Reforma")
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("Salvar")
    field(real, "Título").value = "Reforma da loja"
    field(real, "Etapa").value = stages[4]
    await real.should_see("Por que foi perdido?")
    click(real, "Cancelar")
    await until(lambda: true_of(lambda: field(real, "Etapa").value == stages[0]))
    assert field(real, "Título").value == "Reforma da loja"
    field(real, "Etapa").value = stages[1]
    await real.should_see("para Em conversa")  # the history, which is read after the lead is shown
    assert (field(real, "Título").value, field(real, "Etapa").value) == ("Reforma da loja", stages[1])
    click(real, "Salvar")
    await real.should_see("Salvo.")
    saved = await client.lead(as_owner, lead)
    assert (saved.title, saved.stage_id) == ("Reforma da loja", stages[1])


async def test_what_is_written_during_a_save_is_kept_and_saved_next(
    real: User, network: Network, owner_db: asyncpg.Connection, owner: Actor, board: UUID, as_owner: ApiClient
) -> None:
    lead = await factories.lead(owner_db, owner, "Reforma")
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("Salvar")
    network.api = held = Held(network.api)
    field(real, "Título").value = "Reforma da loja"
    click(real, "Salvar")
    await held.reached.wait()
    field(real, "Etiquetas").value = "vip"
    held.go.set()
    await real.should_see("Salvo.")
    await real.should_see("Alterado")  # the history, which is read after the lead is shown
    assert field(real, "Etiquetas").value == "vip"
    click(real, "Salvar")

    async def saved() -> bool:
        return (await client.lead(as_owner, lead)).tags == ["vip"]

    await until(saved)
    assert (await client.lead(as_owner, lead)).title == "Reforma da loja"


async def test_a_lead_leads_to_its_conversation_and_its_stage_says_what_is_likely(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    talk = await Customers(owner_db, owner, await factories.channel(owner_db, owner)).wrote(0, "Quanto custa?")
    contact = await owner_db.fetchval("select contact_id from conversation where id = $1", talk)
    lead = await factories.lead(owner_db, owner, "Reforma", contact_id=contact, conversation_id=talk, value_cents=20_000)
    await owner_db.execute("update stage set probability = 25 where id = $1", stages[0])
    await real.open(f"/boards/{board}?lead={lead}")
    await real.should_see("1 negócio · R$\xa0200,00 em aberto · R$\xa050,00 prováveis")
    await real.should_see(Board)
    [card] = drawn(real).props["cards"][str(stages[0])]["cards"]
    assert card["talk"] == f"/inbox/{talk}"
    await real.should_see("Conversa")
    await until(lambda: true_of(lambda: links_to(real, f"/inbox/{talk}")))


def links_to(user: User, path: str) -> bool:
    assert user.client is not None
    return any(one.props.get("href") == path for one in user.client.elements.values())


class Held(httpx.AsyncBaseTransport):
    """Keeps back each change of a lead until it may `go`."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner, self.reached, self.go = inner, asyncio.Event(), asyncio.Event()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PATCH":
            self.reached.set()
            await self.go.wait()
        return await self.inner.handle_async_request(request)
