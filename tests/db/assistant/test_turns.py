"""One answer for a burst, never over a person, nothing twice: step by step."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import uuid4

import asyncpg
import pytest

from db.assistant import actions as assistant
from db.assistant import queries, turns
from db.assistant.enums import AssistantMode, Decision, Owner, TurnReason, TurnState
from db.assistant.outlet import Held, Spoken
from db.assistant.turns import Composed, Later, Stale
from db.conversations import actions, presence
from db.conversations import queries as conversations
from db.conversations.actions import Change
from db.conversations.enums import ConversationState
from db.messages.content import File, Reaction, Sticker
from db.messages.replies import TextReply
from db.permissions import Role
from db.tenancy import Actor
from tests.api.conftest import make_member
from tests.db.assistant.scene import Scene


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    return await Scene.make(owner, owner_db)


async def test_three_bubbles_are_one_answer(scene: Scene) -> None:
    for text in ("Oi", "vocês entregam", "em Santos?"):
        await scene.wrote(text)
    assert scene.speaks
    assert await scene.states() == [("collecting", None)]
    assert isinstance(await turns.begin(scene.owner.company_id, await scene.turn_id()), Later)
    assert await scene.answered("Sim!", "Em dois dias.") == Spoken(TurnState.SENT, None, 2)
    assert await scene.said() == ["Sim!", "Em dois dias."]
    row = await conversations.conversation_of(scene.owner, scene.conversation)  # type: ignore[arg-type]
    assert (row.waiting_since, row.unread) == (None, 0)
    assert await scene.db.fetchval("select bubbles from ai_turn where id = $1", await scene.turn_id()) == 3


async def test_what_was_said_is_not_said_again(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    assert isinstance(await scene.speak(turn), Spoken)
    assert await scene.speak(turn) is None
    assert await scene.keep(turn, "Outra vez") is None
    assert await turns.begin(scene.owner.company_id, turn.id) is None
    assert await scene.said() == ["Sim!"]


async def test_a_newer_message_supersedes_a_run_that_has_not_spoken(scene: Scene) -> None:
    first = await scene.wrote("Qual o preço?")
    turn = await scene.begun()
    assert await turns.renew(scene.owner.company_id, turn)
    last = await scene.wrote("E o prazo?")
    assert await scene.states() == [("superseded", "newer_message"), ("collecting", None)]
    assert not await turns.renew(scene.owner.company_id, turn)
    assert await scene.keep(turn, "tarde") is None
    assert await scene.answered("R$ 10 e dois dias.") == Spoken(TurnState.SENT, None, 1)
    row = await scene.db.fetchrow(
        "select first_inbound_id, last_inbound_id, bubbles from ai_turn where state = 'sent' and conversation_id = $1",
        scene.conversation,
    )
    assert row is not None
    assert tuple(row) == (first, last, 2)


async def test_a_message_that_comes_between_composing_and_saying_supersedes_too(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("velho")
    await scene.wrote("Não, espera")
    assert await scene.speak(turn) is None
    assert await scene.said() == []


SIGNALS: dict[str, Callable[[Scene, Actor], Awaitable[object]]] = {
    "wrote": lambda s, bia: actions.reply(bia, s.conversation, TextReply("Oi, sou a Bia")),  # type: ignore[arg-type]
    "phone": lambda s, bia: s.phoned(),
    "assigned": lambda s, bia: actions.change(s.owner, s.conversation, Change(assignee_id=bia.id)),  # type: ignore[arg-type]
    "taken_over": lambda s, bia: assistant.take_over(bia, s.conversation),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("step", ["collecting", "generating", "ready", "queued"])
@pytest.mark.parametrize("signal", SIGNALS)
async def test_nothing_is_said_over_a_person(scene: Scene, owner_db: asyncpg.Connection, signal: str, step: str) -> None:
    bia = await make_member(owner_db, scene.owner, Role.AGENT)
    await scene.wrote()
    turn = None
    if step == "generating":
        turn = await scene.begun()
    elif step in {"ready", "queued"}:
        turn = await scene.composed("Eu respondo")
        if step == "queued":
            await scene.speak(turn)
    await SIGNALS[signal](scene, bia)
    if turn is not None:
        assert await scene.speak(turn._replace(answer=turns.Answer(decision="reply", texts=["tarde"]))) is None
    assert await scene.said() == []
    assert (await scene.one("owner"), await scene.one("owner_reason")) == ("human", signal)
    assert [line for line, _ in await scene.lines()].count("taken_over") == 1
    await scene.wrote("E agora?")
    assert not scene.speaks
    state = (await scene.states())[-1]
    assert state == (("sent", None) if step == "queued" else ("superseded", signal))


async def test_what_an_integration_sends_is_a_persons(scene: Scene) -> None:
    await scene.wrote()
    key = Actor(company_id=scene.owner.company_id, kind="api_key", id=uuid4(), permissions=scene.owner.permissions)
    await actions.reply(key, scene.conversation, TextReply("Pedido enviado"))  # type: ignore[arg-type]
    assert await scene.one("owner") == "human"


async def test_who_types_for_a_moment_is_waited_for(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    await presence.say(scene.owner, turn.conversation_id, here=True, typing=True)
    await scene.db.execute("update ai_conversation set typing_since = now() - interval '4 seconds'")
    held = await scene.speak(turn)
    assert isinstance(held, Held)
    assert await scene.said() == []
    await presence.say(scene.owner, turn.conversation_id, here=True, typing=False)
    assert isinstance(await scene.speak(turn), Spoken)


async def test_who_only_began_to_type_holds_nothing(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    await presence.say(scene.owner, turn.conversation_id, here=True, typing=True)
    assert isinstance(await scene.speak(turn), Spoken)


async def test_given_back_it_answers_what_waits(scene: Scene) -> None:
    await scene.wrote("Primeiro")
    await assistant.take_over(scene.owner, scene.conversation)  # type: ignore[arg-type]
    await scene.wrote("Ainda está aí?")
    assert not scene.speaks
    state = await assistant.give_back(scene.owner, scene.conversation)  # type: ignore[arg-type]
    assert (state.owner, state.turn) == (Owner.ASSISTANT, TurnState.COLLECTING)
    assert isinstance(await scene.answered("Estou!"), Spoken)
    assert await scene.said() == ["Estou!"]
    assert ("given_back", state.persona.name if state.persona else None) in await scene.lines()


async def test_closed_and_written_again_it_is_the_assistants(scene: Scene) -> None:
    await scene.wrote()
    await assistant.take_over(scene.owner, scene.conversation)  # type: ignore[arg-type]
    await actions.change(scene.owner, scene.conversation, Change(state=ConversationState.CLOSED))  # type: ignore[arg-type]
    await scene.aged()
    await scene.wrote("Outra coisa")
    assert scene.speaks
    assert (await scene.one("owner"), await scene.one("episode")) == ("assistant", 2)


async def test_who_opens_it_by_hand_and_writes_goes_on(scene: Scene) -> None:
    await scene.wrote()
    await actions.change(scene.owner, scene.conversation, Change(state=ConversationState.CLOSED))  # type: ignore[arg-type]
    await scene.aged()
    await actions.change(scene.owner, scene.conversation, Change(state=ConversationState.OPEN))  # type: ignore[arg-type]
    await actions.reply(scene.owner, scene.conversation, TextReply("Oi, tudo certo?"))  # type: ignore[arg-type]
    await scene.wrote("Tudo sim")
    assert not scene.speaks


async def test_where_people_answered_before_there_was_a_persona_they_go_on(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await owner_db.execute("update persona set state = 'paused'")
    await scene.wrote("Oi, tudo bem?")
    assert scene.conversation is not None
    await actions.reply(owner, scene.conversation, TextReply("Tudo, e você?"))
    await owner_db.execute("update persona set state = 'live'")
    await scene.wrote("Também")
    assert not scene.speaks
    assert await scene.one("owner") == "human"


STICKER = Sticker(file=File(id="1", mime_type="image/webp"))


@pytest.mark.parametrize(
    "what",
    ["old", "history", "sticker", "reaction", "stop", "opted_out", "off", "paused", "other_channel"],
)
async def test_what_opens_no_turn(scene: Scene, what: str) -> None:
    match what:
        case "old":
            await scene.wrote(at=scene.ago(minutes=11))
        case "history":
            await scene.wrote(history=True)
        case "sticker":
            await scene.wrote(content=STICKER)
        case "reaction":
            await scene.wrote(content=Reaction(target_id="x", emoji="👍"))
        case "stop":
            await scene.wrote("Sair")
        case "opted_out":
            await scene.db.execute("update contact set opted_out_at = now() - interval '1 day' where id = $1", scene.contact)
            await scene.wrote()
        case "off":
            await scene.wrote()
            await assistant.set_mode(scene.owner, scene.conversation, AssistantMode.OFF)  # type: ignore[arg-type]
            await scene.wrote("Oi?")
        case "paused":
            await scene.db.execute("update persona set state = 'paused'")
            await scene.wrote()
        case _:
            await scene.db.execute("update persona_binding set channel_id = $1", uuid4())
            await scene.wrote()
    assert not scene.speaks
    assert not [state for state, _ in await scene.states() if state != "superseded"]


async def test_the_same_webhook_twice_is_one_message(scene: Scene) -> None:
    for _ in range(2):
        await scene.wrote(key="wamid.1")
    assert await scene.db.fetchval("select bubbles from ai_turn where conversation_id = $1", scene.conversation) == 1


async def test_a_stop_ends_the_open_turn(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.begun()
    await scene.wrote("PARAR")
    assert await scene.keep(turn, "tarde") is None
    assert await scene.states() == [("superseded", "opted_out")]


async def test_a_closed_window_blocks_and_calls_a_person(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Sim!")
    await scene.db.execute("update inbound_message set received_at = received_at - interval '25 hours'")
    assert await scene.speak(turn) == Spoken(TurnState.BLOCKED, TurnReason.WINDOW_CLOSED)
    assert await scene.said() == []
    assert await scene.one("alarm") == "window_closed"
    assert ("assistant_stopped", "window_closed") in await scene.lines()


async def test_it_hands_over_once(scene: Scene) -> None:
    await scene.wrote("Quero falar com uma pessoa")
    spoken = await scene.answered(
        "Vou chamar alguém.",
        decision=Decision.HANDOVER.value,
        reason=TurnReason.ASKED_FOR_PERSON.value,
        note="❓ Quero falar com uma pessoa",
    )
    assert spoken == Spoken(TurnState.HANDED_OVER, TurnReason.ASKED_FOR_PERSON, 1)
    assert await scene.one("owner") == "human"
    assert ("handed_over", "asked_for_person") in await scene.lines()
    said = "select body from conversation_entry where kind = 'note' and company_id = $1"
    assert await scene.db.fetchval(said, scene.owner.company_id) == "❓ Quero falar com uma pessoa"
    row = await conversations.conversation_of(scene.owner, scene.conversation)  # type: ignore[arg-type]
    assert row.waiting_since is not None
    await scene.wrote("Oi?")
    assert not scene.speaks


async def test_trouble_is_told_once_and_calls_a_person(scene: Scene) -> None:
    trouble = {"trouble": True, "reason": TurnReason.MODEL_DOWN.value}
    await scene.wrote("Oi, tudo bem?")
    assert await scene.answered("Estou com um problema.", **trouble) == Spoken(TurnState.FAILED, TurnReason.MODEL_DOWN, 1)
    await scene.wrote("Alô?")
    assert await scene.answered("Estou com um problema.", **trouble) == Spoken(TurnState.FAILED, TurnReason.MODEL_DOWN, 0)
    assert await scene.one("alarm") == "model_down"
    assert [line for line, _ in await scene.lines()].count("assistant_stopped") == 1
    await scene.wrote("E aí?")
    assert isinstance(await scene.answered("Voltei!"), Spoken)
    assert await scene.one("alarm") is None


async def test_a_run_that_died_is_taken_over_and_the_dead_one_says_nothing(scene: Scene) -> None:
    await scene.wrote()
    dead = await scene.begun()
    await scene.died()
    assert not await scene.keep(dead._replace(epoch=0), "nie")
    alive = await scene.begun()
    assert alive.epoch == dead.epoch + 1
    assert await scene.keep(dead, "do morto") is None
    kept = await scene.keep(alive, "do vivo")
    assert kept is not None
    assert isinstance(await scene.speak(kept), Spoken)
    assert await scene.said() == ["do vivo"]


async def test_what_was_composed_survives_its_run(scene: Scene) -> None:
    await scene.wrote()
    turn = await scene.composed("Composto")
    await scene.died()
    assert turn.id in [one.turn_id for one in await turns.due()]
    found = await turns.begin(scene.owner.company_id, turn.id)
    assert isinstance(found, Composed)
    assert isinstance(await scene.speak(found.turn), Spoken)
    assert await scene.said() == ["Composto"]


async def test_a_turn_whose_runs_all_die_is_given_up(scene: Scene) -> None:
    await scene.wrote()
    for _ in range(turns.RUNS):
        await scene.begun()
        await scene.died()
    found = await turns.begin(scene.owner.company_id, await scene.turn_id())
    assert isinstance(found, Stale)
    spoken = await scene.speak(found.turn._replace(answer=turns.Answer(decision="no_reply", reason="crashed", trouble=True)))
    assert spoken == Spoken(TurnState.FAILED, TurnReason.CRASHED)
    assert await scene.one("alarm") == "crashed"


async def test_two_machines_do_not_talk_for_ever(scene: Scene) -> None:
    for number in range(5):
        await scene.wrote(f"Mensagem automática {number}.")
        assert scene.speaks
        await scene.answered(f"Resposta {number}")
    await scene.wrote("Mensagem automática 5.")
    assert not scene.speaks
    assert (await scene.one("owner"), await scene.one("alarm")) == ("nobody", "two_bots")


async def test_the_same_text_a_third_time_stops_it(scene: Scene) -> None:
    for _ in range(2):
        await scene.wrote()
        assert isinstance(await scene.answered("Pois não?"), Spoken)
    await scene.wrote()
    assert await scene.answered("Pois não?") == Spoken(TurnState.BLOCKED, TurnReason.REPEATED)
    assert await scene.one("owner") == "nobody"


async def test_too_many_turns_hand_over(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, budget={"max_turns_per_hour": 2})
    for number in range(2):
        await scene.wrote()
        await scene.answered(f"Resposta {number}")
    await scene.wrote()
    assert scene.speaks
    assert (await scene.begun()).guard is TurnReason.TOO_MANY_TURNS


async def test_a_draft_waits_and_is_never_sent(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, "suggest")
    await scene.wrote()
    assert not scene.speaks
    turn = await scene.composed("Entregamos, sim.")
    assert await scene.speak(turn) is None
    assert scene.conversation is not None
    found = await queries.assistant_of(owner, scene.conversation)
    assert found.draft is not None
    assert (found.draft.text, found.owner) == ("Entregamos, sim.", Owner.HUMAN)
    assert await scene.said() == []
    await actions.reply(owner, scene.conversation, TextReply("Entregamos!"))
    assert (await queries.assistant_of(owner, scene.conversation)).draft is None
    await scene.wrote("Obrigada!")
    assert (await scene.states())[-1] == ("collecting", None)  # drafts go on beside people
    await assistant.take_over(owner, scene.conversation)
    await scene.wrote("Mais uma")
    assert (await scene.states())[-1] == ("superseded", "taken_over")


async def test_an_episode_keeps_the_version_that_it_began_with(owner: Actor, owner_db: asyncpg.Connection) -> None:
    from tests import factories

    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    before = await scene.one("persona_version_id")
    await scene.answered()
    after = await factories.persona_published(owner_db, owner, await scene.one("persona_id"), instructions="Outra")
    await scene.wrote("Mais")
    assert await scene.one("persona_version_id") == before
    await actions.change(owner, scene.conversation, Change(state=ConversationState.CLOSED))  # type: ignore[arg-type]
    await scene.aged()
    await scene.wrote("De novo")
    assert await scene.one("persona_version_id") == after


async def test_a_notice_is_said_once_outside_of_the_hours(owner: Actor, owner_db: asyncpg.Connection) -> None:
    from db.clock import now

    other = (now().weekday() + 3) % 7
    hours = {"open": [{"weekday": other, "opens": 540, "closes": 600}], "outside": "notice", "notice": "Voltamos às 9h."}
    scene = await Scene.make(owner, owner_db, hours=hours)
    await scene.wrote()
    assert scene.speaks
    spoken = await scene.answered("Voltamos às 9h.", reason=TurnReason.OUTSIDE_HOURS.value)
    assert spoken == Spoken(TurnState.SENT, TurnReason.OUTSIDE_HOURS, 1)
    await scene.wrote("Oi?")
    assert not scene.speaks
    row = await conversations.conversation_of(owner, scene.conversation)  # type: ignore[arg-type]
    assert row.waiting_since is not None


async def test_a_chatty_customer_does_not_wait_for_ever(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, turn={"hard_wait_ms": 2000})
    await scene.wrote("Oi")
    await owner_db.execute("update ai_turn set since = since - interval '20 seconds', hard_at = hard_at - interval '20 seconds'")
    await scene.wrote("e")
    late = "select due_at - now() from ai_turn where conversation_id = $1"
    assert await owner_db.fetchval(late, scene.conversation) <= timedelta(seconds=0.1)
