"""The limit of the company's month: all that is billed counts, what nobody writes by hand stops, the owners are told."""

import asyncio
from contextvars import copy_context
from datetime import date
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import home
from db.channels.secrets import load_channel
from db.clock import now
from db.costs import caps, rates
from db.costs import ledger as ledger_of_costs
from db.costs.ledger import Charge
from db.costs.rates import Rate
from db.errors import Conflict
from db.messages import answers, ledger, loosened, queueing
from db.messages.ledger import Claimed
from db.messages.replies import TextReply
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

SEND = Permission.CAMPAIGNS_SEND
ANSWER = 6_800  # of WhatsApp in Brazil since October 2026, in millionths of a US dollar
TEMPLATE = 62_500
_TEMPLATE = '{"kind": "template", "name": "oferta", "language": "pt_BR", "category": "marketing", "components": [], "slots": []}'
_TEXT = '{"kind": "literal", "body": "Oi"}'


class Line:
    """A number to which somebody pays what it sends."""

    def __init__(self, db: asyncpg.Connection, actor: Actor, channel_id: UUID) -> None:
        self.db, self.actor, self.channel_id = db, actor, channel_id

    async def put(self, purpose: str, count: int = 1, *, by_hand: bool = False, content: str = _TEXT) -> None:
        async with work(self.actor, SEND) as w:
            for number in range(count):
                await queueing.queue(
                    w,
                    self.channel_id,
                    purpose=purpose,
                    contact_id=None,
                    address=f"+55119876543{number:02}",
                    content=content,
                    author_id=self.actor.id if by_hand else None,
                )

    async def step(self, most: int = 50) -> list[Claimed]:
        """A claim with everything that a lane asks of money: who leaves."""
        async with work(self.actor, SEND) as w:
            channel = await load_channel(w, self.channel_id)
            assert channel is not None
            batch = await ledger.claim(w, self.channel_id, self.channel_id, limit=most, units=1000)
            go, _ = await gated.by_money(w, channel, None, batch)
        return go

    async def states(self) -> list[tuple[str, int, str | None, bool]]:
        """Purpose, state, reason, and whether it waits for the month's end."""
        rows = await self.db.fetch(
            "select split_part(dedupe_key, ':', 1), state, reason, queued and next_at > now() + interval '5 seconds' from message"
            " where company_id = $1 order by 1, id",
            self.actor.company_id,
        )
        return [tuple(row) for row in rows]

    async def counted(self) -> int:
        found = await caps.month(self.actor)
        assert found is not None
        return found.reserved

    async def later(self) -> None:
        """What was counted is old, and who waits a while is due."""
        await self.db.execute(
            "update spend_reserved set counted_at = now() - interval '2 minutes' where company_id = $1", self.actor.company_id
        )
        await self.db.execute(
            "update message set next_at = now() where company_id = $1 and queued and next_at < now() + interval '2 minutes'",
            self.actor.company_id,
        )

    async def bill(self, went: list[Claimed], *, billable: bool = True, amount: int | None = None) -> None:
        async with work(self.actor, SEND) as w:
            charges = [Charge(one.attempt_id, None, now(), billable, "service", amount=amount) for one in went]
            await ledger_of_costs.bill(w, charges)

    async def told(self) -> list[str]:
        rows = await self.db.fetch(
            "select params->>'code' from mail where company_id = $1 and template = 'cost_notice' order by id",
            self.actor.company_id,
        )
        return [row[0] for row in rows]


@pytest.fixture
async def line(owner_db: asyncpg.Connection, owner: Actor) -> Line:
    return Line(owner_db, owner, await factories.channel(owner_db, owner, sandbox=False))


async def test_without_a_limit_nothing_is_counted(line: Line) -> None:
    await line.put("rule", 3)
    assert len(await line.step()) == 3
    assert await line.db.fetchval("select count(*) from spend_reserved where company_id = $1", line.actor.company_id) == 0


async def test_answers_templates_rules_and_the_api_count(line: Line) -> None:
    await caps.set_month(line.actor, 1_000_000, "USD")
    await line.put("answer", by_hand=True)
    await line.put("answer")  # by the API
    await line.put("rule", content=_TEMPLATE)
    await line.put("ai")
    assert len(await line.step()) == 4
    assert await line.counted() == 3 * ANSWER + TEMPLATE


async def test_what_nobody_writes_stops_and_people_go_on(line: Line) -> None:
    await caps.set_month(line.actor, 2 * ANSWER, "USD")
    await line.put("rule", 2)
    assert len(await line.step()) == 2
    await line.put("answer", by_hand=True)
    await line.put("test")
    for purpose in ("answer", "rule", "hook", "ai", "away", "callback"):
        await line.put(purpose)
    await line.later()
    assert {(one.purpose, one.by_hand) for one in await line.step()} == {("answer", True), ("test", False)}
    held = [one for one in await line.states() if one[2] == "spend_cap"]
    assert held == [
        ("ai", 6, "spend_cap", False),  # whoever asked waits for a person now
        ("answer", 0, "spend_cap", True),
        ("away", 6, "spend_cap", False),
        ("callback", 6, "spend_cap", False),
        ("hook", 0, "spend_cap", True),
        ("rule", 0, "spend_cap", True),
    ]
    assert await line.counted() == 4 * ANSWER


async def test_what_waits_goes_once_the_limit_is_raised(line: Line) -> None:
    await caps.set_month(line.actor, 0, "USD")
    await line.put("rule", 2)
    assert await line.step() == []
    await caps.set_month(line.actor, 1_000_000, "USD")
    assert await loosened.release(line.actor.company_id) == 2
    assert len(await line.step()) == 2


async def test_workers_at_once_never_spend_more(line: Line) -> None:
    await caps.set_month(line.actor, 5 * ANSWER + 1, "USD")
    await line.put("rule", 12)
    tasks = [asyncio.create_task(line.step(3), context=copy_context()) for _ in range(4)]
    assert sum(len(go) for go in await asyncio.gather(*tasks)) == 5


async def test_what_was_billed_free_makes_room_again(line: Line) -> None:
    await caps.set_month(line.actor, 2 * ANSWER, "USD")
    await line.put("rule", 2)
    await line.bill(await line.step(), billable=False)
    await line.later()
    await line.put("rule", 3)
    assert len(await line.step()) == 2


async def test_calls_whose_price_is_told_afterwards_reach_the_limit(line: Line) -> None:
    await caps.set_month(line.actor, 100_000, "USD")
    phone = Line(line.db, line.actor, await factories.channel(line.db, line.actor, "voice_vapi", sandbox=False))
    await phone.put("call")
    went = await phone.step()
    assert len(went) == 1
    await phone.bill(went, amount=150_000)
    await line.later()
    await line.put("rule")
    assert await line.step() == []
    await line.later()
    await phone.put("call")
    assert await phone.step() == []


async def test_nothing_ends_by_a_sum_that_may_be_too_high(line: Line) -> None:
    await caps.set_month(line.actor, 2 * ANSWER, "USD")
    await line.put("rule", 2)
    await line.bill(await line.step(), billable=False)
    await line.put("ai")
    await line.put("rule")
    assert await line.step() == []
    assert [(purpose, state) for purpose, state, why, _ in await line.states() if why] == [("ai", 0), ("rule", 0)]
    await line.later()
    assert len(await line.step()) == 2


async def test_a_limit_that_has_room_again_is_reached_no_more(line: Line) -> None:
    await caps.set_month(line.actor, 10 * ANSWER, "USD")
    await line.put("rule", 10)
    await line.bill(await line.step(), billable=False)
    found = await caps.month(line.actor)
    assert found is not None
    assert found.reached
    await line.later()
    await line.put("rule", 11)
    assert len(await line.step(2)) == 2
    found = await caps.month(line.actor)
    assert found is not None
    assert (found.reached, found.reserved) == (False, 2 * ANSWER)


async def test_owners_are_told_only_what_is_true(line: Line) -> None:
    await caps.set_month(line.actor, 10 * ANSWER, "USD")
    await line.put("rule", 7)
    await line.bill(await line.step(), billable=False)
    await line.put("rule", 2)
    assert len(await line.step()) == 2
    assert (await line.counted(), await line.told()) == (2 * ANSWER, [])


async def test_a_claim_meets_the_limit_as_it_is(line: Line) -> None:
    await caps.set_month(line.actor, 0, "USD")
    await line.put("rule", 3)
    alone = copy_context()
    async with work(line.actor, Permission.COMPANY_WRITE) as w:
        await caps.keep(w, caps.MONTH, 1_000_000, "USD")
        pid = await w.fetchval("select pg_backend_pid()")
        task = asyncio.create_task(line.step(), context=alone)
        sql = "select exists (select from pg_locks where not granted and $1 = any(pg_blocking_pids(pid)))"
        while not task.done() and not await line.db.fetchval(sql, pid):
            await asyncio.sleep(0.01)
    assert len(await task) == 3
    assert await line.told() == []


async def test_new_prices_let_go_who_fits_by_them(line: Line) -> None:
    await caps.set_month(line.actor, ANSWER, "USD")
    await line.put("rule", 2)
    await line.bill(await line.step(), billable=False)
    await rates.set_rates(line.actor, [Rate("whatsapp", "BR", "service", "USD", 1, date(2026, 1, 1), "")])
    assert await line.db.fetchval(
        "select true from job where company_id = $1 and key like 'release-held:%' limit 1", line.actor.company_id
    )
    assert await loosened.release(line.actor.company_id) == 1
    assert len(await line.step()) == 1


async def test_a_limit_that_comes_later_counts_what_went_before(line: Line) -> None:
    await line.put("rule", 2)
    await line.put("answer", by_hand=True)
    assert len(await line.step()) == 3
    await caps.set_month(line.actor, 4 * ANSWER, "USD")
    assert await line.counted() == 3 * ANSWER
    await line.put("rule", 3)
    assert len(await line.step()) == 1


async def test_owners_are_told_once_at_each_share(line: Line) -> None:
    await caps.set_month(line.actor, 10 * ANSWER, "USD")
    await line.put("rule", 7)
    await line.step()
    assert await line.told() == []
    await line.put("rule", 2)
    await line.step()
    assert await line.told() == ["nearly"]
    assert [one["count"] for one in (await home.figures(line.actor)).attention if one["code"] == "spend_limit"] == [90]
    await line.put("rule", 4)
    await line.step()
    assert [one["count"] for one in (await home.figures(line.actor)).attention if one["code"] == "spend_limit"] == [100]
    await line.put("rule", 4)
    await line.step()
    assert await line.told() == ["nearly", "reached"]
    subjects = "select params->>'subject' from mail where company_id = $1 and template = 'cost_notice'"
    assert {row[0].replace("\N{NO-BREAK SPACE}", " ") for row in await line.db.fetch(subjects, line.actor.company_id)} == {
        "US$ 0,07"
    }


async def test_prices_in_another_currency_are_not_counted_and_told(line: Line) -> None:
    await caps.set_month(line.actor, 100, "BRL")
    await line.put("rule", 2)
    go = await line.step()
    assert len(go) == 2
    async with work(line.actor, SEND) as w:
        await ledger_of_costs.bill(w, [Charge(one.attempt_id, None, now(), True, "service") for one in go])
    found = await caps.month(line.actor)
    assert found is not None
    assert (found.reserved, found.unpriced) == (0, 2)


async def test_a_linked_phone_and_the_simulator_cost_nothing(line: Line) -> None:
    await caps.set_month(line.actor, 0, "USD")
    for kind, columns in (("whatsapp", {"sandbox": True}), ("whatsapp_qr", {"sandbox": False})):
        other = Line(line.db, line.actor, await factories.channel(line.db, line.actor, kind, **columns))
        await other.put("rule", 2)
        assert len(await other.step()) == 2


async def test_people_wait_too_where_the_company_wants_it(line: Line) -> None:
    await factories.contacts(line.db, line.actor, 1)
    person = await line.db.fetchval("select id from contact where company_id = $1", line.actor.company_id)
    await factories.inbound(line.db, line.actor, line.channel_id, person)
    await caps.set_month(line.actor, ANSWER, "USD")
    await line.put("rule")
    assert len(await line.step()) == 1
    await line.put("rule")
    assert await line.step() == []
    assert [way.obstacle for way in await answers.reply_channels(line.actor, person)] == [None]
    await caps.set_month(line.actor, ANSWER, "USD", stops_people=True)
    assert [way.obstacle for way in await answers.reply_channels(line.actor, person)] == ["spend_cap"]
    with pytest.raises(Conflict, match="limit of costs"):
        await answers.send(line.actor, person, line.channel_id, TextReply("Oi"))
    await line.put("answer", by_hand=True)
    assert await line.step() == []
    await caps.set_month(line.actor, ANSWER, "USD")
    assert [way.obstacle for way in await answers.reply_channels(line.actor, person)] == ["spend_cap"], "left out: as it was"
    await rates.set_rates(line.actor, [Rate("whatsapp", "BR", "service", "USD", 0, date(2026, 1, 1), "")])
    ways = await answers.reply_channels(line.actor, person)
    assert [(way.obstacle, way.template_obstacle) for way in ways] == [(None, "spend_cap")], "what is free waits for nothing"
    await answers.send(line.actor, person, line.channel_id, TextReply("Oi"))
