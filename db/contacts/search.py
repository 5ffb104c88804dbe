"""What people look for in the list of contacts: text as needles, needles as SQL, and how many contacts they are likely to meet.

Each word of the text is looked for by itself, anywhere in names and addresses; the contact must have all of them.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from db.work import Read

SAMPLED = 256
"""One contact in so many, by chance, is in the index `contact_sample`."""

_NOT_A_NUMBER = re.compile(r"[^\d\s()+.\-/]")
IN_SAMPLE = "get_byte(uuid_send(c.id), 15) = 0"  # as the index says it, word for word


def needles(text: str | None) -> list[str]:
    """What to look for, before folding; none when there is nothing. What looks like a phone number is reduced to its digits.
    One or two characters match the start of a word only: shorter than a trigram, they would read the whole table."""
    words = (text or "").replace("\0", "").split()
    if _digits(" ".join(words)):  # "(11) 98765-4321"
        words = ["".join(words)]
    found = [_digits(word) or word for word in words]
    return list(dict.fromkeys(f" {word}" if len(word) < 3 else word for word in found))


def _digits(text: str) -> str:
    return "" if _NOT_A_NUMBER.search(text) else re.sub(r"\D", "", text)


def pattern(parameter: str) -> str:
    """SQL: the LIKE pattern for a needle. Escaped after folding, which turns some signs into wildcards and takes accents away: null for
    a needle of nothing else, so that it finds nobody instead of everybody."""
    folded = f"regexp_replace(fold({parameter}::text), '([\\\\%_])', '\\\\\\1', 'g')"
    return f"'%' || nullif(nullif({folded}, ''), ' ') || '%'"


def has_all(alias: str, parameters: Sequence[str]) -> str:
    """SQL: `alias.search` has every needle. A condition only: row-level security keeps it from the index."""
    return " and ".join(f"{alias}.search like {pattern(one)}" for one in parameters)


def index(parameters: Sequence[str]) -> str:
    """SQL: the contacts that have every needle, as rows, by the index."""
    return f"contact_search(array[{', '.join(pattern(one) for one in parameters)}])"


class Density(NamedTuple):
    """Of the company's contacts in the sample: how many there are, have all needles, and meet the other conditions too."""

    sampled: int
    found: int
    matching: int


async def density(r: Read, parameters: Sequence[str], rest: str, args: Sequence[object]) -> Density:
    """What the sample says of a search. It is quick because one contact in SAMPLED is looked at, in an index that is small.
    `args`: the company, then the values of `parameters` and of the condition `rest`."""
    both = "select count(*) from sample s join contact c on c.company_id = $1 and c.id = s.id where s.hit"
    row = await r.fetchrow(
        f"with sample as materialized (select c.id, {has_all('c', parameters)} as hit from contact c"
        f" where c.company_id = $1 and {IN_SAMPLE})"
        f" select count(*), count(*) filter (where hit), ({both} and {rest}) from sample",
        *args,
    )
    assert row is not None
    return Density(*row)
