"""Budgets really stop: whatever runs at once, what is spent and reserved never passes them."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import msgspec
import pytest

from db.ai import attention, budgets, catalogue, ledger, notices, prices, usage
from db.ai.catalogue import MICRO, Price
from db.ai.enums import AiNotice, BudgetPeriod, BudgetScope, CallResult, Purpose
from db.ai.events import AiBudgetWarned
from db.ai.ledger import About, Booked, Over, Tokens
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor
from db.work import Work, work

DAY, MONTH = BudgetPeriod.DAY, BudgetPeriod.MONTH
COMPANY, PERSONA, CONVERSATION = BudgetScope.COMPANY, BudgetScope.PERSONA, BudgetScope.CONVERSATION
MOST = Tokens(input=1000, output=500)
TURN = ledger.cost_of(MOST, catalogue.known("gpt-4o").price)  # type: ignore[union-attr, arg-type]
LIA = uuid4()

pytestmark = pytest.mark.usefixtures("database")


async def reserve(owner: Actor, model: str = "gpt-4o", most: Tokens = MOST, **about: Any) -> Booked | Over:
    return await ledger.reserve(
        owner.company_id, About(purpose=Purpose.ANSWER, **about), provider="openai", model=model, most=most, lease=60
    )


async def turn(owner: Actor, used: Tokens = MOST, **about: Any) -> bool:
    """One whole call; whether it was made."""
    booked = await reserve(owner, **about)
    if isinstance(booked, Over):
        return False
    await asyncio.sleep(0)
    await ledger.settle(owner.company_id, booked, CallResult.ANSWERED, used)
    return True


async def spending(owner_db: asyncpg.Connection, owner: Actor, scope: str = "company") -> list[tuple[int, int]]:
    rows = await owner_db.fetch(
        "select spent, reserved from ai_spending where company_id = $1 and scope = $2 order by id", owner.company_id, scope
    )
    return [(row["spent"], row["reserved"]) for row in rows]


async def codes(owner_db: asyncpg.Connection, owner: Actor) -> list[str]:
    rows = await owner_db.fetch(
        "select params from mail where company_id = $1 and template = 'ai_notice' order by id", owner.company_id
    )
    return [json.loads(row["params"])["code"] for row in rows]


async def test_two_hundred_turns_at_once_never_pass_any_budget(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 50 * TURN)
    await budgets.set_budget(owner, COMPANY, MONTH, 60 * TURN)
    await budgets.set_budget(owner, PERSONA, DAY, 40 * TURN, LIA)
    await budgets.set_budget(owner, CONVERSATION, DAY, 3 * TURN)
    conversations = [uuid4() for _ in range(20)]
    made = await asyncio.gather(
        *(
            turn(owner, **({"persona_id": LIA} if number % 3 else {}), conversation_id=conversations[number % 20])
            for number in range(200)
        )
    )
    assert sum(made) == 50, "as many as there is room for, and not one more"
    assert await spending(owner_db, owner) == [(50 * TURN, 0)] * 2
    ((lia, reserved),) = await spending(owner_db, owner, "persona")
    assert lia <= 40 * TURN
    assert reserved == 0
    each = await spending(owner_db, owner, "conversation")
    assert len(each) <= 20
    assert max(spent for spent, _ in each) <= 3 * TURN
    total = await owner_db.fetchval("select sum(counted) from ai_usage where company_id = $1", owner.company_id)
    assert total == 50 * TURN == sum(spent for spent, _ in each)


async def test_what_runs_is_counted_at_its_highest_until_it_is_settled(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 2 * TURN)
    first, second = await reserve(owner), await reserve(owner)
    assert isinstance(first, Booked)
    assert isinstance(second, Booked)
    assert await reserve(owner) == Over(COMPANY, DAY)
    await ledger.settle(owner.company_id, first, CallResult.ANSWERED, Tokens(input=10, output=1))
    assert isinstance(await reserve(owner), Over), "there is more room, and not enough"
    await ledger.settle(owner.company_id, second, CallResult.RATE_LIMITED, Tokens())
    assert isinstance(await reserve(owner), Booked)
    assert await spending(owner_db, owner) == [(35, TURN)]
    assert await codes(owner_db, owner) == [], "calls under way use nothing up"
    assert await owner_db.fetchval("select warned from ai_spending where company_id = $1", owner.company_id) == 0


async def test_a_refusal_reserves_nothing_anywhere(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 10 * TURN)
    await budgets.set_budget(owner, CONVERSATION, MONTH, TURN - 1)
    assert await reserve(owner, conversation_id=uuid4()) == Over(CONVERSATION, MONTH)
    assert await spending(owner_db, owner) == [(0, 0)]
    assert await owner_db.fetchval("select count(*) from ai_usage where company_id = $1", owner.company_id) == 0


async def test_a_dead_worker_s_call_counts_as_reserved_once_until_it_is_settled(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 2 * TURN - 1)
    booked = await ledger.reserve(
        owner.company_id, About(purpose=Purpose.ANSWER), provider="openai", model="gpt-4o", most=MOST, lease=-1
    )
    assert isinstance(booked, Booked)
    assert isinstance(await reserve(owner), Over)
    await asyncio.gather(*(ledger.free_expired() for _ in range(4)))
    assert await spending(owner_db, owner) == [(TURN, 0)], "it may have been answered"
    assert isinstance(await reserve(owner), Over)
    for _ in range(2):
        await ledger.settle(owner.company_id, booked, CallResult.ANSWERED, Tokens(input=10, output=1))
    assert await spending(owner_db, owner) == [(35, 0)], "what comes late stands for it, once"
    assert isinstance(await reserve(owner), Booked)


async def test_a_budget_of_one_stands_before_that_of_each(owner: Actor) -> None:
    await budgets.set_budget(owner, PERSONA, DAY, TURN)
    await budgets.set_budget(owner, PERSONA, DAY, 3 * TURN, LIA)
    assert [await turn(owner, persona_id=LIA) for _ in range(4)] == [True, True, True, False]
    bia = uuid4()
    assert [await turn(owner, persona_id=bia) for _ in range(2)] == [True, False]
    assert await turn(owner), "nobody's"


async def test_a_new_period_begins_at_midnight_of_the_company(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, TURN)
    assert await turn(owner)
    assert not await turn(owner)
    starts = await owner_db.fetchval("select starts from ai_spending where company_id = $1", owner.company_id)
    assert (starts.astimezone(UTC) - timedelta(hours=3)).time() == datetime.min.time(), "America/Sao_Paulo"
    await owner_db.execute("update ai_spending set starts = starts - interval '1 day' where company_id = $1", owner.company_id)
    await owner_db.execute("update ai_usage set at = at - interval '1 day' where company_id = $1", owner.company_id)
    assert await turn(owner)


async def test_a_budget_that_comes_later_counts_what_was_spent(owner: Actor) -> None:
    for _ in range(3):
        assert await turn(owner, persona_id=LIA)
    found = await budgets.set_budget(owner, COMPANY, DAY, 4 * TURN)
    assert [(budget.spent, budget.most) for budget in found] == [(3 * TURN, 4 * TURN)]
    await budgets.set_budget(owner, PERSONA, MONTH, 3 * TURN)
    assert await reserve(owner, persona_id=LIA) == Over(PERSONA, MONTH)
    assert await turn(owner)
    assert not await turn(owner)
    await budgets.set_budget(owner, COMPANY, DAY, None)
    assert await turn(owner)
    (again, _) = await budgets.set_budget(owner, COMPANY, DAY, 9 * TURN)
    assert again.spent == 5 * TURN, "also what was spent while there was none"


async def test_80_and_100_percent_are_told_once(
    owner: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[AiBudgetWarned] = []
    emit = Work.emit

    def listening(self: Work, event: object) -> None:
        if isinstance(event, AiBudgetWarned):
            heard.append(event)
        emit(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(Work, "emit", listening)
    await budgets.set_budget(owner, COMPANY, MONTH, 10 * TURN)
    await budgets.set_budget(owner, CONVERSATION, DAY, TURN)
    for _ in range(7):
        await turn(owner)
    assert (await codes(owner_db, owner), heard) == ([], [])
    await asyncio.gather(*(turn(owner) for _ in range(10)))
    assert await codes(owner_db, owner) in ([AiNotice.BUDGET_80, AiNotice.BUDGET_100], [AiNotice.BUDGET_100])
    assert [event.percent for event in heard] in ([80, 100], [100])
    told = len(heard)
    for _ in range(3):
        assert not await turn(owner)
    assert len(heard) == told
    await budgets.set_budget(owner, COMPANY, MONTH, 100 * TURN)
    await turn(owner, conversation_id=uuid4())
    assert [event.scope for event in heard[told:]] == [CONVERSATION]
    assert len(await codes(owner_db, owner)) == told, "a conversation's budget is nobody's mail"


async def test_a_model_without_a_price_costs_nobody_knows_what_and_stops_all_the_same(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    assumed = ledger.cost_of(MOST, catalogue.ASSUMED)
    await budgets.set_budget(owner, COMPANY, DAY, assumed)
    booked = await reserve(owner, "minha-lia")
    assert isinstance(booked, Booked)
    assert isinstance(await reserve(owner, "minha-lia"), Over)
    assert await ledger.settle(owner.company_id, booked, CallResult.ANSWERED, MOST) is None
    row = await owner_db.fetchrow("select cost, counted from ai_usage where company_id = $1", owner.company_id)
    assert (row["cost"], row["counted"]) == (None, assumed)


async def test_the_price_valid_then_is_kept(owner: Actor, owner_db: asyncpg.Connection) -> None:
    before = await reserve(owner)
    await prices.set_price(owner, "gpt-4o", Price(1 * MICRO, 0, 0, 2 * MICRO))
    after = await reserve(owner)
    assert isinstance(before, Booked)
    assert isinstance(after, Booked)
    costs = [
        await ledger.settle(owner.company_id, booked, CallResult.ANSWERED, Tokens(1000, 400, 0, 100))
        for booked in (before, after)
    ]
    assert costs == [(600 * 25 + 400 * 12.5 + 100 * 100) / 10, 600 + 200]
    await prices.set_price(owner, "gpt-4o", Price(9 * MICRO, 0, 0, 9 * MICRO))
    rows = await owner_db.fetch("select cost from ai_usage where company_id = $1 order by id", owner.company_id)
    assert [row["cost"] for row in rows] == costs


async def test_a_dated_version_costs_what_the_company_says_of_its_model(owner: Actor) -> None:
    await prices.set_price(owner, "gpt-4o", Price(1 * MICRO, 0, 0, 2 * MICRO))
    booked = await reserve(owner, "gpt-4o-2024-08-06")
    assert isinstance(booked, Booked)
    assert booked.price == Price(1 * MICRO, 0, 0, 2 * MICRO)
    await prices.set_price(owner, "gpt-4o-2024-08-06", Price(3 * MICRO, 0, 0, 4 * MICRO))
    booked = await reserve(owner, "gpt-4o-2024-08-06")
    assert isinstance(booked, Booked)
    assert booked.price == Price(3 * MICRO, 0, 0, 4 * MICRO)


async def test_a_budget_set_again_as_it_is_tells_nothing_again(owner: Actor, owner_db: asyncpg.Connection) -> None:
    for _ in range(2):
        await budgets.set_budget(owner, COMPANY, DAY, TURN)
        await turn(owner)
        await budgets.set_budget(owner, PERSONA, DAY, None, LIA)
    assert await codes(owner_db, owner) == [AiNotice.BUDGET_100]
    audited = "select count(*) from audit_log where company_id = $1 and action = 'ai_budget.set'"
    assert await owner_db.fetchval(audited, owner.company_id) == 1


async def test_many_mails_of_one_notice_swallow_no_other(owner: Actor, owner_db: asyncpg.Connection) -> None:
    async with work(owner, Permission.AI_WRITE) as w:
        for _ in range(notices.MAILS_PER_DAY + 1):
            await notices.tell(w, AiNotice.KEY_REFUSED)
        await notices.tell(w, AiNotice.BUDGET_100, "US$ 1.00")
    assert await codes(owner_db, owner) == [AiNotice.KEY_REFUSED] * notices.MAILS_PER_DAY + [AiNotice.BUDGET_100]


async def test_one_company_s_trouble_keeps_nobody_else_s_reservation(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for lease, who in ((-2, stranger), (-1, owner)):
        await ledger.reserve(
            who.company_id, About(purpose=Purpose.ANSWER), provider="openai", model="gpt-4o", most=MOST, lease=lease
        )
    works = ledger.work

    def troubled(actor: Actor, permission: Permission) -> Any:
        if actor.company_id == stranger.company_id:
            raise OSError("down")
        return works(actor, permission)

    monkeypatch.setattr(ledger, "work", troubled)
    await ledger.free_expired()
    assert await owner_db.fetchval("select result from ai_usage where company_id = $1", owner.company_id) == CallResult.LOST


async def test_a_tiny_budget_far_passed_is_full_on_the_first_page(owner: Actor, owner_db: asyncpg.Connection) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 10 * TURN)
    await turn(owner)
    await owner_db.execute("update ai_spending set spent = 30000000, warned = 80 where company_id = $1", owner.company_id)
    await owner_db.execute("update ai_budget set most = 1 where company_id = $1", owner.company_id)
    async with work(owner, Permission.AI_READ) as r:
        (line,) = await attention.waiting(r, owner.company_id)
    assert (line["code"], line["count"]) == ("ai_budget", 100)


async def test_budgets_of_companies_are_apart(owner: Actor, stranger: Actor) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, TURN)
    assert await turn(owner)
    assert not await turn(owner)
    assert await turn(stranger)
    assert await budgets.budgets(stranger) == []


def test_costs_are_whole_micro_dollars_rounded_up() -> None:
    price = Price(100_000, 10_000, 125_000, 500_000)
    assert price.cost(input=0, cached=0, cache_write=0, output=0) == 0
    assert price.cost(input=1, cached=0, cache_write=0, output=0) == 1
    assert price.cost(input=1_000_000, cached=500_000, cache_write=100_000, output=1_000_000) == 40_000 + 5_000 + 12_500 + 500_000


async def test_a_settlement_waits_for_no_circle(database: Settings, owner: Actor) -> None:
    """Reserving and settling at once over the same budgets in every order: no deadlock ends a call."""
    people = [uuid4() for _ in range(4)]
    for person in people:
        await budgets.set_budget(owner, PERSONA, DAY, 1000 * TURN, person)
    await budgets.set_budget(owner, COMPANY, DAY, 1000 * TURN)
    await budgets.set_budget(owner, CONVERSATION, MONTH, 1000 * TURN)
    made = await asyncio.gather(
        *(turn(owner, persona_id=people[n % 4], conversation_id=people[(n + n // 4) % 4]) for n in range(80)),
        *(budgets.set_budget(owner, PERSONA, DAY, 1001 * TURN, person) for person in people),
    )
    assert made[:80] == [True] * 80
    found = await budgets.budgets(owner)
    company = next(budget for budget in found if budget.scope is COMPANY)
    assert (company.spent, company.reserved) == (80 * TURN, 0)
    assert sum(budget.spent for budget in found if budget.scope is PERSONA) == 80 * TURN
    assert msgspec.json.encode([budget._asdict() for budget in found])


async def test_what_a_persona_may_spend_in_one_conversation_really_stops_there(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    about = {"persona_id": LIA, "conversation_id": uuid4(), "conversation_most": 3 * TURN}
    made = await asyncio.gather(*(turn(owner, **about) for _ in range(10)))
    assert sum(made) == 3
    assert await reserve(owner, **about) == Over(CONVERSATION, None)
    assert await turn(owner, **about | {"conversation_id": uuid4()}), "another conversation has its own"
    assert await turn(owner, **about | {"persona_id": uuid4()}), "and another persona in the same one"
    total = await owner_db.fetchval(
        "select sum(counted) from ai_usage where conversation_id = $1 and persona_id = $2", about["conversation_id"], LIA
    )
    assert total == 3 * TURN


async def test_what_a_persona_s_document_allows_in_a_day_binds_beside_the_budgets_and_widens_none(
    owner: Actor, owner_db: asyncpg.Connection
) -> None:
    mine, theirs = uuid4(), uuid4()
    assert await turn(owner, persona_id=mine, persona_day=2 * TURN)
    assert await turn(owner, persona_id=mine, persona_day=2 * TURN)
    assert await reserve(owner, persona_id=mine, persona_day=2 * TURN) == Over(PERSONA, DAY)
    assert await codes(owner_db, owner) == [AiNotice.BUDGET_100]
    await budgets.set_budget(owner, PERSONA, DAY, TURN)
    assert await turn(owner, persona_id=theirs, persona_day=1000 * TURN)
    assert await reserve(owner, persona_id=theirs, persona_day=1000 * TURN) == Over(PERSONA, DAY), "that of each persona"
    await budgets.set_budget(owner, PERSONA, DAY, 2 * TURN, theirs)
    assert await turn(owner, persona_id=theirs, persona_day=1000 * TURN)
    assert await reserve(owner, persona_id=theirs, persona_day=1000 * TURN) == Over(PERSONA, DAY), "that of this persona"


async def test_one_call_of_a_turn_keeps_what_it_spared(owner: Actor, owner_db: asyncpg.Connection) -> None:
    about = {"conversation_id": uuid4(), "turn_id": uuid4(), "merged": 2}
    refused = await reserve(owner, **about)
    assert isinstance(refused, Booked)
    await ledger.settle(owner.company_id, refused, CallResult.RATE_LIMITED, Tokens())
    assert await turn(owner, **about)
    assert await turn(owner, **about)
    assert await turn(owner, **about | {"turn_id": uuid4()})
    rows = await owner_db.fetch("select merged from ai_usage where company_id = $1 order by id", owner.company_id)
    assert [row["merged"] for row in rows] == [0, 2, 0, 2]


@pytest.mark.parametrize("purpose", [Purpose.PLAYGROUND, Purpose.EVAL])
async def test_trying_a_persona_out_takes_nothing_from_those_whom_it_serves(
    owner: Actor, owner_db: asyncpg.Connection, purpose: Purpose
) -> None:
    await budgets.set_budget(owner, COMPANY, DAY, 10 * TURN)
    await budgets.set_budget(owner, PERSONA, DAY, 2 * TURN, LIA)
    await ledger.settle(owner.company_id, await tried(owner, purpose), CallResult.ANSWERED, MOST)
    await owner_db.execute("delete from ai_spending where company_id = $1 and scope = 'persona'", owner.company_id)  # another day
    for _ in range(2):
        await ledger.settle(owner.company_id, await tried(owner, purpose), CallResult.ANSWERED, MOST)
    assert [await turn(owner, persona_id=LIA) for _ in range(3)] == [True, True, False]
    assert (await spending(owner_db, owner))[0] == (5 * TURN, 0), "the company pays for both"
    await budgets.set_budget(owner, PERSONA, DAY, 3 * TURN, LIA)
    assert [await turn(owner, persona_id=LIA) for _ in range(2)] == [True, False], "also where it is counted anew"


async def tried(owner: Actor, purpose: Purpose) -> Booked:
    booked = await ledger.reserve(
        owner.company_id, About(purpose=purpose, persona_id=LIA), provider="openai", model="gpt-4o", most=MOST, lease=60
    )
    assert isinstance(booked, Booked)
    return booked


async def test_what_a_burst_spared_is_what_its_whole_turn_cost(owner: Actor) -> None:
    about = {"conversation_id": uuid4(), "turn_id": uuid4(), "merged": 2}
    assert await turn(owner, **about)
    assert await turn(owner, **about)
    total = (await usage.usage(owner, None, None)).total
    assert (total.merged, total.saved) == (2, 2 * total.cost)
