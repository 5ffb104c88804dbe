"""Boards and their stages: the first one, changes, deletion with leads in it."""

import asyncio
from contextvars import copy_context
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.boards import boards, history, leads, moves, stage_removal, stages
from db.boards.enums import StageKind
from db.errors import Conflict, Invalid, NotFound, PreconditionFailed
from db.jobs import RemoveStage
from db.migrate import FOLDER
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.boards.test_moves import column, some, stages_of, totals_are_right
from workers.boards import give_up_stage, remove_stage


async def names(actor: Actor, board_id: UUID) -> list[str]:
    return [row["name"] for row in await stages.stages(actor, board_id)]


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("pt-BR", "Vendas", ["Novo", "Em conversa", "Proposta", "Ganho", "Perdido"]),
        ("en", "Sales", ["New", "Talking", "Proposal", "Won", "Lost"]),
    ],
)
async def test_a_company_begins_with_a_board_in_its_language(
    owner_db: asyncpg.Connection, language: str, name: str, expected: list[str]
) -> None:
    company = await owner_db.fetchval("insert into company(name, language) values ('x', $1) returning id", language)
    found = await owner_db.fetch(
        "select b.name as board, b.currency, s.name, s.kind, t.leads from board b join stage s on s.company_id = b.company_id and s.board_id = b.id"
        " join stage_total t on t.company_id = s.company_id and t.stage_id = s.id where b.company_id = $1 order by s.rank",
        company,
    )
    assert {(row["board"], row["currency"], row["leads"]) for row in found} == {(name, "BRL", 0)}
    assert [row["name"] for row in found] == expected
    assert [row["kind"] for row in found] == ["open", "open", "open", "won", "lost"]
    assert await owner_db.fetchval("select count(*) from lost_reason where company_id = $1", company) == 4


async def test_companies_that_were_there_got_theirs(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """The end of the migration, run again over a company without a board."""
    sql = next(FOLDER.glob("m*_boards.sql")).read_text(encoding="utf-8")
    transaction = owner_db.transaction()
    await transaction.start()
    try:
        before = await owner_db.fetchval("select count(*) from board")
        companies = await owner_db.fetchval("select count(*) from company")
        await owner_db.execute(sql[sql.index("-- Companies that are there") :])
        assert await owner_db.fetchval("select count(*) from board") == before + companies
        assert await owner_db.fetchval("select count(*) from stage where company_id = $1", owner.company_id) == 10
    finally:
        await transaction.rollback()


async def test_stages_keep_the_order_into_which_they_are_put(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_, last = await stages_of(owner_db, owner)
    board_id = first["board_id"]
    made = await stages.create_stage(owner, board_id, name="Visita", color="teal", kind=StageKind.OPEN, limit=5, probability=40)
    assert await names(owner, board_id) == ["Novo", "Em conversa", "Proposta", "Ganho", "Perdido", "Visita"]
    await stages.change_stage(owner, made["id"], after_id=first["id"])
    assert await names(owner, board_id) == ["Novo", "Visita", "Em conversa", "Proposta", "Ganho", "Perdido"]
    await stages.change_stage(owner, last["id"], before_id=first["id"])
    await stages.change_stage(owner, first["id"], after_id=uuid4(), name="Chegou")
    row = await stages.change_stage(owner, made["id"], lead_limit=None, probability=0)
    assert (row["lead_limit"], row["probability"], row["version"]) == (None, 0, 3)
    assert await names(owner, board_id) == ["Perdido", "Chegou", "Visita", "Em conversa", "Proposta", "Ganho"]
    with pytest.raises(PreconditionFailed):
        await stages.change_stage(owner, made["id"], expected=frozenset({1}), name="x")


async def test_a_deleted_stage_gives_its_leads_to_another_in_their_order(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, *_, lost = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcde")
    await moves.move_leads(owner, [made["d"], made["e"]], stage_id=second["id"])
    with pytest.raises(Conflict, match="stage_not_empty"):
        await stage_removal.delete_stage(owner, second["id"], move_to=None)
    with pytest.raises(Conflict, match="stage_not_empty"):
        await stage_removal.delete_stage(owner, second["id"], move_to=second["id"])
    with pytest.raises(NotFound):
        await stage_removal.delete_stage(owner, second["id"], move_to=uuid4())
    await stage_removal.delete_stage(owner, second["id"], move_to=first["id"])
    assert await column(owner, first) == list("abcde")
    await moves.move_lead(owner, made["e"], stage_id=first["id"], after_id=made["d"], before_id=None)
    await moves.move_lead(owner, made["a"], stage_id=first["id"], after_id=made["d"], before_id=made["e"])
    assert await column(owner, first) == list("bcdae")
    await totals_are_right(owner_db, owner)
    await stage_removal.delete_stage(owner, first["id"], move_to=lost["id"])
    assert {(await leads.lead(owner, one))["lost_reason"] for one in made.values()} == {"Novo"}
    assert await column(owner, lost) == list("bcdae")
    await totals_are_right(owner_db, owner)
    for row in (await stages_of(owner_db, owner))[:-1]:
        await stage_removal.delete_stage(owner, row["id"], move_to=None)
    with pytest.raises(Conflict, match="last_stage"):
        await stage_removal.delete_stage(owner, lost["id"], move_to=None)


async def test_a_full_stage_leaves_batch_by_batch(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order and with their history, also when the worker dies midway; nothing comes into it meanwhile."""
    monkeypatch.setattr(stage_removal, "MOST_MOVED", 1)
    monkeypatch.setattr(stage_removal, "BATCH", 2)
    first, second, third, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcdex")
    await moves.move_lead(owner, made["x"], stage_id=second["id"])
    board_id = first["board_id"]
    await stage_removal.delete_stage(owner, first["id"], move_to=second["id"])
    assert await stage_removal.step(owner.company_id, first["id"])  # then the worker dies
    leaving, *_ = await stages.stages(owner, board_id)
    assert (leaving["moving_to"], leaving["leads"], leaving["moving_of"]) == (second["id"], 3, 5)
    refused = [
        moves.move_lead(owner, made["x"], stage_id=first["id"]),
        moves.move_leads(owner, [made["x"]], stage_id=first["id"]),
        leads.create_lead(owner, board_id=board_id, stage_id=first["id"], title="y"),
        stages.change_stage(owner, first["id"], name="y"),
        stage_removal.delete_stage(owner, first["id"], move_to=third["id"]),
        stage_removal.delete_stage(owner, second["id"], move_to=third["id"]),
        stage_removal.delete_stage(owner, third["id"], move_to=first["id"]),
    ]
    for act in refused:
        with pytest.raises(Conflict, match="stage_leaving"):
            await act
    assert (await leads.create_lead(owner, board_id=board_id, title="y"))["stage_id"] == second["id"]
    await owner_db.execute("update job set state = 'dead' where company_id = $1 and name = 'RemoveStage'", owner.company_id)
    await give_up_stage(owner.company_id, RemoveStage(stage_id=first["id"]), "its worker died each time")
    assert [row["moving_failed"] for row in await stages.stages(owner, board_id)][:2] == [True, False]
    assert await stage_removal.step(owner.company_id, first["id"])  # another job goes on
    assert not any(row["moving_failed"] for row in await stages.stages(owner, board_id))
    await give_up_stage(owner.company_id, RemoveStage(stage_id=first["id"]), "it died too")
    await stage_removal.delete_stage(owner, first["id"], move_to=second["id"])  # begins the job anew
    assert not any(row["moving_failed"] for row in await stages.stages(owner, board_id))
    states = await owner_db.fetch("select state from job where company_id = $1 and name = 'RemoveStage'", owner.company_id)
    assert sorted(row["state"] for row in states) == ["dead", "waiting"]
    await remove_stage(owner.company_id, RemoveStage(stage_id=first["id"]))
    assert await column(owner, second) == list("yxabcde")
    assert first["id"] not in {row["id"] for row in await stages.stages(owner, board_id)}
    told = await history.history(owner, made["c"], after=None, limit=9)
    assert [(row["from_stage"], row["to_stage"], row["by_id"]) for row in told] == [(first["name"], second["name"], owner.id)]
    await totals_are_right(owner_db, owner)
    await remove_stage(owner.company_id, RemoveStage(stage_id=first["id"]))  # a run that comes late does no harm
    await give_up_stage(owner.company_id, RemoveStage(stage_id=first["id"]), "as does one that is given up late")


async def test_the_leads_of_a_stage_that_goes_are_locked_by_id(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """As everybody who moves them does. The first by id is the last by place, value, date and on the disk, and somebody has it."""
    first, second, *_ = await stages_of(owner_db, owner)
    low, high = sorted([await factories.lead(owner_db, owner, title) for title in "ab"])
    await owner_db.execute("update lead set due_on = now() where company_id = $1 and id = $2", owner.company_id, high)
    await owner_db.execute("update lead set rank = 'z', value_cents = 1 where company_id = $1 and id = $2", owner.company_id, low)
    locked = "select from lead where company_id = $1 and id = $2 for update nowait"
    outside = copy_context()  # of the transaction
    async with work(owner, Permission.LEADS_WRITE) as w:
        await w.execute(locked, owner.company_id, low)
        deleting = asyncio.create_task(stage_removal.delete_stage(owner, first["id"], move_to=second["id"]), context=outside)
        while not deleting.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
        await w.execute(locked, owner.company_id, high)
    await deleting
    assert len(await column(owner, second)) == 2


async def test_a_tag_is_put_on_a_lead_whose_stage_goes(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """The first of its stage that has the tag: whoever holds the lead asks for nothing that waits for it."""
    first, second, *_ = await stages_of(owner_db, owner)
    lead_id = await factories.lead(owner_db, owner)
    outside = copy_context()
    async with work(owner, Permission.LEADS_WRITE) as w:
        await leads.lock(w, lead_id, None)
        deleting = asyncio.create_task(stage_removal.delete_stage(owner, first["id"], move_to=second["id"]), context=outside)
        while not deleting.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
        await leads.change_in(w, lead_id, tags=["novo"])
    await deleting
    assert len(await column(owner, second)) == 1
    await totals_are_right(owner_db, owner)


async def test_an_archived_board_can_be_read_and_brought_back(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    made = await boards.create_board(owner, name="Pós-venda", currency="EUR")
    first, *_ = await stages.stages(owner, made["id"])
    assert await names(owner, made["id"]) == ["Novo", "Ganho", "Perdido"]
    await boards.archive_board(owner, made["id"], expected=frozenset({1}))
    with pytest.raises(Conflict, match="board_archived"):
        await leads.create_lead(owner, board_id=made["id"], title="x")
    assert [row["id"] for row in await boards.boards(owner, archived=True)] == [made["id"]]
    await boards.change_board(owner, made["id"], name=None, archived=False)
    lead = await leads.create_lead(owner, board_id=made["id"], title="x")
    assert lead["stage_id"] == first["id"]
    for act in (
        boards.board(stranger, made["id"]),
        boards.archive_board(stranger, made["id"]),
        stages.stages(stranger, made["id"]),
    ):
        with pytest.raises(NotFound):
            await act
    with pytest.raises(NotFound):
        await leads.create_lead(stranger, board_id=made["id"], title="x")


async def test_a_lead_belongs_to_people_of_the_company(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    await factories.contacts(owner_db, stranger, 1)
    theirs = await owner_db.fetchval("select id from contact where company_id = $1", stranger.company_id)
    with pytest.raises(Invalid):
        await leads.create_lead(owner, board_id=first["board_id"], title="x", owner_id=stranger.id)
    with pytest.raises(NotFound):
        await leads.create_lead(owner, board_id=first["board_id"], title="x", contact_id=theirs)
    made = await leads.create_lead(owner, board_id=first["board_id"], title="x", owner_id=owner.id, tags=["VIP", "vip", "a"])
    assert (made["owner_id"], made["tags"]) == (owner.id, ["VIP", "a"])
    with pytest.raises(Invalid):
        await leads.change_lead(owner, made["id"], owner_id=stranger.id)
    with pytest.raises(PreconditionFailed):
        await leads.change_lead(owner, made["id"], expected=frozenset({2}), title="y")
    for key in "abc":
        await factories.lead_field(owner_db, owner, key)
    assert (await leads.change_lead(owner, made["id"], title="x", values={}))["version"] == 1  # nothing changed
    changed = await leads.change_lead(owner, made["id"], expected=frozenset({1}), values={"a": "1", "b": "2"}, owner_id=None)
    changed = await leads.change_lead(owner, made["id"], values={"a": "", "c": "3"})
    assert (changed["custom"], changed["version"], changed["owner_id"]) == ('{"b": "2", "c": "3"}', 3, None)


async def test_leads_of_a_stage_that_is_no_longer_lost_have_no_reason(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    *_, won, lost = await stages_of(owner_db, owner)
    lead_id = await factories.lead(owner_db, owner)
    await moves.move_lead(owner, lead_id, stage_id=lost["id"], lost_reason="Preço")
    before = await leads.lead(owner, lead_id)
    await stages.change_stage(owner, lost["id"], name="Perdido mesmo", kind=StageKind.LOST.value)
    assert (await leads.lead(owner, lead_id))["lost_reason"] == "Preço"
    monkeypatch.setattr(stages, "MOST_MOVED", 0)
    with pytest.raises(Conflict):
        await stages.change_stage(owner, lost["id"], kind=StageKind.OPEN.value)
    monkeypatch.setattr(stages, "MOST_MOVED", 5)
    await stages.change_stage(owner, lost["id"], kind=StageKind.OPEN.value)
    after = await leads.lead(owner, lead_id)
    assert (after["lost_reason"], after["version"]) == (None, before["version"] + 1)
    await stages.change_stage(owner, won["id"], kind=StageKind.LOST.value)
    with pytest.raises(Invalid):  # the reason of then does not come back by itself
        await moves.move_lead(owner, lead_id, stage_id=won["id"])
