"""Who waits for an answer: after a draft that nobody sent, after a switch, and which team's hours they are told."""

from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest
from msgspec import UNSET

from db.assistant import actions as assistant
from db.assistant import context
from db.assistant.enums import AssistantMode, Decision, TurnReason
from db.assistant.outlet import Spoken
from db.assistant.turns import Answer
from db.clock import now
from db.conversations import office_hours
from db.conversations.enums import AssignmentStrategy
from db.conversations.hours import OpenHours
from db.conversations.teams import create_team
from db.tenancy import Actor
from tests.db.assistant.scene import Scene

NEWEST = "select bubbles, since, due_at, first_inbound_id, now() as at from ai_turn where conversation_id = $1 order by seq desc limit 1"


async def test_a_burst_after_a_draft_that_waits_is_gathered_as_any_other(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, "suggest")
    first = await scene.wrote("Vocês entregam?")
    await scene.composed("Entregamos, sim.")
    age = "update ai_turn set since = since - interval '1 hour', hard_at = hard_at - interval '1 hour' where conversation_id = $1"
    await owner_db.execute(age, scene.conversation)
    await scene.wrote("E também")
    row = await owner_db.fetchrow(NEWEST, scene.conversation)
    assert row is not None
    assert (row["bubbles"], row["first_inbound_id"]) == (1, first)
    assert row["at"] - row["since"] < timedelta(minutes=1)
    await scene.wrote("queria saber")
    assert await scene.states() == [("superseded", "newer_message"), ("collecting", None)], "one run for the burst"
    row = await owner_db.fetchrow(NEWEST, scene.conversation)
    assert row is not None
    assert row["bubbles"] == 2


async def test_a_burst_that_interrupts_a_run_goes_on_as_the_same(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, "suggest")
    await scene.wrote("Vocês entregam")
    before = await owner_db.fetchrow(NEWEST, scene.conversation)
    await scene.begun()
    await scene.wrote("em Santos?")
    row = await owner_db.fetchrow(NEWEST, scene.conversation)
    assert row is not None
    assert before is not None
    assert (row["bubbles"], row["since"]) == (2, before["since"])


@pytest.mark.parametrize("to", [AssistantMode.AUTO, None])
async def test_switched_to_answer_by_itself_it_answers_who_waits(
    owner: Actor, owner_db: asyncpg.Connection, to: AssistantMode | None
) -> None:
    scene = await Scene.make(owner, owner_db, "suggest" if to else "auto")
    await scene.wrote()
    assert scene.conversation is not None
    if to is None:
        await assistant.set_mode(owner, scene.conversation, AssistantMode.SUGGEST)
        await scene.wrote("Alô?")
    version = await scene.one("persona_version_id")
    await assistant.set_mode(owner, scene.conversation, to)
    assert (await scene.states())[-1] == ("collecting", None)
    assert isinstance(await scene.answered("Entregamos!"), Spoken)
    assert await scene.said() == ["Entregamos!"]
    assert await scene.one("persona_version_id") == version


@pytest.mark.parametrize("why", ["taken_over", "answered", "opted_out", "closed"])
async def test_switched_on_it_says_nothing_where_nobody_waits_for_it(
    owner: Actor, owner_db: asyncpg.Connection, why: str
) -> None:
    other = (now().weekday() + 3) % 7
    hours = {"open": [{"weekday": other, "opens": 540, "closes": 600}], "outside": "silent"} if why == "closed" else {}
    scene = await Scene.make(owner, owner_db, "suggest", hours=hours)
    await scene.wrote()
    assert scene.conversation is not None
    if why == "taken_over":
        await assistant.take_over(owner, scene.conversation)
    elif why == "answered":
        await scene.db.execute("update conversation set unanswered_at = '{}' where id = $1", scene.conversation)
    elif why == "opted_out":
        await scene.db.execute("update contact set opted_out_at = now() where id = $1", scene.contact)
    await assistant.set_mode(owner, scene.conversation, AssistantMode.AUTO)
    assert [state for state, _ in await scene.states()] == ["superseded"]


async def team(owner: Actor, name: str, hours: list[OpenHours] | None) -> UUID:
    made = await create_team(owner, name=name, strategy=AssignmentStrategy.MANUAL, member_ids=[], channel_ids=[], hours=hours)
    return made.id


@pytest.mark.parametrize("over", ["handover", "gone"])
async def test_who_is_handed_over_hears_when_the_team_that_takes_over_is_there(
    owner: Actor, owner_db: asyncpg.Connection, over: str
) -> None:
    always = [OpenHours(day, 0, 1440) for day in range(7)]
    later = [OpenHours((now() + timedelta(days=3)).weekday(), 600, 660)]
    await office_hours.change(owner, enabled=True, hours=always, holidays=UNSET, away_text=UNSET)
    support = await team(owner, "Suporte", later)
    sales = await team(owner, "Vendas", always)
    wanted, had = (support, sales) if over == "handover" else (uuid4(), support)
    scene = await Scene.make(owner, owner_db, handover={"team_id": str(wanted)})
    await scene.wrote("Quero falar com uma pessoa")
    assert scene.conversation is not None
    await owner_db.execute("update conversation set team_id = $2 where id = $1", scene.conversation, had)
    found = await context.of(owner.company_id, await scene.begun())
    assert found is not None
    assert found.opens_at is not None, "the support is away, whatever the sales are"


async def test_whoever_is_called_once_is_not_called_for_every_message(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Also where the customer was told nothing."""
    scene = await Scene.make(owner, owner_db)
    for text in ("Oi, tudo bem?", "Alô?"):
        await scene.wrote(text)
        turn = await scene.begun()
        nothing = Answer(decision=Decision.NO_REPLY.value, reason=TurnReason.NOT_CONNECTED.value, trouble=True)
        await scene.speak(turn._replace(answer=nothing))
    assert [line for line, _ in await scene.lines()].count("assistant_stopped") == 1
    assert scene.conversation is not None
    await assistant.give_back(owner, scene.conversation)
    await scene.wrote("E agora?")
    await scene.answered(trouble=True, reason=TurnReason.MODEL_DOWN.value)
    assert [line for line, _ in await scene.lines()].count("assistant_stopped") == 2, "another talk"
