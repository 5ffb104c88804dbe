"""How many leads stages have, and their value. The triggers of `lead` keep it; nobody counts."""

from uuid import UUID

from db.boards.events import StageTotal
from db.work import Read, Work


async def totals_of(r: Read, stage_ids: list[UUID]) -> list[StageTotal]:
    """Of these stages. In a unit of work that changed their leads: exactly as they are when it commits, because it holds their locks."""
    assert r.actor is not None
    rows = await r.fetch(
        "select stage_id, leads, value_cents, version from stage_total where company_id = $1 and stage_id = any($2::uuid[]) order by stage_id",
        r.actor.company_id,
        stage_ids,
    )
    return [
        StageTotal(id=row["stage_id"], leads=row["leads"], value_cents=row["value_cents"], version=row["version"]) for row in rows
    ]


async def hold(w: Work, board_id: UUID) -> None:
    """Those of all stages of a board until the transaction ends, for who changes leads of several stages one after the other. Behind stages
    and leads, before anything is changed."""
    await w.execute(
        "select from stage_total where company_id = $1 and stage_id = any(array(select id from stage where company_id = $1 and board_id = $2))"
        " order by stage_id for no key update",
        w.company_id,
        board_id,
    )
