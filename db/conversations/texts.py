"""Conversations by what was said in them, by either side and in notes: every word of a search in one message, a word of three letters and
more by its beginning, without regard to accents and capitals.

An index of words knows what has them but not in which order the list stands. With few hits all are gathered; with many the list is
walked in its order until a page is full, and when the walk was too long, gathered after all, or walked on where there are too many to
gather: a wrong guess costs time and never a row, and what is read is bounded by the hits or by the list, whichever is shorter.
"""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from db.messages import conversation
from db.work import Read

FEW = 4000
"""With so many hits at most, of each kind, all are gathered."""
WALKED = 1500
"""So many conversations of a list are looked through before the hits are gathered after all."""
MANY = 20_000
"""With more hits than this of a kind nothing is gathered: the list is walked on, however long it is."""
SHOWN, BEFORE = 160, 40
"""Characters of a found line, and of them before the first word that was looked for."""

_KEY = 8  # characters of the company's id that each word carries in the index
_QUERY = f"""
select w, substr(w, {_KEY + 1}) as word from unnest(tsvector_to_array(text_words($1, $2))) w
"""
_GATHERED = """
with hits as materialized (select * from said_search($2::text::tsquery, $3::bigint))
select (select max(n) from (select count(*) as n from hits group by side) c) as most,
    array(select v.id from hits h join conversation v on v.company_id = $1 and v.contact_id = h.contact_id and v.channel_id = h.channel_id
          union select h.conversation_id from hits h where h.conversation_id is not null) as ids
"""


def _meet(alias: str, body: str, words: str, near: str) -> str:
    """SQL: the text has the words. Most texts fail the cheaper test."""
    return f"fold({body}) like all ({near}::text[]) and text_words({alias}.company_id, {body}) @@ {words}::text::tsquery"


def _of_thread(words: str, near: str) -> tuple[str, str, str]:
    """SQL after FROM: what came in, what went out, and the notes of the conversation `v` that have the words."""
    return (
        "inbound_message i where i.company_id = $1 and i.contact_id = v.contact_id and i.channel_id = v.channel_id"
        f" and i.kind <> all('{{preference,reaction,system}}') and i.body <> '' and {_meet('i', 'i.body', words, near)}",
        "message m where m.company_id = $1 and m.contact_id = v.contact_id and m.channel_id = v.channel_id and m.campaign_id is null"
        f" and m.content->>'kind' <> 'template' and {_meet('m', 'written_text(m.content)', words, near)}",
        "conversation_entry e where e.company_id = $1 and e.conversation_id = v.id and e.kind = 'note'"
        f" and {_meet('e', 'e.body', words, near)}",
    )


_AT = "case when m.sent_at is not null then m.sent_at when m.done_at is not null then m.done_at else m.next_at end"
_CAME, _WENT, _NOTED = _of_thread("$3", "$4")
_LINES = f"""
select v.id as conversation_id, h.* from conversation v
cross join lateral (
    (select i.id, i.received_at as at, 'in' as side, null as body from {_CAME} order by i.received_at desc, i.id desc limit 1)
    union all
    (select m.id, {_AT}, 'out', null from {_WENT} order by {_AT} desc, m.id desc limit 1)
    union all
    (select e.id, e.at, 'note', e.body from {_NOTED} order by e.at desc, e.id desc limit 1)
    order by 2 desc, 1 desc limit 1) h
where v.company_id = $1 and v.id = any($2::uuid[])
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
    """`words`: as a tsquery, as text; `near`: LIKE patterns that every text with the words has; `needles`: (folded word, whether its
    beginning is enough)."""

    words: str
    near: list[str]
    needles: list[tuple[str, bool]]


async def query_of(r: Read, company_id: UUID, text: str) -> Query | None:
    """What a search asks for; None: it has no letter and no digit."""
    rows = await r.fetch(_QUERY, company_id, text)
    needles = [(row["word"], len(row["word"]) > 2) for row in rows]
    words = " & ".join(f"'{row['w']}'" + (":*" if beginning else "") for row, (_, beginning) in zip(rows, needles, strict=True))
    return Query(words, [f"%{word}%" for word, _ in needles], needles) if rows else None


async def gathered(r: Read, company_id: UUID, query: Query, most: int) -> list[UUID] | None:
    """The conversations with a hit; None: there are more than `most`."""
    row = await r.fetchrow(_GATHERED, company_id, query.words, most + 1)
    assert row is not None
    return None if (row["most"] or 0) > most else row["ids"]


def said_in(words: str, near: str) -> str:
    """SQL: the conversation `v` has a hit. A condition only: row-level security keeps it from the index. With the parameters for
    `Query.words` and `Query.near`."""
    return "(" + " or ".join(f"exists (select from {part})" for part in _of_thread(words, near)) + ")"


async def lines(r: Read, company_id: UUID, conversation_ids: Sequence[UUID], query: Query) -> dict[UUID, Line]:
    """The found line of each conversation that has one."""
    rows = await r.fetch(_LINES, company_id, list(conversation_ids), query.words, query.near)
    messages = await conversation.by_ids(r, company_id, [row["id"] for row in rows if row["side"] != "note"])
    found = {}
    for row in rows:
        text = row["body"] if row["side"] == "note" else messages[row["id"]].text
        found[row["conversation_id"]] = Line(row["id"], row["at"], row["side"], *excerpt(text, query.needles))
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
