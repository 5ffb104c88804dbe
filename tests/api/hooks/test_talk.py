"""Calls in which the persona speaks itself: the socket over ASGI, a worker that composes by the sandbox's model, the same rules as in a chat."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from api.hooks import live, talk
from api.hooks.asgi import Hooks, in_front
from db import valkey
from db.channels import talks
from db.errors import Invalid
from db.jobs import SpeakAnswer
from db.settings import Settings
from db.tenancy import Actor
from db.transfers import agents, queries, ringing
from tests import factories
from tests.api.hooks.conftest import nothing
from tests.api.hooks.test_live import ASKED, ask
from tests.api.hooks.test_spoken import QUESTION, a_base
from tests.db.channels.factories import make_channel, make_contact
from tests.workers.assistant.models import connected
from workers.assistant import speaking
from workers.inbound import process_inbox

ANA = "+5511987654321"
SAID = "No sábado atendemos das 9 às 13 horas."


class Phone:
    """Stands where Retell stands: one socket, and what came over it."""

    def __init__(self, hooks: Hooks, path: str) -> None:
        self._app = in_front(hooks, nothing)  # type: ignore[arg-type]
        self._path = path
        self._in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.frames: list[dict[str, Any]] = []
        self.opened: bool | None = None
        self._task: asyncio.Task[None] | None = None

    async def ring(self) -> bool:
        """Whether it was let in."""
        await self._in.put({"type": "websocket.connect"})
        scope = {"type": "websocket", "path": self._path, "headers": [], "query_string": b""}
        self._task = asyncio.ensure_future(self._app(scope, self._in.get, self._sent))  # type: ignore[arg-type]
        await self.until(lambda: self.opened is not None)
        return bool(self.opened)

    async def _sent(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            self.frames.append(msgspec.json.decode(message["text"]))
        elif self.opened is None:
            self.opened = message["type"] == "websocket.accept"

    async def tell(self, **frame: Any) -> None:
        await self._in.put({"type": "websocket.receive", "text": msgspec.json.encode(frame).decode()})

    async def details(self, number: str = ANA, **variables: str) -> None:
        call = {"call_id": "call_1", "from_number": number, "to_number": "+551131234567", "direction": "inbound"}
        await self.tell(interaction_type="call_details", call=call | {"retell_llm_dynamic_variables": variables})

    async def says(self, number: int, *texts: str, kind: str = "response_required") -> None:
        turns = [{"role": "user", "content": text} for text in texts]
        await self.tell(interaction_type=kind, response_id=number, transcript=turns)

    def of(self, number: int) -> list[dict[str, Any]]:
        return [one for one in self.frames if one["response_type"] == "response" and one["response_id"] == number]

    def heard(self, number: int) -> str:
        return "".join(one["content"] for one in self.of(number))

    async def whole(self, number: int) -> dict[str, Any]:
        await self.until(lambda: any(one["content_complete"] for one in self.of(number)))
        return self.of(number)[-1]

    async def until(self, true: Any) -> None:
        async with asyncio.timeout(30):
            while not true():
                await asyncio.sleep(0.01)

    async def hang_up(self) -> None:
        await self._in.put({"type": "websocket.disconnect", "code": 1000})
        if self._task is not None:
            await self._task


class Line:
    def __init__(self, hooks: Hooks, client_: httpx.AsyncClient, owner: Actor, db: asyncpg.Connection, channel: UUID) -> None:
        self.hooks, self.client, self.owner, self.db, self.channel = hooks, client_, owner, db, channel
        self.phones: list[Phone] = []
        self.composed: list[UUID] = []

    async def phone(self) -> Phone:
        url = await talks.address(self.owner, self.channel, Settings(webhook_url="http://hooks.test"))
        assert url.startswith(f"ws://hooks.test/hooks/retell/{self.channel}/llm/")
        phone = Phone(self.hooks, url.removeprefix("ws://hooks.test") + "/call_1")
        self.phones.append(phone)
        assert await phone.ring()
        return phone

    async def work(self, db: asyncpg.Connection) -> None:
        """A worker: what the queue would run."""
        running_: set[asyncio.Task[None]] = set()
        try:
            while True:
                rows = await db.fetch(
                    "delete from job where company_id = $1 and name = 'SpeakAnswer' returning payload", self.owner.company_id
                )
                for row in rows:
                    job = SpeakAnswer(speech_id=UUID(msgspec.json.decode(row["payload"])["speech_id"]))
                    self.composed.append(job.speech_id)
                    task = asyncio.create_task(speaking.speak(self.owner.company_id, job))
                    running_.add(task)
                    task.add_done_callback(running_.discard)
                await asyncio.sleep(0.02)
        finally:
            for task in running_:
                task.cancel()


@pytest.fixture
async def model(owner: Actor, settings: Settings, tmp_path: Path) -> AsyncIterator[None]:
    """The company is connected to the sandbox's model."""
    async with connected(owner, settings, tmp_path):
        yield


@pytest.fixture
async def line(
    hooks: Hooks, hook_client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, owner_connections: asyncpg.Pool
) -> AsyncIterator[Line]:
    channel = await make_channel(owner_db, owner, "voice_retell")
    known = await a_base(owner, "Qual é o horário de sábado?", SAID)
    await factories.persona(owner_db, owner, channel, knowledge_base_ids=[str(known)])
    await make_contact(owner_db, owner, ANA, "ANA DE SOUZA")
    async with owner_connections.acquire() as connection_:
        it = Line(hooks, hook_client, owner, owner_db, channel)
        working = asyncio.create_task(it.work(connection_))
        try:
            yield it
        finally:
            for phone in it.phones:
                await phone.hang_up()
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await working


@pytest.mark.usefixtures("model")
async def test_the_persona_greets_answers_from_its_knowledge_and_invents_nothing(line: Line) -> None:
    phone = await line.phone()
    await phone.details()
    await phone.whole(0)
    assert phone.frames[0] == {
        "response_type": "config",
        "config": {"auto_reconnect": True, "call_details": True, "transcript_with_tool_calls": False},
    }
    assert phone.heard(0).startswith("Olá, Ana! Aqui é ")
    await phone.says(1, QUESTION)
    await phone.tell(interaction_type="ping_pong", timestamp=17)
    last = await phone.whole(1)
    assert "das 9 às 13 horas" in phone.heard(1)
    assert (last["end_call"], "transfer_number" in last) == (False, False)
    assert {"response_type": "ping_pong", "timestamp": 17} in phone.frames
    await phone.says(2, "Quanto custa a entrega em Manaus?")
    await phone.whole(2)
    assert "Manaus" not in phone.heard(2)
    assert not any(sign.isdigit() for sign in phone.heard(2))
    used = await line.db.fetchval("select count(*) from ai_usage where company_id = $1", line.owner.company_id)
    assert used >= 2
    assert await line.db.fetchval("select count(*) from knowledge_gap where company_id = $1", line.owner.company_id) == 1


@pytest.mark.usefixtures("model")
async def test_whoever_interrupts_ends_what_was_being_said(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    held = asyncio.Event()
    compose = speaking._answered

    async def slow(*args: Any) -> Any:
        if not held.is_set():
            held.set()
            await asyncio.sleep(60)
        return await compose(*args)

    monkeypatch.setattr(speaking, "_answered", slow)
    phone = await line.phone()
    await phone.details()
    await phone.whole(0)
    await phone.says(1, "Oi")
    await phone.until(held.is_set)
    await phone.says(2, QUESTION)
    await phone.whole(2)
    assert "das 9 às 13 horas" in phone.heard(2)
    assert phone.of(1) == [], "nothing is said under the older number"
    assert len(line.composed) == 2
    assert await valkey.client().exists(*(f"speech:live:{one}" for one in line.composed[:1])) == 0
    await phone.says(1, "Oi")  # an older number that comes late is none
    await phone.tell(interaction_type="update_only", transcript=[])
    await phone.tell(interaction_type="something_new")
    await phone.tell(interaction_type="ping_pong", timestamp=3)
    await phone.until(lambda: any(one.get("timestamp") == 3 for one in phone.frames))
    assert len(line.composed) == 2


@pytest.mark.usefixtures("model")
async def test_whoever_asks_for_a_person_is_put_through_to_who_accepted(line: Line) -> None:
    await ask(line.client, line.channel, msgspec.json.encode(ASKED))
    await process_inbox(line.owner.company_id)
    await agents.say(line.owner, available=True, phone="+5511911112222", skills=())
    phone = await line.phone()
    await phone.details()
    await phone.whole(0)
    await phone.says(1, "Quero falar com uma pessoa, por favor.")
    while (offer := await queries.offer(line.owner)) is None:
        await asyncio.sleep(0.05)
    assert "Quero falar com uma pessoa" in offer.summary + offer.reason
    await phone.says(2, "Alô?")  # while pages ring the number goes on
    await phone.until(lambda: phone.of(2))
    await ringing.accept(line.owner, offer.transfer_id)
    last = await phone.whole(2)
    assert (last["transfer_number"], last["end_call"]) == ("+5511911112222", False)
    assert not any(one["content_complete"] for one in phone.of(1))
    assert await line.db.fetchval("select count(*) from ai_usage where company_id = $1", line.owner.company_id) == 0


@pytest.mark.usefixtures("model")
async def test_a_persona_whose_answers_a_colleague_reads_first_says_none_in_a_call(line: Line) -> None:
    await line.db.execute("update persona set mode = 'suggest' where company_id = $1", line.owner.company_id)
    await line.db.execute("update company set language = 'en' where id = $1", line.owner.company_id)
    phone = await line.phone()
    await phone.details()
    await phone.whole(0)
    assert phone.heard(0) == "Hello! How can I help?"
    await phone.says(1, QUESTION)
    last = await phone.whole(1)
    assert "13 horas" not in phone.heard(1)
    assert last["end_call"] is True, "nobody of the team is there"
    assert await line.db.fetchval("select count(*) from ai_usage where company_id = $1", line.owner.company_id) == 0


async def test_without_a_model_the_caller_hears_a_sentence_and_is_owed_a_call(line: Line) -> None:
    await ask(line.client, line.channel, msgspec.json.encode(ASKED))
    await process_inbox(line.owner.company_id)
    phone = await line.phone()
    await phone.details()
    await phone.whole(0)
    await phone.says(1, QUESTION)
    last = await phone.whole(1)
    assert (last["end_call"], "transfer_number" in last) == (True, False)
    assert "problema técnico" in phone.heard(1)
    assert "Já anotei" in phone.heard(1)
    [owed] = await queries.transfers(line.owner, "owed", before=None, limit=9)
    assert owed.owed is not None


async def test_a_worker_that_does_not_answer_leaves_nobody_in_silence(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "PATIENCE", 0.3)
    monkeypatch.setattr(live, "UNKNOWN", 0.1)

    async def dies(*_: Any) -> None:
        return None

    monkeypatch.setattr(speaking, "speak", dies)
    phone = await line.phone()
    await phone.whole(0)
    assert phone.heard(0)  # without the details of the call too
    await phone.says(1, QUESTION)
    assert (await phone.whole(1))["end_call"] is True
    assert "ligue de novo" in phone.heard(1), "nothing is promised for a call that nobody knows"


async def test_whoever_says_nothing_is_asked_for_and_then_let_go(line: Line) -> None:
    phone = await line.phone()
    await phone.details("anonymous")
    await phone.whole(0)
    assert phone.heard(0).startswith("Olá! ")
    for number in (1, 2, 3):
        await phone.says(number, kind="reminder_required")
        last = await phone.whole(number)
    assert [phone.of(number)[-1]["end_call"] for number in (1, 2, 3)] == [False, False, True]
    assert last["content"]
    assert line.composed == []


async def test_only_the_newest_address_of_the_right_channel_opens(line: Line, stranger: Actor) -> None:
    url = await talks.address(line.owner, line.channel, Settings(webhook_url="http://hooks.test"))
    old = url.removeprefix("ws://hooks.test")
    other = await make_channel(line.db, line.owner, "voice_retell", external_id="+551130000000")
    secret = old.rsplit("/", 1)[1]
    new = await talks.address(line.owner, line.channel, Settings(webhook_url="http://hooks.test"))
    path = new.removeprefix("ws://hooks.test")
    sms = await make_channel(line.db, line.owner, "sms")
    wrong = (
        f"{old}/call_1",
        f"{path[:-1]}/call_1",
        f"{path}/",
        path,
        f"/hooks/retell/{other}/llm/{path.rsplit('/', 1)[1]}/call_1",
        f"/hooks/retell/{sms}/llm/{secret}/call_1",
        f"/hooks/vapi/{line.channel}/llm/{secret}/call_1",
        f"/hooks/retell/{line.channel}/call",
    )
    for one in wrong:
        assert not await Phone(line.hooks, one).ring(), one
    line.phones.append(Phone(line.hooks, f"{path}/call_1"))
    assert await line.phones[-1].ring()
    sealed = await line.db.fetchval("select talk_secret from channel where id = $1", line.channel)
    assert path.rsplit("/", 1)[1].encode() not in sealed
    with pytest.raises(Invalid):
        await talks.address(line.owner, sms, Settings())
