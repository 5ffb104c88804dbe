"""Leads that an ad brought are told once, with consent, whatever becomes of the answer."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.analytics import conversions
from db.analytics.conversions import Setting
from db.analytics.enums import ConversionConsent
from db.boards.events import LeadChanged
from db.clock import now
from db.contacts.actions import create_contact
from db.errors import Invalid
from db.event_consumers import Batch, take
from db.jobs import TellConversion
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests import factories
from tests.db.channels.factories import make_channel
from tests.workers.providers.peer import Peer, answering, peer
from workers.conversions import tell
from workers.providers.wire import Wire
from workers.runtime import Retry

DONE = answering(200, b'{"events_received":1,"messages":[],"fbtrace_id":"x"}')
DOWN = answering(503, b"")
REFUSED = answering(400, b'{"error":{"code":100,"message":"Event Timestamp Too Old"}}')
PHONE = "+5511987654321"
ON = Setting(True, "1029384756", ConversionConsent.NOT_REFUSED, True, True, True)


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(timeout=2.0, connect_timeout=1.0) as found:
        yield found


class Scene:
    """One person who wrote from an ad, and their lead."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, settings: Settings, wire: Wire) -> None:
        self.db, self.owner, self._settings, self._wire = db, owner, settings, wire
        self.contact = self.lead = owner.company_id

    async def begin(self, click: str = "Aff-n8Z") -> "Scene":
        channel = await make_channel(self.db, self.owner, "whatsapp")
        self.contact = (await create_contact(self.owner, name="Ana", phone=PHONE, tag_names=[], custom={}))["id"]
        touch = {"at": (now() - timedelta(minutes=5)).isoformat(), "referral": {"ctwa_clid": click, "source_type": "ad"}}
        await self.db.execute(
            "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at, first_touch, last_touch)"
            " values ($1, $2, $3, $4, now(), now(), $5::jsonb, $5::jsonb)",
            self.owner.company_id, self.contact, channel, PHONE, json.dumps(touch),
        )  # fmt: skip
        return self

    async def made(self) -> None:
        self.lead = await factories.lead(self.db, self.owner, contact_id=self.contact, value_cents=129_900)
        await self.hear()

    async def won(self) -> None:
        won = await self.db.fetchval("select id from stage where company_id = $1 and kind = 'won' limit 1", self.owner.company_id)
        await self.db.execute("update lead set stage_id = $2 where id = $1", self.lead, won)
        await self.hear()

    async def hear(self) -> None:
        """As the consumer does: from what the outbox kept."""
        stage = await self.db.fetchrow("select board_id, stage_id from lead where id = $1", self.lead)
        async with work(self.owner, Permission.LEADS_WRITE) as w:
            w.emit(LeadChanged(lead_id=self.lead, from_stage_id=None, deleted=False, version=1, **dict(stage)))
        async with work(worker(self.owner.company_id), Permission.EVENTS_READ) as w:
            batch: Batch = await take(w, conversions.CONSUMER)
            await conversions.heard(w, "", batch)

    async def rows(self) -> list[tuple[str, str, str | None]]:
        found = await self.db.fetch(
            "select kind, state, reason from conversion where company_id = $1 order by kind", self.owner.company_id
        )
        return [tuple(row) for row in found]

    async def run(self, far: Peer) -> list[dict[str, Any]]:
        """Runs every job; the events that the network was told so far."""
        settings = msgspec.structs.replace(self._settings, graph_url=far.url, sandbox_url=far.url)
        for row in await self.db.fetch("select id from conversion where company_id = $1 order by kind", self.owner.company_id):
            await tell(self.owner.company_id, TellConversion(conversion_id=UUID(str(row["id"]))), settings, self._wire)
        return [json.loads(one[1])["data"][0] for one in far.requests]


@pytest.fixture
async def scene(owner_db: asyncpg.Connection, owner: Actor, database: Settings, wire: Wire) -> Scene:
    await conversions.change(owner, ON)
    return await Scene(owner_db, owner, database, wire).begin()


async def test_a_lead_and_what_it_was_won_for_are_told_once(scene: Scene) -> None:
    await scene.made()
    await scene.won()
    await scene.hear()  # the same again
    assert await scene.rows() == [("lead", "waiting", None), ("won", "waiting", None)]
    jobs = "select count(*) from job where company_id = $1 and name = 'TellConversion'"
    assert await scene.db.fetchval(jobs, scene.owner.company_id) == 2
    async with peer(DONE) as far:
        first = await scene.run(far)
        assert await scene.run(far) == first
    assert [one["event_name"] for one in first] == ["LeadSubmitted", "Purchase"]
    assert first[0]["user_data"]["ctwa_clid"] == "Aff-n8Z"
    assert "custom_data" not in first[0]
    assert first[1]["custom_data"] == {"currency": "BRL", "value": 1299.0}
    assert await scene.rows() == [("lead", "told", None), ("won", "told", None)]


async def test_what_may_have_been_told_is_told_again_under_the_same_id(scene: Scene) -> None:
    await scene.made()
    async with peer(DOWN) as far:
        with pytest.raises(Retry):
            await scene.run(far)
        assert (await scene.rows())[0][1] in ("unknown", "waiting")
        [first] = [json.loads(one[1])["data"][0]["event_id"] for one in far.requests]
    await scene.db.execute("update conversion set state = 'sending'")  # a worker died with it
    async with peer(DONE) as far:
        [again] = await scene.run(far)
    assert again["event_id"] == first
    assert await scene.rows() == [("lead", "told", None)]


async def test_after_two_days_nothing_is_repeated(scene: Scene) -> None:
    await scene.made()
    await scene.db.execute("update conversion set state = 'unknown', first_try_at = now() - interval '48 hours'")
    async with peer(DONE) as far:
        assert await scene.run(far) == []
    assert await scene.rows() == [("lead", "failed", "no_answer")]


async def test_what_the_network_refuses_is_not_told_again(scene: Scene) -> None:
    await scene.made()
    async with peer(REFUSED) as far:
        assert len(await scene.run(far)) == 1
        assert len(await scene.run(far)) == 1
    assert await scene.rows() == [("lead", "failed", "refused")]


async def test_only_with_consent(scene: Scene) -> None:
    await conversions.change(scene.owner, ON._replace(consent=ConversionConsent.SAID_YES))
    await scene.made()
    async with peer(DONE) as far:
        assert await scene.run(far) == []
    assert await scene.rows() == [("lead", "skipped", "no_consent")]
    add = (
        "insert into consent_entry(company_id, contact_id, category, allowed, source, by_kind, at)"
        " values ($1, $2, 'marketing', $3, 'person', 'user', now() + $4 * interval '1 second')"
    )
    for number, (allowed, told) in enumerate(((True, 1), (False, 0))):
        await scene.db.execute(add, scene.owner.company_id, scene.contact, allowed, number)
        await scene.db.execute("update conversion set state = 'waiting', first_try_at = null")
        async with peer(DONE) as far:
            assert len(await scene.run(far)) == told


async def test_who_refused_offers_is_never_told_of(scene: Scene) -> None:
    await scene.made()
    await scene.db.execute("update contact set refuses = '{marketing}' where id = $1", scene.contact)
    async with peer(DONE) as far:
        assert await scene.run(far) == []
    assert await scene.rows() == [("lead", "skipped", "no_consent")]


async def test_leads_of_no_ad_and_of_before_are_no_matter(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings, wire: Wire
) -> None:
    early = await Scene(owner_db, owner, database, wire).begin()
    early.lead = await factories.lead(owner_db, owner, contact_id=early.contact)
    await conversions.change(owner, ON)
    await early.hear()  # it came before
    assert await early.rows() == []
    early.lead = await factories.lead(owner_db, owner)
    await early.hear()  # of nobody who clicked
    assert await early.rows() == []


async def test_off_is_off(scene: Scene) -> None:
    await scene.made()
    await conversions.change(scene.owner, ON._replace(active=False))
    async with peer(DONE) as far:
        assert await scene.run(far) == []
    assert await scene.rows() == [("lead", "skipped", "off")]
    with pytest.raises(Invalid):
        await conversions.change(scene.owner, ON._replace(dataset_id="12/../me"))
