"""The simulator of a new company: made once, and never taken for anything real."""

from uuid import UUID

import asyncpg

from db.accounts.enums import Language
from db.accounts.sign_in import sign_up
from db.campaigns import queries
from db.campaigns.home import figures
from db.channels import actions, simulator
from db.clock import now
from db.contacts import actions as people
from db.messages import answers
from db.messages.enums import SkipReason
from db.messages.errors import MessageError
from db.tenancy import Actor, Origin
from tests import factories

_MADE = """
select (select count(*) from channel where company_id = $1 and sandbox) as channels, (select count(*) from template where company_id = $1) as
    templates, (select count(*) from contact where company_id = $1 and source = 'sample') as people
"""


async def test_signing_up_asks_for_a_simulator(owner_db: asyncpg.Connection) -> None:
    opened = await sign_up(
        Origin(), company_name="Padaria Sol", name="Rita", email="rita@sol.test", password="pao-quente-as-seis",
        language=Language.EN, time_zone="America/Sao_Paulo", public_url="http://ui.test",
    )  # fmt: skip
    sql = "select name from job where company_id = $1 and key = 'simulator'"
    assert await owner_db.fetchval(sql, opened.actor.company_id) == "MakeSimulator"
    made = await simulator.make(opened.actor.company_id)
    assert made is not None
    assert (made.template.name, made.template.language) == ("first_message", "en")


async def test_it_is_made_once_and_does_not_come_back(owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await simulator.make(owner.company_id)
    assert made is not None
    assert await simulator.make(owner.company_id) == made
    assert tuple(await owner_db.fetchrow(_MADE, owner.company_id)) == (1, 1, 8)
    await actions.archive(owner, made.channel_id)
    assert await simulator.make(owner.company_id) is None
    assert tuple(await owner_db.fetchrow(_MADE, owner.company_id)) == (1, 1, 8)


async def _reach(db: asyncpg.Connection, owner: Actor, channel_id: UUID) -> tuple[int, int, list[tuple[str, int]]]:
    found = await queries.audience(owner, await factories.campaign(db, owner, channel_id, body="Oi"))
    return found.matched, found.reachable, [(one.reason, one.count) for one in found.skipped]


async def test_only_the_simulator_writes_to_sample_contacts(owner_db: asyncpg.Connection, owner: Actor) -> None:
    made = await simulator.make(owner.company_id)
    assert made is not None
    await factories.contacts(owner_db, owner, 3, first=500)
    real = await factories.channel(owner_db, owner, "sms", sandbox=False)
    assert await _reach(owner_db, owner, made.channel_id) == (11, 11, [])
    assert await _reach(owner_db, owner, real) == (11, 3, [(SkipReason.SAMPLE_CONTACT, 8)])
    contact: UUID = await owner_db.fetchval(
        "select id from contact where company_id = $1 and source = 'sample' limit 1", owner.company_id
    )
    ways = {way.channel_id: way.obstacle for way in await answers.reply_channels(owner, contact)}
    assert ways[real] is MessageError.NO_ADDRESS
    await people.change_contact(owner, contact, phone="+55 11 98765-4321")  # somebody's own number: "send it to myself"
    assert await _reach(owner_db, owner, real) == (11, 4, [(SkipReason.SAMPLE_CONTACT, 7)])


async def test_it_ticks_nothing_but_the_rehearsal(owner_db: asyncpg.Connection, owner: Actor) -> None:
    async def ticked() -> set[str]:
        counts = (await figures(owner)).counts
        return {name for name in ("channels", "own_contacts", "launched", "rehearsed") if counts[name]}

    made = await simulator.make(owner.company_id)
    assert made is not None
    assert await ticked() == set()
    await factories.campaign(owner_db, owner, made.channel_id, launched_at=now(), state="finished")
    assert await ticked() == {"rehearsed"}
    real = await factories.channel(owner_db, owner, "whatsapp", sandbox=False)
    assert not (await figures(owner)).counts["writable"], "the text of the simulator is none of the real channel"
    await factories.template(owner_db, owner, real)
    await factories.contacts(owner_db, owner, 1, first=500)
    await factories.campaign(owner_db, owner, real, launched_at=now(), state="finished")
    assert await ticked() == {"channels", "own_contacts", "launched", "rehearsed"}
    assert (await figures(owner)).counts["writable"]
