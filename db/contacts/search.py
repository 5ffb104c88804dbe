"""What people look for in the list of contacts: text as needles, needles as SQL, and how many contacts they are likely to meet.

Each word of the text is looked for by itself, anywhere in names and addresses; the contact must have all of them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from db.work import Read

SAMPLED = 256
"""One contact in so many, by chance, is in the index `contact_sample`."""
_PIECES = 5
"""So many pieces of a search the index is asked for at most: each costs a list to read."""

_NOT_A_NUMBER = re.compile(r"[^\d\s()+.\-/]")
_LETTER = re.compile(r"[^\W_]")
_SHORT = re.compile(r"..?|[^\W_][\W_]*")
IN_SAMPLE = "get_byte(uuid_send(c.id), 15) = 0"  # as the index says it, word for word
_QUARTER = "get_byte(uuid_send(c.id), 14) < 64"
"""Of the sample: enough to tell rare from frequent."""


def needles(text: str | None) -> list[str]:
    """What to look for, before folding; none when there is nothing. What looks like a phone number is reduced to its digits.
    One or two characters, and a letter before signs, match the start of a word only: shorter than a trigram, they would read the whole
    table."""
    words = (text or "").replace("\0", "").split()
    if _digits(" ".join(words)):  # "(11) 98765-4321"
        words = ["".join(words)]
    found = [_digits(word) or word for word in words]
    return list(dict.fromkeys(f" {word}" if _SHORT.fullmatch(word) else word for word in found))


def findable(needles: Sequence[str]) -> bool:
    """Whether there is a letter or digit to look for. Signs alone find nobody, because no index knows them."""
    return any(map(_LETTER.search, needles))


def _digits(text: str) -> str:
    return "" if _NOT_A_NUMBER.search(text) else re.sub(r"\D", "", text)


def pattern(parameter: str) -> str:
    """SQL: the LIKE pattern for a needle. Escaped after folding, which turns some signs into wildcards and takes accents away: null for
    a needle of nothing else, so that it finds nobody instead of everybody."""
    folded = f"regexp_replace(fold({parameter}::text), '([\\\\%_])', '\\\\\\1', 'g')"
    return f"'%' || nullif(nullif({folded}, ''), ' ') || '%'"


def has_all(alias: str, parameters: Sequence[str]) -> str:
    """SQL: `alias.search` has every needle. A condition only: row-level security keeps it from the index."""
    return " and ".join(f"{alias}.search like {pattern(one)}" for one in parameters) or "true"


def index(parameters: Sequence[str], pieces: str | None = None, fields: str = "null") -> str:
    """SQL: the contacts that have every needle, as rows, by the index. `pieces`: the parameter with what the index is asked for instead
    (`rare_pieces`); `fields`: the one with the values of custom fields that they have, as JSON."""
    patterns = f"array[{', '.join(pattern(one) for one in parameters)}]::text[]"
    return f"contact_search({patterns}, {f'{pieces}::text[]' if pieces else patterns}, {fields}::jsonb)"


class Density(NamedTuple):
    """Of the company's contacts in the sample: how many there are behind the page before, how many of all the index will find, and how
    many of those behind it meet the other conditions too. `waiting`: how many stand before the first of these, by name."""

    sampled: int
    found: int
    matching: int
    waiting: int


async def density(
    r: Read, parameters: Sequence[str], fields: str, others: str, args: Sequence[object], behind: str | None = None
) -> Density:
    """What the sample says of a search. It is quick because one contact in SAMPLED is looked at, in an index that is small.
    `args`: the company, then the values of `parameters` and of the conditions: `fields` is known to the index, `others` are not.
    `behind`: only those whose name comes after."""
    ahead = "true" if behind is None else f"c.search collate \"C\" > ' ' || ${len(args) + 1}::text"

    def met(condition: str) -> str:
        return "" if condition == "true" else f" join contact c on c.company_id = $1 and c.id = s.id and {condition}"

    row = await r.fetchrow(
        f'with sample as materialized (select c.id, c.search collate "C" as search, {has_all("c", parameters)} as hit, {ahead} as ahead'
        f" from contact c where c.company_id = $1 and {IN_SAMPLE}),"
        f" found as materialized (select s.* from sample s{met(fields)} where s.hit),"
        f" matching as materialized (select s.search from found s{met(others)} where s.ahead)"
        " select count(*) filter (where ahead), (select count(*) from found), (select count(*) from matching),"
        " count(*) filter (where ahead and search < (select min(search) from matching)) from sample",
        *args,
        *([] if behind is None else [behind]),
    )
    assert row is not None
    return Density(*row)


async def meeting(r: Read, rest: str, args: Sequence[object], *, rough: bool) -> int:
    """About how many of the company's contacts meet the condition `rest`, whose values are in `args`. `rough`: sooner, to within a
    thousand."""
    part = f"{IN_SAMPLE} and {_QUARTER}" if rough else IN_SAMPLE
    count: int = await r.fetchval(f"select count(*) from contact c where c.company_id = $1 and {part} and {rest}", *args)
    return count * SAMPLED * (4 if rough else 1)


async def rare_pieces(r: Read, company: object, needles: Sequence[str]) -> list[str]:
    """LIKE patterns, one per needle at most, that leave hardly more contacts than the needles do, and that the index answers sooner:
    made of the few trigrams that a part of the sample says are rare together."""
    rows = await r.fetch(
        "with needle as materialized (select n, replace(replace(fold(one), '@', 'q'), '.', 'w') as text"
        "  from unnest($2::text[]) with ordinality t(one, n)),"
        " piece as materialized (select n, i, substr(text, i, 3) as piece from needle, generate_series(1, length(text)) i"
        "  where substr(text, i, 3) ~ '^([[:alnum:]]{3}| [[:alnum:]]{1,2})$'),"
        " sample as materialized (select row_number() over () as r, replace(replace(c.search, '@', 'q'), '.', 'w') collate \"C\" as text from contact c"
        f"  where c.company_id = $1 and {IN_SAMPLE} and {_QUARTER})"
        " select n, i, piece, coalesce(array_agg(s.r) filter (where s.r is not null), '{}') as seen"
        " from piece left join sample s on strpos(s.text, piece) > 0 group by n, i, piece order by n, i",
        company,
        needles,
    )
    return _patterns(
        {(row["n"], row["i"]): row["piece"] for row in rows}, {(row["n"], row["i"]): set(row["seen"]) for row in rows}
    )


def _patterns(pieces: Mapping[tuple[int, int], str], seen: Mapping[tuple[int, int], set[int]]) -> list[str]:
    """`pieces` and the sampled contacts that have them, by needle and place: first the rarest, then what leaves fewest of these."""
    left = dict(seen)
    chosen: list[tuple[int, int]] = []
    among: set[int] = set()
    while left and len(chosen) < _PIECES:
        best = min(left, key=lambda place: (len(among & left[place]) if chosen else len(left[place]), len(left[place])))
        narrowed = among & left[best] if chosen else left[best]
        if len(chosen) > 1 and len(narrowed) == len(among):
            break
        among = narrowed
        chosen.append(best)
        del left[best]
    found: dict[int, str] = {}
    last: dict[int, int] = {}
    for n, i in sorted(chosen):
        piece = pieces[n, i]
        overlap = last.get(n, 0) - i
        found[n] = found[n] + (piece[overlap:] if overlap > 0 else f"%{piece}") if n in found else piece
        last[n] = i + len(piece)
    return [f"%{text}%" for text in found.values()]
