"""Voice notes become text where the service hears, in the same ledger."""

import asyncpg
import pytest

from db.ai.enums import Provider, Purpose
from db.ai.ledger import About
from db.messages import words
from db.tenancy import Actor
from tests.workers.llm.conftest import Service, connect, ok, refused
from workers.assistant import media
from workers.llm import voice
from workers.llm.ask import transcribe
from workers.llm.outcomes import Answered, Malformed, NotConnected, TooLong

ABOUT = About(purpose=Purpose.TRANSCRIBE)


async def test_what_is_said_and_what_it_used(service: Service, connected: Actor, owner_db: asyncpg.Connection) -> None:
    outcome = await transcribe(connected.company_id, ABOUT, b"OggS\xff", "nota.ogg", seconds=4)
    assert isinstance(outcome, Answered)
    assert (outcome.text, outcome.usage.input, outcome.usage.output) == ("Quero saber o preço.", 40, 9)
    form = service.bodies[0]["form"]
    assert 'filename="nota.ogg"' in form
    assert voice.MODEL in form
    assert 'name="language"' not in form, "the service hears which it is"
    row = await owner_db.fetchrow("select * from ai_usage where company_id = $1", connected.company_id)
    assert (row["purpose"], row["model"], row["result"], row["estimated"]) == ("transcribe", voice.MODEL, "answered", False)


async def test_a_server_that_counts_seconds_is_estimated(
    service: Service, connected: Actor, owner_db: asyncpg.Connection
) -> None:
    service.heard = ok({"text": "Oi", "usage": {"type": "duration", "seconds": 4}})
    assert isinstance(await transcribe(connected.company_id, ABOUT, b"OggS", "nota.ogg", seconds=4), Answered)
    row = await owner_db.fetchrow("select * from ai_usage where company_id = $1", connected.company_id)
    assert row["estimated"]
    assert row["counted"] > 0
    service.heard = ok({"words": []})
    assert isinstance(await transcribe(connected.company_id, ABOUT, b"OggS", "nota.ogg", seconds=4, language="es"), Malformed)
    assert 'name="language"' in service.bodies[-1]["form"]


async def test_who_does_not_hear_is_not_asked(
    service: Service, connected: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "MOST_BYTES", 3)
    assert isinstance(await transcribe(connected.company_id, ABOUT, b"OggS", "nota.ogg", seconds=4), TooLong)
    await owner_db.execute("update ai_connection set models = '{gpt-4o}' where company_id = $1", connected.company_id)
    assert await transcribe(connected.company_id, ABOUT, b"O", "nota.ogg", seconds=4) == NotConnected()
    await connect(connected, Provider.COMPATIBLE, base_url=service.url)
    assert await transcribe(connected.company_id, ABOUT, b"O", "nota.ogg", seconds=4) == NotConnected()
    assert service.asked == []
    await connect(connected)
    service.heard = refused(429, "insufficient_quota")
    assert type(await transcribe(connected.company_id, ABOUT, b"O", "nota.ogg", seconds=4)).__name__ == "NoCredit"


def test_nobody_else_makes_words_while_they_may_still_be_made() -> None:
    assert words.MAKES.total_seconds() > media.PATIENCE + 2 * voice.TIMEOUT
