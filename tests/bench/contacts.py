"""Every kind of search in a list of 1,000,000 contacts, as the API asks for a page of it: with the programs' role, under row-level
security, in a database that other companies share. The contacts are made once and kept in `.data/bench`."""

import time
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts import listing
from db.contacts.filter import ContactFilter
from db.contacts.listing import Sort
from db.permissions import Permission, Role
from db.seed import crowd
from db.tenancy import Actor, built_in, member
from db.work import read
from tests.bench.harness import ROOT, Harness, company, harness
from tests.bench.report import keep, machine, table

OTHERS = (100_000, *(40_000,) * 5)
"""Companies beside one of 1,000,000."""
_LIMIT = 51  # what the API asks for a page of fifty

KINDS = {
    "rare word": ["zuleika", "kowalski", "xênia", "ubirajara"],
    "common word": ["maria", "silva", "santos", "josé", "gmail"],
    "word between": ["beatriz", "wellington", "thiago", "wanderley", "peixoto"],
    "accents": ["JOÃO", "joao", "Gonçalves", "antônio"],
    "one letter": [*"aemsthwxyzuq5"],
    "two letters": ["ma", "si", "th", "we", "xe", "ho", "gm", "vi", "zu", "yo", "11", "55", "jú"],
    "middle of a number": ["98765", "1234", "777", "5511", "(11) 96"],
    "end of a number": ["4321", "90909", "000"],
    "whole number": ["+55 11 97700-1234", "11 96543-2109"],
    "e-mail": ["ana.silva", "@uol.com", "souza12", "@gmail", "jose.santos", "wellington.silva", ".com.br"],
    "two words": ["maria silva", "ana souza", "zuleika santos", "jo si", "silva 5511"],
    "three words": ["maria jose silva", "silva santos gmail", "silva santos oliveira"],
    "signs": [".", "--", "100%", "d'avila"],
    "nothing found": ["zzz", "qqqq", "maria kowalskizz", "00000000", "xq"],
}
_SOME = ["maria", "silva", "zuleika", "ma", "4321", "zzz"]
_FIELDS = ["Básico", "Ouro", "Diamante", "Nada"]
HARD = {"one frequent first name's e-mails, by name": ["maria.silva", "maria."]}
"""What decision 32 says stays slow."""


class Question(NamedTuple):
    """A page that is asked for. `second`: the one behind the first, by its cursor."""

    filter: ContactFilter
    sort: Sort
    second: bool = False

    def __str__(self) -> str:
        return f"{self.filter.search or 'everybody'} {'by name' if self.sort == 'name' else 'changed last'}"


class Figure(NamedTuple):
    """One kind of question, in seconds: the median of its questions and the slowest of them, each the median of its rounds; `took`: all of them,
    each time that they were asked."""

    kind: str
    questions: int
    p50: float
    worst: float
    slowest: str
    took: list[float]


def p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * (len(seconds) - 1))]


async def bench(count: int, rounds: int) -> None:
    """Searches among `count` contacts, for docs/benchmarks.md."""
    async with harness(kept=ROOT / ".data" / "bench" / f"contacts-{count}") as base:
        large, small = await made(base, count)
        figures, beside = await measure(large, rounds), await measure(small, rounds)
        facts = await machine(base)
    rows = [
        [
            figure.kind,
            str(figure.questions),
            *(f"{seconds * 1000:.0f}" for seconds in (figure.p50, p95(figure.took), figure.worst)),
            figure.slowest,
        ]
        for figure in figures
    ]
    all_of, easy = (
        p95([took for figure in figures if hard or figure.kind not in HARD for took in figure.took]) for hard in (True, False)
    )
    slowest = max(beside, key=lambda figure: figure.worst)
    others = sum(max(100, other * count // 1_000_000) for other in OTHERS)
    text = (
        f"{facts}. A page of fifty with its total among {count:,} contacts of one company, beside {others:,} of six others, as the"
        f" API asks for it: the programs' role, row-level security. Milliseconds; each question {rounds} times: the median of the questions' medians,"
        f" the 95th percentile of all, and the slowest question's median. p95 of all kinds together: {all_of * 1000:.0f} ms, without the last line"
        f" {easy * 1000:.0f} ms. In the company of {OTHERS[0] * count // 1_000_000:,} beside it the slowest question took"
        f" {slowest.worst * 1000:.0f} ms ({slowest.slowest}, {slowest.kind}).\n\n"
        f"{table(['', 'questions', 'median ms', 'p95 ms', 'slowest ms', 'the slowest'], rows)}"
    )
    keep("Contacts", text)


async def made(base: Harness, size: int) -> tuple[Actor, Actor]:
    """The owner of the company with `size` contacts, and the one of the largest beside it."""
    db = await asyncpg.connect(base.settings.database_owner_url)
    try:
        if not await db.fetchval("select exists (select from contact)"):
            owners = [await company(db) for _ in range(len(OTHERS) + 1)]
            sizes = [size, *(max(100, other * size // 1_000_000) for other in OTHERS)]
            await _fill(db, [(owner.company_id, each) for owner, each in zip(owners, sizes, strict=True)])
        found = await db.fetch(
            "select m.company_id, m.user_id from membership m"
            " order by (select count(*) from contact c where c.company_id = m.company_id) desc limit 2"
        )
        first, second = (member(row["company_id"], row["user_id"], built_in(Role.OWNER)) for row in found)
        return first, second
    finally:
        await db.close()


async def _fill(db: asyncpg.Connection, companies: list[tuple[UUID, int]]) -> None:
    async with db.transaction(), crowd.indexed_later(db, crowd.TABLES):
        for number, (company_id, size) in enumerate(companies):
            await crowd.act_for(db, company_id)
            await crowd.write_crowd(db, company_id, size, seed=number / 1000)
    for name in crowd.TABLES:
        await db.execute(f"vacuum (analyze) {name}")
    await db.execute("checkpoint")


async def measure(actor: Actor, rounds: int) -> list[Figure]:
    """Every question `rounds` times, those of a kind in turn, so that none has the caches for itself."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        tags = await r.fetch("select id, name from tag where company_id = $1", actor.company_id)
    figures = []
    for kind, questions in _kinds({row["name"]: row["id"] for row in tags}):
        seconds: list[list[float]] = [[] for _ in questions]
        for turn in range(rounds + 1):
            for place, question in enumerate(questions):
                took = await _ask(actor, question)
                if turn:  # the first one warms
                    seconds[place].append(took)
        medians = [sorted(each)[rounds // 2] for each in seconds]
        worst = max(range(len(medians)), key=medians.__getitem__)
        took = [each for some in seconds for each in some]
        figures.append(
            Figure(kind, len(questions), sorted(medians)[len(medians) // 2], medians[worst], str(questions[worst]), took)
        )
    return figures


async def _ask(actor: Actor, question: Question) -> float:
    after = None
    if question.second:
        rows = (await listing.contacts(actor, question.filter, sort=question.sort, limit=_LIMIT)).rows
        if len(rows) == _LIMIT:
            after = (rows[-2]["name_key" if question.sort == "name" else "updated_at"], rows[-2]["id"])
    began = time.perf_counter()
    await listing.contacts(actor, question.filter, sort=question.sort, after=after, limit=_LIMIT)
    return time.perf_counter() - began


def _kinds(tags: dict[str, UUID]) -> Iterator[tuple[str, list[Question]]]:
    sorts: list[Sort] = ["name", "recent"]
    yield "the list", [Question(ContactFilter(), sort) for sort in sorts]
    for kind, words in KINDS.items():
        yield kind, [Question(ContactFilter(search=word), sort) for word in words for sort in sorts]
    yield "second page", [Question(ContactFilter(search=word), sort, second=True) for word in _SOME for sort in sorts]
    for tag, tag_id in tags.items():
        yield f"with tag {tag}", [Question(ContactFilter(search=word, tags=[tag_id]), "name") for word in _SOME]
    for value in _FIELDS:
        field = {"plano": value}
        yield (
            f"with plano {value}",
            [Question(ContactFilter(search=word, custom=field), sort) for word in ["", *_SOME] for sort in sorts],
        )
    for kind, words in HARD.items():
        yield kind, [Question(ContactFilter(search=word), "name") for word in words]
