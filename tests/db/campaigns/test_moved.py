"""A number that is connected by a code falls: what waits for it goes another way once, where its campaign says so, and waits otherwise."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, fallback, lifecycle, queries
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import MessageState as M
from db.messages.ledger import Claimed
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.qr import sessions
from db.qr.closing import Closed
from db.qr.enums import CloseReason
from db.qr.leases import Held
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.db.qr import scenes

SEND = Permission.CAMPAIGNS_SEND
GONE = "update qr_session set state = 'logged_out', closed_at = now() - interval '20 minutes' where id = $1"


class Stage:
    """A campaign of four over a number connected by a code, one of them sent to, with another way beside it."""

    held: Held
    id: UUID
    first: Claimed

    def __init__(self, db: asyncpg.Connection, owner: Actor) -> None:
        self.db, self.owner = db, owner

    async def open(self, chosen: dict[str, Any]) -> None:
        self.held = await scenes.held(self.db, self.owner)
        await self.db.execute("update qr_session set state = 'open' where id = $1", self.held.channel_id)
        await factories.contacts(self.db, self.owner, 4)
        await self.db.execute(
            "insert into consent_entry(company_id, contact_id, allowed, source, by_kind) select $1, id, true, 'import', 'user' from contact"
            " where company_id = $1",
            self.owner.company_id,
        )
        text = msgspec.json.encode(chosen).decode()
        self.id = await factories.campaign(self.db, self.owner, self.held.channel_id, body="Oi!", fallback=text)
        await actions.launch(self.owner, self.id, None)
        await lifecycle.prepare(self.owner.company_id, self.id)
        async with work(self.owner, SEND) as w:
            [self.first] = await ledger.claim(w, self.held.channel_id, self.id, limit=1, units=1)

    async def states(self) -> list[tuple[M, str | None]]:
        rows = await self.db.fetch("select state, reason from message where campaign_id = $1 order by id", self.id)
        return [(M(row["state"]), row["reason"]) for row in rows]

    async def instead(self) -> list[UUID]:
        sql = "select m.contact_id from message m join campaign k on k.id = m.campaign_id where k.fallback_of = $1 order by 1"
        return [row["contact_id"] for row in await self.db.fetch(sql, self.id)]


async def by_sms(db: asyncpg.Connection, owner: Actor, **more: Any) -> Stage:
    stage = Stage(db, owner)
    sms = await factories.channel(db, owner, "sms", sandbox=False)
    await stage.open({"channel_id": str(sms), "body": "Oi", **more})
    return stage


@pytest.mark.parametrize(
    ("why", "reason"),
    [(CloseReason.BANNED, FailureReason.ACCOUNT_LOCKED), (CloseReason.LOGGED_OUT, FailureReason.SESSION_ENDED)],
)
async def test_what_waits_for_a_number_that_fell_goes_by_sms_once(
    owner_db: asyncpg.Connection, owner: Actor, why: CloseReason, reason: FailureReason
) -> None:
    stage = await by_sms(owner_db, owner, move_after_minutes=10)
    await sessions.closed(stage.held, Closed(why))
    assert await fallback.rounds() == 0  # somebody may scan its code again soon
    await owner_db.execute("update qr_session set closed_at = now() - interval '11 minutes' where id = $1", stage.held.channel_id)
    assert sorted(await asyncio.gather(fallback.rounds(), fallback.rounds())) == [0, 3]
    assert await fallback.rounds() == 0
    states = await stage.states()
    assert states.count((M.FAILED, reason.value)) == 3
    assert [state for state, _ in states if state != M.FAILED] == [M.SENDING]  # it may have gone: nobody writes to them twice
    assert stage.first.contact_id not in await stage.instead()
    told = (await queries.progress(owner, stage.id)).fallback
    assert told is not None
    assert told.waiting == 3


async def test_it_waits_where_the_campaign_says_nothing_of_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await by_sms(owner_db, owner)
    await owner_db.execute(GONE, stage.held.channel_id)
    assert await fallback.rounds() == 0
    assert [state for state, _ in await stage.states()].count(M.QUEUED) == 3


async def test_nothing_moves_to_a_channel_that_does_not_send(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await by_sms(owner_db, owner, move_after_minutes=0)
    await owner_db.execute(GONE, stage.held.channel_id)
    await owner_db.execute("update channel set state = 'error' where company_id = $1 and kind = 'sms'", owner.company_id)
    assert await fallback.rounds() == 0
    await owner_db.execute("update channel set state = 'connected' where company_id = $1 and kind = 'sms'", owner.company_id)
    assert await fallback.rounds() == 3


async def test_a_code_that_is_being_scanned_again_moves_nothing(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await by_sms(owner_db, owner, move_after_minutes=0)
    await owner_db.execute(GONE, stage.held.channel_id)
    await owner_db.execute("update qr_session set state = 'pairing' where id = $1", stage.held.channel_id)
    assert await fallback.rounds() == 0


async def test_of_a_restricted_number_only_those_move_who_have_to_wait(owner_db: asyncpg.Connection, owner: Actor) -> None:
    stage = await by_sms(owner_db, owner, move_after_minutes=30)
    await owner_db.execute(
        "update qr_session set state = 'restricted', restricted_until = now() + interval '20 minutes' where id = $1",
        stage.held.channel_id,
    )
    one = await owner_db.fetchval(
        "update message set reason = 'new_people_limit' where id = (select id from message where campaign_id = $1 and queued order by id limit 1)"
        " returning contact_id",
        stage.id,
    )
    assert await fallback.rounds() == 0  # it is over before the half hour
    await owner_db.execute(
        "update qr_session set restricted_until = now() + interval '2 hours' where id = $1", stage.held.channel_id
    )
    assert await fallback.rounds() == 1
    assert await stage.instead() == [one]


async def test_it_goes_by_template_over_the_official_api(owner_db: asyncpg.Connection, owner: Actor) -> None:
    cloud = await factories.channel(owner_db, owner, sandbox=False)
    template = await factories.template(owner_db, owner, cloud)
    stage = Stage(owner_db, owner)
    chosen = {"channel_id": str(cloud), "template_id": str(template), "bindings": factories.BINDINGS, "move_after_minutes": 0}
    await stage.open(chosen)
    await owner_db.execute(GONE, stage.held.channel_id)
    assert await fallback.rounds() == 3
    child = await owner_db.fetchrow(
        "select id, name, template_id, content->>'kind' as kind from campaign where fallback_of = $1", stage.id
    )
    assert child is not None
    assert (child["name"], child["template_id"], child["kind"]) == ("Promoção · WhatsApp", template, "template")
    async with work(owner, SEND) as w:
        [claimed, *_] = await ledger.claim(w, cloud, child["id"], limit=10, units=10)
    assert claimed.params[0].startswith("Pessoa") or claimed.params[0] == "Pessoa"


async def test_a_launch_asks_for_a_template_that_is_approved_and_for_no_other_number_by_code(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    cloud = await factories.channel(owner_db, owner, sandbox=False)
    template = await factories.template(owner_db, owner, cloud, status="pending")
    stage = Stage(owner_db, owner)
    with pytest.raises(Conflict) as refused:
        await stage.open({"channel_id": str(cloud), "template_id": str(template), "bindings": factories.BINDINGS})
    assert [one.code.value for one in refused.value.fields] == ["template_not_approved"]
    other = await scenes.session(owner_db, owner)
    campaign = await factories.campaign(
        owner_db,
        owner,
        stage.held.channel_id,
        body="Oi!",
        fallback=msgspec.json.encode({"channel_id": str(other), "body": "Oi"}).decode(),
    )
    with pytest.raises(Conflict) as again:
        await actions.launch(owner, campaign, None)
    assert [one.code.value for one in again.value.fields] == ["fallback_channel"]
