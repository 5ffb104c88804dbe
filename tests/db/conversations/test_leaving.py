"""Who leaves beside what comes in: nobody who is gone is given a conversation, and neither waits for the other for ever."""

import asyncio

import asyncpg
import pytest

from db.accounts import team as accounts
from db.contacts.actions import create_contact
from db.conversations import actions
from db.conversations.actions import Change
from db.conversations.enums import AssignmentStrategy
from db.conversations.teams import create_team
from db.messages import inbound
from db.messages.content import Text
from db.messages.inbound import Inbound
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.api.conftest import make_member
from tests.db.conversations.test_conversations import PHONE, T0, Scene

ROLES = "select user_id from membership where company_id = $1 and (role = 'owner' or user_id = $2) order by user_id for update"


@pytest.fixture
async def scene(owner: Actor, owner_db: asyncpg.Connection) -> Scene:
    channel = await factories.channel(owner_db, owner)
    contact = (await create_contact(owner, name="Ana Lima", phone=PHONE, tag_names=[], custom={}))["id"]
    return Scene(owner, channel, contact)


async def team_of(scene: Scene, owner_db: asyncpg.Connection, size: int) -> list[Actor]:
    """These get by turns what comes in over the channel, the first one first."""
    made = [await make_member(owner_db, scene.owner, Role.AGENT) for _ in range(size)]
    ids = [one.id for one in made if one.id is not None]
    strategy = AssignmentStrategy.ROUND_ROBIN
    await create_team(scene.owner, name="Vendas", strategy=strategy, member_ids=ids, channel_ids=[scene.channel])
    return sorted(made, key=lambda one: str(one.id))


async def blocks(c: asyncpg.Connection, pid: int, task: asyncio.Task[None]) -> None:
    """Until somebody waits for what this connection holds."""
    while not task.done() and not await c.fetchval(
        "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))", pid
    ):
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("how", ["removed", "reads only"])
async def test_who_is_given_a_conversation_while_leaving_lets_go_of_it(
    scene: Scene, owner_db: asyncpg.Connection, how: str
) -> None:
    [bia] = await team_of(scene, owner_db, 1)
    assert bia.id is not None
    chosen = asyncio.Event()

    async def leave() -> None:
        assert bia.id is not None
        await chosen.wait()
        if how == "removed":
            await accounts.remove(scene.owner, bia.id)
        else:
            await accounts.change_role(scene.owner, bia.id, Role.VIEWER)

    leaving = asyncio.create_task(leave())
    async with work(scene.owner, Permission.CONTACTS_WRITE) as w:
        await inbound.store(w, Inbound(scene.channel, scene.contact, "in", PHONE, Text(text="Oi"), T0))
        assert await w.fetchval("select assignee_id from conversation where company_id = $1", w.company_id) == bia.id
        chosen.set()
        await blocks(owner_db, await w.fetchval("select pg_backend_pid()"), leaving)
    await leaving
    assert (await scene.the()).assignee is None


async def test_who_is_leaving_is_passed_over(scene: Scene, owner_db: asyncpg.Connection) -> None:
    bia, caio = await team_of(scene, owner_db, 2)
    async with owner_db.transaction():
        await owner_db.fetch(ROLES, scene.owner.company_id, bia.id)
        await scene.wrote(1)
    found = (await scene.the()).assignee
    assert found is not None
    assert found.id == caio.id


async def test_reassigning_waits_for_who_leaves_without_holding_the_conversation(
    scene: Scene, owner_db: asyncpg.Connection
) -> None:
    await scene.wrote(1)
    one = (await scene.the()).id
    bia = await make_member(owner_db, scene.owner, Role.AGENT)
    await actions.change(scene.owner, one, Change(assignee_id=bia.id))

    async def reassign() -> None:
        await actions.change(scene.owner, one, Change(assignee_id=scene.owner.id))

    async with owner_db.transaction():
        await owner_db.fetch(ROLES, scene.owner.company_id, bia.id)
        task = asyncio.create_task(reassign())
        await blocks(owner_db, await owner_db.fetchval("select pg_backend_pid()"), task)
        assert await owner_db.fetchval("select id from conversation where id = $1 for update nowait", one) == one
    await task
    found = (await scene.the()).assignee
    assert found is not None
    assert found.id == scene.owner.id


@pytest.mark.parametrize("earlier", [0, 1])
async def test_conversations_are_let_go_in_one_order(scene: Scene, owner_db: asyncpg.Connection, earlier: int) -> None:
    """The row of the lower id is waited for before the next one is touched, however the indexes hold them."""
    bia = await make_member(owner_db, scene.owner, Role.AGENT)
    assert bia.id is not None
    ids = []
    for number in (2, 3):
        contact = await create_contact(scene.owner, name="Caio", phone=f"{PHONE[:-1]}{number}", tag_names=[], custom={})
        other = Scene(scene.owner, scene.channel, contact["id"])
        await other.wrote(1, key=f"m{number}")
        ids.append((await other.the()).id)
    first, second = sorted(ids)
    await owner_db.execute("update conversation set assignee_id = $2 where id = any($1)", ids, bia.id)
    await owner_db.execute(
        "update conversation set last_at = last_at - interval '1 hour' where id = $1", (first, second)[earlier]
    )

    async def leave() -> None:
        assert bia.id is not None
        await accounts.remove(scene.owner, bia.id)

    async with owner_db.transaction():
        await owner_db.fetchval("select id from conversation where id = $1 for update", first)
        task = asyncio.create_task(leave())
        await blocks(owner_db, await owner_db.fetchval("select pg_backend_pid()"), task)
        assert await owner_db.fetchval("select id from conversation where id = $1 for update nowait", second) == second
    await task
