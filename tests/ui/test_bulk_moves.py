"""Many leads moved at once, and taken back."""

from uuid import UUID

import asyncpg
from nicegui.testing import User

from api.contract.boards import LeadMove
from db.tenancy import Actor
from tests import factories
from tests.ui.boards import came, opened, says
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
