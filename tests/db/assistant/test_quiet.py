"""Silence: the assistant takes a conversation back from people who say nothing, asks again, and what stays silent is looked at or closed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import asyncpg
import msgspec
import pytest

from db.assistant import actions as assistant
from db.assistant import outlet, quiet, turns
from db.assistant.enums import AssistantMode, Decision
from db.assistant.outlet import Spoken
from db.assistant.turns import Answer, Begun
from db.clock import now
from db.conversations import actions
from db.conversations.actions import Change
from db.conversations.enums import ConversationState
from db.conversations.events import ConversationClosed, ConversationUpdated
from db.events import Event
from db.messages.content import File, Sticker
from db.messages.enums import MessageState as M
from db.messages.replies import TextReply
from db.permissions import Permission
from db.personas.config import FollowUp
from db.tenancy import Actor
from db.work import Work, read
from tests.db.assistant.scene import Scene

STICKER = Sticker(file=File(id="sticker"))
ALWAYS = {"enabled": True, "from_minute": 0, "until_minute": 1440, "weekdays": [0, 1, 2, 3, 4, 5, 6]}
STEPS = [
    {"after_minutes": 60, "goal": "Perguntar se ficou alguma dúvida."},
    {"after_minutes": 120, "goal": "Perguntar se ajudou."},
]


def asks(**more: Any) -> dict[str, Any]:
    return {"followup": {**ALWAYS, "steps": STEPS, **more}}


async def talk(owner: Actor, db: asyncpg.Connection, **config: Any) -> Scene:
    """The assistant answered, and its answer arrived."""
    scene = await Scene.make(owner, db, **config)
    await scene.wrote()
    await scene.answered("Entregamos, sim.")
    await arrived(scene)
    return scene


async def arrived(scene: Scene) -> None:
    await scene.db.execute("update message set state = $2, sent_at = now() where contact_id = $1", scene.contact, M.SENT)


async def passed(scene: Scene, *, asks: bool = False, idles: bool = False) -> None:
    """So much time has passed that it is due."""
    for column, on in (("ask_at", asks), ("idle_at", idles)):
        if on:
            await scene.db.execute(
                f"update ai_conversation set {column} = now() - interval '1 second' where conversation_id = $1 and {column} is not null",
                scene.conversation,
            )
    found = [one for _company, one in await quiet.due()]
    assert (scene.conversation in found) == bool(await scene.one("ask_at <= now() or idle_at <= now()"))
    assert scene.conversation is not None
    await quiet.act(scene.owner.company_id, scene.conversation)


async def asked(scene: Scene, text: str = "Ficou alguma dúvida?", **answer: Any) -> Spoken:
    """What a run makes of the turn that asks again."""
    begun = await turns.begin(scene.owner.company_id, await scene.turn_id())
    assert isinstance(begun, Begun)
    assert begun.turn.asks is not None
    texts = [text] if text else []
    kept = await turns.keep(
        scene.owner.company_id, begun.turn, Answer(**{"decision": Decision.ASK.value, "texts": texts, **answer})
    )
    assert kept is not None
    spoken = await outlet.speak(scene.owner.company_id, kept)
    assert isinstance(spoken, Spoken)
    return spoken


async def write(scene: Scene) -> None:
    assert scene.conversation is not None
    await actions.reply(scene.owner, scene.conversation, TextReply("Já vejo!"))


# people say nothing


RETURNS = {"handover": {"returns_after_minutes": 60}}


async def people_were_silent(scene: Scene, minutes: int) -> None:
    await scene.db.execute(
        "update ai_conversation set human_at = human_at - make_interval(mins => $2) where conversation_id = $1",
        scene.conversation,
        minutes,
    )


async def test_who_writes_after_people_said_nothing_for_long_is_answered_again(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    scene = await talk(owner, owner_db, **RETURNS)
    await write(scene)
    await people_were_silent(scene, 59)
    await scene.wrote("E o prazo?")
    assert (scene.speaks, await scene.one("owner")) == (False, "human")
    await people_were_silent(scene, 2)
    await scene.wrote("Alguém aí?")
    assert (scene.speaks, await scene.one("owner"), await scene.one("episode")) == (True, "assistant", 2)
    assert (await scene.lines())[-1][0] == "given_back"
    await scene.answered("Dois dias úteis.")
    assert (await scene.said())[-1] == "Dois dias úteis."


async def test_without_that_setting_and_after_a_hand_over_people_keep_it(owner: Actor, owner_db: asyncpg.Connection) -> None:
    plain = await talk(owner, owner_db)
    await write(plain)
    handed = await Scene.make(owner, owner_db, **RETURNS)
    await handed.wrote("Quero falar com uma pessoa")
    await handed.answered("Vou chamar.", decision=Decision.HANDOVER.value)
    for scene in (plain, handed):
        await people_were_silent(scene, 100_000)
        await scene.wrote("Alguém aí?")
        assert (scene.speaks, await scene.one("owner")) == (False, "human")


async def test_who_types_at_the_moment_has_not_stopped(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await talk(owner, owner_db, **RETURNS)
    await write(scene)
    await people_were_silent(scene, 61)
    await owner_db.execute(
        "update ai_conversation set typing_until = now() + interval '20 seconds' where conversation_id = $1", scene.conversation
    )
    await scene.wrote("Alguém aí?")
    assert await scene.one("owner") == "human"


# it asks again


async def test_it_asks_twice_and_no_more(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await talk(owner, owner_db, **asks())
    for number, minutes in enumerate((60, 120), 1):
        wait = await scene.one("ask_at - quiet_since")
        assert abs(wait - timedelta(minutes=minutes)) < timedelta(seconds=30), "from our own message on"
        await passed(scene)
        assert len(await scene.said()) == number, "not yet"
        await passed(scene, asks=True)
        assert (await asked(scene, f"Ficou alguma dúvida? {number}")).said == 1
        await arrived(scene)
    assert (await scene.one("asked"), await scene.one("ask_at")) == (2, None)
    assert (await scene.said())[1:] == ["Ficou alguma dúvida? 1", "Ficou alguma dúvida? 2"]
    assert await scene.states() == [("sent", None)] * 3
    await scene.wrote("Oi, voltei")
    await scene.answered("Que bom!")
    assert (await scene.one("asked"), await scene.one("ask_at") is not None) == (0, True), (
        "the customer wrote: from the beginning"
    )


async def _wrote(scene: Scene) -> None:
    await scene.wrote("Sim, uma", at=now() - timedelta(seconds=1))  # a provider's clock cuts seconds off


async def _sticker(scene: Scene) -> None:
    await scene.wrote(content=STICKER)


async def _took(scene: Scene) -> None:
    assert scene.conversation is not None
    await assistant.take_over(scene.owner, scene.conversation)


async def _off(scene: Scene) -> None:
    assert scene.conversation is not None
    await assistant.set_mode(scene.owner, scene.conversation, AssistantMode.OFF)


async def _closed(scene: Scene) -> None:
    assert scene.conversation is not None
    await actions.change(scene.owner, scene.conversation, Change(state=ConversationState.CLOSED))


async def _opted_out(scene: Scene) -> None:
    await scene.wrote("PARAR")


async def _paused(scene: Scene) -> None:
    await scene.db.execute("update persona set state = 'paused' where company_id = $1", scene.owner.company_id)


async def _failed(scene: Scene) -> None:
    await scene.db.execute("update message set state = $2, sent_at = null where contact_id = $1", scene.contact, M.FAILED)


@pytest.mark.parametrize("what", [_wrote, _sticker, write, _took, _off, _closed, _opted_out, _paused, _failed])
async def test_what_ends_the_silence_ends_it(
    owner: Actor, owner_db: asyncpg.Connection, what: Callable[[Scene], Awaitable[None]]
) -> None:
    scene = await talk(owner, owner_db, **asks(), inactivity={"mode": "close", "after_minutes": 60})
    await what(scene)
    await passed(scene, asks=True)
    assert (
        await owner_db.fetchval(
            "select count(*) from ai_turn where conversation_id = $1 and asks is not null", scene.conversation
        )
        == 0
    )
    if what is not _failed:
        await passed(scene, idles=True)
        assert await scene.one("ask_at is null and idle_at is null")


@pytest.mark.parametrize("what", [_wrote, _sticker, write, _took, _off, _closed, _opted_out, _paused])
async def test_what_ends_it_while_the_question_is_composed_keeps_it_unsaid(
    owner: Actor, owner_db: asyncpg.Connection, what: Callable[[Scene], Awaitable[None]]
) -> None:
    scene = await talk(owner, owner_db, **asks())
    await passed(scene, asks=True)
    begun = await turns.begin(owner.company_id, await scene.turn_id())
    assert isinstance(begun, Begun)
    await what(scene)
    kept = await turns.keep(owner.company_id, begun.turn, Answer(decision="ask", texts=["Ficou alguma dúvida?"]))
    if kept is not None:
        await outlet.speak(owner.company_id, kept)
    assert await scene.said() == ["Entregamos, sim."]
    newest = await owner_db.fetchrow(
        "select * from ai_turn where conversation_id = $1 and asks is null order by seq desc limit 1", scene.conversation
    )
    assert newest is not None
    if what is _wrote:  # answered as if nothing had been asked
        assert (newest["state"], newest["bubbles"], newest["first_inbound_id"]) == ("collecting", 1, newest["last_inbound_id"])


async def test_outside_of_its_hours_it_waits_and_asks_later(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await talk(owner, owner_db, **asks())
    await passed(scene, asks=True)
    shut = (now() + timedelta(days=2)).weekday()  # a day on which it is not now, in whatever zone
    version = await owner_db.fetchval(
        "select persona_version_id from ai_conversation where conversation_id = $1", scene.conversation
    )
    config = msgspec.json.encode(asks(weekdays=[shut], from_minute=540, until_minute=1080)).decode()
    await owner_db.execute("update persona_version set config = $2::jsonb where id = $1", version, config)
    assert (await asked(scene)).reason == "quiet_hours"
    later = await scene.one("ask_at")
    assert now() < later < now() + timedelta(days=8)
    await owner_db.execute("update ai_conversation set ask_at = now() where conversation_id = $1", scene.conversation)
    await passed(scene)
    assert await scene.one("ask_at") == later, "and again"
    await owner_db.execute(
        "update persona_version set config = $2::jsonb where id = $1", version, msgspec.json.encode(asks()).decode()
    )
    await passed(scene, asks=True)
    assert (await asked(scene)).said == 1


async def test_its_window_is_in_the_zone_of_the_company_and_free_of_holidays(owner: Actor, owner_db: asyncpg.Connection) -> None:
    at = now().replace(year=2026, month=11, day=27, hour=23, minute=30, second=0, microsecond=0)  # Friday, 20:30 in São Paulo
    await owner_db.execute("update company set time_zone = 'America/Sao_Paulo' where id = $1", owner.company_id)
    await owner_db.execute(
        "insert into office_hours(company_id, enabled, hours, holidays, away_text, version) values ($1, false, '[]', $2, '', 1)",
        owner.company_id,
        [(at + timedelta(days=3)).date()],
    )
    async with read(owner, Permission.CONVERSATIONS_READ) as r:
        found = await quiet.opens(r, FollowUp(enabled=True), at)
        assert await quiet.opens(r, FollowUp(enabled=True, weekdays=[]), at) is None
    assert found is not None
    assert found.isoformat() == "2026-12-01T12:00:00+00:00", "not on Monday, a holiday"


@pytest.mark.parametrize("answer", [{"text": ""}, {"text": "", "trouble": True, "reason": "model_down"}])
async def test_where_nothing_is_to_be_said_nobody_is_called(
    owner: Actor, owner_db: asyncpg.Connection, answer: dict[str, Any]
) -> None:
    scene = await talk(owner, owner_db, **asks())
    await passed(scene, asks=True)
    lines = await scene.lines()
    assert (await asked(scene, **answer)).said == 0
    assert (await scene.lines(), await scene.one("alarm"), await scene.said()) == (lines, None, ["Entregamos, sim."])


async def test_a_closed_window_of_the_channel_keeps_it_unsaid(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await talk(owner, owner_db, **asks())
    await passed(scene, asks=True)
    await owner_db.execute(
        "update inbound_message set received_at = received_at - interval '25 hours' where contact_id = $1", scene.contact
    )
    assert (await asked(scene)).reason == "window_closed"
    assert (await scene.said(), await scene.one("alarm")) == (["Entregamos, sim."], None)


async def test_a_goodbye_and_a_draft_ask_nothing_later(owner: Actor, owner_db: asyncpg.Connection) -> None:
    scene = await Scene.make(owner, owner_db, **asks())
    await scene.wrote("Era só isso, tchau")
    await scene.answered("Até mais!", decision=Decision.CLOSE.value)
    assert await scene.one("ask_at") is None
    draft = await Scene.make(owner, owner_db, "suggest", **asks())
    await draft.wrote()
    await draft.answered("Entregamos, sim.")
    assert await draft.one("ask_at") is None


# a conversation stays silent


async def _state(scene: Scene) -> str:
    found: str = await scene.db.fetchval("select state from conversation where id = $1", scene.conversation)
    return found


async def test_what_stays_silent_is_closed_looked_at_or_waits(owner: Actor, owner_db: asyncpg.Connection) -> None:
    closes, looks, waits = [
        await talk(owner, owner_db, inactivity={"mode": mode, "after_minutes": 60}) for mode in ("close", "review", "wait")
    ]
    for scene in (closes, looks, waits):
        await passed(scene)
        assert await _state(scene) == "open"
        await passed(scene, idles=True)
    assert (await _state(closes), (await closes.lines())[-1]) == ("closed", ("closed", None))
    assert (await _state(looks), await looks.one("alarm"), (await looks.lines())[-1]) == (
        "open",
        "inactive",
        ("assistant_stopped", "inactive"),
    )
    assert (await _state(waits), await waits.one("alarm")) == ("open", None)
    lines = await looks.lines()
    await passed(looks, idles=True)
    assert await looks.lines() == lines, "once"
    await looks.wrote("Oi!")
    await looks.answered("Oi de novo!")
    assert await looks.one("alarm") is None, "it still answers"


async def test_that_it_closed_by_itself_is_told_with_how_long_it_took(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await talk(owner, owner_db, inactivity={"mode": "close", "after_minutes": 60})
    await owner_db.execute("update conversation set opened_at = now() - interval '2 hours' where id = $1", scene.conversation)
    told: list[Event] = []
    emit = Work.emit

    def listening(w: Work, event: Event) -> None:
        told.append(event)
        emit(w, event)

    monkeypatch.setattr(Work, "emit", listening)
    await passed(scene, idles=True)
    [closed] = [one for one in told if isinstance(one, ConversationClosed)]
    assert (closed.conversation_id, closed.contact_id, closed.user_id) == (scene.conversation, scene.contact, None)
    assert closed.seconds >= 7200
    versions = [one.version for one in told if isinstance(one, ConversationUpdated)]
    assert versions == [await owner_db.fetchval("select version from conversation where id = $1", scene.conversation)]


async def test_what_nobody_answers_is_silent_too_and_what_waits_is_not(owner: Actor, owner_db: asyncpg.Connection) -> None:
    thanked = await talk(owner, owner_db, inactivity={"mode": "close"})
    await thanked.wrote("Obrigada!")
    spoken = await thanked.speak(await thanked.composed("x", texts=[], decision=Decision.NO_REPLY.value))
    assert isinstance(spoken, Spoken)
    await passed(thanked, idles=True)
    assert await _state(thanked) == "closed"
    waits = await talk(owner, owner_db, inactivity={"mode": "close"})
    await waits.wrote(content=STICKER)
    await passed(waits, idles=True)
    assert await _state(waits) == "open"
