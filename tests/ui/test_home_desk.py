"""The first page: one's own conversations, who waits first."""

import asyncpg
from nicegui import ui
from nicegui.testing import User

from api.contract.conversations import ConversationUpdate
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import true_of, until
from tests.ui.test_inbox import Customers, updated
from ui.client import conversations as client
from ui.client.base import ApiClient


def mine(user: User) -> list[str]:
    """Where the rows lead, from the top."""
    assert user.client is not None
    links = [str(one.props.get("href", "")) for one in user.client.elements.values() if isinstance(one, ui.link)]
    return [link.removeprefix("/inbox/") for link in links if link.startswith("/inbox/")]


async def test_who_waits_stands_first_and_it_follows_what_happens(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    customers = Customers(owner_db, owner, await factories.channel(owner_db, owner))
    first, second, answered = [await customers.wrote(number, f"Oi {number}") for number in range(3)]
    for one in (first, second, answered):
        await client.change(as_owner, one, ConversationUpdate(assignee_id=owner.id))
    await owner_db.execute("update conversation set unanswered_at = '{}' where id = $1", answered)
    await owner_db.execute("update conversation set unanswered_at = array[now() - interval '2 hours'] where id = $1", first)
    await real.open("/")
    await real.should_see("Minhas conversas")
    await real.should_see("espera 2 h")
    for text in ("Escreveram hoje", "Esperando agora", "Ver quem espera"):
        await real.should_see(text)
    assert mine(real) == [str(first), str(second), str(answered)]
    await client.change(as_owner, second, ConversationUpdate(assignee_id=None))
    await updated(owner_db, second)
    await until(lambda: true_of(lambda: mine(real) == [str(first), str(answered)]))
