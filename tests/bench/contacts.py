"""Every kind of search in a list of 1,000,000 contacts, as the API asks for a page of it: with the programs' role, under row-level
security, in a database that other companies share. The contacts are made once and kept in `.data/bench`."""

import time
from typing import NamedTuple

import asyncpg

from db.contacts import listing
from db.contacts.filter import ContactFilter
from db.contacts.listing import Sort
from db.permissions import Role
from db.tenancy import Actor, member
from tests.bench.harness import ROOT, Harness, company
from tests.bench.people import People, fill

FOLDER = ROOT / ".data" / "bench"
OTHERS = (100_000, *(40_000,) * 5)
"""The sizes of the companies beside the one that is searched."""

_WORDS = {
    "rare word": ["zuleika", "kowalski", "xênia", "ubirajara"],
    "common word": ["maria", "silva", "santos", "josé", "gmail"],
    "word between": ["beatriz", "wellington", "thiago", "wanderley", "peixoto"],
    "accents": ["JOÃO", "joao", "Conceição", "antônio"],
    "one letter": list("aemsthwxyzuq5"),
    "two letters": ["ma", "si", "th", "we", "xe", "ho", "gm", "vi", "zu", "yo", "11", "55", "é "],
    "middle of a number": ["98765", "1234", "777", "5511", "(11) 96"],
    "end of a number": ["4321", "90909", "000"],
    "whole number": ["+55 11 97700-1234", "11 96543-2109"],
    "e-mail": ["maria.silva", "@uol.com", "souza12"],
    "two words": ["maria silva", "ana souza", "zuleika santos", "jo si", "silva 5511"],
    "nothing found": ["zzz", "qqqq", "maria kowalskizz", "00000000", "xq"],
}
_WITH_TAG = ["maria", "silva", "zuleika", "ma", "4321", "beatriz", "zzz"]


class Kind(NamedTuple):
    """One kind of search, and the questions that it is measured with."""

    name: str
    asked: list[tuple[ContactFilter, Sort]]


class Figure(NamedTuple):
    """Seconds of the calls of one kind: the median one and the slowest question, by the median of its rounds."""

    name: str
    p50: float
    worst: float
    slowest: str


async def made(base: Harness, size: int) -> tuple[Actor, Actor]:
    """The owner of the company with `size` contacts and the one of the largest beside it; made unless an earlier run did."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        found = await db.fetch(
            "select m.company_id, m.user_id from membership m"
            " order by (select count(*) from contact c where c.company_id = m.company_id) desc limit 2"
        )
        if not found:
            owners = [await company(db) for _ in range(len(OTHERS) + 1)]
            sizes = [size, *(max(100, other * size // 1_000_000) for other in OTHERS)]
            await fill(db, [People(owner.company_id, each) for owner, each in zip(owners, sizes, strict=True)])
            return owners[0], owners[1]
        first, second = (member(row["company_id"], row["user_id"], Role.OWNER) for row in found)
        return first, second
    finally:
        await db.close()


async def measure(actor: Actor, rounds: int) -> list[Figure]:
    """Each question asked `rounds` times, all of them in turn, so that none has the caches for itself."""
    kinds = [kind async for kind in _kinds(actor)]
    figures = []
    for kind in kinds:
        times: list[list[float]] = [[] for _ in kind.asked]
        for turn in range(rounds + 1):
            for place, (filter, sort) in enumerate(kind.asked):
                began = time.perf_counter()
                await listing.contacts(actor, filter, sort=sort, limit=51)
                if turn:  # the first warms
                    times[place].append(time.perf_counter() - began)
        medians = [sorted(each)[rounds // 2] for each in times]
        worst = max(range(len(medians)), key=medians.__getitem__)
        figures.append(Figure(kind.name, sorted(medians)[len(medians) // 2], medians[worst], _named(*kind.asked[worst])))
    return figures


async def _kinds(actor: Actor):  # type: ignore[no-untyped-def]
    yield Kind("the whole list", [(ContactFilter(), "name"), (ContactFilter(), "recent")])
    for name, words in _WORDS.items():
        yield Kind(name, [(ContactFilter(search=word), sort) for word in words for sort in ("name", "recent")])
