"""The list of contacts, page by page, in the order that is asked for: also of a search among a million (decision 32)."""

import math
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import search
from db.contacts.filter import ContactFilter
from db.contacts.filters import where
from db.contacts.queries import rounded
from db.contacts.segments import resolved
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

Sort = Literal["name", "recent"]
COUNTED = 10_000
"""Up to here totals of what is not searched are exact; above they are what the sample says."""
GATHERED = 3_000
"""With about so many hits at most, all are gathered by the index, counted and sorted; with more, the list is walked in its order
until the page is full."""
LIKELY, WALKED = 60_000, 80_000
"""The list is walked when a page is likely to be full after so many contacts, and so far at most; then the hits are gathered."""
COSTLY, PATIENCE = 8_000, 3
"""When there are more hits than this, and more contacts that meet the other conditions, the walk goes farther, up to so many times."""
TOGETHER = 12
"""When the first hit stands so many times later in the sample than an even spread has it, no hit stands before it."""

_KEYS: dict[Sort, tuple[str, str, str]] = {  # column, its type, comparison
    "name": ("name_key", "text", ">"),
    "recent": ("updated_at", "timestamptz", "<"),
}
_STRIDES: dict[Sort, int] = {"name": 1, "recent": 4}
"""What a contact costs to pass, as a multiple: the index by name holds the search text, the one by change does not."""
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
        page = _Page(r, actor, await resolved(r, filter), sort, after, limit)
        found = await page.found()
        if after is not None:
            return Contacts(found.rows, None)
        return Contacts(found.rows, await page.counted()) if exact else found


class _Page:
    """What was asked for as SQL, and the ways to it."""

    def __init__(
        self, r: Read, actor: Actor, filter: ContactFilter, sort: Sort, after: tuple[str | datetime, UUID] | None, limit: int
    ) -> None:
        self._r, self._after, self._limit, self._sort = r, after, limit, sort
        self._args: list[object] = [actor.company_id]
        self._needles = search.needles(filter.search)
        self._args += self._needles
        self._wanted = [f"${number + 2}" for number in range(len(self._needles))]
        self._fields, self._valued = "null", "true"
        if filter.custom:
            self._args.append(msgspec.json.encode(filter.custom).decode())
            self._fields = f"${len(self._args)}"
            self._valued = f"c.custom @> {self._fields}::jsonb"
        self._unsearched = msgspec.structs.replace(filter, search=None, custom={})
        """What the search index does not know."""
        self._others = where(self._unsearched, self._args)
        self._rest = f"{self._valued} and {self._others}"
        self._column, self._type, self._sign = _KEYS[sort]
        self._collated = ' collate "C"' if self._type == "text" else ""  # what a function gives has lost it
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

    async def found(self) -> Contacts:
        """The page, by the way that is short for it."""
        if self._needles and not search.findable(self._needles):
            return Contacts([], 0)
        return await (self._searched() if self._needles or self._fields != "null" else self._listed())

    async def _listed(self) -> Contacts:
        """Without a search: the planner knows what these conditions cost."""
        args = list(self._args)
        source = f"from contact c where c.company_id = $1 and {self._rest}"
        rows = await self._fetch(
            f"select c.*, null::bigint as total {source} and {self._onward(args)} {self._order('c')} limit {self._limit}", args
        )
        if self._after is not None or len(rows) < self._limit:
            return Contacts(rows, len(rows))
        about = await self._meeting(rough=False)
        if about < 2 * COUNTED:
            count: int = await self._r.fetchval(f"select count(*) from (select 1 {source} limit {COUNTED + 1}) x", *self._args)
            if count <= COUNTED:
                return Contacts(rows, count)
        return Contacts(rows, rounded(max(about, COUNTED)), estimated=True)

    async def _searched(self) -> Contacts:
        """The way that is short for this search, by what the sample says."""
        # Every join looks up one row after the other: nobody's tags are read as a whole, and a walk keeps its order.
        await self._joins("off")
        behind = str(self._after[0]) if self._after and self._column == "name_key" else None
        seen = await search.density(self._r, self._wanted, self._valued, self._others, self._args, behind)
        hits = seen.found * search.SAMPLED
        if hits <= (GATHERED if self._needles else COSTLY):  # a walk without words reads every contact
            return await self._gathered(hits, None)
        far, patience, others = self._far(seen) * _STRIDES[self._sort], 1.0, None
        if far > LIKELY:
            others = await self._meeting(rough=True) if self._others != "true" else None
            patience = min(max(1.0, min(hits, hits if others is None else others) / COSTLY), PATIENCE)
            if far > LIKELY * patience:
                return await self._gathered(hits, others)
        steps = int(WALKED * patience) // _STRIDES[self._sort]
        rows = await self._walked(steps)
        if len(rows) == self._limit:
            return Contacts(rows, rounded(seen.matching * search.SAMPLED), estimated=True)
        return await self._gathered(hits, others) if await self._goes_on(steps) else Contacts(rows, len(rows))

    def _far(self, seen: search.Density) -> float:
        """How many contacts of the list are likely to be passed until the page is full."""
        if not seen.matching:
            return math.inf
        gap = seen.sampled / seen.matching
        if self._column != "name_key" or seen.waiting < gap:
            return self._limit * gap
        if seen.waiting > TOGETHER * gap:
            return float(seen.waiting * search.SAMPLED)
        return self._limit * 1.5 * seen.waiting

    async def _gathered(self, hits: int, others: int | None) -> Contacts:
        """All hits, found without regard to their order, counted and sorted. `others`: about how many contacts meet the conditions
        beside the search, where that was asked."""
        args = list(self._args)
        if others is not None and others < hits:
            found = f"contact c where c.company_id = $1 and {search.has_all('c', self._wanted)} and {self._rest}"
        else:
            await self._joins("on")
            args.append(await search.rare_pieces(self._r, args[0], self._needles))
            found = f"{self._indexed(f'${len(args)}')} c where {self._others}"
        page = f"select c.*, (select count(*) from found) as total from found c where {self._onward(args)} {self._order('c')} limit {self._limit}"
        rows = await self._fetch(
            f"select c.*, k.total from ({page}) k join contact c on c.company_id = $1 and c.id = k.id",
            args,
            before=f"found as materialized (select c.id, c.{self._column}{self._collated} as {self._column} from {found}),",
        )
        return Contacts(rows, rows[0]["total"] if rows else 0)

    async def _meeting(self, *, rough: bool) -> int:
        """About how many contacts meet the conditions beside the search."""
        args = self._args[:1]
        return await search.meeting(self._r, where(self._unsearched, args, few=True), args, rough=rough)

    async def _walked(self, steps: int) -> list[asyncpg.Record]:
        """The hits among the next `steps` contacts of the list."""
        args = list(self._args)
        walk = f"select c.id, c.{self._column}, c.search {self._behind(args)} limit {steps}"
        hits = f"select w.id, w.{self._column} from ({walk}) w where {search.has_all('w', self._wanted)}"
        return await self._fetch(
            f"select c.*, null::bigint as total from ({hits}) k, contact c where c.company_id = $1 and c.id = k.id and {self._rest}"
            f" {self._order('k')} limit {self._limit}",
            args,
        )

    async def _joins(self, hashed: Literal["on", "off"]) -> None:
        await self._r.fetchval(
            "select set_config('enable_hashjoin', $1, true) || set_config('enable_mergejoin', $1, true)", hashed
        )

    async def _goes_on(self, steps: int) -> bool:
        """Whether the list is longer than the walk."""
        args = self._args[:1]
        found: bool = await self._r.fetchval(f"select exists (select 1 {self._behind(args)} offset {steps})", *args)
        return found

    def _behind(self, args: list[object]) -> str:
        return f"from contact c where c.company_id = $1 and {self._onward(args)} {self._order('c')}"

    def _indexed(self, pieces: str | None = None) -> str:
        """What the index finds, with the company as a value: of a column the planner thinks that one in two hundred has it."""
        return f"(select $1::uuid as company_id, s.* from {search.index(self._wanted, pieces, self._fields)} s)"

    async def counted(self) -> int:
        """Exactly how many on all pages."""
        if self._needles and not search.findable(self._needles):
            return 0
        await self._joins("on")
        searched = self._needles or self._fields != "null"
        source = (
            f"{self._indexed()} c where {self._others}" if searched else f"contact c where c.company_id = $1 and {self._rest}"
        )
        count: int = await self._r.fetchval(f"select count(*) from {source}", *self._args)
        return count
