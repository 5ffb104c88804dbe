"""The conversation card and the answers of a campaign, over the real API and database."""

from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.events import MessageReceived
from db.tenancy import Actor
from tests import factories
from tests.factories import content_json
from tests.ui.interactions import click, field, hear, press, until
from tests.ui.test_inbox import listing

PHONE = "+5511900000000"


@pytest.fixture
async def person(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    await factories.contacts(owner_db, owner, 1)
    return await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)


async def came(
    db: asyncpg.Connection, owner: Actor, channel: UUID, person: UUID, kind: str, body: str, campaign: UUID | None = None
) -> None:
    await db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, campaign_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, $4, gen_random_uuid()::text, $5, $6, $7, $8::jsonb, now())",
        owner.company_id, channel, person, campaign, PHONE, kind, body, content_json(kind, body),
    )  # fmt: skip


async def test_a_conversation_shows_kinds_and_is_answered_once(
    real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID
) -> None:
    channel = await factories.channel(owner_db, owner)
    await came(owner_db, owner, channel, person, "text", "Chega hoje? 🙏")
    await came(owner_db, owner, channel, person, "image", "")
    await real.open(f"/contacts/{person}")
    for text in ("Conversa", "Chega hoje? 🙏", "Imagem", "Hoje"):
        await real.should_see(text, retries=30)
    await real.should_see("O WhatsApp aceita texto livre por mais", retries=30)
    field(real, "Escreva uma resposta").value = "Chega até as {{18}}h"
    click(real, "Enviar")
    await until(lambda: _empty(real))
    await real.should_see("Chega até as {{18}}h", retries=30)
    rows = await owner_db.fetch("select content->>'body' as body from message where company_id = $1", owner.company_id)
    assert [row["body"] for row in rows] == ["Chega até as {{18}}h"]


async def _empty(user: User) -> bool:
    return field(user, "Escreva uma resposta").value == ""


async def test_a_closed_window_says_why_and_what_to_do(
    real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID
) -> None:
    await factories.channel(owner_db, owner)
    await real.open(f"/contacts/{person}")
    await real.should_see("Nenhuma conversa ainda", retries=30)
    await real.should_see("O WhatsApp só aceita texto livre até 24 horas", retries=30)
    await real.should_see("Enviar um modelo")


async def test_the_figure_of_answers_leads_to_who_answered(
    real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID
) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, state="finished", audience_size=2)
    await factories.contacts(owner_db, owner, 1, first=1)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key)"
        " select $1, $2, $3::uuid, $3::uuid, id, $4, $3::uuid || ':' || id from contact where company_id = $1",
        owner.company_id, channel, campaign, PHONE,
    )  # fmt: skip
    await came(owner_db, owner, channel, person, "text", "Quero sim!\nMe chama?", campaign)
    await owner_db.execute(
        "update message m set state = 5, sent_at = now(), replied_at = (select received_at from inbound_message i where i.contact_id = m.contact_id)"
        " where company_id = $1",
        owner.company_id,
    )
    await owner_db.execute("select make_conversations($1, null)", owner.company_id)
    await real.open(f"/campaigns/{campaign}")
    await real.should_see("Responderam")
    table = next(one for one in real.client.elements.values() if isinstance(one, ui.table))  # type: ignore[union-attr]
    await until(lambda: _rows(table, 2))
    press(real, "Responderam")
    await real.should_see("Responderam a Promoção")
    await listing(real, "Pessoa 0", "Quero sim! Me chama?")


async def test_what_has_not_changed_is_not_drawn_again(
    real: User, owner_db: asyncpg.Connection, owner: Actor, person: UUID
) -> None:
    """A voice message that plays goes on playing when another message comes."""
    channel = await factories.channel(owner_db, owner)
    await came(owner_db, owner, channel, person, "text", "Ouve o áudio?")
    await real.open(f"/contacts/{person}")
    await real.should_see("Ouve o áudio?")
    before = next(iter(real.find("Ouve o áudio?").elements))
    await came(owner_db, owner, channel, person, "text", "Já ouviu?")
    hear(MessageReceived(message_id=uuid4(), contact_id=person, channel_id=channel))
    await real.should_see("Já ouviu?")
    assert not before.is_deleted
    assert next(iter(real.find("Ouve o áudio?").elements)) is before


async def _rows(table: ui.table, count: int) -> bool:
    return len(table.rows) == count
