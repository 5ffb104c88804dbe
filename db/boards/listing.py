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
WALKED = 5_000
"""So many leads of a list are walked through for frequent words; then those that have the words are put in order."""


class LeadFilter(NamedTuple):
    """Which leads of a board; None: all of them."""

    stage_id: UUID | None = None
    owner_id: UUID | None = None
    search: str | None = None
    tag: str | None = None
    values: tuple[tuple[str, str], ...] = ()  # of own fields: key and value
    due: Due | None = None
    among: list[UUID] | None = None  # only these
    nobodys: bool = False  # those without an owner


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
    LeadSort.TITLE: ("l.title_key", "l.id", ">"),
    LeadSort.OWNER: ("", "l.id", "<"),  # of one owner
}
"""The column before the id, and which way."""
_LONGEST_NAME = 40  # of an owner, in a cursor


def key(row: asyncpg.Record, sort: LeadSort) -> tuple[object, ...]:
    """Of a row, for the page after it."""
    first: dict[LeadSort, object] = {
        LeadSort.RANK: row["rank"],
        LeadSort.VALUE: -1 if row["value_cents"] is None else row["value_cents"],
        LeadSort.DUE: row["due_on"],
        LeadSort.MOVED: row["stage_since"],
        LeadSort.TITLE: row["title_key"],
    }
    if sort is LeadSort.STAGE:
        return row["stage_id"], row["rank"], row["id"]
    if sort is LeadSort.OWNER:
        return row["owner_name"] and row["owner_name"][:_LONGEST_NAME], row["owner_id"], row["id"]
    return (first[sort], row["id"]) if sort in first else (row["id"],)


def statement(
    filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, limit: int, args: list[object], far: int | None = None
) -> str:
    """The page as SQL; adds to the arguments, of which the first is the company and the second the board. What no index orders is looked
    for on a walk through the list: Postgres, which takes what many have for rare, would read and sort the whole board. `far`: so many
    leads of the list at most."""

    walked = filter.among is None
    wanted, order = _behind(filter, sort, after, args)
    marked = _marked(filter, args)
    most = _given(args, limit, "int")
    if not marked or not walked:
        where = " and ".join([*wanted, *marked])
        return f"select {leads.COLUMNS} from lead l {leads.JOINS} where {where} order by {order} limit {most}"
    end = "offset 0" if far is None else f"limit {far}"
    walk = f"select * from lead l where {' and '.join(wanted)} order by {order} {end}"
    found = f"select * from ({walk}) l where {' and '.join(marked)} limit {most}"
    return f"select {leads.COLUMNS} from ({found}) l {leads.JOINS} order by {order}"


def _in_order(filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, limit: int, args: list[object]) -> str:
    """The same page for words alone, of all leads that have them."""
    wanted, order = _behind(filter, sort, after, args)
    patterns = ", ".join(pattern(_given(args, one, "text")) for one in needles(filter.search))
    columns = (
        'f.id, $1::uuid as company_id, $2::uuid as board_id, f.stage_id, f.owner_id, f.rank collate "C" as rank, f.value_key, f.due_key,'
        ' f.stage_since, f.title_key collate "C" as title_key'  # what a function gives has lost its collation
    )
    found = f"select {columns} from lead_found($2, array[{patterns}]) f"
    page = f"select l.id from ({found}) l where {' and '.join(wanted)} order by {order} limit {_given(args, limit, 'int')}"
    return (
        f"with page as materialized ({page}) select {leads.COLUMNS} from page p join lead l on l.company_id = $1 and l.id = p.id"
        f" {leads.JOINS} order by {order}"
    )


def _behind(filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, args: list[object]) -> tuple[list[str], str]:
    """The conditions on `l` of what the indexes of lists have, behind the page before, and the order."""
    wanted = ["l.company_id = $1", "l.board_id = $2", *_placed(filter, args)]
    first, last, way = _KEYS[sort]
    columns = [first, last] if first else [last]
    if after is not None:
        kinds = {
            "l.rank": "text",
            "l.value_key": "bigint",
            "l.id": "uuid",
            "l.stage_since": "timestamptz",
            "l.title_key": "text",
        }
        values = [
            _given(args, value, kinds.get(column, "date")) for column, value in zip(columns, _dated(sort, after), strict=True)
        ]
        wanted.append(f"({', '.join(columns)}) {way} ({', '.join(values)})")
    return wanted, ", ".join(f"{column} {'asc' if way == '>' else 'desc'}" for column in columns)


def _given(args: list[object], value: object, kind: str) -> str:
    args.append(value)
    return f"${len(args)}::{kind}"


def conditions(filter: LeadFilter, args: list[object]) -> list[str]:
    """What a lead `l` of the board must be, as SQL; adds to the arguments, of which the first is the company."""
    return [*_placed(filter, args), *_marked(filter, args)]


def _placed(filter: LeadFilter, args: list[object]) -> list[str]:
    """By what the indexes of lists have."""

    def given(value: object, kind: str) -> str:
        return _given(args, value, kind)

    conditions = []
    if filter.stage_id is not None:
        conditions.append(f"l.stage_id = {given(filter.stage_id, 'uuid')}")
    if filter.owner_id is not None:
        conditions.append(f"l.owner_id = {given(filter.owner_id, 'uuid')}")
    if filter.nobodys:
        conditions.append("l.owner_id is null")
    if filter.among is not None:
        conditions.append(f"l.id = any({given(filter.among, 'uuid[]')})")
    if filter.due is not None:
        conditions.append(_DUE[filter.due])
    return conditions


def _marked(filter: LeadFilter, args: list[object]) -> list[str]:
    """By its words, tag and values."""

    def given(value: object, kind: str) -> str:
        return _given(args, value, kind)

    conditions = []
    if filter.tag is not None:
        conditions.append(f"l.tags @> array[{given(filter.tag, 'text')}]")
    for key, value in filter.values:
        conditions.append(f"l.custom ->> {given(key, 'text')} = {given(value, 'text')}")
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
        match sort:
            case LeadSort.STAGE:
                return await _by_stages(r, board_id, filter, after, limit)
            case LeadSort.OWNER:
                return await _by_owners(r, board_id, filter, after, limit)
            case _:
                return await _page(r, board_id, filter, sort, after, limit)


_IN_STAGE = "select leads from stage_tag_total where company_id = $1 and stage_id = $2 and tag = $3"


async def _page(
    r: Read, board_id: UUID, filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None, limit: int
) -> list[asyncpg.Record]:
    assert r.actor is not None
    if filter.stage_id is not None and filter.tag is not None and filter.among is None:
        limit = min(limit, await r.fetchval(_IN_STAGE, r.actor.company_id, filter.stage_id, filter.tag) or 0)
        if not limit:
            return []  # nor walk on behind the last one that has it
    args: list[object] = [r.actor.company_id, board_id]
    if filter.among is not None or filter.tag is not None or filter.values or not needles(filter.search):
        sql = statement(filter, sort, after, limit, args)
        return await r.fetch(sql, *args)
    rows = await r.fetch(statement(filter, sort, after, limit, args, WALKED), *args)
    if len(rows) == limit or not await _longer(r, board_id, filter, sort, after):
        return rows
    args = [r.actor.company_id, board_id]
    sql = _in_order(filter, sort, after, limit, args)
    return await r.fetch(sql, *args)


async def _longer(r: Read, board_id: UUID, filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None) -> bool:
    """Whether the list has more leads than were walked through."""
    assert r.actor is not None
    args: list[object] = [r.actor.company_id, board_id]
    wanted, order = _behind(filter, sort, after, args)
    found: bool = await r.fetchval(
        f"select exists (select from lead l where {' and '.join(wanted)} order by {order} offset {WALKED})", *args
    )
    return found


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


# Each owner by one step through the index, whoever left the company among them. Behind a page: the one that was reached, however they are
# called by now, and those behind the name that they had.
_OWNERS = f"""
with recursive owning as (
    (select owner_id from lead where company_id = $1 and board_id = $2 and owner_id is not null order by owner_id limit 1)
    union all
    select (select l.owner_id from lead l where l.company_id = $1 and l.board_id = $2 and l.owner_id > o.owner_id
        order by l.owner_id limit 1) from owning o where o.owner_id is not null
)
select o.owner_id as id from owning o left join account_user u on u.id = o.owner_id
cross join lateral (select u.name is null as unknown, coalesce(fold(left(u.name, {_LONGEST_NAME})), '') as name) k
where o.owner_id is not null and ($3::uuid is null or o.owner_id = $3
    or (k.unknown, k.name, o.owner_id) > ($4::text is null, coalesce(fold($4::text), ''), $3))
order by o.owner_id is distinct from $3, k.unknown, k.name, o.owner_id
"""


async def _by_owners(
    r: Read, board_id: UUID, filter: LeadFilter, after: tuple[Any, ...] | None, limit: int
) -> list[asyncpg.Record]:
    """Owner after owner, by their names, each by an index, until the page is full; then what is nobody's."""
    assert r.actor is not None
    name, reached, place = (after[0], after[1], after[2:]) if after is not None else (None, None, None)
    owners: list[UUID | None] = [filter.owner_id]
    if filter.owner_id is None and (after is None or reached is not None):
        owners = [*(row["id"] for row in await r.fetch(_OWNERS, r.actor.company_id, board_id, reached, name)), None]
    found: list[asyncpg.Record] = []
    for owner_id in owners:
        one = filter._replace(owner_id=owner_id, nobodys=owner_id is None)
        behind = place if after is not None and owner_id == reached else None
        found += await _page(r, board_id, one, LeadSort.OWNER, behind, limit - len(found))
        if len(found) >= limit:
            break
    return found


def nothing_has(filter: LeadFilter) -> bool:
    """Whether the words are none that anything could have, or a field should have two values."""
    if len({key for key, _value in filter.values}) < len(set(filter.values)):
        return True
    return filter.search is not None and bool(filter.search.strip()) and not findable(needles(filter.search))


_WITH_TAG = """
select coalesce(sum(t.leads), 0) from stage s join stage_tag_total t on t.company_id = $1 and t.stage_id = s.id and t.tag = $3
where s.company_id = $1 and s.board_id = $2
"""


async def narrowed(r: Read, company_id: UUID, board_id: UUID, filter: LeadFilter, most: int) -> LeadFilter:
    """The same, among the leads that an index gathers for its words, or for its tag and values: where they are at most so many."""
    if wanted := needles(filter.search):
        among = await _having(r, company_id, board_id, wanted, most)
        if among is not None:
            return filter._replace(among=among)
    if filter.tag is not None and await r.fetchval(_WITH_TAG, company_id, board_id, filter.tag) > most and not filter.values:
        return filter
    if marks := marks_of(filter):
        rows = await r.fetch("select lead_marked($1, $2, $3) as id", board_id, marks, most + 1)
        if len(rows) <= most:
            return filter._replace(among=[row["id"] for row in rows])
    return filter


def marks_of(filter: LeadFilter) -> list[str]:
    """Its tag and values as the index knows them."""
    return [*([f"#{filter.tag}"] if filter.tag is not None else []), *(f"{key}={value}" for key, value in filter.values)]


async def met(r: Read, company_id: UUID, board_id: UUID, wanted: list[str]) -> int:
    """How many of the newest `LOOKED_AT` leads have these words."""
    recent = f"select l.search from lead l where l.company_id = $1 and l.board_id = $2 order by l.id desc limit {LOOKED_AT}"
    words = has_all("l", [f"${place}" for place in range(3, 3 + len(wanted))])
    count: int = await r.fetchval(f"select count(*) from ({recent}) l where {words}", company_id, board_id, *wanted)
    return count


async def _having(r: Read, company_id: UUID, board_id: UUID, wanted: list[str], most: int) -> list[UUID] | None:
    """The leads that have these words, by the index; None where there are many: the index would gather them all."""
    patterns = ", ".join(pattern(f"${place}") for place in range(3, 3 + len(wanted)))
    if await met(r, company_id, board_id, wanted) > LOOKED_AT // 20:
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
