"""A worker looks at conversations: against a model that answers as told, hangs, refuses or is not there, and beside customers who write on."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.jobs import JudgeConversation
from db.proposals import watch
from db.settings import Settings
from db.tenancy import Actor
from tests.db.channels.factories import envelope, put_inbox, text
from tests.eval.leads import Desk
from tests.eval.leads_gold import PT, Talk, move
from tests.workers.llm.conftest import Service, completion, connect, ok, refused, service
from tests.workers.notes import fetched, file_store
from workers.inbound import process_inbox
from workers.leads import judge

__all__ = ["service"]
TALK = Talk("fala", "plain", ["oi", "quero fechar o pedido"], [move("deal", 2)])


def calls(*made: tuple[str, dict[str, Any] | str]) -> dict[str, Any]:
    told = [
        {
            "id": f"c{at}",
            "type": "function",
            "function": {"name": name, "arguments": given if isinstance(given, str) else json.dumps(given)},
        }
        for at, (name, given) in enumerate(made)
    ]
    return completion(None, finish="tool_calls", tool_calls=told)


def moving(**more: Any) -> dict[str, Any]:
    proof = [{"message": "m2", "quote": "quero fechar o pedido"}]
    return {"to_stage": "s3", "lost_reason": None, "evidence": proof, "reason": "Quer fechar.", "confidence": 0.95} | more


class Scene:
    """One conversation that a board watches, and looks at it."""

    def __init__(self, owner: Actor, db: asyncpg.Connection, desk: Desk, phone: str) -> None:
        self.owner, self.db, self.desk, self.phone = owner, db, desk, phone

    @classmethod
    async def make(cls, owner: Actor, db: asyncpg.Connection) -> "Scene":
        desk = await Desk.open(owner, db, PT)
        await connect(owner)
        scene = cls(owner, db, desk, (await desk.person(TALK))[0])
        await scene.wrote(*TALK.said)
        return scene

    async def wrote(self, *texts: str) -> None:
        await self.desk.wrote(Talk("fala", "plain", list(texts)), self.phone)

    async def noted(self) -> UUID:
        """They recorded a voice note; returns its message."""
        told = text("", wamid=f"wamid.{uuid4().hex}", phone=self.phone, at=int(time.time()))
        told["messages"][0] |= {"type": "audio", "audio": {"id": "9", "mime_type": "audio/ogg; codecs=opus", "voice": True}}
        await put_inbox(self.db, self.owner, self.desk._channel, envelope(told))
        await process_inbox(self.owner.company_id)
        sql = "select id from inbound_message where company_id = $1 and kind = 'audio'"
        return await self.one(sql)  # type: ignore[no-any-return]

    async def job(self) -> JudgeConversation:
        row = await self.db.fetchrow(
            "select conversation_id, board_id from lead_watch where company_id = $1", self.owner.company_id
        )
        assert row is not None
        return JudgeConversation(conversation_id=row["conversation_id"], board_id=row["board_id"])

    async def looks(self) -> None:
        """Once it is quiet."""
        await self.desk.quiet()
        await judge.run(self.owner.company_id, await self.job())

    async def one(self, sql: str) -> Any:
        return await self.db.fetchval(sql, self.owner.company_id)

    async def states(self) -> list[str]:
        rows = await self.db.fetch("select state from lead_judging where company_id = $1 order by at", self.owner.company_id)
        return [row["state"] for row in rows]

    async def proposals(self) -> list[tuple[str, str, str | None]]:
        sql = "select tool, state, why from lead_proposal where company_id = $1 order by id"
        return [tuple(row) for row in await self.db.fetch(sql, self.owner.company_id)]


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection, service: Service) -> Scene:
    return await Scene.make(owner, owner_db)


async def hanging(scene: Scene, service: Service) -> asyncio.Task[None]:
    """A look whose model has the question and does not answer."""
    service.hold = asyncio.Event()
    service.held.clear()
    await scene.desk.quiet()
    task = asyncio.create_task(judge.run(scene.owner.company_id, await scene.job()))
    await service.held.wait()
    return task


def answered(service: Service) -> None:
    assert service.hold is not None
    service.hold.set()
    service.hold = None


async def test_a_move_is_done_kept_and_booked_once(scene: Scene, service: Service) -> None:
    service.chat = [ok(calls(("move_lead", moving())))]
    await scene.looks()
    assert await scene.proposals() == [("move_lead", "applied", None)]
    row = await scene.db.fetchrow(
        "select u.purpose, u.turn_id = j.id as of_look, u.cost > 0 as costs, j.steps::text as steps from ai_usage u, lead_judging j"
        " where u.company_id = $1 and j.company_id = $1",
        scene.owner.company_id,
    )
    assert row is not None
    assert tuple(row)[:3] == ("lead", True, True)
    assert [step["kind"] for step in json.loads(row["steps"])] == ["model", "result"]
    await judge.run(scene.owner.company_id, await scene.job())  # a job that comes twice
    assert len(service.asked) == 1
    assert await scene.one("select due_at is null from lead_watch where company_id = $1")


async def test_what_was_said_meanwhile_makes_it_void_and_is_seen_too(scene: Scene, service: Service) -> None:
    service.chat = [ok(calls(("move_lead", moving())))]
    task = await hanging(scene, service)
    await scene.wrote("espera, mudei de ideia")
    answered(service)
    await task
    assert (await scene.proposals(), await scene.states()) == ([], ["overtaken"])
    service.chat = [ok(completion("nothing"))]
    await scene.looks()
    assert "mudei de ideia" in str(service.bodies[-1]["messages"])
    assert (await scene.proposals(), await scene.states()) == ([], ["overtaken", "done"])


async def test_a_run_that_lost_its_watch_ends_its_call_and_books_it(
    scene: Scene, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judge, "BEAT", 0.05)
    task = await hanging(scene, service)
    await scene.one("update lead_watch set epoch = epoch + 1 where company_id = $1 returning epoch")
    await task  # while the model still hangs
    assert await scene.one("select count(*) from ai_usage where company_id = $1 and result = 'cancelled'") == 1
    assert (await scene.proposals(), await scene.states()) == ([], ["lost"])
    assert await scene.one("select steps->0->>'kind' from lead_judging where company_id = $1") == "model"
    answered(service)


async def test_one_that_died_is_looked_at_again(scene: Scene, service: Service) -> None:
    """Nothing of the first look is kept, and a dead run's lease keeps others away only so long."""
    task = await hanging(scene, service)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    answered(service)
    job = await scene.job()
    assert await watch.begin(scene.owner.company_id, job.conversation_id, job.board_id) is None
    await scene.one("update lead_watch set lease_until = now() - interval '1 second' where company_id = $1 returning 1")
    service.chat = [ok(calls(("move_lead", moving())))]
    await judge.wake_due()
    assert await scene.one("select count(*) from job where company_id = $1 and name = 'JudgeConversation'") == 1
    await judge.run(scene.owner.company_id, job)
    assert (await scene.proposals(), await scene.states()) == ([("move_lead", "applied", None)], ["lost", "done"])


@pytest.mark.parametrize(
    ("reply", "state", "due"),
    [
        (refused(503, None), "later", True),
        (refused(401, "invalid_api_key"), "failed", False),
        (refused(429, "insufficient_quota"), "failed", False),
        (refused(404, "model_not_found"), "failed", False),
        (ok(completion("...", finish="content_filter")), "failed", False),
        (ok(completion("nada", finish="length")), "failed", False),
        (ok(completion("nothing")), "done", False),
    ],
    ids=["down", "key", "credit", "gone", "filtered", "cut", "nothing"],
)
async def test_what_becomes_of_a_look_whose_model_does_not_answer(
    scene: Scene, service: Service, reply: Any, state: str, due: bool
) -> None:
    service.chat = [reply]
    await scene.looks()
    assert (await scene.states(), await scene.proposals()) == ([state], [])
    assert await scene.one("select due_at is not null from lead_watch where company_id = $1") is due


async def test_only_where_a_board_watches_messages_are_heard_by_boards(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = AsyncMock()
    monkeypatch.setattr(watch, "heard", heard)
    for watching, told in ((True, 1), (False, 1)):
        await scene.db.execute("update board_ai set watching = $2 where company_id = $1", scene.owner.company_id, watching)
        await scene.wrote("oi")
        assert heard.await_count == told


async def test_without_a_service_nothing_is_asked(owner: Actor, owner_db: asyncpg.Connection, service: Service) -> None:
    scene = await Scene.make(owner, owner_db)
    await owner_db.execute("delete from ai_connection where company_id = $1", owner.company_id)
    await scene.looks()
    assert (service.asked, await scene.states()) == ([], ["failed"])


async def test_what_is_too_long_is_asked_without_its_older_half(scene: Scene, service: Service) -> None:
    service.chat = [refused(400, "context_length_exceeded"), ok(calls(("move_lead", moving())))]
    await scene.looks()
    first, second = (str(body["messages"]) for body in service.bodies)
    assert ("[m1]" in first, "[m1]" in second, "[m2]" in second) == (True, False, True)
    assert await scene.proposals() == [("move_lead", "applied", None)]


async def test_hostile_calls_leave_a_trace_and_nothing_else(scene: Scene, service: Service) -> None:
    other: UUID = await scene.one("select id from stage where company_id = $1 order by id limit 1")
    service.chat = [
        ok(
            calls(
                ("move_lead", moving(to_stage=str(other))),
                ("move_lead", "{,,"),
                (
                    "set_value",
                    {"value": 10, "evidence": [{"message": "m2", "quote": "quero fechar"}], "reason": "", "confidence": 1},
                ),
                (
                    "add_tag",
                    {"tag": "t1", "evidence": [{"message": "m1", "quote": "quero fechar"}], "reason": "", "confidence": 1},
                ),
                ("assign", {"person": "p1", "evidence": [], "reason": "", "confidence": 1}),
                ("delete_company", {}),
            )
        )
    ]
    await scene.looks()
    found = await scene.proposals()
    assert {state for _, state, _ in found} == {"blocked"}
    assert [why for _, _, why in found if why != "malformed"] == [
        "unknown_stage",
        "value_unproven",
        "quote_missing",
        "no_evidence",
    ]
    assert await scene.one("select count(*) from lead where company_id = $1 and version > 1") == 0


async def test_a_voice_note_moves_a_lead_and_is_listened_to_once(
    owner: Actor, owner_db: asyncpg.Connection, service: Service, database: Settings, tmp_path: Path
) -> None:
    scene = await Scene.make(owner, owner_db)
    service.heard = ok({"text": "quero fechar o pedido"})
    proof = [{"message": "m3", "quote": "quero fechar o pedido"}]
    service.chat = [ok(completion("nothing")), ok(calls(("move_lead", moving(evidence=proof))))]
    await scene.looks()
    with file_store(database, tmp_path):
        await fetched(owner_db, await scene.noted())
        await scene.looks()
    assert await scene.proposals() == [("move_lead", "applied", None)]
    assert "quero fechar o pedido" in str(service.bodies[-1]["messages"])
    assert [path for path, _, _ in service.asked].count("POST /v1/audio/transcriptions") == 1
    await scene.wrote("ok")
    await scene.looks()
    assert [path for path, _, _ in service.asked].count("POST /v1/audio/transcriptions") == 1
