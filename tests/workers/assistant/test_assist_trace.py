"""What a model was asked for what agents ask for: read by who may, kept as long as the company says."""

from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db.ai import safety
from db.assistant import assists
from db.assistant.enums import SHARED, AssistKind
from db.conversations import labels
from db.errors import Forbidden, NotFound
from db.permissions import Permission
from db.tenancy import Actor
from db.work import system_work
from tests.workers.assistant.test_assist import model, talk, written

__all__ = ["model"]


@pytest.mark.usefixtures("model")
@pytest.mark.parametrize("what", [AssistKind.DRAFT, AssistKind.CUSTOMER, AssistKind.LABELS, AssistKind.SHORTER])
async def test_what_a_model_was_asked_is_read_by_who_may_and_kept_as_long_as_set(
    owner: Actor, owner_db: asyncpg.Connection, what: AssistKind
) -> None:
    scene = await talk(owner, owner_db, "Vocês entregam em Recife?")
    await labels.create_label(owner, "Entrega", "teal")
    found = await written(scene, what, "Entregamos sim, em todo o Recife." if what is AssistKind.SHORTER else "")
    assert scene.conversation is not None
    whole = await assists.trace(owner, scene.conversation, found.id)
    steps = whole.steps
    assert whole.cost, "what its calls cost"
    asked = next(one for one in steps if one["kind"] == "model")
    assert "Recife" in str(asked["asked"])
    assert asked["answered"]["outcome"] == "Answered"
    assert asked["usage"]
    for absent in (Permission.AI_READ, Permission.KNOWLEDGE_READ):
        agent = msgspec.structs.replace(owner, permissions=owner.permissions - {absent})
        with pytest.raises(Forbidden):
            await assists.trace(agent, scene.conversation, found.id)
    other = msgspec.structs.replace(owner, id=uuid4())
    if what in SHARED:
        assert (await assists.trace(other, scene.conversation, found.id)).steps == steps
    else:
        with pytest.raises(NotFound):
            await assists.trace(other, scene.conversation, found.id)
    if what is AssistKind.CUSTOMER:
        for days, age, kept in ((30, 29, True), (7, 8, False)):
            await safety.set_safety(owner, days, False)
            await owner_db.execute("update ai_assist set created_at = now() - make_interval(days => $1)", age)
            async with system_work() as s:
                await assists.forget_old(s)
            assert bool((await assists.trace(owner, scene.conversation, found.id)).steps) is kept
