"""Once people answer, or nobody is to, nothing of the assistant is sent any more: not what waits, not a second try, not a resend."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.assistant import actions as assistant
from db.assistant.enums import AssistantMode
from db.conversations import actions, teams
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy, ConversationState
from db.messages import ledger
from db.messages.enums import AttemptState
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.db.assistant.scene import Scene

SEND = Permission.CAMPAIGNS_SEND


class Lane:
    """Sends what the assistant queued on the channel of a scene."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    async def claim(self) -> list[Claimed]:
        async with work(self.scene.owner, SEND) as w:
            return await ledger.claim(w, self.scene.channel, self.scene.channel, limit=10, units=100)

    async def finish(self, one: Claimed, state: M, attempt: AttemptState, **more: object) -> None:
        result = Result(one.message_id, one.epoch, one.attempt_id, state, attempt, **more)  # type: ignore[arg-type]
        async with work(self.scene.owner, SEND) as w:
            await ledger.finish(w, [result], horizon=0.0)

    async def states(self) -> list[M]:
        rows = await self.scene.db.fetch(
            "select state from message where contact_id = $1 and dedupe_key like 'ai:%' order by id", self.scene.contact
        )
        return [M(row["state"]) for row in rows]


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def _said(scene: Scene) -> UUID:
    await scene.wrote()
    await scene.answered("Sim!")
    assert scene.conversation is not None
    return scene.conversation


async def test_what_was_on_its_way_when_a_person_took_over_is_not_tried_again(scene: Scene) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    [sending] = await lane.claim()
    await assistant.take_over(scene.owner, conversation)
    await lane.finish(sending, M.QUEUED, AttemptState.REJECTED, reason="rate_limited", retry_in=0.0)
    assert await lane.claim() == []
    assert await lane.states() == [M.CANCELLED]
    assert await scene.db.fetchval("select reason from message where id = $1", sending.message_id) is None


async def test_what_is_reported_as_failed_for_now_after_a_take_over_is_not_sent_again(scene: Scene) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    [sent] = await lane.claim()
    await lane.finish(sent, M.SENT, AttemptState.ACCEPTED, provider_id="wamid.1")
    await assistant.take_over(scene.owner, conversation)
    async with work(scene.owner, SEND) as w:
        await ledger.apply_statuses(w, [StatusUpdate(sent.attempt_id, None, M.FAILED, scene.ago(), "temporary", retry_in=0.0)])
    assert await lane.claim() == []
    assert await lane.states() == [M.FAILED]


async def test_an_unknown_outcome_is_not_resent_over_a_person(scene: Scene) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    await scene.db.execute("update message set at_least_once = true where contact_id = $1", scene.contact)
    [unknown] = await lane.claim()
    await lane.finish(unknown, M.UNKNOWN, AttemptState.UNKNOWN)
    await assistant.take_over(scene.owner, conversation)
    async with work(scene.owner, SEND) as w:
        await ledger.resolve_unknown(w)
    assert await lane.claim() == []
    assert await lane.states() == [M.FAILED_UNKNOWN]


async def test_a_resend_that_waits_is_taken_back(scene: Scene) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    await scene.db.execute("update message set at_least_once = true where contact_id = $1", scene.contact)
    [unknown] = await lane.claim()
    await lane.finish(unknown, M.UNKNOWN, AttemptState.UNKNOWN)
    async with work(scene.owner, SEND) as w:
        await ledger.resolve_unknown(w)
    assert await lane.states() == [M.QUEUED]
    await assistant.take_over(scene.owner, conversation)
    assert await lane.claim() == []
    assert await lane.states() == [M.FAILED_UNKNOWN]


async def _stopped(scene: Scene, conversation: UUID) -> None:
    await scene.db.execute("update ai_conversation set fast = 9, spoke_at = now() where conversation_id = $1", conversation)
    await scene.wrote("Mensagem automática")
    assert await scene.one("owner") == "nobody"


ENDS: dict[str, Callable[[Scene, UUID], Awaitable[object]]] = {
    "closed": lambda s, c: actions.change(s.owner, c, Change(state=ConversationState.CLOSED)),
    "switched_off": lambda s, c: assistant.set_mode(s.owner, c, AssistantMode.OFF),
    "stopped": _stopped,
}


@pytest.mark.parametrize("end", ENDS)
async def test_what_waits_is_not_sent_after_the_talk_was_ended(scene: Scene, end: str) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    await ENDS[end](scene, conversation)
    assert await lane.states() == [M.CANCELLED]
    assert await lane.claim() == []


async def test_given_back_after_a_handover_its_farewell_is_not_sent(scene: Scene) -> None:
    await scene.wrote("Quero uma pessoa")
    await scene.answered("Vou chamar alguém.", decision="handover", reason="asked_for_person")
    await assistant.give_back(scene.owner, scene.conversation)  # type: ignore[arg-type]
    assert await Lane(scene).states() == [M.CANCELLED]


async def test_given_back_to_itself_what_it_said_goes_out(scene: Scene) -> None:
    conversation, lane = await _said(scene), Lane(scene)
    await assistant.give_back(scene.owner, conversation)
    assert len(await lane.claim()) == 1


@pytest.mark.parametrize("strategy", [AssignmentStrategy.MANUAL, AssignmentStrategy.ROUND_ROBIN])
async def test_who_gives_it_to_a_team_wants_people(scene: Scene, strategy: AssignmentStrategy) -> None:
    team = await teams.create_team(scene.owner, name="Vendas", strategy=strategy, member_ids=[scene.owner.id], channel_ids=[])  # type: ignore[list-item]
    await scene.wrote()
    turn = await scene.composed("Eu respondo")
    await actions.change(scene.owner, turn.conversation_id, Change(team_id=team.id))
    assert await scene.speak(turn) is None
    await scene.wrote("E agora?")
    assert not scene.speaks
    assert (await scene.one("owner"), await scene.one("owner_reason")) == ("human", "assigned")
    assert await scene.said() == []


async def test_a_team_that_had_it_before_there_was_a_persona_goes_on(scene: Scene) -> None:
    team = await teams.create_team(
        scene.owner, name="Vendas", strategy=AssignmentStrategy.ROUND_ROBIN, member_ids=[scene.owner.id], channel_ids=[]
    )  # type: ignore[list-item]
    await scene.db.execute("update persona set state = 'paused' where company_id = $1", scene.owner.company_id)
    await scene.wrote()
    await actions.change(scene.owner, scene.conversation, Change(team_id=team.id))  # type: ignore[arg-type]
    await scene.db.execute("update persona set state = 'live' where company_id = $1", scene.owner.company_id)
    await scene.wrote("Oi?")
    assert not scene.speaks


async def test_who_reacts_is_there(scene: Scene) -> None:
    message = await scene.wrote(key=f"wamid.{uuid4().hex}")
    turn = await scene.composed("Eu respondo")
    assert message is not None
    await actions.react(scene.owner, turn.conversation_id, message, "👍")
    assert await scene.speak(turn) is None
    assert (await scene.one("owner"), await scene.one("owner_reason")) == ("human", "wrote")


async def test_a_reaction_that_is_taken_back_says_nothing(scene: Scene) -> None:
    message = await scene.wrote(key=f"wamid.{uuid4().hex}")
    turn = await scene.composed("Eu respondo")
    assert message is not None
    await actions.react(scene.owner, turn.conversation_id, message, None)
    assert await scene.speak(turn) is not None
