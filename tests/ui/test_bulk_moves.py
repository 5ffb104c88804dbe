"""Many leads moved at once, and taken back."""

from uuid import UUID

import asyncpg
import httpx
from nicegui.testing import User

from api.contract.boards import LeadMove
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import came, opened, says
from tests.ui.conftest import Network
from ui.client import boards as client
from ui.client.base import ApiClient


async def test_a_move_of_many_is_taken_back_and_says_who_stays(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID], as_owner: ApiClient
) -> None:
    leads = [await factories.lead(owner_db, owner, name) for name in ("Um", "Dois", "Três")]
    told = await opened(real, f"/boards/{board}")
    says(real, "bulk", {"ids": [str(lead) for lead in leads], "stage": str(stages[1])})
    text, bulk = await came(told, "moved")
    assert text == "3 negócios estão agora em Em conversa."
    await client.move_lead(as_owner, leads[0], LeadMove(stage_id=stages[2]))
    says(real, "unbulk", bulk)
    await real.should_see("2 negócios voltaram aos seus lugares. 1 foi movido ou excluído nesse meio-tempo e fica como está.")
    rows = await owner_db.fetch("select stage_id from lead where company_id = $1 order by id", owner.company_id)
    assert [row["stage_id"] for row in rows] == [stages[2], stages[0], stages[0]]
    says(real, "unbulk", bulk)
    await real.should_see("Esta mudança já foi desfeita")


async def test_a_move_that_does_not_reach_the_service_goes_back(
    real: User, network: Network, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    lead = await factories.lead(owner_db, owner, "Um")
    told = await opened(real, f"/boards/{board}")
    network.api = Gone()
    says(real, "move", {"number": 5, "id": str(lead), "origin": str(stages[0]), "stage": str(stages[1])})
    assert await came(told, "back") == [5]
    assert await owner_db.fetchval("select stage_id from lead where id = $1", lead) == stages[0]


class Gone(httpx.AsyncBaseTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("gone", request=request)


async def test_beyond_the_limit_of_a_stage_it_is_said(
    real: User, owner_db: asyncpg.Connection, owner: Actor, board: UUID, stages: list[UUID]
) -> None:
    await owner_db.execute("update stage set lead_limit = 1 where id = $1", stages[1])
    leads = [await factories.lead(owner_db, owner, name) for name in ("Um", "Dois")]
    await factories.lead(owner_db, owner, "Três", stage_id=stages[1])
    told = await opened(real, f"/boards/{board}")
    says(real, "move", {"number": 1, "id": str(leads[0]), "origin": str(stages[0]), "stage": str(stages[1])})
    assert (await came(told, "settle"))[2] == "“Um” está agora em Em conversa. Passou do limite de 1."
