"""When a conversation is judged: once for each quiet moment, again after a run that died, and never for who is not to be read."""

from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from db.clock import now
from db.contacts.actions import delete_contact
from db.proposals import context, store, watch
from db.proposals.enums import LeadPolicy, LeadTool
from db.tenancy import Actor
from tests.db.proposals.scene import ALL, Scene

BUY = "Quero fechar a reforma"


async def waits(scene: Scene) -> bool:
    return bool(
        await scene.db.fetchval(
            "select count(*) from lead_watch where conversation_id = $1 and due_at is not null", scene.conversation
        )
    )


async def test_a_burst_is_judged_once(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    for text in ("oi", "tudo bem?", BUY):
        await scene.wrote(text)
    assert scene.conversation is not None
    assert await watch.begin(owner.company_id, scene.conversation, scene.board) is None  # they may go on
    seen = await scene.looked()
    assert [one.text for one in seen.said] == ["oi", "tudo bem?", BUY]
    assert await scene.begun() is None  # another run has it
    assert await store.propose(seen, []) == []
    assert not await waits(scene)
    assert await scene.begun() is None


async def test_what_they_write_meanwhile_makes_a_look_void(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    await scene.wrote("Desculpe, mudei de ideia")
    assert await store.propose(seen, [scene.proposed(LeadTool.MOVE_LEAD, BUY, stage_id=scene.stages["Proposta"])]) is None
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]
    assert await waits(scene)
    again = await scene.looked()
    assert [one.text for one in again.said][-1] == "Desculpe, mudei de ideia"


async def test_a_run_that_died_leaves_nothing_and_another_goes_on(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    dead = await scene.looked()
    await scene.died()
    seen = await scene.looked()
    given = [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])]
    assert await watch.renew(seen.judging)
    assert not await watch.renew(dead.judging)
    assert await store.propose(dead, given, ["asked"]) is None
    assert await store.propose(seen, given) is not None
    assert await store.propose(seen, given) is None
    assert await scene.looks() == [("lost", '["asked"]'), ("done", None)]
    assert await owner_db.fetchval("select count(*) from lead_change where lead_id = $1 and kind = 'moved'", lead_id) == 1


async def test_it_is_given_up_after_some_runs_until_they_write(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote(BUY)
    for _ in range(watch.RUNS):
        assert await scene.begun() is not None
        await scene.died()
    assert await scene.begun() is None
    assert not await waits(scene)
    assert {state for state, _ in await scene.looks()} == {"lost"}
    await scene.wrote("Alô?")
    judging = await scene.begun()
    assert judging is not None
    await watch.later(judging, now() + timedelta(minutes=1), [{"text": "a\0b"}])
    assert await waits(scene)
    again = await scene.begun()
    assert again is not None
    await watch.fail(again)
    assert not await waits(scene)


async def test_who_is_not_watched(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.chosen(tools=ALL | {LeadTool.CREATE_LEAD: LeadPolicy.NEVER})
    await scene.wrote("oi")  # has no lead on the board, and none is to be made
    assert not await waits(scene)
    lead_id = await scene.lead()
    await owner_db.execute("update contact set opted_out_at = now() where id = $1", scene.contact)
    await scene.wrote("oi de novo")
    assert not await waits(scene)
    await owner_db.execute("update contact set opted_out_at = null where id = $1", scene.contact)
    await scene.wrote("PARAR")
    assert not await waits(scene)
    await owner_db.execute("update contact set opted_out_at = null where id = $1", scene.contact)
    await scene.wrote(BUY)
    assert await waits(scene)
    await owner_db.execute("update lead set stage_id = $2 where id = $1", lead_id, scene.stages["Ganho"])
    assert await scene.begun() is None  # won meanwhile
    assert not await waits(scene)
    await owner_db.execute("update lead set stage_id = $2 where id = $1", lead_id, scene.stages["Novo"])
    await scene.wrote("E aí?")
    await scene.chosen(watching=False)
    assert await scene.begun() is None
    assert not await waits(scene)


async def test_who_writes_on_past_the_deadline_is_waited_for_anew(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Before it the next look comes when they pause; a look for each message of a fast writer would be void each time."""
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi")
    later = (
        "select due_at > now() as due, hard_at > now() + interval '9 minutes' as hard from lead_watch where conversation_id = $1"
    )
    for past, ends in ((False, watch.fail), (True, watch.fail), (True, None)):
        seen = await scene.looked()
        if past:
            await owner_db.execute(
                "update lead_watch set hard_at = now() - interval '1 second' where conversation_id = $1", scene.conversation
            )
        await scene.wrote("e também")
        assert await (store.propose(seen, []) if ends is None else ends(seen.judging)) is None
        row = await owner_db.fetchrow(later, scene.conversation)
        assert row is not None
        assert tuple(row) == (True, True)
    assert [state for state, _ in await scene.looks()] == ["failed", "failed", "overtaken"]


async def test_beyond_the_looks_of_a_day_it_is_judged_a_day_after_the_first(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MOST_A_DAY", 2)
    scene = await Scene.make(owner, owner_db)
    for asks in (False, False, True, False, True):  # what asked no model does not count
        await scene.wrote("Oi")
        judging = await scene.begun()
        assert judging is not None
        if asks:
            await scene.asked(judging)
        await watch.fail(judging)
    await scene.wrote(BUY)
    assert await scene.begun() is None
    day = """
        select due_at = hard_at and due_at = (select j.at + interval '24 hours' from lead_judging j where j.conversation_id = $1
            and exists (select from ai_usage u where u.turn_id = j.id) order by j.at limit 1) from lead_watch where conversation_id = $1
    """
    assert await owner_db.fetchval(day, scene.conversation)
    await owner_db.execute("update lead_judging set at = at - interval '1 day' where conversation_id = $1", scene.conversation)
    assert [one.text for one in (await scene.looked()).said][-1] == BUY


async def test_nothing_is_kept_where_it_is_switched_off_meanwhile(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    lead_id = await scene.lead()
    await scene.wrote(BUY)
    seen = await scene.looked()
    await scene.chosen(watching=False)
    assert await store.propose(seen, [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])]) is None
    assert (await scene.row(lead_id))["stage_id"] == scene.stages["Novo"]
    assert not await waits(scene)


async def test_a_deleted_person_leaves_no_words(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.lead()
    await scene.wrote(BUY)
    await scene.propose(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])
    await delete_contact(owner, scene.contact)
    for table in ("lead_proposal", "lead_judging", "lead_watch"):
        assert await owner_db.fetchval(f"select count(*) from {table} where company_id = $1", owner.company_id) == 0


async def test_two_boards_look_each_for_itself(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene, other = await Scene.make(owner, owner_db), await Scene.make(owner, owner_db)
    other.contact, other.channel, other.phone = scene.contact, scene.channel, scene.phone
    await scene.lead()
    theirs = await other.lead()
    await scene.wrote(BUY)
    other.conversation, other.messages = scene.conversation, scene.messages
    judging = await other.begun()
    assert judging is not None
    found = await context.of(judging)
    assert found is not None
    assert found.lead is not None
    assert found.lead.id == theirs
    assert {one.conversation_id for one in await watch.due()} >= {scene.conversation}
    assert await watch.begin(owner.company_id, uuid4(), scene.board) is None
