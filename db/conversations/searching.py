"""Which conversations a search of the inbox finds: those whose contact has its words, and those in which they were said.

An index knows who has the words but not in which order the list stands. A sample says how many that are likely to be. Few are gathered;
for many the list is walked in its order until a page is full, and when the walk was too long, gathered after all, or walked on where
there are too many to gather: a wrong guess costs time and never a row.
"""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from db.contacts import search
from db.conversations import texts
from db.work import Read

FEW = 2000
"""So many contacts at most are gathered, however many there are."""
MANY = 20_000
"""With more hits than this of a side it is not gathered after a walk that was too long either."""
WALKED = 20_000
"""So many conversations of a list are walked through at first, where only contacts have to be looked at."""

_CONTACTS = """
with hits as materialized (select id from {index} limit {most})
select (select count(*) from hits) as most,
    array(select v.id from hits h cross join lateral
              (select v.id from conversation v where v.company_id = {company} and v.contact_id = h.id offset 0) v) as ids
"""
_PAGE = "select v.id from conversation v where v.company_id = $1 and {where} and {hit} order by {order} limit {limit}"
# The columns that order and hits look at; the limit or offset keeps the order inside.
_WALK = """
select v.id from (select v.id, v.contact_id, v.channel_id, v.last_at, v.waiting_since from conversation v
    where v.company_id = $1 and {where} order by {order} {far}) v
where {hit} order by {order} limit {limit}
"""
_LONGER = "select true from conversation v where v.company_id = $1 and {where} offset {far} limit 1"


class Asked(NamedTuple):
    """A page of a list: `where` on `v` with its `args`, of which the first is the company, and `order`."""

    where: str
    args: Sequence[object]
    order: str
    limit: int


class _Named:
    """Those whose contact has every word of the text in names or addresses."""

    walked = WALKED

    def __init__(self, r: Read, company_id: UUID, text: str) -> None:
        self._r, self._company_id, self._needles = r, company_id, search.needles(text)
        self.ids: list[UUID] | None = [] if not search.findable(self._needles) else None

    async def gather_few(self, limit: int) -> None:
        """Gathers them where that is likely to be shorter than to walk to the end of a page."""
        if self.ids is not None:
            return
        wanted = [f"${number + 2}" for number in range(len(self._needles))]
        seen = await search.density(self._r, wanted, "true", "true", [self._company_id, *self._needles])
        hits, contacts = seen.found * search.SAMPLED, seen.sampled * search.SAMPLED
        if hits <= FEW or hits * hits <= limit * contacts:  # a walk passes limit * contacts / hits
            await self.gather(2 * max(hits, FEW))

    async def gather(self, most: int) -> None:
        """Gathers them, unless more than `most` contacts have the words."""
        parameters = [f"${number + 1}" for number in range(len(self._needles))]
        place = len(self._needles) + 1
        row = await self._r.fetchrow(
            _CONTACTS.format(index=search.index(parameters, f"${place}"), most=most + 1, company=f"${place + 1}"),
            *self._needles,
            await search.rare_pieces(self._r, self._company_id, self._needles),
            self._company_id,
        )
        assert row is not None
        self.ids = None if row["most"] > most else row["ids"]

    def hit(self, args: list[object]) -> str:
        """SQL: `v` is one of them; its values are appended to `args`. An expression, because for a condition the planner might look
        through all contacts first."""
        args += self._needles
        places = [f"${number}" for number in range(len(args) - len(self._needles) + 1, len(args) + 1)]
        return f"(select {search.has_all('k', places)} from contact k where k.company_id = $1 and k.id = v.contact_id)"


class _Said:
    """Those in which the words were said."""

    walked = texts.WALKED

    def __init__(self, r: Read, company_id: UUID, words: texts.Query | None) -> None:
        self._r, self._company_id, self._words = r, company_id, words
        self.ids: dict[UUID, UUID] | None = {} if words is None else None
        """With the newest message or note that has the words."""

    async def gather_few(self, limit: int) -> None:
        """Gathers them where that is likely to be shorter than to walk to the end of a page."""
        if self._words is not None and await texts.about(self._r, self._words) <= texts.FEW:
            await self.gather(2 * texts.FEW)

    async def gather(self, most: int) -> None:
        """Gathers them, unless there are more than `most` messages or notes with the words."""
        assert self._words is not None
        self.ids = await texts.gathered(self._r, self._company_id, self._words, most)

    def hit(self, args: list[object]) -> str:
        """SQL: `v` is one of them; its values are appended to `args`."""
        assert self._words is not None
        args += (self._words.near, self._words.exact)
        return texts.said_in(f"${len(args) - 1}", f"${len(args)}")


async def page(r: Read, text: str, words: texts.Query | None, asked: Asked) -> tuple[list[UUID], dict[UUID, UUID] | None]:
    """The conversations of the page, in no order; and of those in which the words were said the newest message or note that has them, where
    that is known."""
    company_id: UUID = asked.args[0]  # type: ignore[assignment]
    # Every join looks up one row after the other: no table is read as a whole.
    await r.fetchval("select set_config('enable_hashjoin', 'off', true) || set_config('enable_mergejoin', 'off', true)")
    said = _Said(r, company_id, words)
    sides = (_Named(r, company_id, text), said)
    for side in sides:
        await side.gather_few(asked.limit)
    far = min((side.walked for side in sides if side.ids is None), default=None)
    found = await _met(r, asked, sides, far)
    if found is None:
        for side in sides:
            if side.ids is None:
                await side.gather(MANY)
        found = await _met(r, asked, sides, None)
    assert found is not None
    return found, said.ids


async def _met(r: Read, asked: Asked, sides: Sequence[_Named | _Said], far: int | None) -> list[UUID] | None:
    """Those of the list that one of the sides has; None: `far` conversations were looked at, and the page is not full yet."""
    args = list(asked.args)
    ids = list({each for side in sides for each in side.ids or ()})
    either = []
    if ids:
        args.append(ids)
        either.append(f"v.id = any(${len(args)}::uuid[])")
    either += [side.hit(args) for side in sides if side.ids is None]
    if not either:
        return []
    hit = f"({' or '.join(either)})"
    if all(side.ids is not None for side in sides):
        rows = await r.fetch(_PAGE.format(**asked._asdict(), hit=hit), *args)
    else:
        most = "offset 0" if far is None else f"limit {far}"
        rows = await r.fetch(_WALK.format(**asked._asdict(), hit=hit, far=most), *args)
        if (
            far is not None
            and len(rows) < asked.limit
            and await r.fetchval(_LONGER.format(where=asked.where, far=far), *asked.args)
        ):
            return None
    return [row["id"] for row in rows]
