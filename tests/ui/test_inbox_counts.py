"""How many conversations each view has: asked for once for all pages of a company, and what is the reader's by the reader."""

import asyncio
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui.testing import User

from api.contract.conversations import ConversationCounts
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import true_of, until
from tests.ui.test_inbox import Customers, listing, updated
from ui import latest, session
from ui.client import conversations as client
from ui.client.base import ApiProblem


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


async def test_counts_are_asked_once_for_the_pages_of_a_company_and_mine_by_oneself(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def answer(api: Any) -> ConversationCounts:
        asked.append(api)
        await asyncio.sleep(0)
        if api == "over":
            raise ApiProblem(401, "session_over", "")
        return ConversationCounts(open=len(asked), mine=7, unassigned=0, unread=0, snoozed=0)

    monkeypatch.setattr(client, "counts", answer)
    monkeypatch.setattr(latest, "_counted", {})
    companies, people = [uuid4(), uuid4()], {name: uuid4() for name in ("ana", "bruno", "carla", "over")}

    async def ask(name: str, company: UUID, *, own: bool = False) -> latest.Counts:
        me = SimpleNamespace(api=name, me=SimpleNamespace(company=SimpleNamespace(id=company), user_id=people[name]))
        monkeypatch.setattr(session, "current", lambda: me)
        return await latest.counts(own=own)

    first = await ask("ana", companies[0])
    other = await ask("bruno", companies[0])
    assert (other.found, other.own, first.own) == (first.found, False, True)
    assert asked == ["ana"]
    assert (await ask("carla", companies[1])).found.open == 2  # another company asks for itself
    assert (await ask("bruno", companies[0], own=True)).own  # and so does whose own number may have changed
    assert asked == ["ana", "carla", "bruno"]
    with pytest.raises(ApiProblem):
        await ask("over", companies[0], own=True)
    assert (await ask("ana", companies[0])).own  # what befell another session is nobody else's
    monkeypatch.setattr(latest, "COUNTED", -1.0)
    assert (await ask("bruno", companies[0])).own
    assert asked[3:] == ["over", "ana", "bruno"]


async def test_events_of_others_conversations_leave_what_is_mine_unasked(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await customers.wrote(0, "Oi")
    await real.open("/inbox")
    await listing(real, "Pessoa 0")
    asked: list[bool] = []
    counts = latest.counts

    async def counted(*, own: bool) -> latest.Counts:
        asked.append(own)
        return await counts(own=own)

    monkeypatch.setattr(latest, "counts", counted)
    await updated(owner_db, one)
    await until(lambda: true_of(lambda: bool(asked)))
    assert asked[0] is False
    await owner_db.execute("update conversation set assignee_id = $2, version = version + 1 where id = $1", one, owner.id)
    await updated(owner_db, one)
    await until(lambda: true_of(lambda: True in asked))
