"""Counts of segments in a company of 1,000,000 contacts with a million messages, as a screen asks for them while conditions are chosen: the
programs' role, row-level security, whole and exact. The company is that of `just seed --large`, which `bench reads` makes and keeps."""

import time
from collections.abc import Iterator
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts import listing, queries
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import (
    Allows,
    AnyCondition,
    Contacted,
    FieldIs,
    Group,
    HasTags,
    InStage,
    Made,
    Reachable,
    Received,
    RecordedConsent,
    Wrote,
)
from db.permissions import Role
from db.seed.company import LARGE, fixed_id
from db.tenancy import Actor, built_in, member
from tests.bench.reads import seeded
from tests.bench.report import keep, machine, table

_LIMIT = 51  # what the API asks for a page of fifty

_CONSENT = """
insert into consent_entry(company_id, contact_id, category, allowed, source, by_kind, at)
select $1, c.id, case when get_byte(uuid_send(c.id), 12) < 60 then 'marketing' end, n = 1 and get_byte(uuid_send(c.id), 13) > 10, 'list', 'worker',
    now() - make_interval(days => get_byte(uuid_send(c.id), 14) * 2 / n)
from contact c, generate_series(1, 2) n
where c.company_id = $1 and get_byte(uuid_send(c.id), 11) < case when n = 1 then 170 else 17 end
"""


class Figure(NamedTuple):
    """One kind of segment; seconds of its count while somebody chooses, of its exact count, and of its first page by name. `people`: the most that
    one of them has."""

    kind: str
    soon: list[float]
    exact: list[float]
    pages: list[float]
    people: int


async def measure(size: int, rounds: int) -> list[Figure]:
    """Each question `rounds` times, those of all kinds in turn."""
    async with seeded(size) as (base, _):
        db = await asyncpg.connect(base.settings.database_owner_url)
        try:
            await _record_consent(db)
            kinds = dict(await _kinds(db))
        finally:
            await db.close()
        actor = member(LARGE.id, fixed_id(LARGE.team[0][0]), built_in(Role.OWNER))
        figures = {kind: Figure(kind, [], [], [], 0) for kind in kinds}
        for turn in range(rounds + 1):
            for kind, rules in kinds.items():
                for rule in rules:
                    people, *seconds = await _ask(actor, ContactFilter(rule=rule))
                    if turn:  # the first one warms
                        for kept, took in zip(figures[kind][1:4], seconds, strict=True):
                            kept.append(took)
                        figures[kind] = figures[kind]._replace(people=max(people, figures[kind].people))
        return list(figures.values())


async def bench(size: int, rounds: int) -> None:
    """Counts of segments among `size` contacts, for docs/benchmarks.md."""
    figures = await measure(size, rounds)

    def millis(seconds: list[float]) -> list[str]:
        found = sorted(seconds)
        return [f"{found[int(share * (len(found) - 1))] * 1000:.0f}" for share in (0.5, 0.95)]

    rows = [[each.kind, f"{each.people:,}", *millis(each.soon), *millis(each.exact), *millis(each.pages)] for each in figures]
    soon, exact = (millis([took for each in figures for took in each[place]])[1] for place in (1, 2))
    text = (
        f"{await machine()}. Segments among {size:,} contacts of one company, with as many messages, a tenth as many conversations and"
        f" leads: counted as while conditions are chosen (`count=auto`), exactly, and the first page of fifty by name; each {rounds} times. Milliseconds. Of"
        f" all: p95 {soon} ms as while chosen, {exact} ms exactly.\n\n"
        f"{table(['', 'people, at most', 'count p50', 'p95', 'exact p50', 'p95', 'page p50', 'p95'], rows)}"
    )
    keep("Segments", text)


async def _ask(actor: Actor, filter: ContactFilter) -> tuple[int, float, float, float]:
    began = time.perf_counter()
    await queries.counted(actor, filter, exact=False)
    guessed = time.perf_counter()
    people = (await queries.counted(actor, filter, exact=True)).people
    counted = time.perf_counter()
    await listing.contacts(actor, filter, limit=_LIMIT)
    return people, guessed - began, counted - guessed, time.perf_counter() - counted


async def _record_consent(db: asyncpg.Connection) -> None:
    """What two thirds of the people said, one in ten of them twice, some in a category; once for a database."""
    if await db.fetchval("select exists (select from consent_entry where company_id = $1 and source = 'list')", LARGE.id):
        return
    await db.execute(_CONSENT, LARGE.id)
    await db.execute("vacuum (analyze) consent_entry")


async def _kinds(db: asyncpg.Connection) -> Iterator[tuple[str, list[Group]]]:
    async def column(sql: str) -> list[UUID]:
        return [row[0] for row in await db.fetch(sql, LARGE.id)]

    tags = await column(
        "select t.id from tag t where t.company_id = $1 order by (select count(*) from contact_tag x where x.company_id = $1 and x.tag_id = t.id) desc"
    )
    campaigns = await column(
        "select campaign_id from message where company_id = $1 and campaign_id is not null group by 1 order by count(*) desc limit 3"
    )
    stages = await column("select stage_id from lead where company_id = $1 group by 1 order by count(*) desc limit 4")
    many, some = tags[0], tags[1]
    city = FieldIs(key="cidade", value="cidade 17")
    quiet = Contacted(op="before", days=30)
    buyers = HasTags(tags=[many])

    def every(*conditions: AnyCondition, **more: list[Group]) -> Group:
        return Group(conditions=list(conditions), **more)

    def either(*conditions: AnyCondition) -> Group:
        return Group(match="any", conditions=list(conditions))

    return iter(
        {
            "a tag": [every(HasTags(tags=[tag])) for tag in tags[:4]],
            "without a tag": [every(HasTags(op="none", tags=[tag])) for tag in tags[:4]],
            "a field": [
                every(city),
                every(FieldIs(key="plano", value="Ouro")),
                every(FieldIs(key="plano", op="is_not", value="Ouro")),
                every(FieldIs(key="cidade", op="contains", value="12")),
            ],
            "consent, line, age": [
                every(Allows()),
                every(Reachable(by="landline")),
                every(Reachable(by="email")),
                every(Made(days=90)),
            ],
            "recorded consent": [
                every(RecordedConsent()),
                every(RecordedConsent(said="withdrawn")),
                every(RecordedConsent(said="never")),
                every(RecordedConsent(category="marketing", op="within", days=90)),
                every(RecordedConsent(category="utility", op="before", days=90), buyers),
            ],
            "sent to lately": [every(Contacted(days=days)) for days in (7, 30, 90)],
            "sent to before, or never": [every(quiet), every(Contacted(op="never")), every(Contacted(op="ever"))],
            "wrote": [every(Wrote(days=30)), every(Wrote(op="before", days=30)), every(Wrote(op="never"))],
            "a campaign": [
                every(Received(campaign_id=one, result=result)) for one in campaigns for result in ("sent", "not_read", "replied")
            ],
            "a stage": [every(InStage(stages=[stage])) for stage in stages] + [every(InStage(stages=stages))],
            "all of five": [
                every(buyers, quiet, Allows(), Reachable(by="mobile"), FieldIs(key="plano", value="Prata")),
                every(buyers, HasTags(op="none", tags=[some]), Allows(), Wrote(op="never"), city),
            ],
            "any of four": [either(HasTags(tags=[some]), city, InStage(stages=stages), Wrote(days=30))],
            "groups in groups": [
                every(
                    Allows(),
                    groups=[
                        either(buyers, InStage(stages=stages[:2])),
                        Group(match="none", conditions=[Contacted(days=7), Received(campaign_id=campaigns[0], result="failed")]),
                    ],
                ),
                Group(
                    match="any",
                    groups=[every(buyers, Wrote(days=90)), every(city, HasTags(op="none", tags=[some])), every(quiet, buyers)],
                ),
            ],
        }.items()
    )
