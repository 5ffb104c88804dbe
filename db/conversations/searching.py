"""Which conversations a search of the inbox finds: those whose contact has its words, groups that are called so, and those in which they were said.

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
"""Of contacts at most twice as many as this are gathered, or twice as many as are likely to have the words."""
LOOKED_UP = 1000
"""So many hits of what was said are looked up one by one; with more the list is walked through, and each conversation held against all hits."""
START, EACH = 750, 2.5
"""What gathering contacts costs, and each of them, in conversations that a walk passes."""
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
# Hits in a hash: `is true` keeps the planner from joining them.
_AMONG_HITS = """(v.contact_id, v.channel_id) in (select h.contact_id, h.channel_id from hits h where h.contact_id is not null) is true
    or v.id in (select h.conversation_id from hits h where h.conversation_id is not null) is true"""
_SIFTED = """
with hits as materialized (select * from said_search({words}::text::tsquery, {most}::bigint)),
page as materialized (
    select v.id, v.contact_id, v.channel_id from (select v.id, v.contact_id, v.channel_id, v.last_at, v.waiting_since from conversation v
        where v.company_id = $1 and {where} order by {order} limit {far}) v
    where {hit} order by {order} limit {limit}),
newest as (
    select distinct on (p.id) p.id, h.entry_id from (select h.* from hits h
        where (h.contact_id, h.channel_id) in (select contact_id, channel_id from page) is true
            or h.conversation_id in (select id from page) is true offset 0) h
    join page p on p.contact_id = h.contact_id and p.channel_id = h.channel_id or p.id = h.conversation_id
    order by p.id, h.at desc, h.entry_id desc)
select m.most, p.id, n.entry_id from (select max(n) as most from (select count(*) as n from hits group by side) c) m
left join page p on true left join newest n on n.id = p.id
"""
_LONGER = "select true from conversation v where v.company_id = $1 and {where} offset {far} limit 1"


class Asked(NamedTuple):
    """A page of a list: `where` on `v` with its `args`, of which the first is the company, and `order`."""

    where: str
    args: Sequence[object]
    order: str
    limit: int


_PER_CONTACT = """
select greatest(v.reltuples, 0) / greatest(c.reltuples, 1) from pg_class v, pg_class c
where v.oid = 'conversation'::regclass and c.oid = 'contact'::regclass
"""


_CALLED = """
select v.id from chat_group g join conversation v on v.company_id = $1 and v.channel_id = g.channel_id and v.contact_id = g.id
where g.company_id = $1 and {has_all} limit {most}
"""


async def _called(r: Read, company_id: UUID, text: str) -> list[UUID]:
    """Groups whose subject has every word of the text. There are few of them."""
    needles = search.needles(text)
    if not search.findable(needles):
        return []
    found = " and ".join(f"' ' || fold(g.subject) like {search.pattern(f'${number + 2}')}" for number in range(len(needles)))
    return [row["id"] for row in await r.fetch(_CALLED.format(has_all=found, most=FEW), company_id, *needles)]


class _Named:
    """Those whose contact has every word of the text in names or addresses."""

    walked = WALKED

    def __init__(self, r: Read, company_id: UUID, text: str) -> None:
        self._r, self._company_id, self._needles = r, company_id, search.needles(text)
        self.ids: list[UUID] | None = [] if not search.findable(self._needles) else None

    async def gather_few(self, limit: int, said: int) -> None:
        """Gathers them where that is likely to be shorter than to walk to the end of a page. `said`: about how many conversations of the
        list are on it because of what was said."""
        if self.ids is not None:
            return
        wanted = [f"${number + 2}" for number in range(len(self._needles))]
        seen = await search.density(self._r, wanted, "true", "true", [self._company_id, *self._needles])
        hits, contacts = seen.found * search.SAMPLED, max(seen.sampled * search.SAMPLED, 1)
        share = hits / contacts
        if said:
            conversations: float = await self._r.fetchval(_PER_CONTACT) * contacts
            share += min(1, said / max(conversations, 1))
        if (START + EACH * hits) * share <= limit:  # a walk passes limit / share
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

    def any_of(self, args: list[object]) -> str | None:
        """SQL: `v` is one of them, gathered or not; its values are appended to `args`. None: there are none."""
        if self.ids is None:
            return self.hit(args)
        if not self.ids:
            return None
        args.append(self.ids)
        return f"v.id = any(${len(args)}::uuid[])"

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
        self.about = 0
        """So many messages are likely to have the words."""

    async def look(self) -> None:
        if self._words is not None:
            self.about = await texts.about(self._r, self._words)

    async def gather_few(self) -> None:
        """Gathers them where that is likely to be shorter than to walk to the end of a page."""
        if self._words is not None and self.about <= texts.FEW:
            await self.gather(2 * texts.FEW)

    async def sifted(self, asked: Asked, named: _Named, called: list[UUID]) -> tuple[list[UUID], dict[UUID, UUID]] | None:
        """The page of a walk through the list, each conversation held against all hits, and the newest hit of each; None: there are too many
        hits, or the walk was too long."""
        if self._words is None or not LOOKED_UP < self.about <= texts.FEW:
            return None
        most = 2 * texts.FEW
        args = [*asked.args, self._words.words, most + 1]
        words, limit = f"${len(args) - 1}", f"${len(args)}"
        args.append(called)
        hit = " or ".join(filter(None, (_AMONG_HITS, f"v.id = any(${len(args)}::uuid[])", named.any_of(args))))
        sql = _SIFTED.format(**asked._asdict(), words=words, most=limit, hit=f"({hit})", far=named.walked)
        rows = await self._r.fetch(sql, *args)
        found = [row for row in rows if row["id"] is not None]
        if (rows[0]["most"] or 0) > most or (len(found) < asked.limit and await _goes_on(self._r, asked, named.walked)):
            return None
        return [row["id"] for row in found], {row["id"]: row["entry_id"] for row in found if row["entry_id"] is not None}

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
    named, said = sides = _Named(r, company_id, text), _Said(r, company_id, words)
    await said.look()
    await named.gather_few(asked.limit, said.about)
    called = await _called(r, company_id, text)
    if (sifted := await said.sifted(asked, named, called)) is not None:
        return sifted
    await said.gather_few()
    far = min((side.walked for side in sides if side.ids is None), default=None)
    found = await _met(r, asked, sides, called, far)
    if found is None:
        for side in sides:
            if side.ids is None:
                await side.gather(MANY)
        found = await _met(r, asked, sides, called, None)
    assert found is not None
    return found, said.ids


async def _met(r: Read, asked: Asked, sides: Sequence[_Named | _Said], called: list[UUID], far: int | None) -> list[UUID] | None:
    """Those of the list that one of the sides has, or that are `called` so; None: `far` conversations were looked at, and the page is not full yet."""
    args = list(asked.args)
    ids = list({each for side in sides for each in side.ids or ()}.union(called))
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
        if far is not None and len(rows) < asked.limit and await _goes_on(r, asked, far):
            return None
    return [row["id"] for row in rows]


async def _goes_on(r: Read, asked: Asked, far: int) -> bool:
    """Whether the list is longer than the walk."""
    return bool(await r.fetchval(_LONGER.format(where=asked.where, far=far), *asked.args))
