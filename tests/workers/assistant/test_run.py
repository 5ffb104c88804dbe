"""A worker runs a turn whole: against the sandbox's model over real HTTP, and against one that hangs, refuses or is not there."""

import asyncio
from collections.abc import AsyncIterator
from contextvars import ContextVar
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import asyncpg
import msgspec
import pytest
from msgspec import UNSET

from db.assistant import actions as assistant
from db.assistant import queries, quiet, turns
from db.boards import boards
from db.clock import now
from db.conversations import office_hours
from db.conversations.hours import OpenHours
from db.jobs import NoteGap, RunTurn
from db.knowledge import bases, sources
from db.knowledge.enums import BaseLanguage
from db.messages import conversation
from db.messages.content import File, Image
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import read
from tests import factories
from tests.db.assistant.scene import Scene
from tests.db.knowledge.conftest import TEXT
from tests.workers.assistant.models import connected
from tests.workers.llm.conftest import Service, completion, connect, ok, refused, service
from tests.workers.notes import NOTE, fetched, file_store
from workers.assistant import turn
from workers.runtime import Snooze

__all__ = ["service"]


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    made = (await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)).id
    await sources.add_text(owner, made, "Como vendemos", TEXT)
    return made


@pytest.fixture
async def model(owner: Actor, settings: Settings, tmp_path: Path) -> AsyncIterator[None]:
    """The company is connected to the sandbox's model."""
    async with connected(owner, settings, tmp_path):
        yield


async def run(scene: Scene) -> None:
    """As the queue does, once the customer has paused."""
    await scene.paused()
    await turn.run(scene.owner.company_id, RunTurn(turn_id=await scene.turn_id()))


@pytest.mark.usefixtures("model")
async def test_three_bubbles_get_one_answer_that_cites(owner: Actor, owner_db: asyncpg.Connection, base_id: UUID) -> None:
    scene = await Scene.make(owner, owner_db, knowledge_base_ids=[str(base_id)], identity={"discloses_ai": False})
    for text in ("Oi", "comprei uma blusa aqui", "qual o prazo de entrega em São Paulo?"):
        await scene.wrote(text)
    await run(scene)
    said = await scene.said()
    assert len(said) >= 1
    assert "dois dias úteis" in " ".join(said)
    assert await scene.states() == [("sent", None)]
    async with read(owner, Permission.CONVERSATIONS_READ) as r:
        thread = await conversation.thread(
            r, owner.company_id, scene.contact, scene.channel, beyond=None, direction=None, limit=10
        )
    newest = thread[0]
    assert newest.assistant is not None
    assert "dois dias úteis" in newest.assistant.citations[0].quote
    assert (newest.author or "").startswith("Lia")
    assert scene.conversation is not None
    found, runs, cost = await queries.trace_of(owner, scene.conversation, newest.assistant.turn_id)
    assert found.usage["input"] > 0 and cost  # noqa: PT018
    assert [step["kind"] for step in runs[0].steps][:2] == ["model", "tool"]
    booked = await owner_db.fetch("select merged from ai_usage where turn_id = $1 order by id", found.id)
    assert [row["merged"] for row in booked] == [2, 0], "three messages, one answer"


@pytest.mark.usefixtures("model")
async def test_what_no_passage_answers_is_a_gap(owner: Actor, owner_db: asyncpg.Connection, base_id: UUID) -> None:
    scene = await Scene.make(owner, owner_db, knowledge_base_ids=[str(base_id)])
    await scene.wrote("Vocês consertam geladeira industrial?")
    await run(scene)
    assert not any("geladeira" in text for text in await scene.said())
    states = await scene.states()
    assert states in ([("sent", None)], [("handed_over", "model_decided")], [("handed_over", "unanswered")])
    await turn.note_gap(owner.company_id, NoteGap(turn_id=await scene.turn_id()))
    assert await owner_db.fetchval("select count(*) from knowledge_gap where base_id = $1", base_id) == 1


async def test_nobody_holds_a_place_while_a_customer_may_go_on_writing(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []
    ours, really = ContextVar("ours", default=False), asyncio.sleep

    async def sleep(seconds: float) -> None:
        if ours.get():  # not what else runs in this process: the API of other tests looks around now and then
            slept.append(seconds)
        else:
            await really(seconds)

    ours.set(True)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    scene = await Scene.make(owner, owner_db)
    await scene.wrote()
    job = RunTurn(turn_id=await scene.turn_id())
    later = "update ai_turn set lease_until = null, due_at = now() + interval '1 day' where company_id <> $1"
    await owner_db.execute(later, owner.company_id)  # what other tests left due would stand before it
    await owner_db.execute("update ai_turn set due_at = now() + interval '1.5 seconds' where id = $1", job.turn_id)
    with pytest.raises(Snooze):
        await turn.run(owner.company_id, job)
    assert (slept, await _soon(job)) == ([], False)
    await owner_db.execute("update ai_turn set due_at = now() + interval '0.3 seconds' where id = $1", job.turn_id)
    assert await _soon(job)


async def _soon(job: RunTurn) -> bool:
    """Whether the round wakes it."""
    return job.turn_id in [one.turn_id for one in await turns.due(timedelta(seconds=-turn.ROUND))]


def answers(text: str) -> dict[str, object]:
    body = {
        "decision": "reply", "messages": [{"text": text, "quote_message": None}], "citations": [], "collected": [],
        "handover_reason": None, "confidence": 1.0, "language": "pt-BR",
    }  # fmt: skip
    return completion(msgspec.json.encode(body).decode())


async def hanging(scene: Scene, service: Service) -> asyncio.Task[None]:
    """A run whose model has the question and does not answer."""
    service.chat, service.hold = [ok(answers("Oi! Como posso ajudar?"))], asyncio.Event()
    service.held.clear()
    task = asyncio.create_task(run(scene))
    await service.held.wait()
    return task


@pytest.mark.parametrize("who", ["customer", "agent"])
async def test_a_run_that_lost_its_turn_ends_its_call_and_books_it(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, who: str
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi, tudo bem?")
    task = await hanging(scene, service)
    lost = await scene.turn_id()
    if who == "customer":
        await scene.wrote("Aliás, bom dia.")
    else:
        assert scene.conversation is not None
        await assistant.take_over(owner, scene.conversation)
    await task  # while the model still hangs
    assert await scene.said() == []
    assert await owner_db.fetchval("select count(*) from ai_usage where turn_id = $1 and result is not null", lost) == 1
    steps = await owner_db.fetchval("select steps::text from ai_trace where turn_id = $1", lost)
    assert [one["kind"] for one in msgspec.json.decode(steps)] == ["model"]
    assert service.hold is not None
    service.hold.set()
    service.hold = None
    if who == "customer":
        await run(scene)
        assert await scene.said() == ["Oi! Como posso ajudar?"]


async def test_a_model_that_is_down_is_told_once(owner: Actor, owner_db: asyncpg.Connection, service: Service) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    service.chat = [refused(400, None)]
    for text in ("Oi, tudo bem?", "Alô?"):
        await scene.wrote(text)
        await run(scene)
    assert len(await scene.said()) == 1
    assert [state for state, _ in await scene.states()] == ["failed", "failed"]
    assert await scene.one("alarm") is not None
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    await scene.wrote("E agora?")
    await run(scene)
    assert (await scene.said())[-1] == "Oi! Como posso ajudar?"
    assert await scene.one("alarm") is None


async def test_who_asks_for_a_person_is_handed_over_once_and_hears_when_one_is_there(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    later = (now() + timedelta(days=3)).weekday()
    await office_hours.change(owner, enabled=True, hours=[OpenHours(later, 600, 660)], holidays=UNSET, away_text=UNSET)
    service.chat = [ok(answers("Posso ajudar por aqui mesmo!"))]
    for text in ("Quero falar com um atendente", "Alô?"):
        await scene.wrote(text)
        if scene.speaks:
            await run(scene)
    handed, back = await scene.said()
    assert handed == "Vou chamar uma pessoa da equipe para continuar com você."
    assert back.startswith("A equipe volta")
    assert await scene.states() == [("handed_over", "asked_for_person")]
    note = await owner_db.fetchval(
        "select body from conversation_entry where kind = 'note' and company_id = $1", owner.company_id
    )
    assert note == "❓ Quero falar com um atendente"


async def test_who_asks_for_a_person_is_handed_over_also_where_the_model_takes_too_long(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn, "LONGEST", 0.05)
    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    service.chat, service.hold = [ok(answers("Posso ajudar por aqui mesmo!"))], asyncio.Event()
    await scene.wrote("Quero falar com um atendente")
    await run(scene)
    service.hold.set()
    service.hold = None
    assert await scene.said() == ["Vou chamar uma pessoa da equipe para continuar com você."]
    assert await scene.states() == [("handed_over", "asked_for_person")]


async def test_what_is_worth_more_than_it_may_deal_with_goes_to_people_once(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db, handover={"value_over_cents": 500_000})
    await boards.create_board(owner, name="Vendas", currency="BRL")
    await factories.lead(owner_db, owner, contact_id=scene.contact, value_cents=500_001)
    service.chat = [ok(answers("Oi! Como posso ajudar?"))]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    assert await scene.states() == [("handed_over", "value")]
    assert scene.conversation is not None
    await assistant.give_back(owner, scene.conversation)
    await scene.wrote("Oi de novo!")
    await run(scene)
    assert (await scene.said())[-1] == "Oi! Como posso ajudar?"


async def test_without_a_service_nothing_is_said_and_a_person_is_called(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    assert await scene.said() == []
    assert (await scene.states(), await scene.one("alarm")) == ([("failed", "not_connected")], "not_connected")


async def test_a_turn_that_is_not_due_comes_back(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi")
    with pytest.raises(Snooze):
        await turn.run(owner.company_id, RunTurn(turn_id=await scene.turn_id()))


async def test_a_voice_note_is_listened_to_once(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path
) -> None:
    with file_store(database, tmp_path):
        await connect(owner)
        scene = await Scene.make(owner, owner_db)
        await fetched(owner_db, await scene.wrote(content=NOTE))
        service.heard = ok({"text": "Oi, tudo bem com vocês?"})
        service.chat = [ok(answers("Oi! Como posso ajudar?"))]
        await run(scene)
        assert await scene.said() == ["Oi! Como posso ajudar?"]
        assert "[audio: Oi, tudo bem com vocês?]" in str(service.bodies[-1]["messages"])
        await scene.wrote("E aí?")
        await run(scene)
        assert [path for path, _, _ in service.asked].count("POST /v1/audio/transcriptions") == 1
        assert "[audio: Oi, tudo bem com vocês?]" in str(service.bodies[-1]["messages"])


async def test_a_picture_full_of_text_is_looked_at_once(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path
) -> None:
    with file_store(database, tmp_path):
        await connect(owner)
        scene = await Scene.make(owner, owner_db)
        await fetched(owner_db, await scene.wrote(content=Image(file=File(id="9", mime_type="image/png"))))
        service.chat = [ok(completion("Uma lista: um, dois", finish="length")), ok(answers("Oi! Como posso ajudar?"))]
        await run(scene)
        assert "[image: Uma lista: um, dois]" in str(service.bodies[-1]["messages"])
        await scene.wrote("E aí?")
        await run(scene)
        assert "[image: Uma lista: um, dois]" in str(service.bodies[-1]["messages"])
    described = "select count(*) from ai_usage where company_id = $1 and purpose = 'describe'"
    assert await owner_db.fetchval(described, owner.company_id) == 1


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("budget", [{"per_conversation_micro": 1000}, {"per_day_micro": 1000}])
async def test_a_persona_stops_where_its_document_says(
    owner: Actor, owner_db: asyncpg.Connection, budget: dict[str, int]
) -> None:
    scene = await Scene.make(owner, owner_db, budget=budget)
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    ((_state, reason),) = await scene.states()
    assert reason == "budget"
    assert await owner_db.fetchval("select count(*) from ai_usage where conversation_id = $1", scene.conversation) == 0


async def test_a_run_whose_typing_cannot_be_told_leaves_no_call_behind(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fails(*_: object) -> None:
        await service.held.wait()
        raise ConnectionError

    await connect(owner)
    scene = await Scene.make(owner, owner_db)
    await scene.wrote("Oi, tudo bem?")
    service.chat, service.hold = [ok(answers("Oi! Como posso ajudar?"))], asyncio.Event()
    service.held.clear()
    await scene.paused()
    monkeypatch.setattr(turn.receipts, "say_typing", fails)
    before = asyncio.all_tasks()
    with pytest.raises(ConnectionError):
        await turn.run(owner.company_id, RunTurn(turn_id=await scene.turn_id()))
    assert not [one for one in asyncio.all_tasks() - before if "_answer" in repr(one)]
    service.hold.set()
    service.hold = None


async def silent(scene: Scene) -> None:
    """The answer arrived, and the time to ask again has come."""
    await scene.db.execute("update message set state = $2, sent_at = now() where contact_id = $1", scene.contact, M.SENT)
    await scene.db.execute("update ai_conversation set ask_at = now() where conversation_id = $1", scene.conversation)
    await turn.end_silences()


ASKS = {
    "enabled": True, "from_minute": 0, "until_minute": 1440, "weekdays": [0, 1, 2, 3, 4, 5, 6],
    "steps": [{"after_minutes": 60, "goal": "Perguntar se ficou alguma dúvida sobre a entrega."}],
}  # fmt: skip


@pytest.mark.usefixtures("model")
async def test_after_a_silence_it_asks_again_for_its_aim(owner: Actor, owner_db: asyncpg.Connection, base_id: UUID) -> None:
    scene = await Scene.make(owner, owner_db, knowledge_base_ids=[str(base_id)], followup=ASKS)
    await scene.wrote("qual o prazo de entrega em São Paulo?")
    await run(scene)
    before = await scene.said()
    await silent(scene)
    await run(scene)
    assert (await scene.said())[len(before) :] == ["Olá! Ficou alguma dúvida sobre a entrega?"]
    assert await scene.states() == [("sent", None)] * 2


async def test_a_model_that_is_down_after_a_silence_troubles_nobody(
    owner: Actor, owner_db: asyncpg.Connection, service: Service
) -> None:
    await connect(owner)
    scene = await Scene.make(owner, owner_db, followup=ASKS)
    service.chat = [ok(answers("Oi! Como posso ajudar?")), refused(400, None)]
    await scene.wrote("Oi, tudo bem?")
    await run(scene)
    await silent(scene)
    await run(scene)
    assert (await scene.said(), await scene.one("alarm")) == (["Oi! Como posso ajudar?"], None)
    assert [state for state, _ in await scene.states()] == ["sent", "failed"]
    aims = [one["content"] for one in service.bodies[-1]["messages"] if one["role"] == "system"]
    assert "with this aim: Perguntar se ficou alguma dúvida sobre a entrega." in aims[-1]


async def test_one_silence_that_cannot_be_ended_stops_no_other(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Scene.make(owner, owner_db, inactivity={"mode": "close"})
    await scene.wrote()
    await scene.answered("Sim!")
    await owner_db.execute(
        "update ai_conversation set idle_at = now() - interval '1 hour' where conversation_id = $1", scene.conversation
    )
    real = quiet.due

    async def due() -> list[tuple[UUID, UUID]]:
        found = await real()
        return [(owner.company_id, "nobody"), *found]  # type: ignore[list-item]

    monkeypatch.setattr(quiet, "due", due)
    await turn.end_silences()
    assert await owner_db.fetchval("select state from conversation where id = $1", scene.conversation) == "closed"
