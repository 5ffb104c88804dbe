"""How many leads a filter finds in each stage of a board, and their value: by a tag from totals that are kept, by words and values of fields
from what their indexes gather, else exactly up to a bound, so that it costs about the same on every board.
"""

from uuid import UUID

import asyncpg
import msgspec

from db.boards import boards, listing
from db.boards.listing import LeadFilter
from db.contacts.search import needles, pattern
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

MOST = 1000
"""Leads of one stage that are counted where the stage is walked through; of more it is said that there are more."""
GATHERED = 20_000
"""Leads that have the words, tag and values: up to so many are counted by their indexes."""
GATHERED_BY_ID = 5000
"""The same where they must be something else too."""

_TAGGED = """
select s.id as stage_id, coalesce(t.leads, 0)::bigint as leads, coalesce(t.value_cents, 0) as value_cents, false as more from stage s
left join stage_tag_total t on t.company_id = $1 and t.stage_id = s.id and t.tag = $3
where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id
"""
_ON_BOARD = """
select coalesce(sum(t.leads), 0) as leads, count(*) as stages from stage s
left join stage_total t on t.company_id = $1 and t.stage_id = s.id where s.company_id = $1 and s.board_id = $2
"""


async def counts(actor: Actor, board_id: UUID, filter: LeadFilter) -> list[asyncpg.Record]:
    """Rows `stage_id, leads, value_cents, more` in the order of the stages. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        if listing.nothing_has(filter):
            filter = filter._replace(search=None, among=[])
        elif filter.tag is not None and filter == LeadFilter(tag=filter.tag):
            return await r.fetch(_TAGGED, actor.company_id, board_id, filter.tag)
        elif filter == LeadFilter(search=filter.search, tag=filter.tag, values=filter.values) != LeadFilter():
            if (found := await _gathered(r, actor.company_id, board_id, filter)) is not None:
                return found
        else:
            filter = await listing.narrowed(r, actor.company_id, board_id, filter, GATHERED_BY_ID)
        args: list[object] = [actor.company_id, board_id]
        return await r.fetch(statement(filter, args), *args)


async def _gathered(r: Read, company_id: UUID, board_id: UUID, filter: LeadFilter) -> list[asyncpg.Record] | None:
    """By the indexes; None where there are too many, or fewer leads are looked at on a walk through the stages."""
    wanted = needles(filter.search)
    if wanted:
        on_board = await r.fetchrow(_ON_BOARD, company_id, board_id)
        assert on_board is not None
        share = await listing.met(r, company_id, board_id, wanted) / listing.LOOKED_AT
        if share * on_board["leads"] > min(GATHERED, on_board["stages"] * MOST / share if share else GATHERED):
            return None
    patterns = ", ".join(pattern(f"${place}") for place in range(7, 7 + len(wanted)))
    rows = await r.fetch(
        f"select s.id as stage_id, coalesce(c.leads, 0) as leads, coalesce(c.value_cents, 0) as value_cents, false as more from stage s"
        f" left join lead_tally($2, array[{patterns}]::text[], $3, $4, $5::jsonb, $6) c on c.stage_id = s.id"
        " where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id",
        company_id,
        board_id,
        listing.marks_of(filter),
        [filter.tag] if filter.tag is not None else [],
        msgspec.json.encode(dict(filter.values)).decode(),
        GATHERED + 1,
        *wanted,
    )
    return rows if sum(row["leads"] for row in rows) <= GATHERED else None


def statement(filter: LeadFilter, args: list[object]) -> str:
    """As SQL; adds to the arguments, of which the first is the company and the second the board."""
    if filter.among is not None:
        found = " and ".join(["l.company_id = $1", "l.board_id = $2", *listing.conditions(filter, args)])
        counted = f"select l.stage_id, count(*) as leads, sum(l.value_cents)::bigint as value_cents from lead l where {found} group by 1"
        return (
            "select s.id as stage_id, coalesce(c.leads, 0) as leads, coalesce(c.value_cents, 0) as value_cents, false as more from stage s"
            f" left join ({counted}) c on c.stage_id = s.id where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id"
        )
    found = " and ".join(["l.company_id = $1", "l.stage_id = s.id", *listing.conditions(filter, args)])
    return (
        f"select s.id as stage_id, least(c.leads, {MOST}) as leads, c.value_cents, c.leads > {MOST} as more from stage s"
        f" cross join lateral (select count(*) as leads, coalesce(sum(x.value_cents) filter (where x.n <= {MOST}), 0)::bigint as value_cents"
        f" from (select l.value_cents, row_number() over () as n from lead l where {found} limit {MOST} + 1) x) c"
        " where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id"
    )
