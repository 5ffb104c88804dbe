"""Lists of leads: every filter and order finds the same leads page by page, and a page is read from an index."""

import json
import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.boards import leads, listing
from db.boards.enums import Due, LeadSort
from db.boards.listing import LeadFilter
from db.errors import Invalid, NotFound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read
from tests import factories

ORDERS = {
    LeadSort.RANK: "rank, id",
    LeadSort.CREATED: "id desc",
    LeadSort.VALUE: "coalesce(value_cents, -1) desc, id desc",
    LeadSort.DUE: "coalesce(due_on, 'infinity'), id",
    LeadSort.MOVED: "stage_since desc, id desc",
    LeadSort.STAGE: "(select s.rank from stage s where s.company_id = lead.company_id and s.id = stage_id), rank, id",
    LeadSort.TITLE: 'left(fold(title), 40) collate "C", id',
    LeadSort.OWNER: "(select fold(u.name) from account_user u where u.id = owner_id) nulls last, owner_id nulls last, id desc",
}
MADE = """
insert into lead(company_id, board_id, stage_id, rank, title, search, value_cents, owner_id, due_on, tags, stage_since)
select $1, s.board_id, s.id, lpad((g * 7919 % $4)::text, 8, '0') || '1', 'Reforma ' || g, ' reforma ' || g || ' rua ' || g % 13,
    case when g % 5 > 0 then g % 40 * 100 end, case when g % 3 = 0 then $3::uuid end,
    case when g % 4 > 0 then current_date + (g % 20 - 10)::int end, case when g % 6 = 0 then array['vip'] else '{}' end, now() - make_interval(secs => g * 7919 % 20000)
from stage s cross join generate_series(1, $4::int) g where s.company_id = $1 and s.id = $2
"""


async def board_of(owner_db: asyncpg.Connection, actor: Actor) -> tuple[UUID, list[UUID]]:
    rows = await owner_db.fetch("select board_id, id from stage where company_id = $1 order by rank", actor.company_id)
    return rows[0]["board_id"], [row["id"] for row in rows]


async def ids(actor: Actor, board_id: UUID, filter: LeadFilter, sort: LeadSort) -> list[UUID]:
    """All pages, one after the other."""
    found: list[UUID] = []
    after: Any = None
    while True:
        rows = await listing.board_leads(actor, board_id, filter, sort=sort, after=after, limit=13)
        found += [row["id"] for row in rows]
        if len(rows) < 13:
            return found
        after = listing.key(rows[-1], sort)


@pytest.mark.parametrize(
    ("looked_at", "gathered", "walked"),
    [(0, 500, 5000), (0, 2, 5000), (200, 500, 5000), (0, 2, 3)],
    ids=["gathered", "walked", "guessed", "found after a walk"],
)
@pytest.mark.parametrize("sort", LeadSort)
async def test_all_pages_together_are_the_list(
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    sort: LeadSort,
    looked_at: int,
    gathered: int,
    walked: int,
) -> None:
    monkeypatch.setattr(listing, "LOOKED_AT", looked_at)
    monkeypatch.setattr(listing, "WALKED", walked)
    monkeypatch.setattr(listing, "GATHERED", gathered)
    board_id, places = await board_of(owner_db, owner)
    for stage_id in places[:2]:
        await owner_db.execute(MADE, owner.company_id, stage_id, owner.id, 60)
    foreign, (theirs, *_) = await board_of(owner_db, stranger)
    await owner_db.execute(MADE, stranger.company_id, theirs, stranger.id, 5)
    today = await owner_db.fetchval("select (now() at time zone time_zone)::date from company where id = $1", owner.company_id)
    asked: list[tuple[LeadFilter, str]] = [
        (LeadFilter(), "true"),
        (LeadFilter(owner_id=owner.id), f"owner_id = '{owner.id}'"),
        (LeadFilter(tag="vip"), "'vip' = any(tags)"),
        (LeadFilter(search="REFÓRMA rua 7"), "title like 'Reforma%' and search like '% rua%' and search like '% 7%'"),
        (LeadFilter(due=Due.OVERDUE), f"due_on < '{today}'"),
        (LeadFilter(due=Due.TODAY), f"due_on = '{today}'"),
        (LeadFilter(due=Due.WEEK), f"due_on between '{today}' and date '{today}' + 6"),
        (LeadFilter(due=Due.NONE, tag="vip"), "due_on is null and 'vip' = any(tags)"),
        (LeadFilter(search="reforma 57"), "title like '%57%'"),
        (LeadFilter(search="%"), "false"),
        (LeadFilter(search="reforma %x"), "false"),
    ]
    for filter, condition in asked:
        for stage_id in (places[0], None) if sort is not LeadSort.RANK else (places[0],):
            expected = await owner_db.fetch(
                f"select id from lead where company_id = $1 and ($2::uuid is null or stage_id = $2) and {condition} order by {ORDERS[sort]}",
                owner.company_id,
                stage_id,
            )
            found = await ids(owner, board_id, filter._replace(stage_id=stage_id), sort)
            assert found == [row["id"] for row in expected], (filter, stage_id)
    with pytest.raises(NotFound):
        await listing.board_leads(owner, foreign, LeadFilter(), sort=None, after=None, limit=5)
    assert await listing.board_leads(owner, board_id, LeadFilter(stage_id=theirs), sort=None, after=None, limit=5) == []


async def test_the_index_of_words_tells_nobody_of_another_companys_leads(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    foreign, _ = await board_of(owner_db, stranger)
    theirs = await factories.lead(owner_db, stranger)
    search = "select * from lead_search($1, array['%reforma%'], 10)"
    async with read(stranger, Permission.BOARDS_READ) as r:
        assert [row[0] for row in await r.fetch(search, foreign)] == [theirs]
    async with read(owner, Permission.BOARDS_READ) as r:
        assert await r.fetch(search, foreign) == []


async def test_owners_stand_by_their_names_and_who_left_behind_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Also where the last lead of the owner that was reached goes to somebody else meanwhile, and where they are called otherwise then."""
    board_id, _ = await board_of(owner_db, owner)
    people = {}
    for name in ("Érica", "Fábio", "Beto"):
        people[name] = await owner_db.fetchval(
            "insert into account_user(email, name, password_hash) values ($1, $2, 'x') returning id",
            f"{uuid4().hex}@example.com",
            name,
        )
        await owner_db.execute(
            "insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", owner.company_id, people[name]
        )
    made = {}
    for title, name in (("f1", "Fábio"), ("e1", "Érica"), ("b1", "Beto"), ("e2", "Érica"), ("n1", None)):
        made[title] = await factories.lead(owner_db, owner, title, owner_id=people.get(name or ""))
    await owner_db.execute("delete from membership where company_id = $1 and user_id = $2", owner.company_id, people["Beto"])
    wanted = [made[title] for title in ("e2", "e1", "f1", "b1", "n1")]
    assert await ids(owner, board_id, LeadFilter(), LeadSort.OWNER) == wanted
    page = await listing.board_leads(owner, board_id, LeadFilter(), sort=LeadSort.OWNER, after=None, limit=2)
    after = listing.key(page[-1], LeadSort.OWNER)
    assert after == ("Érica", people["Érica"], made["e1"])
    first = await listing.board_leads(owner, board_id, LeadFilter(), sort=LeadSort.OWNER, after=None, limit=1)
    for name in ("Zélia", "Ana" * 40, "Érica"):
        await owner_db.execute("update account_user set name = $2 where id = $1", people["Érica"], name)
        rest = await listing.board_leads(
            owner, board_id, LeadFilter(), sort=LeadSort.OWNER, after=listing.key(first[0], LeadSort.OWNER), limit=9
        )
        assert [row["id"] for row in rest] == wanted[1:], name
    await owner_db.execute("update lead set owner_id = $2 where owner_id = $1", people["Érica"], people["Fábio"])
    rest = await listing.board_leads(owner, board_id, LeadFilter(), sort=LeadSort.OWNER, after=after, limit=9)
    assert [row["id"] for row in rest] == [made[title] for title in ("e2", "e1", "f1", "b1", "n1")]


async def test_a_column_is_walked_only_as_far_as_it_has_the_tag(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many leads of other stages have it."""
    monkeypatch.setattr(listing, "GATHERED", 2)
    board_id, (full, few, none, *_) = await board_of(owner_db, owner)
    await owner_db.execute(MADE, owner.company_id, full, owner.id, 60)
    for number in range(6):
        await factories.lead(owner_db, owner, f"n{number}", stage_id=few, tags=["vip"] if number < 2 else [])
    await factories.lead(owner_db, owner, stage_id=none)
    real, asked = listing.statement, list[tuple[UUID | None, int]]()

    def statement(filter: LeadFilter, sort: LeadSort, after: Any, limit: int, args: list[object]) -> str:
        asked.append((filter.stage_id, limit))
        return real(filter, sort, after, limit, args)

    monkeypatch.setattr(listing, "statement", statement)
    for stage_id, many in ((full, 10), (few, 2), (none, 0)):
        assert len(await ids(owner, board_id, LeadFilter(stage_id=stage_id, tag="vip"), LeadSort.RANK)) == many
    assert asked == [(full, 10), (few, 2)]


async def test_an_order_by_hand_is_that_of_one_stage(owner: Actor, owner_db: asyncpg.Connection) -> None:
    board_id, _ = await board_of(owner_db, owner)
    with pytest.raises(Invalid):
        await listing.board_leads(owner, board_id, LeadFilter(), sort=LeadSort.RANK, after=None, limit=5)


async def test_what_is_due_follows_the_companys_calendar(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """On the other side of the date line it is another day."""
    board_id, (stage_id, *_) = await board_of(owner_db, owner)
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        await owner_db.execute("update company set time_zone = $2 where id = $1", owner.company_id, zone)
        here = await owner_db.fetchval("select (now() at time zone $1)::date", zone)
        lead = await factories.lead(owner_db, owner, zone, due_on=here)
        assert await ids(owner, board_id, LeadFilter(stage_id=stage_id, due=Due.TODAY), LeadSort.RANK) == [lead]
        await leads.delete_lead(owner, lead)


async def test_a_page_of_a_long_column_is_read_from_its_index(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """No sort, no count, no rows read for nothing: the first page and one in the middle, in every order."""
    board_id, (stage_id, *_) = await board_of(owner_db, owner)
    transaction = owner_db.transaction()
    await transaction.start()
    try:
        await owner_db.execute(MADE, owner.company_id, stage_id, owner.id, 20_000)
        await owner_db.execute("analyze lead")
        for sort, index in (
            (LeadSort.RANK, "lead_place"),
            (LeadSort.CREATED, "lead_created"),
            (LeadSort.VALUE, "lead_value"),
            (LeadSort.DUE, "lead_due"),
            (LeadSort.MOVED, "lead_moved"),
            (LeadSort.TITLE, "lead_title"),
        ):
            in_stage = stage_id if sort is LeadSort.RANK else None
            middle: dict[LeadSort, tuple[Any, ...]] = {
                LeadSort.RANK: ("000100001", UUID(int=0)),
                LeadSort.VALUE: (2000, UUID(int=0)),
                LeadSort.DUE: (date.today() + timedelta(3), UUID(int=0)),  # noqa: DTZ011
                LeadSort.TITLE: ("reforma 5", UUID(int=0)),
                LeadSort.MOVED: (await owner_db.fetchval("select now() - interval '10000 seconds'"), UUID(int=0)),
            }
            recent = await owner_db.fetchval(
                "select id from lead where company_id = $1 order by id offset 9000 limit 1", owner.company_id
            )
            for after in (None, middle.get(sort, (recent,))):
                plan = await _plan(owner_db, owner, board_id, LeadFilter(stage_id=in_stage), sort, after)
                assert re.search(rf"using ({index}|lead_pkey) on lead", plan["text"]), plan["text"]
                assert "Sort Key: l." not in plan["text"], plan["text"]  # what a lead was proposed, at most one row, may be
                assert plan["read"] <= 60, plan["text"]
        frequent = ((LeadFilter(search="reforma"), 60), (LeadFilter(search="reforma rua"), 60), (LeadFilter(tag="vip"), 2000))
        for sort in (LeadSort.CREATED, LeadSort.VALUE, LeadSort.DUE, LeadSort.MOVED, LeadSort.TITLE, LeadSort.RANK):
            for filter, most in frequent:
                asked = filter._replace(stage_id=stage_id if sort is LeadSort.RANK else None)
                plan = await _plan(owner_db, owner, board_id, asked, sort, None)
                assert plan["read"] <= most, plan["text"]
        plan = await _plan(owner_db, owner, board_id, LeadFilter(stage_id=stage_id, owner_id=owner.id), LeadSort.RANK, None)
        assert "using lead_owner on lead" in plan["text"], plan["text"]
        assert plan["read"] <= 60, plan["text"]
        rare = "update lead set owner_id = $2 where company_id = $1 and id in (select id from lead where company_id = $1 order by title limit 80)"
        await owner_db.execute(rare, owner.company_id, board_id)  # somebody who has few of them
        await owner_db.execute("analyze lead")
        for after in (None, (recent,)):
            plan = await _plan(owner_db, owner, board_id, LeadFilter(owner_id=board_id), LeadSort.OWNER, after)
            assert "using lead_owned on lead" in plan["text"], plan["text"]
            assert plan["read"] <= 60, plan["text"]
        await owner_db.execute("set local enable_seqscan = off")
        rows = await owner_db.fetch(
            "explain select id from lead where company_id = $1 and board_id = $2 and search like '%nobody%' limit 501",
            owner.company_id,
            board_id,
        )
        assert "lead_trgm" in "\n".join(row[0] for row in rows), rows
    finally:
        await transaction.rollback()


async def _plan(
    owner_db: asyncpg.Connection, actor: Actor, board_id: UUID, filter: LeadFilter, sort: LeadSort, after: tuple[Any, ...] | None
) -> dict[str, Any]:
    """What Postgres does for a page of 51, as the application sees the tables; `read`: rows of leads that it looked at."""
    args: list[object] = [actor.company_id, board_id]
    sql = listing.statement(filter, sort, after, 51, args)
    await owner_db.execute("set local role masteria_app")
    await owner_db.execute("select set_config('app.company', $1, true)", str(actor.company_id))
    try:
        text = "\n".join(row[0] for row in await owner_db.fetch(f"explain (analyze, costs off, timing off) {sql}", *args))
        found = json.loads(await owner_db.fetchval(f"explain (analyze, format json, timing off) {sql}", *args))
    finally:
        await owner_db.execute("reset role")

    def nodes(node: dict[str, Any]) -> list[dict[str, Any]]:
        return [node, *(each for child in node.get("Plans", ()) for each in nodes(child))]

    scans = [node for node in nodes(found[0]["Plan"]) if node.get("Relation Name") == "lead"]
    read = sum(node["Actual Rows"] * node["Actual Loops"] + node.get("Rows Removed by Filter", 0) for node in scans)
    return {"text": text, "read": read}


async def test_a_contacts_leads_are_those_of_all_boards(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await factories.contacts(owner_db, owner, 2)
    mine, other = [row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)]
    made = [await factories.lead(owner_db, owner, f"n{n}", contact_id=mine) for n in range(5)]
    await factories.lead(owner_db, owner, "another", contact_id=other)
    rows = await listing.contact_leads(owner, mine, after=None, limit=3)
    rows += await listing.contact_leads(owner, mine, after=rows[-1]["id"], limit=3)
    assert [row["id"] for row in rows] == made[::-1]
    assert {row["contact_name"] for row in rows} <= {"Pessoa 0", "Pessoa 1"}
    with pytest.raises(NotFound):
        await listing.contact_leads(stranger, mine, after=None, limit=3)


def test_the_end_of_a_list_by_date_is_a_date() -> None:
    args: list[object] = []
    listing.statement(LeadFilter(), LeadSort.DUE, (None, UUID(int=0)), 51, args)
    assert args[0] == date.max
