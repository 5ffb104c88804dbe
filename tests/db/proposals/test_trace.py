"""How a proposal came about: read by who may, and kept as long as its company says."""

import asyncpg
import msgspec
import pytest

from db.ai import safety
from db.errors import Forbidden, NotFound
from db.permissions import Permission, Role, held
from db.proposals import queries, store, watch
from db.proposals.enums import LeadPolicy, LeadTool
from db.tenancy import Actor
from db.work import system_work
from tests.db.proposals.scene import Scene

STEP = {
    "kind": "model",
    "ms": 3,
    "asked": {"messages": [{"role": "user", "content": "Oi \\u0000"}]},
    "answered": {"outcome": "Called"},
    "usage": None,
}


async def test_what_was_asked_is_read_and_kept_as_long_as_set(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db, policy=LeadPolicy.SUGGEST)
    await scene.lead()
    await scene.wrote("Quero fechar, pode mandar a proposta")
    seen = await scene.looked()
    found = await store.propose(seen, [scene.proposed(LeadTool.MOVE_LEAD, stage_id=scene.stages["Proposta"])], [STEP])
    assert found is not None
    assert found[0].id is not None
    assert (await queries.trace(owner, found[0].id)).steps == [STEP]
    with pytest.raises(NotFound):
        await queries.trace(stranger, found[0].id)
    blind = msgspec.structs.replace(owner, permissions=owner.permissions - {Permission.BOARDS_READ})
    with pytest.raises(Forbidden):
        await queries.trace(blind, found[0].id)
    agent = Actor(company_id=owner.company_id, kind="user", id=owner.id, role=Role.AGENT, permissions=held(Role.AGENT, None))
    with pytest.raises(Forbidden):
        await queries.trace(agent, found[0].id)
    for days, age, kept in ((30, 29, True), (365, 200, True), (7, 8, False)):
        await safety.set_safety(owner, days, False)
        await owner_db.execute(
            "update lead_judging set at = now() - make_interval(days => $2) where id = $1", seen.judging.id, age
        )
        async with system_work() as s:
            await watch.forget_old(s)
        assert bool((await queries.trace(owner, found[0].id)).steps) is kept
    await owner_db.execute("update lead_judging set at = now() - interval '91 days' where id = $1", seen.judging.id)
    async with system_work() as s:
        await watch.forget_old(s)
    assert (await queries.trace(owner, found[0].id)).at is None
