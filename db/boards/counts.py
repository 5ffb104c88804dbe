"""How many leads a filter finds in each stage of a board, and their value: exactly up to a bound, so that it costs the same on every
board."""

from uuid import UUID

import asyncpg

from db.boards import boards, listing
from db.boards.listing import LeadFilter
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 1000
"""Leads of one stage that are counted; of more it is said that there are more."""
GATHERED = 5000
"""Leads that have the words or the tag: up to so many are taken from their index, of more the stages are walked through."""


async def counts(actor: Actor, board_id: UUID, filter: LeadFilter) -> list[asyncpg.Record]:
    """Rows `stage_id, leads, value_cents, more` in the order of the stages. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        if listing.nothing_has(filter):
            filter = filter._replace(search=None, among=[])
        else:
            filter = await listing.narrowed(r, actor.company_id, board_id, filter, GATHERED)
        args: list[object] = [actor.company_id, board_id]
        return await r.fetch(statement(filter, args), *args)


def statement(filter: LeadFilter, args: list[object]) -> str:
    """As SQL; adds to the arguments, of which the first is the company and the second the board."""
    found = " and ".join(["l.company_id = $1", "l.stage_id = s.id", *listing.conditions(filter, args)])
    return (
        f"select s.id as stage_id, least(c.leads, {MOST}) as leads, c.value_cents, c.leads > {MOST} as more from stage s"
        f" cross join lateral (select count(*) as leads, coalesce(sum(x.value_cents) filter (where x.n <= {MOST}), 0)::bigint as value_cents"
        f" from (select l.value_cents, row_number() over () as n from lead l where {found} limit {MOST} + 1) x) c"
        " where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id"
    )
