"""One search over everything: what the actor may read, and nothing of another company."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db.permissions import Permission
from db.search import everything
from db.search.enums import SearchKind
from db.tenancy import Actor
from tests import factories

K = SearchKind


async def _filled(db: asyncpg.Connection, actor: Actor) -> UUID:
    """Something called Aurora of most kinds."""
    channel = await factories.channel(db, actor, name="Aurora Zap")
    contact: UUID = await db.fetchval(
        "insert into contact(company_id, name, search) values ($1, 'Aurora Dias', 'aurora dias') returning id", actor.company_id
    )
    await db.execute(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) values ($1, $2, $3, '+5511900000001', now(), now())",
        actor.company_id,
        contact,
        channel,
    )
    await factories.lead(db, actor, "Cortina da Aurora")
    for number, name in enumerate(("Volta da Aurora", "Aurora no Natal")):
        await db.execute(
            "insert into campaign(company_id, name, channel_id, audience) values ($1, $2, $3, '{}')",
            actor.company_id,
            name,
            channel,
        )
        await db.execute(
            "insert into template(company_id, channel_id, name, language, category, status, components)"
            " values ($1, $2, $3, 'pt_BR', 'marketing', 'approved', '[]')",
            actor.company_id,
            channel,
            f"aurora_{number}",
        )
    await db.execute("insert into persona(company_id, name, draft) values ($1, 'Aurora', '{}')", actor.company_id)
    return contact


async def test_each_kind_under_its_right(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    contact = await _filled(owner_db, owner)
    await _filled(owner_db, stranger)
    found = await everything.everything(owner, "aurora")
    assert found.unanswered == []
    assert [(hit.kind, hit.title) for hit in found.hits] == [
        (K.CONTACT, "Aurora Dias"),
        (K.CONVERSATION, "Aurora Dias"),
        (K.LEAD, "Cortina da Aurora"),
        (K.CAMPAIGN, "Aurora no Natal"),  # what begins with it comes first
        (K.CAMPAIGN, "Volta da Aurora"),
        (K.TEMPLATE, "aurora_0"),
        (K.TEMPLATE, "aurora_1"),
        (K.PERSONA, "Aurora"),
    ]
    assert found.hits[0].id == contact  # of the stranger there is one, too
    few = Actor(company_id=owner.company_id, kind="user", id=owner.id, permissions=frozenset({Permission.CAMPAIGNS_READ}))
    assert {hit.kind for hit in (await everything.everything(few, "aurora")).hits} == {K.CAMPAIGN}
    nobody = Actor(company_id=owner.company_id, kind="user", id=owner.id)
    assert await everything.everything(nobody, "aurora") == ([], [])


async def test_kinds_and_how_many_are_chosen(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await _filled(owner_db, owner)
    found = await everything.everything(owner, "AURÓRA", kinds=[K.CAMPAIGN, K.TEMPLATE], limit=1)
    assert [hit.kind for hit in found.hits] == [K.CAMPAIGN, K.TEMPLATE]
    for nothing in ("%", "\0", "  ", "…"):
        assert await everything.everything(owner, nothing) == ([], [])


async def test_what_takes_too_long_is_said(owner_db: asyncpg.Connection, owner: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    await _filled(owner_db, owner)

    async def never(actor: Actor, text: str, limit: int) -> list[everything.Hit]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setitem(everything._KINDS, K.CONVERSATION, (Permission.CONVERSATIONS_READ, never))
    monkeypatch.setattr(everything, "PATIENCE", 1.0)
    found = await everything.everything(owner, "aurora")
    assert found.unanswered == [K.CONVERSATION]
    assert K.PERSONA in {hit.kind for hit in found.hits}
