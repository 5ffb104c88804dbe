"""Moves: where a lead ends, what two at once come to, what is exact afterwards."""

import asyncio
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.boards import history, leads, listing, moves, stage_removal, stages
from db.boards.enums import LeadEvent, LeadSort, StageKind
from db.boards.listing import LeadFilter
from db.errors import AppError, Conflict, Invalid, NotFound, PreconditionFailed
from db.tenancy import Actor
from tests import factories

Rows = list[asyncpg.Record]


async def stages_of(owner_db: asyncpg.Connection, actor: Actor) -> Rows:
    return await owner_db.fetch("select * from stage where company_id = $1 order by rank", actor.company_id)


async def column(actor: Actor, stage: Any) -> list[str]:
    """Titles in the stage, from the top, page by page."""
    found: list[str] = []
    after = None
    while True:
        rows = await listing.board_leads(
            actor, stage["board_id"], LeadFilter(stage_id=stage["id"]), sort=LeadSort.RANK, after=after, limit=3
        )
        found += [row["title"] for row in rows]
        if len(rows) < 3:
            return found
        after = listing.key(rows[-1], LeadSort.RANK)


async def some(owner_db: asyncpg.Connection, actor: Actor, titles: str) -> dict[str, UUID]:
    return {title: await factories.lead(owner_db, actor, title) for title in titles}


async def totals_are_right(owner_db: asyncpg.Connection, actor: Actor) -> None:
    wrong = await owner_db.fetch(
        "select s.name, t.leads, t.value_cents, c.leads, c.value from stage s"
        " join stage_total t on t.company_id = s.company_id and t.stage_id = s.id"
        " cross join lateral (select count(*) as leads, coalesce(sum(value_cents), 0) as value from lead l"
        "   where l.company_id = s.company_id and l.stage_id = s.id) c"
        " where s.company_id = $1 and (t.leads, t.value_cents) is distinct from (c.leads, c.value)",
        actor.company_id,
    )
    assert wrong == []
    tags = await owner_db.fetch(
        "select * from (select stage_id, tag, leads, value_cents from stage_tag_total where company_id = $1) t full join ("
        " select l.stage_id, tag, count(*) as leads, coalesce(sum(l.value_cents), 0) as value from lead l cross join unnest(l.tags) tag"
        " where l.company_id = $1 group by 1, 2) c using (stage_id, tag)"
        " where (t.leads, t.value_cents) is distinct from (c.leads, c.value)",
        actor.company_id,
    )
    assert tags == []


async def test_a_lead_stands_where_it_was_dropped(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcde")
    await moves.move_lead(owner, made["e"], stage_id=first["id"], after_id=made["a"], before_id=made["b"])
    assert await column(owner, first) == list("aebcd")
    await moves.move_lead(owner, made["a"], stage_id=first["id"], after_id=made["d"])
    assert await column(owner, first) == list("ebcda")
    await moves.move_lead(owner, made["c"], stage_id=first["id"], before_id=made["e"])
    assert await column(owner, first) == list("cebda")
    await moves.move_lead(owner, made["d"], stage_id=second["id"])
    await moves.move_lead(owner, made["b"], stage_id=second["id"], after_id=made["d"], before_id=uuid4())
    assert (await column(owner, first), await column(owner, second)) == (list("cea"), list("db"))
    # The neighbour behind which it was dropped went away: in front of the other one. Both went away: at the top.
    await moves.move_lead(owner, made["c"], stage_id=second["id"], after_id=made["a"], before_id=made["b"])
    assert await column(owner, second) == list("dcb")
    await moves.move_lead(owner, made["e"], stage_id=second["id"], after_id=made["a"], before_id=uuid4())
    assert await column(owner, second) == list("edcb")
    await totals_are_right(owner_db, owner)


async def test_moving_back_between_the_former_neighbours_is_undo(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcdefgh")
    for title in "abcdefgh":
        before = await column(owner, first)
        at = before.index(title)
        after_id = made[before[at - 1]] if at else None
        before_id = made[before[at + 1]] if at + 1 < len(before) else None
        await moves.move_lead(owner, made[title], stage_id=second["id"])
        await moves.move_lead(owner, made[title], stage_id=first["id"], after_id=after_id, before_id=before_id)
        assert await column(owner, first) == before
        await moves.move_lead(owner, made[title], stage_id=first["id"], after_id=made["d"])
        await moves.move_lead(owner, made[title], stage_id=first["id"], after_id=after_id, before_id=before_id)
        assert await column(owner, first) == before


async def test_equal_ranks_stand_by_id_and_nobody_is_lost_between_them(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_ = await stages_of(owner_db, owner)
    twins = sorted([await factories.lead(owner_db, owner, title, rank="V") for title in "abc"])
    titles = dict(await owner_db.fetch("select id, title from lead where company_id = $1", owner.company_id))
    order = [titles[one] for one in twins]
    assert await column(owner, first) == order
    new = await factories.lead(owner_db, owner, "x", rank="k")
    await moves.move_lead(owner, new, stage_id=first["id"], after_id=twins[0], before_id=twins[1])
    assert await column(owner, first) == [*order, "x"]
    await moves.move_lead(owner, new, stage_id=first["id"], before_id=twins[2])
    assert await column(owner, first) == ["x", *order]


async def test_ranks_that_grew_long_become_short_again(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two take turns in the same gap for ever; a third one comes from elsewhere."""
    monkeypatch.setattr(moves, "LONGEST", 12)
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcd")
    await moves.move_lead(owner, made["d"], stage_id=second["id"])
    longest = 0
    for _ in range(40):
        await moves.move_lead(owner, made["c"], stage_id=first["id"], after_id=made["a"])
        await moves.move_lead(owner, made["b"], stage_id=first["id"], after_id=made["a"])
        ranks = [row["rank"] for row in await owner_db.fetch("select rank from lead where company_id = $1", owner.company_id)]
        longest = max(longest, *map(len, ranks))
    assert 9 < longest <= 12
    await asyncio.gather(
        moves.move_lead(owner, made["d"], stage_id=first["id"], after_id=made["a"]),
        moves.move_leads(owner, [made["c"], made["a"]], stage_id=second["id"]),
    )
    assert sorted(await column(owner, first) + await column(owner, second)) == list("abcd")
    await totals_are_right(owner_db, owner)


async def test_one_worn_gap_renews_only_the_ranks_around_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    await owner_db.execute(
        "insert into lead(company_id, board_id, stage_id, rank, title, search)"
        " select $1, $2, $3, lpad((g * 2)::text, 8, '0') || '1', lpad(g::text, 4, '0'), '' from generate_series(1, 5000) g",
        owner.company_id,
        first["board_id"],
        first["id"],
    )
    moved = await factories.lead(owner_db, owner, "x", stage_id=second["id"])
    worn = "000050001" + "0" * moves.LONGEST + "1"
    await owner_db.execute("update lead set rank = $2 where company_id = $1 and title = '2501'", owner.company_id, worn)
    in_order = "select id, title, rank from lead where company_id = $1 and stage_id = $2 order by rank, id"
    before = await owner_db.fetch(in_order, owner.company_id, first["id"])
    place = next(row["id"] for row in before if row["title"] == "2500")
    await moves.move_lead(owner, moved, stage_id=first["id"], after_id=place)
    after = await owner_db.fetch(in_order, owner.company_id, first["id"])
    assert [row["title"] for row in after] == [f"{g:04}" for g in range(1, 2501)] + ["x"] + [f"{g:04}" for g in range(2501, 5001)]
    changed = {row["title"] for row in set(after) - set(before)}
    assert changed == {"x", *(f"{g:04}" for g in range(1502, 3500))}
    assert max(len(row["rank"]) for row in after) < 20


async def test_two_at_once_end_in_one_order_for_both(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcdef")
    for title in "ab":
        await moves.move_lead(owner, made[title], stage_id=second["id"], after_id=made["a"])
    # Four people drop at the same place.
    await asyncio.gather(
        *(moves.move_lead(owner, made[title], stage_id=second["id"], after_id=made["a"], before_id=made["b"]) for title in "cdef")
    )
    seen = await column(owner, second)
    assert (seen[0], seen[-1], sorted(seen)) == ("a", "b", list("abcdef"))
    assert await column(owner, first) == []
    ranks = await owner_db.fetch("select rank from lead where company_id = $1", owner.company_id)
    assert len({row["rank"] for row in ranks}) == 6
    # Two move the same lead: the one who comes second has the last word, and it stands once.
    await asyncio.gather(
        moves.move_lead(owner, made["c"], stage_id=first["id"]),
        moves.move_lead(owner, made["c"], stage_id=second["id"], before_id=made["a"]),
    )
    assert sorted(await column(owner, first) + await column(owner, second)) == list("abcdef")
    await totals_are_right(owner_db, owner)


async def test_totals_are_exact_after_eight_movers_at_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Moves to and fro between the same stages, many at once, new values and tags, deletions, also of stages: nobody is locked out, nothing
    drifts."""
    first, *_ = rows = await stages_of(owner_db, owner)
    places = [row["id"] for row in rows][:3]
    made = [await factories.lead(owner_db, owner, f"n{n}", value_cents=n * 100, tags=[f"t{n % 5}"]) for n in range(40)]

    async def mover(seed: int) -> None:
        chance = random.Random(seed)
        for turn in range(15):
            lead, stage = chance.choice(made), chance.choice(places)
            try:
                if turn == 9:
                    passing = await stages.create_stage(
                        owner, first["board_id"], name=f"p{seed}", color="gray", kind=StageKind.OPEN, limit=None, probability=0
                    )
                    await moves.move_leads(owner, chance.sample(made, 10), stage_id=passing["id"])
                    await stage_removal.delete_stage(owner, passing["id"], move_to=stage)
                elif turn % 5 == 4:
                    await moves.move_leads(owner, chance.sample(made, 10), stage_id=stage)
                elif turn % 5 == 1:
                    await leads.change_lead(owner, lead, tags=chance.sample([f"t{n}" for n in range(9)], 2))
                elif turn % 5 == 3:
                    await leads.change_lead(owner, lead, value_cents=chance.choice([None, 7, 10**9]))
                elif turn == 7:
                    await leads.delete_lead(owner, made[seed])
                else:
                    await moves.move_lead(owner, lead, stage_id=stage, after_id=chance.choice(made))
            except NotFound:
                assert lead in made[:8]

    await asyncio.gather(*(mover(seed) for seed in range(8)))
    assert await owner_db.fetchval("select count(*) from lead where company_id = $1", owner.company_id) == 32
    await totals_are_right(owner_db, owner)


async def test_many_move_to_the_top_in_the_order_given(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abcde")
    await moves.move_lead(owner, made["e"], stage_id=second["id"])
    chosen = [made["c"], made["a"], uuid4(), made["c"], made["e"]]
    assert (await moves.move_leads(owner, chosen, stage_id=second["id"])).moved == 3
    assert (await column(owner, first), await column(owner, second)) == (list("bd"), list("cae"))
    assert await moves.move_leads(owner, [uuid4()], stage_id=second["id"]) == (0, None)
    await totals_are_right(owner_db, owner)


async def test_a_lost_lead_has_a_reason(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, *_, lost = await stages_of(owner_db, owner)
    assert lost["kind"] == StageKind.LOST
    made = await some(owner_db, owner, "ab")
    with pytest.raises(Invalid, match="lost_reason_missing"):
        await moves.move_lead(owner, made["a"], stage_id=lost["id"])
    with pytest.raises(Invalid, match="lost_reason_missing"):
        await moves.move_leads(owner, list(made.values()), stage_id=lost["id"])
    with pytest.raises(Invalid, match="lost_reason_missing"):
        await leads.create_lead(owner, board_id=lost["board_id"], stage_id=lost["id"], title="c")
    assert (await moves.move_lead(owner, made["a"], stage_id=lost["id"], lost_reason="Preço"))["lost_reason"] == "Preço"
    # Those that have one keep it, and it goes where they are no longer lost.
    await moves.move_leads(owner, list(made.values()), stage_id=lost["id"], lost_reason="Desistiu")
    assert (await leads.lead(owner, made["b"]))["lost_reason"] == "Desistiu"
    assert (await moves.move_lead(owner, made["a"], stage_id=lost["id"], after_id=made["b"]))["lost_reason"] == "Desistiu"
    assert (await moves.move_lead(owner, made["a"], stage_id=first["id"]))["lost_reason"] is None
    told = [row["what"] for row in await history.history(owner, made["a"], after=None, limit=9)]
    assert told == ["{}", '{"lost_reason": "Preço"}']


async def test_the_leads_of_a_stage_that_became_a_lost_one_can_be_put_in_order(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    made = await some(owner_db, owner, "abc")
    await moves.move_lead(owner, made["c"], stage_id=second["id"])
    await stages.change_stage(owner, first["id"], kind=StageKind.LOST)
    assert (await moves.move_lead(owner, made["a"], stage_id=first["id"], after_id=made["b"]))["lost_reason"] is None
    assert (await moves.move_leads(owner, [made["a"], made["b"]], stage_id=first["id"])).moved == 2
    assert await column(owner, first) == list("ab")
    assert (await moves.move_lead(owner, made["a"], stage_id=first["id"], lost_reason="Preço"))["lost_reason"] == "Preço"
    with pytest.raises(Invalid, match="lost_reason_missing"):
        await moves.move_lead(owner, made["c"], stage_id=first["id"])


async def test_history_says_who_moved_what_from_where(owner: Actor, owner_db: asyncpg.Connection) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    await factories.lead_field(owner_db, owner, "bairro")
    made = await leads.create_lead(owner, board_id=first["board_id"], title="Reforma", values={"bairro": "Centro"})
    await moves.move_lead(owner, made["id"], stage_id=second["id"])
    await leads.change_lead(owner, made["id"], value_cents=500, values={"bairro": ""})
    await history.add_note(owner, made["id"], "ligar amanhã")
    await stages.change_stage(owner, second["id"], name="Outro nome")
    rows = await history.history(owner, made["id"], after=None, limit=9)
    assert [(row["kind"], row["from_stage"], row["to_stage"]) for row in rows] == [
        (LeadEvent.NOTED, None, None),
        (LeadEvent.UPDATED, None, None),
        (LeadEvent.MOVED, "Novo", "Em conversa"),
        (LeadEvent.CREATED, None, "Novo"),
    ]
    assert {row["by_id"] for row in rows} == {owner.id}
    assert rows[1]["what"] == '{"fields": ["value_cents", "values"]}'
    assert [row["id"] for row in await history.history(owner, made["id"], after=rows[1]["id"], limit=9)] == [
        row["id"] for row in rows[2:]
    ]
    # Moved within its stage: another place, no event of its life.
    await moves.move_lead(owner, made["id"], stage_id=second["id"])
    assert len(await history.history(owner, made["id"], after=None, limit=9)) == 4


async def test_what_refuses_a_move_leaves_everything_as_it_was(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    first, second, *_ = await stages_of(owner_db, owner)
    foreign, *_ = await stages_of(owner_db, stranger)
    made = await some(owner_db, owner, "ab")
    before = await owner_db.fetch("select * from lead where company_id = $1 order by id", owner.company_id)
    other_board = await owner_db.fetchval(
        "insert into board(company_id, name) values ($1, 'Outro') returning id", owner.company_id
    )
    elsewhere = await owner_db.fetchval(
        "insert into stage(company_id, board_id, name, rank) values ($1, $2, 'x', 'V') returning id",
        owner.company_id,
        other_board,
    )
    tries: list[tuple[type[AppError], Actor, dict[str, Any]]] = [
        (PreconditionFailed, owner, {"stage_id": second["id"], "version": 7}),
        (Conflict, owner, {"stage_id": elsewhere}),
        (NotFound, owner, {"stage_id": foreign["id"]}),
        (NotFound, stranger, {"stage_id": foreign["id"]}),
        (NotFound, stranger, {"stage_id": first["id"]}),
    ]
    for error, actor, where in tries:
        with pytest.raises(error):
            await moves.move_lead(actor, made["a"], **where)
    assert await moves.move_leads(stranger, list(made.values()), stage_id=foreign["id"]) == (0, None)
    with pytest.raises(Conflict):
        await moves.move_leads(owner, list(made.values()), stage_id=elsewhere)
    await owner_db.execute(
        "update board set archived_at = now() where company_id = $1 and id = $2", owner.company_id, first["board_id"]
    )
    with pytest.raises(Conflict, match="board_archived"):
        await moves.move_lead(owner, made["a"], stage_id=second["id"])
    assert await owner_db.fetch("select * from lead where company_id = $1 order by id", owner.company_id) == before
