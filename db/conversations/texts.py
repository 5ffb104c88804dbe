"""Conversations by what was said in them, by either side and in notes: every word of a search in one message, a word of three letters and
more by its beginning, without regard to accents and capitals.

An index knows who has the words, and gives all hits up to a number; looking into a thread says it of one conversation. Which of the two a
search does is decided in `db/conversations/searching.py`.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from db.messages import conversation
from db.work import Read

FEW = 6000
"""With about so many hits at most, of each kind, all are gathered."""
SAMPLED = 256
"""One message in so many, by chance, is in the indexes that say how many hits there are."""
WALKED = 1500
"""So many conversations of a list are looked through before the hits are gathered after all."""
SHOWN, BEFORE = 160, 40
"""Characters of a found line, and of them before the first word that was looked for."""

_KEY = 8  # characters of the company's id that each word carries in the index
_QUERY = f"""
select w, substr(w, {_KEY + 1}) as word from unnest(tsvector_to_array(text_words($1, $2))) w
"""
_GATHERED = """
with hits as materialized (select * from said_search($2::text::tsquery, $3::bigint)),
newest as (
    select distinct on (id) id, entry_id from (
        select v.id, h.entry_id, h.at from hits h cross join lateral (select v.id from conversation v where v.company_id = $1
            and v.contact_id = h.contact_id and v.channel_id = h.channel_id offset 0) v
        union all
        select h.conversation_id, h.entry_id, h.at from hits h where h.conversation_id is not null) x
    order by id, at desc, entry_id desc)
select (select max(n) from (select count(*) as n from hits group by side) c) as most, n.ids, n.entries
from (select array_agg(id) as ids, array_agg(entry_id) as entries from newest) n
"""


def _meet(body: str, near: str, exact: str) -> str:
    """SQL: the text has the words, as `text_words` of it would match the query: a fiftieth of the work. `fold` itself is no part of a plan
    and costs four times as much, and most texts fail the first test."""
    folded = f"lower(public.unaccent('public.unaccent'::regdictionary, left({body}, 4000)))"
    return f"{folded} like all ({near}::text[]) and {folded} ~ all ({exact}::text[])"


def _of_thread(near: str, exact: str) -> tuple[str, str, str]:
    """SQL after FROM: what came in, what went out, and the notes of the conversation `v` that have the words."""
    return (
        "inbound_message i where i.company_id = $1 and i.contact_id = v.contact_id and i.channel_id = v.channel_id"
        f" and i.kind <> all('{{preference,reaction,system}}') and i.body <> '' and {_meet('i.body', near, exact)}",
        "message m where m.company_id = $1 and m.contact_id = v.contact_id and m.channel_id = v.channel_id and m.campaign_id is null"
        f" and m.content->>'kind' <> 'template' and {_meet('written_text(m.content)', near, exact)}",
        "conversation_entry e where e.company_id = $1 and e.conversation_id = v.id and e.kind = 'note'"
        f" and {_meet('e.body', near, exact)}",
    )


_AT = "case when m.sent_at is not null then m.sent_at when m.done_at is not null then m.done_at else m.next_at end"
_CAME, _WENT, _NOTED = _of_thread("$3", "$4")
# The newest of each kind, looked for only behind what was found before it.
_LINES = f"""
select v.id as conversation_id, h.* from conversation v
left join lateral (select i.id, i.received_at as at from {_CAME} order by i.received_at desc, i.id desc limit 1) i on true
left join lateral (select m.id, {_AT} as at from {_WENT} and {_AT} >= coalesce(i.at, '-infinity') order by {_AT} desc, m.id desc limit 1) m on true
left join lateral (select e.id, e.at, e.body from {_NOTED} and e.at >= coalesce(greatest(i.at, m.at), '-infinity')
    order by e.at desc, e.id desc limit 1) e on true
cross join lateral (
    select * from (values (i.id, i.at, 'in', null), (m.id, m.at, 'out', null), (e.id, e.at, 'note', e.body)) h(id, at, side, body)
    where h.id is not null order by h.at desc, h.id desc limit 1) h
where v.company_id = $1 and v.id = any($2::uuid[])
"""
_KNOWN = f"""
select i.id, i.received_at as at, 'in' as side, null as body from inbound_message i where i.company_id = $1 and i.id = any($2::uuid[])
union all
select m.id, {_AT}, 'out', null from message m where m.company_id = $1 and m.id = any($2::uuid[])
union all
select e.id, e.at, 'note', e.body from conversation_entry e where e.company_id = $1 and e.id = any($2::uuid[])
"""
_WORD = re.compile(r"[^\W_]+")


class Line(NamedTuple):
    """The newest message or note of a conversation that has the words. `text`: what stands around the first of them, in one line;
    `marks`: where in it the words are, (from, to) in characters."""

    entry_id: UUID
    at: datetime
    side: Literal["in", "out", "note"]
    text: str
    marks: list[tuple[int, int]]


class Query(NamedTuple):
    """`words`: as a tsquery, as text; `near`, `exact`: LIKE patterns and regular expressions that every folded text with the words has, and
    nobody else has all of `exact`; `needles`: (folded word, whether its beginning is enough)."""

    words: str
    near: list[str]
    exact: list[str]
    needles: list[tuple[str, bool]]


async def query_of(r: Read, company_id: UUID, text: str) -> Query | None:
    """What a search asks for; None: it has no letter and no digit."""
    rows = await r.fetch(_QUERY, company_id, text)
    needles = [(row["word"], len(row["word"]) > 2) for row in rows]
    words = " & ".join(f"'{row['w']}'" + (":*" if beginning else "") for row, (_, beginning) in zip(rows, needles, strict=True))
    near = [f"%{word}%" for word, _ in needles]
    exact = [f"(^|[^[:alnum:]]){word}" + ("" if beginning else "($|[^[:alnum:]])") for word, beginning in needles]
    return Query(words, near, exact, needles) if rows else None


async def about(r: Read, query: Query) -> int:
    """How many messages that came in, or that went out, are likely to have the words; never more than twice as many as are gathered."""
    count: int = await r.fetchval("select said_sample($1::text::tsquery, $2::bigint)", query.words, 2 * FEW // SAMPLED)
    return count * SAMPLED


async def gathered(r: Read, company_id: UUID, query: Query, most: int) -> dict[UUID, UUID] | None:
    """The conversations with a hit, and the newest message or note of each that is one; None: there are more hits than `most`."""
    row = await r.fetchrow(_GATHERED, company_id, query.words, most + 1)
    assert row is not None
    return None if (row["most"] or 0) > most else dict(zip(row["ids"] or (), row["entries"] or (), strict=True))


def said_in(near: str, exact: str) -> str:
    """SQL: the conversation `v` has a hit, else null. It looks at its thread: row-level security keeps the index from it. With the
    parameters for `Query.near` and `Query.exact`."""
    # Of a condition, `exists`, the planner might look through all threads first.
    return "coalesce(" + ", ".join(f"(select true from {part} limit 1)" for part in _of_thread(near, exact)) + ")"


async def lines(
    r: Read, company_id: UUID, conversation_ids: Sequence[UUID], query: Query, known: Mapping[UUID, UUID] | None
) -> dict[UUID, Line]:
    """The found line of each conversation that has one. `known`: the message or note of each, where all were gathered."""
    if known is None:
        rows = await r.fetch(_LINES, company_id, list(conversation_ids), query.near, query.exact)
        places = {row["id"]: row["conversation_id"] for row in rows}
    else:
        places = {known[each]: each for each in conversation_ids if each in known}
        rows = await r.fetch(_KNOWN, company_id, list(places)) if places else []
    messages = await conversation.by_ids(r, company_id, [row["id"] for row in rows if row["side"] != "note"])
    found = {}
    for row in rows:
        text = row["body"] if row["side"] == "note" else messages[row["id"]].text
        found[places[row["id"]]] = Line(row["id"], row["at"], row["side"], *excerpt(text, query.needles))
    return found


def excerpt(text: str, needles: Sequence[tuple[str, bool]]) -> tuple[str, list[tuple[int, int]]]:
    """A line of the text around the first needle, and where the needles are in it. A needle: (folded word, by its beginning)."""
    line = " ".join(text.split())
    marks = [match.span() for match in _WORD.finditer(line) if _meets(_folded(match[0]), needles)]
    start = max(0, marks[0][0] - BEFORE) if marks and marks[0][1] > SHOWN - BEFORE else 0
    if start:
        start = line.find(" ", start, marks[0][0]) + 1 or start
    shift = start - len("…") if start else 0
    shown = ("…" if start else "") + line[start : start + SHOWN] + ("…" if start + SHOWN < len(line) else "")
    return shown, [(a - shift, b - shift) for a, b in marks if b <= start + SHOWN]


def _meets(word: str, needles: Sequence[tuple[str, bool]]) -> bool:
    return any(word.startswith(needle) if beginning else word == needle for needle, beginning in needles)


def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.lower())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
