"""In which order what a rule writes takes its locks: that of what comes in over the same channel."""

import asyncpg
import pytest

from db.boards import moves, rule_steps
from db.boards.rule import RuleAction, SendTemplate, SendText
from db.tenancy import Actor
from tests import factories
from tests.db.boards.test_moves import stages_of
from tests.db.boards.test_rules import BINDINGS, outcomes, rule


@pytest.mark.parametrize("how", ["template", "text", "tried out"])
async def test_the_channel_is_held_before_the_person(owner: Actor, owner_db: asyncpg.Connection, how: str) -> None:
    _first, talking, *_ = await stages_of(owner_db, owner)
    channel = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    person = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    action: RuleAction = SendText(channel_id=channel, text="Oi")
    if how != "text":
        action = SendTemplate(template_id=await factories.template(owner_db, owner, channel), bindings=BINDINGS)
    await rule(owner, talking, action)
    lead_id = await factories.lead(owner_db, owner, contact_id=person)
    if how == "tried out":
        await factories.channel_comes_first(owner_db, channel, person, rule_steps.try_out(owner, talking["id"], lead_id))
        return
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, address, kind, content, received_at, provider_id)"
        " values ($1, $2, $3, '+5511900000000', 'text', $4::jsonb, now(), 'in1')",
        owner.company_id, channel, person, factories.content_json("text", "oi"),
    )  # fmt: skip
    await moves.move_lead(owner, lead_id, stage_id=talking["id"])
    await owner_db.execute("update rule_run set due_at = now() where company_id = $1", owner.company_id)
    await factories.channel_comes_first(owner_db, channel, person, rule_steps.step(owner.company_id, lead_id))
    assert await outcomes(owner_db, owner) == [("done", None)]
