"""What is known of who calls."""

from datetime import UTC, datetime, timedelta

import asyncpg

from db.messages import greeting
from db.tenancy import Actor
from tests import factories
from tests.db.channels.factories import make_channel, make_contact


async def test_a_person_is_known_by_their_number(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """Also where the provider leaves the ninth digit out."""
    channel = await make_channel(owner_db, owner, "voice_retell")
    contact = await make_contact(owner_db, owner, "+5511987654321", "ANA DE SOUZA")
    for number in range(30):
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=number)
        await factories.inbound(owner_db, owner, channel, contact, body=f"Mensagem {number} " + "x" * 300, received_at=at)
    found = await greeting.variables(owner, "+551187654321")
    assert (found["greeting"], found["first_name"], found["name"]) == ("Olá, Ana!", "Ana", "ANA DE SOUZA")
    lines = found["history"].splitlines()
    assert len(found["history"]) <= greeting.MOST_LETTERS
    assert "Mensagem 29 " in lines[-1]
    assert lines == sorted(lines, key=lambda line: int(line.split("Mensagem ")[1].split()[0]))


async def test_a_stranger_has_no_past_and_every_name_is_there(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute("update company set language = 'en' where id = $1", owner.company_id)
    for number in ("+5511900000001", None):
        found = await greeting.variables(owner, number)
        assert found["greeting"] == "Hello!"
        assert {name for name, value in found.items() if not value} == {"first_name", "name", "history", "last_call"}


async def test_another_company_knows_nothing(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await make_contact(owner_db, stranger, "+5511987654321", "Ana")
    assert (await greeting.variables(owner, "+5511987654321"))["name"] == ""
