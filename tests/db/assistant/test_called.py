"""Whoever is to answer in the assistant's place is called, wherever the conversation stands: theirs already, their team's, nobody's."""

from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.assistant.enums import Decision, TurnReason
from db.assistant.outlet import Spoken
from db.conversations.enums import AssignmentStrategy
from db.conversations.teams import create_team
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import make_member
from tests.db.assistant.scene import Scene

HANDS_OVER = {"decision": Decision.HANDOVER.value, "reason": TurnReason.ASKED_FOR_PERSON.value}
DOWN = {"trouble": True, "reason": TurnReason.MODEL_DOWN.value}


async def called(scene: Scene) -> list[tuple[str, UUID]]:
    """Kind and person of each notification about the conversation, in order."""
    rows = await scene.db.fetch(
        "select payload::text as payload from job where name = 'SendPush' and company_id = $1 order by id", scene.owner.company_id
    )
    pushes = [msgspec.json.decode(row["payload"]) for row in rows]
    return [(one["kind"], UUID(one["user_id"])) for one in pushes if one["subject_id"] == str(scene.conversation)]


async def reachable(scene: Scene, role: Role = Role.AGENT) -> UUID:
    """Somebody with a browser that takes notifications."""
    one = await make_member(scene.db, scene.owner, role)
    assert one.id is not None
    await scene.db.execute(
        "insert into push_subscription(company_id, id, user_id, target, server_key) values ($1, $2, $3, '', 'k')",
        scene.owner.company_id,
        uuid4(),
        one.id,
    )
    return one.id


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def in_team(scene: Scene, strategy: AssignmentStrategy, *members: UUID) -> None:
    await create_team(scene.owner, name="Vendas", strategy=strategy, member_ids=list(members), channel_ids=[scene.channel])


@pytest.mark.parametrize("what", [HANDS_OVER, DOWN])
async def test_who_has_the_conversation_since_it_opened_is_called_when_the_assistant_stops(
    scene: Scene, what: dict[str, object]
) -> None:
    ana = await reachable(scene)
    await in_team(scene, AssignmentStrategy.ROUND_ROBIN, ana)
    await scene.wrote("Oi")
    assert await called(scene) == [("assigned", ana)]
    await scene.answered("Um momento.", **what)
    assert await called(scene) == [("assigned", ana), ("waits", ana)]


@pytest.mark.parametrize("what", [HANDS_OVER, DOWN])
@pytest.mark.parametrize("whose", ["team", "nobodys", "team_of_nobody"])
async def test_where_it_is_nobodys_those_are_called_who_may_answer(scene: Scene, what: dict[str, object], whose: str) -> None:
    ana, bia, _looks_on = await reachable(scene), await reachable(scene), await reachable(scene, Role.VIEWER)
    without_browser = await make_member(scene.db, scene.owner, Role.AGENT)
    assert without_browser.id is not None
    if whose == "team":
        await in_team(scene, AssignmentStrategy.MANUAL, ana, without_browser.id)
    elif whose == "team_of_nobody":
        await in_team(scene, AssignmentStrategy.MANUAL)
    await scene.wrote("Oi")
    await scene.answered("Um momento.", **what)
    expected = {ana, without_browser.id} if whose == "team" else {ana, bia, without_browser.id, scene.owner.id}
    behind_the_bell = await scene.db.fetch(
        "select user_id from notification where company_id = $1 and kind = 'waits' and in_app and subject_id = $2",
        scene.owner.company_id,
        scene.conversation,
    )
    assert {row["user_id"] for row in behind_the_bell} == expected
    assert sorted(await called(scene)) == sorted(("waits", one) for one in expected)


async def test_what_may_not_be_said_calls_once(scene: Scene) -> None:
    ana = await reachable(scene)
    for _ in range(2):
        await scene.wrote()
        turn = await scene.composed("Sim!")
        await scene.db.execute("update channel set state = 'disconnected' where id = $1", scene.channel)
        assert isinstance(await scene.speak(turn), Spoken)
    assert sorted(await called(scene)) == sorted([("waits", ana), ("waits", scene.owner.id)])
    assert [line for line, _ in await scene.lines()].count("assistant_stopped") == 1


async def test_a_loop_that_is_stopped_calls_somebody(scene: Scene) -> None:
    ana = await reachable(scene)
    for _ in range(3):
        await scene.wrote()
        await scene.answered("Pois não?")
    assert await scene.one("owner") == "nobody"
    assert sorted(await called(scene)) == sorted([("waits", ana), ("waits", scene.owner.id)])
