"""What people do with proposals: each is decided once, undone as long as nobody changed the same, and never done over what is there now."""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.boards import boards, history, leads, moves, stage_removal
from db.clock import now
from db.errors import AppError, Conflict, NotFound
from db.proposals import context, decide, queries, settings, store
from db.proposals.enums import LeadPolicy, LeadTool, ProposalState, RefusalReason
from db.proposals.queries import Which
from db.tenancy import Actor
from tests.db.boards.test_moves import totals_are_right
from tests.db.proposals.scene import Scene
from workers.leads.prompt import messages
from workers.leads.shown import shown

BUY = "Quero fechar a reforma por R$ 12.500,00, pode mandar a proposta"
Act = Callable[[Actor, UUID], Coroutine[Any, Any, asyncpg.Record]]


async def suggested(
    owner: Actor, db: asyncpg.Connection, tool: LeadTool = LeadTool.MOVE_LEAD, **args: Any
) -> tuple[Scene, UUID, UUID]:
    """The scene, the lead and the suggestion."""
    scene = await Scene.make(owner, db, policy=LeadPolicy.SUGGEST)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    found = await scene.propose(tool, **(args or {"stage_id": scene.stages["Proposta"]}))
    assert found.id is not None
    return scene, lead_id, found.id


async def code(act: Coroutine[Any, Any, Any]) -> str:
    with pytest.raises(AppError) as caught:
        await act
    return str(caught.value.code)


async def counted(scene: Scene, lead_id: UUID | None) -> set[int]:
    """How many suggestions wait, by all who count them."""
    listed = await queries.proposals(scene.owner, Which(ProposalState.PROPOSED, scene.board), after=None, limit=50)
    on_board = dict(await queries.waiting(scene.owner, scene.board)).get(scene.board, 0)
    found = {len(listed), on_board, (await settings.watched(scene.owner, scene.board)).waiting}
    return found if lead_id is None else found | {(await scene.row(lead_id))["proposals"]}


async def test_accepted_it_is_the_persons_move(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, lead_id, proposal_id = await suggested(owner, owner_db)
    assert (await scene.row(lead_id))["proposals"] == 1
    done = await decide.accept(owner, proposal_id)
    row = await scene.row(lead_id)
    assert (done["state"], row["stage_id"], row["proposals"], str(proposal_id) in row["moved_by_ai"]) == (
        "applied", scene.stages["Proposta"], 0, True,
    )  # fmt: skip
    line = (await history.history(owner, lead_id, after=None, limit=1))[0]
    assert (line["kind"], line["by_id"], str(proposal_id) in line["what"]) == ("moved", owner.id, True)
    assert await code(decide.accept(owner, proposal_id)) == "proposal_decided"
    assert await code(decide.refuse(owner, proposal_id)) == "proposal_decided"


CHANGES: list[tuple[LeadTool, dict[str, Any], str, Any]] = [
    (LeadTool.MOVE_LEAD, {}, "stage_id", None),
    (LeadTool.SET_VALUE, {"value_cents": 1_250_000}, "value_cents", 1_250_000),
    (LeadTool.ADD_TAG, {"tag": "quente"}, "tags", ["antigo", "Quente"]),
    (LeadTool.REMOVE_TAG, {"tag": "ANTIGO"}, "tags", []),
    (LeadTool.ASSIGN, {}, "owner_id", None),
    (LeadTool.FOLLOW_UP, {"note": "Ligar"}, "due_on", None),
]


@pytest.mark.parametrize(("tool", "args", "column", "value"), CHANGES, ids=[one[0].value for one in CHANGES])
async def test_what_was_done_is_undone(
    owner: Actor, owner_db: asyncpg.Connection, tool: LeadTool, args: dict[str, Any], column: str, value: Any
) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead(tags=["antigo"])
    await leads.create_lead(owner, board_id=scene.board, title="Outra", tags=["Quente"])
    await scene.wrote(f"{BUY}, me chama daqui a 3 dias")
    seen = await scene.row(lead_id)
    given = dict(args)
    if tool is LeadTool.MOVE_LEAD:
        given["stage_id"] = value = scene.stages["Proposta"]
    elif tool is LeadTool.ASSIGN:
        given["user_id"] = value = owner.id
    elif tool is LeadTool.FOLLOW_UP:
        value = await owner_db.fetchval(
            "select (now() at time zone time_zone)::date + 3 from company where id = $1", owner.company_id
        )
        given["due_on"] = value.isoformat()
    found = await scene.propose(tool, **given)
    assert found.state is ProposalState.APPLIED
    assert found.id is not None
    assert (await scene.row(lead_id))[column] == value
    undone = await decide.undo(owner, found.id, "engano")
    after = await scene.row(lead_id)
    same = ("stage_id", "rank", "stage_since", "value_cents", "tags", "owner_id", "due_on", "note_count", "custom", "moved_by_ai")
    assert {name: after[name] for name in same} == {name: seen[name] for name in same}
    assert (undone["state"], undone["because"]) == ("undone", "engano")
    assert await code(decide.undo(owner, found.id)) == "proposal_decided"
    await totals_are_right(owner_db, owner)


async def test_a_lead_that_was_made_goes_again_unless_somebody_used_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Preciso reformar a loja")
    first = await scene.propose(LeadTool.CREATE_LEAD, title="Reforma")
    assert first.id is not None
    await decide.undo(owner, first.id)
    assert await owner_db.fetchval("select count(*) from lead where contact_id = $1", scene.contact) == 0
    await scene.wrote("E agora, a reforma?")
    again = await scene.propose(LeadTool.CREATE_LEAD, title="Reforma")
    assert again.id is not None
    lead_id = await owner_db.fetchval("select id from lead where contact_id = $1", scene.contact)
    await history.add_note(owner, lead_id, "Já liguei")
    assert await code(decide.undo(owner, again.id)) == "undo_changed"


async def test_nothing_is_undone_over_a_person(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    found = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Conversa"])
    assert found.id is not None
    for stage in ("Proposta", "Conversa"):  # to and fro: it is the person's place by now
        await moves.move_lead(owner, lead_id, stage_id=scene.stages[stage])
        assert await code(decide.undo(owner, found.id)) == "undo_changed"
    assert (await scene.row(lead_id))["moved_by_ai"] is None


async def test_after_a_day_it_stays(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, _lead_id, proposal_id = await suggested(owner, owner_db)
    await decide.accept(owner, proposal_id)
    await owner_db.execute("update lead_proposal set undo_until = now() - interval '1 second' where id = $1", proposal_id)
    assert await code(decide.undo(owner, proposal_id)) == "proposal_too_old"
    assert (await queries.proposals(owner, Which(board_id=scene.board), after=None, limit=5))[0]["state"] == "applied"


async def test_what_changed_meanwhile_is_not_done(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async def moved(scene: Scene, lead_id: UUID) -> None:
        await moves.move_lead(owner, lead_id, stage_id=scene.stages["Conversa"])

    async def deleted(_scene: Scene, lead_id: UUID) -> None:
        await leads.delete_lead(owner, lead_id)

    async def archived(scene: Scene, _lead_id: UUID) -> None:
        await boards.archive_board(owner, scene.board)

    async def stage_gone(scene: Scene, _lead_id: UUID) -> None:
        await stage_removal.delete_stage(owner, scene.stages["Proposta"], move_to=scene.stages["Novo"])

    async def another_person(scene: Scene, lead_id: UUID) -> None:
        await leads.change_lead(owner, lead_id, contact_id=None)

    async def week(_scene: Scene, _lead_id: UUID) -> None:
        await owner_db.execute("update lead_proposal set created_at = now() - $1::interval", timedelta(days=8))

    for change in (moved, deleted, archived, stage_gone, another_person, week):
        scene, lead_id, proposal_id = await suggested(owner, owner_db)
        await change(scene, lead_id)
        waits = {row["id"] for row in await queries.proposals(owner, Which(ProposalState.PROPOSED), after=None, limit=50)}
        assert (proposal_id in waits) == (change is stage_gone), change  # that it cannot be is seen when it is tried
        assert await counted(scene, None if change is deleted else lead_id) == {int(change is stage_gone)}, change
        assert await code(decide.accept(owner, proposal_id)) == "proposal_expired", change
        assert await owner_db.fetchval("select state from lead_proposal where id = $1", proposal_id) == "expired", change
        if change is not deleted:
            row = await scene.row(lead_id)
            assert row["stage_id"] != scene.stages["Proposta"], change


async def test_the_card_the_list_and_the_settings_count_what_still_stands(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    lead_id = await scene.lead(tags=["antigo"])
    await leads.create_lead(owner, board_id=scene.board, title="Outra", tags=["Quente"])
    await scene.wrote(BUY)
    day = await owner_db.fetchval("select (now() at time zone time_zone)::date + 3 from company where id = $1", owner.company_id)
    asked = [
        scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"]),
        scene.proposed(LeadTool.SET_VALUE, value_cents=1_250_000),
        scene.proposed(LeadTool.ADD_TAG, tag="quente"),
        scene.proposed(LeadTool.REMOVE_TAG, tag="antigo"),
        scene.proposed(LeadTool.ASSIGN, user_id=owner.id),
        scene.proposed(LeadTool.FOLLOW_UP, due_on=day.isoformat()),
    ]
    found = await store.propose(await scene.looked(), asked)
    assert found is not None
    assert [one.state for one in found] == [ProposalState.PROPOSED] * 6
    assert await counted(scene, lead_id) == {6}
    by_hand: list[tuple[dict[str, Any], int]] = [
        ({"value_cents": 900}, 5), ({"tags": ["Quente"]}, 3), ({"owner_id": owner.id}, 2), ({"due_on": day}, 1),
    ]  # fmt: skip
    for columns, left in by_hand:
        await leads.change_lead(owner, lead_id, **columns)
        assert await counted(scene, lead_id) == {left}, columns
    await moves.move_lead(owner, lead_id, stage_id=scene.stages["Conversa"])
    assert await counted(scene, lead_id) == {0}


async def test_of_many_at_once_one_decides(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async def tried(act: Act, proposal_id: UUID) -> str:
        try:
            return str((await act(owner, proposal_id))["state"])
        except Conflict as error:
            return str(error.code)

    for _ in range(4):
        scene, lead_id, proposal_id = await suggested(owner, owner_db)
        found = await asyncio.gather(
            *(tried(act, proposal_id) for act in (decide.accept, decide.refuse, decide.accept, decide.refuse))
        )
        assert sorted(found)[1:] in (["proposal_decided"] * 3, ["proposal_decided"] * 2 + ["refused"]), found
        kept = await owner_db.fetchval("select state from lead_proposal where id = $1", proposal_id)
        assert kept in found
        assert ((await scene.row(lead_id))["stage_id"] == scene.stages["Proposta"]) == (kept == "applied")


async def test_a_move_by_hand_at_the_same_moment(owner: Actor, owner_db: asyncpg.Connection) -> None:
    for _ in range(4):
        scene, lead_id, proposal_id = await suggested(owner, owner_db)
        await asyncio.gather(
            decide.accept(owner, proposal_id),
            moves.move_lead(owner, lead_id, stage_id=scene.stages["Conversa"]),
            return_exceptions=True,
        )
        state = await owner_db.fetchval("select state from lead_proposal where id = $1", proposal_id)
        lines = [
            row["to_stage_id"] for row in await history.history(owner, lead_id, after=None, limit=9) if row["kind"] == "moved"
        ]
        assert (scene.stages["Proposta"] in lines) == (state == "applied")
        assert (await scene.row(lead_id))["stage_id"] == lines[0]
        undone = await asyncio.gather(
            decide.undo(owner, proposal_id), decide.undo(owner, proposal_id), moves.move_lead(owner, lead_id, stage_id=scene.stages["Novo"]),
            return_exceptions=True,
        )  # fmt: skip
        assert sum(not isinstance(one, BaseException) for one in undone[:2]) <= 1
    await totals_are_right(owner_db, owner)


async def test_another_companys_do_not_exist(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    _scene, _lead_id, proposal_id = await suggested(owner, owner_db)
    for act in (decide.accept, decide.refuse, decide.undo, queries.proposal):
        with pytest.raises(NotFound):
            await act(stranger, proposal_id)
    assert await queries.proposals(stranger, Which(), after=None, limit=5) == []


async def test_refusals_are_told_to_the_next_look(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, _lead_id, proposal_id = await suggested(owner, owner_db)
    await decide.refuse(owner, proposal_id, "Só perguntou\0 o preço")
    await scene.wrote("E o prazo?")
    seen = await scene.looked()
    assert [(one.tool, one.to, one.because) for one in seen.refused] == [(LeadTool.MOVE_LEAD, "Proposta", "Só perguntou o preço")]
    assert (await context.of(seen.judging)) == seen


async def test_a_reason_teaches_other_conversations_and_nothing_else_does(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, _lead_id, proposal_id = await suggested(owner, owner_db)
    other = await scene.another()
    await other.lead()
    assert await code(decide.say_why(owner, proposal_id, RefusalReason.ONLY_ASKED)) == "proposal_decided"
    await decide.refuse(owner, proposal_id)
    for one in (scene, other):
        await one.wrote("E o prazo?")
    assert [bool(one.quote) for one in (await scene.looked()).refused] == [True], "their own words"
    assert (await other.looked()).refused == [], "neither words nor a reason"
    await decide.say_why(owner, proposal_id, RefusalReason.NOT_DECIDED)
    await decide.say_why(owner, proposal_id, RefusalReason.ONLY_ASKED)
    third = await scene.another()
    await third.lead()
    await third.wrote("Alô?")
    seen = await third.looked()
    assert [(one.quote, one.reason) for one in seen.refused] == [("", RefusalReason.ONLY_ASKED)]
    told = "\n".join(str(one.content) for one in messages(seen, shown(seen), now()))
    assert '{"did_not_mean":"the stage Proposta","because":"the customer only asked and decided nothing"}' in told


async def test_what_is_blocked_is_nobodys_to_decide(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote(BUY)
    found = await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Ganho"])
    assert found.id is not None
    assert await code(decide.accept(owner, found.id)) == "not_found"
    assert await queries.proposals(owner, Which(), after=None, limit=5) == []
    assert len(await queries.proposals(owner, Which(ProposalState.BLOCKED), after=None, limit=5)) == 1
