"""Lists of leads: a column in its order, a board by creation, value or date, a contact's. Pages follow a key of an index; nothing is
counted or skipped."""

from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from db.boards import boards, leads
from db.boards.enums import Due, LeadSort
from db.boards.errors import BoardField
from db.contacts.notes import must_exist as contact_must_exist
from db.contacts.search import findable, has_all, needles, pattern
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

GATHERED = 500
"""Leads that have the words: up to so many are put in order, more are met on a walk through the list."""
LOOKED_AT = 200
"""Newest leads that tell whether words are frequent, before the index is asked."""


class LeadFilter(NamedTuple):
    """Which leads of a board; None: all of them."""

    stage_id: UUID | None = None
    owner_id: UUID | None = None
    search: str | None = None
    tag: str | None = None
    values: tuple[tuple[str, str], ...] = ()  # of own fields: key and value
    due: Due | None = None
    among: list[UUID] | None = None  # only these


_TODAY = "(select (now() at time zone k.time_zone)::date from company k where k.id = $1)"
_DUE = {
    Due.OVERDUE: f"l.due_key < {_TODAY}",
    Due.TODAY: f"l.due_key = {_TODAY}",
    Due.WEEK: f"l.due_key between {_TODAY} and {_TODAY} + 6",
    Due.NONE: "l.due_key = 'infinity'",
}
_KEYS = {
    LeadSort.RANK: ("l.rank", "l.id", ">"),
    LeadSort.CREATED: ("", "l.id", "<"),
    LeadSort.VALUE: ("l.value_key", "l.id", "<"),
    LeadSort.DUE: ("l.due_key", "l.id", ">"),
    LeadSort.MOVED: ("l.stage_since", "l.id", "<"),
}
"""The column before the id, and which way."""


def key(row: asyncpg.Record, sort: LeadSort) -> tuple[object, ...]:
    """Of a row, for the page after it."""
    first: dict[LeadSort, object] = {
        LeadSort.RANK: row["rank"],
        LeadSort.VALUE: -1 if row["value_cents"] is None else row["value_cents"],
        LeadSort.DUE: row["due_on"],
        LeadSort.MOVED: row["stage_since"],
    }
    if sort is LeadSort.STAGE:
        return row["stage_id"], row["rank"], row["id"]
    return (first[sort], row["id"]) if sort in first else (row["id"],)


def statement(filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, args: list[object]) -> str:
    """The page as SQL; adds to the arguments, of which the first is the company and the second the board."""

    wanted = ["l.company_id = $1", "l.board_id = $2", *conditions(filter, args)]
    first, last, way = _KEYS[sort]
    columns = [first, last] if first else [last]
    if after is not None:
        kinds = {"l.rank": "text", "l.value_key": "bigint", "l.id": "uuid", "l.stage_since": "timestamptz"}
        values = [
            _given(args, value, kinds.get(column, "date")) for column, value in zip(columns, _dated(sort, after), strict=True)
        ]
        wanted.append(f"({', '.join(columns)}) {way} ({', '.join(values)})")
    order = ", ".join(f"{column} {'asc' if way == '>' else 'desc'}" for column in columns)
    return f"select {leads.COLUMNS} from lead l {leads.JOINS} where {' and '.join(wanted)} order by {order}"


def _given(args: list[object], value: object, kind: str) -> str:
    args.append(value)
    return f"${len(args)}::{kind}"


def conditions(filter: LeadFilter, args: list[object]) -> list[str]:
    """What a lead `l` of the board must be, as SQL; adds to the arguments, of which the first is the company."""

    def given(value: object, kind: str) -> str:
        return _given(args, value, kind)

    conditions = []
    if filter.stage_id is not None:
        conditions.append(f"l.stage_id = {given(filter.stage_id, 'uuid')}")
    if filter.owner_id is not None:
        conditions.append(f"l.owner_id = {given(filter.owner_id, 'uuid')}")
    if filter.tag is not None:
        conditions.append(f"l.tags @> array[{given(filter.tag, 'text')}]")
    for key, value in filter.values:
        conditions.append(f"l.custom ->> {given(key, 'text')} = {given(value, 'text')}")
    if filter.among is not None:
        conditions.append(f"l.id = any({given(filter.among, 'uuid[]')})")
    if filter.due is not None:
        conditions.append(_DUE[filter.due])
    if wanted := needles(filter.search):
        conditions.append(has_all("l", [given(one, "text") for one in wanted]))
    return conditions


def _dated(sort: LeadSort, after: tuple[Any, ...]) -> tuple[Any, ...]:
    return (after[0] or date.max, after[1]) if sort is LeadSort.DUE else after


async def board_leads(
    actor: Actor, board_id: UUID, filter: LeadFilter, *, sort: LeadSort | None, after: tuple[Any, ...] | None, limit: int
) -> list[asyncpg.Record]:
    """Rows of `leads.COLUMNS`. Without a sort: a stage as people put it, a board by creation. Raises NotFound, Invalid."""
    sort = order_of(filter, sort)
    if nothing_has(filter):
        return []
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        filter = await narrowed(r, actor.company_id, board_id, filter, GATHERED)
        if sort is not LeadSort.STAGE:
            return await _page(r, board_id, filter, sort, after, limit)
        return await _by_stages(r, board_id, filter, after, limit)


async def _page(
    r: Read, board_id: UUID, filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, limit: int
) -> list[asyncpg.Record]:
    assert r.actor is not None
    args: list[object] = [r.actor.company_id, board_id]
    sql = statement(filter, sort, after, args)
    return await r.fetch(f"{sql} limit ${len(args) + 1}", *args, limit)


_FROM = """
select s.id from stage s where s.company_id = $1 and s.board_id = $2 and ($3::uuid is null or s.id = $3) and ($4::uuid is null
    or (s.rank, s.id) >= (select f.rank, f.id from stage f where f.company_id = $1 and f.id = $4)) order by s.rank, s.id
"""


async def _by_stages(
    r: Read, board_id: UUID, filter: LeadFilter, after: tuple[Any, ...] | None, limit: int
) -> list[asyncpg.Record]:
    """Stage after stage, each by its own index, until the page is full. After a stage that is gone meanwhile there is nothing."""
    assert r.actor is not None
    reached, place = (after[0], after[1:]) if after is not None else (None, None)
    found: list[asyncpg.Record] = []
    for row in await r.fetch(_FROM, r.actor.company_id, board_id, filter.stage_id, reached):
        one = filter._replace(stage_id=row["id"])
        found += await _page(r, board_id, one, LeadSort.RANK, place if row["id"] == reached else None, limit - len(found))
        if len(found) >= limit:
            break
    return found


def nothing_has(filter: LeadFilter) -> bool:
    """Whether the words are none that anything could have."""
    return filter.search is not None and bool(filter.search.strip()) and not findable(needles(filter.search))


async def narrowed(r: Read, company_id: UUID, board_id: UUID, filter: LeadFilter, most: int) -> LeadFilter:
    """The same, among the leads that an index gathers for its words, or for its tag and values: where they are at most so many."""
    if wanted := needles(filter.search):
        among = await _having(r, company_id, board_id, wanted, most)
        if among is not None:
            return filter._replace(among=among)
    marks = [*([f"#{filter.tag}"] if filter.tag is not None else []), *(f"{key}={value}" for key, value in filter.values)]
    if marks:
        rows = await r.fetch("select lead_marked($1, $2, $3) as id", board_id, marks, most + 1)
        if len(rows) <= most:
            return filter._replace(among=[row["id"] for row in rows])
    return filter


async def _having(r: Read, company_id: UUID, board_id: UUID, wanted: list[str], most: int) -> list[UUID] | None:
    """The leads that have these words, by the index; None where there are many: the index would gather them all."""
    patterns = ", ".join(pattern(f"${place}") for place in range(3, 3 + len(wanted)))
    recent = f"select l.search from lead l where l.company_id = $1 and l.board_id = $2 order by l.id desc limit {LOOKED_AT}"
    words = has_all("l", [f"${place}" for place in range(3, 3 + len(wanted))])
    met = await r.fetchval(f"select count(*) from ({recent}) l where {words}", company_id, board_id, *wanted)
    if met > LOOKED_AT // 20:
        return None
    rows = await r.fetch(f"select lead_search($1, array[{patterns}], $2) as id", board_id, most + 1, *wanted)
    return [row["id"] for row in rows] if len(rows) <= most else None


def values_of(given: list[str] | None) -> tuple[tuple[str, str], ...]:
    """`key:value`, as filters name them. Raises Invalid."""
    parted = [one.partition(":") for one in given or ()]
    if any(not key or not value for key, _colon, value in parted):
        raise RequestError.INVALID(fields=[BoardField.KEY_AND_VALUE("value")])
    return tuple((key, value) for key, _colon, value in parted)


def order_of(filter: LeadFilter, sort: LeadSort | None) -> LeadSort:
    """Raises Invalid for the rank without a stage."""
    if sort is LeadSort.RANK and filter.stage_id is None:
        raise RequestError.INVALID(fields=[BoardField.ONE_STAGE_ONLY("stage_id")])
    return sort or (LeadSort.CREATED if filter.stage_id is None else LeadSort.RANK)


async def contact_leads(actor: Actor, contact_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Rows of `leads.COLUMNS`, newest first, of all boards. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await contact_must_exist(r, actor.company_id, contact_id)
        return await r.fetch(
            f"select {leads.COLUMNS} from lead l {leads.JOINS} where l.company_id = $1 and l.contact_id = $2"
            " and ($3::uuid is null or l.id < $3) order by l.id desc limit $4",
            actor.company_id,
            contact_id,
            after,
            limit,
        )
