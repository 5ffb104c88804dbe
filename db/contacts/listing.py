"""The list of contacts, page by page, in the order that is asked for: also of a search among a million (decision 32)."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import search
from db.contacts.filter import ContactFilter
from db.contacts.filters import where
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

Sort = Literal["name", "recent"]
COUNTED = 10_000
"""Up to here totals of what is not searched are exact; above they are the planner's guess."""
GATHERED = 3_000
"""With about so many hits at most, all are gathered by the index, counted and sorted; with more, the list is walked in its order
until the page is full."""
LIKELY, WALKED = 30_000, 40_000
"""The list is walked when a page is likely to be full after so many contacts, and so far at most; then the hits are gathered."""
PROBED = 25_000
"""Of so many hits each is held against the other conditions; where there are more, those conditions come first."""

_KEYS: dict[Sort, tuple[str, str, str]] = {  # column, its type, comparison
    "name": ("name_key", "text", ">"),
    "recent": ("updated_at", "timestamptz", "<"),
}
_ROW = """
select p.id, p.name, p.name_key, p.updated_at, p.opted_out_at is not null as opted_out, p.total,
    ph.value as phone, ph.line, em.value as email,
    coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name) order by fold(t.name))
        from contact_tag ct join tag t on t.company_id = ct.company_id and t.id = ct.tag_id
        where ct.company_id = p.company_id and ct.contact_id = p.id), '[]')::text as tags
from page p
left join lateral (select value, line from contact_identity i where i.company_id = p.company_id and i.contact_id = p.id
    and i.kind = 'phone' order by i.id limit 1) ph on true
left join lateral (select value from contact_identity i where i.company_id = p.company_id and i.contact_id = p.id
    and i.kind = 'email' order by i.id limit 1) em on true
"""


class Contacts(NamedTuple):
    """`rows`: id, name, name_key, updated_at, opted_out, phone, line, email, tags (JSON).
    `total` only on the first page; `estimated`: nobody counted it."""

    rows: list[asyncpg.Record]
    total: int | None
    estimated: bool = False


async def contacts(
    actor: Actor,
    filter: ContactFilter,
    *,
    sort: Sort = "name",
    after: tuple[str | datetime, UUID] | None = None,
    limit: int = 50,
    exact: bool = False,
) -> Contacts:
    """One page. `after` is the sort key and id of the last row of the page before."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        page = _Page(r, actor, filter, sort, after, limit)
        found = await (page.searched() if page.wanted else page.listed())
        if after is not None:
            return Contacts(found.rows, None)
        return Contacts(found.rows, await page.counted()) if exact else found


class _Page:
    """What was asked for as SQL, and the ways to it."""

    def __init__(
        self, r: Read, actor: Actor, filter: ContactFilter, sort: Sort, after: tuple[str | datetime, UUID] | None, limit: int
    ) -> None:
        self._r, self._after, self._limit = r, after, limit
        self._args: list[object] = [actor.company_id]
        needles = search.needles(filter.search)
        self._args += needles
        self.wanted = [f"${number + 2}" for number in range(len(needles))]
        self._rest = where(msgspec.structs.replace(filter, search=None), self._args)
        self._column, self._type, self._sign = _KEYS[sort]
        self._direction = "desc" if self._sign == "<" else "asc"

    def _order(self, alias: str) -> str:
        return f"order by {alias}.{self._column} {self._direction}, {alias}.id {self._direction}"

    def _onward(self, args: list[object]) -> str:
        """The condition on `c` that leaves out the pages before; its values are appended to `args`."""
        if self._after is None:
            return "true"
        args += self._after
        return f"(c.{self._column}, c.id) {self._sign} (${len(args) - 1}::{self._type}, ${len(args)}::uuid)"

    async def _fetch(self, page: str, args: list[object], *, before: str = "") -> list[asyncpg.Record]:
        """The rows of the contacts that the query `page` gives, with `total`."""
        # Materialised: the planner must not join the addresses of everybody before it has cut the page.
        return await self._r.fetch(f"with {before} page as materialized ({page}) {_ROW} {self._order('p')}", *args)

    async def listed(self) -> Contacts:
        """Without a search: the planner knows what these conditions cost."""
        args = list(self._args)
        source = f"from contact c where c.company_id = $1 and {self._rest}"
        rows = await self._fetch(
            f"select c.*, null::bigint as total {source} and {self._onward(args)} {self._order('c')} limit {self._limit}", args
        )
        if self._after is not None or len(rows) < self._limit:
            return Contacts(rows, len(rows))
        count: int = await self._r.fetchval(f"select count(*) from (select 1 {source} limit {COUNTED + 1}) x", *self._args)
        if estimated := count > COUNTED:
            plan = msgspec.json.decode(await self._r.fetchval(f"explain (format json) select 1 {source}", *self._args))
            count = _rounded(max(count, int(plan[0]["Plan"]["Plan Rows"])))
        return Contacts(rows, count, estimated)

    async def searched(self) -> Contacts:
        """The way that is short for this search, by what the sample says."""
        # Every join looks up one row after the other: nobody's tags are read as a whole, and a walk keeps its order.
        await self._joins("off")
        seen = await search.density(self._r, self.wanted, self._rest, self._args)
        if seen.found * search.SAMPLED <= GATHERED:
            return await self._gathered(seen)
        if self._limit * seen.sampled > seen.matching * LIKELY:
            return await self._gathered(seen)
        rows = await self._walked()
        if len(rows) == self._limit:
            return Contacts(rows, _rounded(seen.matching * search.SAMPLED), estimated=True)
        return await self._gathered(seen) if await self._goes_on() else Contacts(rows, len(rows))

    async def _gathered(self, seen: search.Density) -> Contacts:
        """All hits, found without regard to their order, counted and sorted."""
        args = list(self._args)
        conditions = f"where c.company_id = $1 and {self._rest}"
        await self._joins("on")
        if self._rest == "true" or seen.found * search.SAMPLED <= PROBED:
            found = f"select c.* from {search.index(self.wanted)} c {conditions}"
        else:  # the other conditions are rarer, and the planner knows them
            found = f"select c.* from contact c {conditions} and {search.has_all('c', self.wanted)}"
        rows = await self._fetch(
            f"select c.*, (select count(*) from found) as total from found c where {self._onward(args)}"
            f" {self._order('c')} limit {self._limit}",
            args,
            before=f"found as materialized ({found}),",
        )
        return Contacts(rows, rows[0]["total"] if rows else 0)

    async def _walked(self) -> list[asyncpg.Record]:
        """The hits among the next contacts of the list; fewer than a page also when the walk ended before the list does."""
        args = list(self._args)
        walk = f"select c.id, c.{self._column}, c.search {self._behind(args)} limit {WALKED}"
        hits = f"select w.id, w.{self._column} from ({walk}) w where {search.has_all('w', self.wanted)}"
        return await self._fetch(
            f"select c.*, null::bigint as total from ({hits}) k, contact c where c.company_id = $1 and c.id = k.id and {self._rest}"
            f" {self._order('k')} limit {self._limit}",
            args,
        )

    async def _joins(self, hashed: Literal["on", "off"]) -> None:
        await self._r.fetchval(
            "select set_config('enable_hashjoin', $1, true) || set_config('enable_mergejoin', $1, true)", hashed
        )

    async def _goes_on(self) -> bool:
        """Whether the list is longer than the walk."""
        args = self._args[:1]
        found: bool = await self._r.fetchval(f"select exists (select 1 {self._behind(args)} offset {WALKED})", *args)
        return found

    def _behind(self, args: list[object]) -> str:
        return f"from contact c where c.company_id = $1 and {self._onward(args)} {self._order('c')}"

    async def counted(self) -> int:
        """Exactly how many on all pages."""
        await self._joins("on")
        source = f"{search.index(self.wanted)} c" if self.wanted else "contact c"
        count: int = await self._r.fetchval(
            f"select count(*) from {source} where c.company_id = $1 and {self._rest}", *self._args
        )
        return count


def _rounded(guess: int) -> int:
    """To two digits, so that nobody takes it for a count."""
    step: int = 10 ** max(0, len(str(guess)) - 2)
    return guess // step * step
