"""What a filter finds in each stage: the same as counting by hand, up to a bound, and by an index."""

import re
from typing import Any

import asyncpg
import pytest

from db.boards import counts, leads, listing, moves, totals
from db.boards.enums import Due
from db.boards.listing import LeadFilter
from db.errors import NotFound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read
from tests.db.boards.test_listing import MADE, board_of
from tests.db.boards.test_moves import totals_are_right


@pytest.mark.parametrize("gathered", [5000, 2], ids=["gathered", "walked"])
async def test_counts_are_those_of_the_list(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch, gathered: int
) -> None:
    monkeypatch.setattr(counts, "GATHERED", gathered)
    monkeypatch.setattr(counts, "GATHERED_BY_ID", gathered)
    board_id, places = await board_of(owner_db, owner)
    for stage_id, many in zip(places[:2], (60, 30), strict=True):
        await owner_db.execute(MADE, owner.company_id, stage_id, owner.id, many)
    await owner_db.execute(
        'update lead set custom = \'{"bairro": "Centro"}\' where company_id = $1 and value_cents > 1000', owner.company_id
    )
    foreign, (theirs, *_) = await board_of(owner_db, stranger)
    await owner_db.execute(MADE, stranger.company_id, theirs, stranger.id, 5)
    today = await owner_db.fetchval("select (now() at time zone time_zone)::date from company where id = $1", owner.company_id)
    asked = [
        (LeadFilter(), "true"),
        (LeadFilter(owner_id=owner.id), f"owner_id = '{owner.id}'"),
        (LeadFilter(tag="vip"), "'vip' = any(tags)"),
        (LeadFilter(tag="Vip"), "false"),
        (LeadFilter(search="REFÓRMA rua 7"), "search like '% reforma%' and search like '% rua%' and search like '% 7%'"),
        (LeadFilter(search="..."), "false"),
        (LeadFilter(search="reforma %x"), "false"),
        (LeadFilter(tag="vip", search="rua 7"), "'vip' = any(tags) and search like '% rua%' and search like '% 7%'"),
        (LeadFilter(values=(("bairro", "Centro"),)), "custom->>'bairro' = 'Centro'"),
        (LeadFilter(search="reforma", values=(("bairro", "Norte"), ("bairro", "Centro"))), "false"),
        (LeadFilter(values=(("bairro", "Centro"),), tag="vip"), "custom->>'bairro' = 'Centro' and 'vip' = any(tags)"),
        (
            LeadFilter(search="rua 7", owner_id=owner.id),
            f"search like '% rua%' and search like '% 7%' and owner_id = '{owner.id}'",
        ),
        (LeadFilter(due=Due.OVERDUE), f"due_on < '{today}'"),
        (LeadFilter(due=Due.TODAY), f"due_on = '{today}'"),
        (LeadFilter(due=Due.WEEK), f"due_on between '{today}' and date '{today}' + 6"),
        (LeadFilter(due=Due.NONE, tag="vip", owner_id=owner.id), "due_on is null and 'vip' = any(tags) and owner_id is not null"),
    ]
    by_hand = (
        "select s.id, count(l.id), coalesce(sum(l.value_cents), 0)::bigint, false from stage s left join lead l on l.company_id = s.company_id"
        " and l.stage_id = s.id and {} where s.company_id = $1 group by s.id, s.rank order by s.rank"
    )
    for filter, condition in asked:
        wanted = await owner_db.fetch(by_hand.format(condition), owner.company_id)
        assert [tuple(row) for row in await counts.counts(owner, board_id, filter)] == [tuple(row) for row in wanted], filter
    monkeypatch.setattr(counts, "MOST", 15)
    await owner_db.execute("update lead set value_cents = 100 where company_id = $1", owner.company_id)
    found = await counts.counts(owner, board_id, LeadFilter(owner_id=owner.id))
    assert [row["value_cents"] for row in found[:2]] == [1500, 1000]
    assert [(row["leads"], row["more"]) for row in found[:2]] == [(15, True), (10, False)]
    with pytest.raises(NotFound):
        await counts.counts(owner, foreign, LeadFilter())


@pytest.mark.parametrize(
    ("filter", "index"),
    [
        (LeadFilter(owner_id=None, due=Due.OVERDUE), "lead_stage_due"),
        (LeadFilter(due=Due.TODAY), "lead_stage_due"),
        (LeadFilter(owner_id="me"), "lead_owner"),  # type: ignore[arg-type]
    ],
)
async def test_counting_reads_an_index(owner: Actor, owner_db: asyncpg.Connection, filter: Any, index: str) -> None:
    """Of a large stage; and nothing is sorted. Other stages have leads, too: else to know the stage says nothing, and every index of who owns
    them is as good."""
    board_id, (first, *others) = await board_of(owner_db, owner)
    if filter.owner_id:
        filter = filter._replace(owner_id=owner.id)
    for stage_id, many in ((first, 4000), *((one, 400) for one in others)):
        await owner_db.execute(MADE, owner.company_id, stage_id, owner.id, many)
    await owner_db.execute("analyze lead")
    async with read(owner, Permission.BOARDS_READ) as r:
        args: list[object] = [owner.company_id, board_id]
        rows = await r.fetch(f"explain {counts.statement(filter, args)}", *args)
    plan = "\n".join(row[0] for row in rows)
    assert re.search(rf"on {index}\b|using {index}\b", plan), plan
    assert "Seq Scan on lead" not in plan


async def test_a_rare_tag_is_found_by_its_index(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, (first, *_) = await board_of(owner_db, owner)
    await owner_db.execute(MADE, owner.company_id, first, owner.id, 50)
    async with read(owner, Permission.BOARDS_READ) as r:
        found = await listing.narrowed(r, owner.company_id, board_id, LeadFilter(tag="vip"), 10)
        assert found.among is not None
        assert len(found.among) == 8
        assert (await listing.narrowed(r, owner.company_id, board_id, LeadFilter(tag="vip"), 7)).among is None
    async with read(stranger, Permission.BOARDS_READ) as r:
        assert (await listing.narrowed(r, stranger.company_id, board_id, LeadFilter(tag="vip"), 10)).among == []


async def test_a_frequent_word_is_counted_up_to_a_bound(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever way looks at fewer leads: the index has all 70 of them, the walk meets the first 5 of each stage."""
    board_id, (first, second, *_) = await board_of(owner_db, owner)
    await owner_db.execute(MADE, owner.company_id, first, owner.id, 60)
    await owner_db.execute(MADE, owner.company_id, second, owner.id, 10)
    monkeypatch.setattr(listing, "LOOKED_AT", 20)
    asked = LeadFilter(search="reforma")
    found = await counts.counts(owner, board_id, asked)
    assert [(row["leads"], row["more"]) for row in found] == [(60, False), (10, False), (0, False), (0, False), (0, False)]
    monkeypatch.setattr(counts, "MOST", 5)
    found = await counts.counts(owner, board_id, asked)
    assert [(row["leads"], row["more"]) for row in found] == [(5, True), (5, True), (0, False), (0, False), (0, False)]


async def test_tags_of_a_stage_are_kept_exactly(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Made, moved, valued, tagged and deleted, many at once too; a tag that no lead has is forgotten."""
    board_id, (first, second, *_) = await board_of(owner_db, owner)
    await owner_db.execute(MADE, owner.company_id, first, owner.id, 30)
    made = [row["id"] for row in await owner_db.fetch("select id from lead where company_id = $1 order by id", owner.company_id)]
    await totals_are_right(owner_db, owner)
    await leads.change_lead(owner, made[0], tags=["vip", "Vip não", "novo"], value_cents=500)
    await leads.change_lead(owner, made[5], value_cents=None)
    await moves.move_leads(owner, made[:10], stage_id=second)
    await totals_are_right(owner_db, owner)
    found = await counts.counts(owner, board_id, LeadFilter(tag="novo"))
    assert [(row["leads"], row["value_cents"]) for row in found[:2]] == [(0, 0), (1, 500)]
    await leads.change_lead(owner, made[0], tags=[])
    await leads.delete_lead(owner, made[5])
    await totals_are_right(owner_db, owner)
    await owner_db.execute("delete from lead where company_id = $1", owner.company_id)
    assert await owner_db.fetch("select from stage_tag_total where company_id = $1", owner.company_id) == []


async def test_totals_say_which_is_newer(owner: Actor, owner_db: asyncpg.Connection) -> None:
    _, (first, second, *_) = await board_of(owner_db, owner)
    await owner_db.execute(MADE, owner.company_id, first, owner.id, 4)
    made = [row["id"] for row in await owner_db.fetch("select id from lead where company_id = $1", owner.company_id)]
    seen = []
    for number, lead in enumerate(made):
        await moves.move_lead(owner, lead, stage_id=second)
        async with read(owner, Permission.BOARDS_READ) as r:
            [total] = await totals.totals_of(r, [second])
        assert total.leads == number + 1
        seen.append(total.version)
    assert seen == sorted(set(seen))
