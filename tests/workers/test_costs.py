"""Money: whatever statuses come how often, in whatever order and batches, the sums of the ledger are those of their pricing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import asyncpg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.costs import ledger, rates
from db.costs.ledger import Charge, Spent
from db.costs.rates import Rate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests.db.channels.factories import envelope, make_campaign, make_channel, make_message, put_inbox, status, twilio_form
from workers.inbound import process_inbox

FIRST = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = 24 * 8
CATEGORIES = ("marketing", "utility", "authentication", "service", "referral_conversion")  # nobody knows a price of the last one
CARD = [
    Rate("whatsapp", country, category, currency, price, (FIRST + timedelta(days=day)).date(), "")
    for country, category, day, currency, price in (
        ("BR", "marketing", -30, "USD", 62_503),
        ("BR", "marketing", 3, "USD", 70_001),
        ("BR", "marketing", 6, "BRL", 349_999),
        ("BR", "utility", -30, "USD", 6_799),
        ("BR", "utility", 4, "BRL", 41_003),
        ("BR", "authentication", -30, "USD", 30_007),
        ("BR", "authentication", 2, "USD", 31_501),
        ("BR", "service", -30, "USD", 0),
        ("BR", "service", 5, "USD", 4_007),
    )
]
_LATER = Rate("whatsapp", "BR", "marketing", "BRL", 1, (FIRST + timedelta(days=7)).date(), "")


class Word(NamedTuple):
    """One status of one message. `by_wamid`: it carries no id of ours."""

    message: int
    word: str
    hour: int
    billable: bool | None
    category: str
    type: str
    by_wamid: bool


WORDS = st.builds(
    Word,
    message=st.integers(0, 3),
    word=st.sampled_from(["sent", "delivered", "read", "failed"]),
    hour=st.integers(0, HOURS - 1),
    billable=st.sampled_from([True, True, True, False, None]),
    category=st.sampled_from(CATEGORIES),
    type=st.sampled_from(["regular", "free_customer_service", "free_entry_point"]),
    by_wamid=st.booleans(),
)


def at(word: Word) -> datetime:
    return FIRST + timedelta(hours=word.hour)


def naive(told: list[Word]) -> list[Spent]:
    """Message by message: as the last status has it, at the price of the day of the first one."""
    found: dict[str | None, list[int]] = {}
    for number in {one.message for one in told}:
        mine = [one for one in told if one.message == number and one.word in ("delivered", "read") and one.billable is not None]
        if not mine:
            continue
        last = max(mine, key=lambda one: (one.hour, one.billable, one.category, one.type))
        day = min(at(one) for one in mine).date()
        valid = [rate for rate in CARD if rate.category == last.category and rate.valid_from <= day]
        price = max(valid, key=lambda rate: rate.valid_from) if valid else None
        sums = found.setdefault(price.currency if price else None, [0, 0, 0, 0])
        sums[0] += (price.price or 0) if price and last.billable else 0
        sums[1] += 1
        sums[2] += not last.billable
        sums[3] += bool(last.billable and price is None)
    return sorted((Spent(currency, *sums) for currency, sums in found.items()), key=str)


def wire(one: Word, attempts: list[UUID]) -> dict[str, Any]:
    wamid = f"wamid.{attempts[one.message].hex}"
    code = 131026 if one.word == "failed" else None
    value = status(None if one.by_wamid else attempts[one.message], one.word, wamid=wamid, at=int(at(one).timestamp()), code=code)
    if one.billable is not None:
        value["statuses"][0]["pricing"] = {
            "billable": one.billable,
            "pricing_model": "PMP",
            "category": one.category,
            "type": one.type,
        }
    return value


_LATE = [
    Word(0, "read", 24 * 6 + 1, True, "marketing", "regular", False),
    Word(0, "delivered", 24 * 2, True, "marketing", "regular", False),
]
_CORRECTED = [
    Word(1, "delivered", 5, True, "marketing", "regular", False),
    Word(1, "read", 30, False, "service", "free_entry_point", True),
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(told=st.lists(WORDS, min_size=1, max_size=14), data=st.data())
@example(told=_LATE, data=None)
@example(told=_CORRECTED, data=None)
async def test_the_sums_are_those_of_the_pricing_of_the_statuses(
    owner_db: asyncpg.Connection, owner: Actor, told: list[Word], data: st.DataObject | None
) -> None:
    repeated = data.draw(st.lists(st.sampled_from(told), max_size=5)) if data else told
    order = data.draw(st.permutations([*told, *repeated])) if data else [*told, *repeated]
    cuts = data.draw(st.lists(st.integers(1, 6), max_size=4)) if data else [1]
    await rates.set_rates(owner, CARD)
    channel = await make_channel(owner_db, owner)
    campaign = await make_campaign(owner_db, owner, channel)
    attempts = []
    for number in range(4):
        message, attempt = await make_message(
            owner_db, owner, channel, campaign_id=campaign, phone=f"+551190000000{number}", state=3, provider_id=f"{uuid4()}"
        )
        wamid = f"wamid.{attempt.hex}"
        await owner_db.execute("update message set provider_id = $2 where id = $1", message, wamid)
        await owner_db.execute("update attempt set provider_id = $2 where id = $1", attempt, wamid)
        attempts.append(attempt)
    for start in range(0, len(order), step := max([1, *cuts])):
        for one in order[start : start + step]:
            await put_inbox(owner_db, owner, channel, envelope(wire(one, attempts)))
        await process_inbox(owner.company_id)
    assert await _spent(owner, campaign) == naive(told)


async def _spent(owner: Actor, campaign: UUID) -> list[Spent]:
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        return sorted((await ledger.spent(r, owner.company_id, [campaign]))[campaign], key=str)


async def test_two_workers_at_once_lose_no_correction(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Of the same message: one enters it, the other one corrects it, whoever comes first."""
    await rates.set_rates(owner, CARD)
    channel = await make_channel(owner_db, owner)
    campaign = await make_campaign(owner_db, owner, channel)
    for number in range(6):
        _, attempt = await make_message(owner_db, owner, channel, campaign_id=campaign, phone=f"+551190000000{number}")

        async def bill(*charges: Charge) -> None:
            async with work(owner, Permission.CONTACTS_WRITE) as w:
                await ledger.bill(w, charges)
                await asyncio.sleep(0.02)  # the other one comes to its write meanwhile

        first = Charge(attempt, None, FIRST, True, "marketing", "regular")
        last = Charge(attempt, None, FIRST + timedelta(days=4), False, "service", "free_entry_point")
        both = (bill(first), bill(last)) if number % 2 else (bill(last), bill(first))
        await asyncio.gather(*both)
    assert await _spent(owner, campaign) == [Spent("USD", 0, 6, 6, 0)]


async def test_a_price_that_changes_afterwards_changes_nothing_that_was_spent(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Not even where a later status of the same message says how it is billed once more."""
    await rates.set_rates(owner, CARD)
    channel = await make_channel(owner_db, owner)
    campaign = await make_campaign(owner_db, owner, channel)
    _, attempt = await make_message(owner_db, owner, channel, campaign_id=campaign)

    async def bill(day: int, category: str) -> list[Spent]:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            await ledger.bill(w, [Charge(attempt, None, FIRST + timedelta(days=day), True, category)])
        return await _spent(owner, campaign)

    assert await bill(7, "marketing") == [Spent("BRL", 349_999, 1, 0, 0)]
    await rates.set_rates(owner, [_LATER])
    assert await bill(8, "marketing") == [Spent("BRL", 349_999, 1, 0, 0)]
    assert await bill(9, "utility") == [Spent("BRL", 41_003, 1, 0, 0)]


class Sms(NamedTuple):
    """One text message: to whom, and how many characters of which alphabet."""

    abroad: bool
    letters: int
    foreign: bool  # one character outside of the SMS alphabet makes all of them wide


class Told(NamedTuple):
    """One status of Twilio about one of them."""

    message: int
    word: str
    day: int


SMS_CARD = [
    Rate("sms", "BR", "sms", "BRL", 79_999, FIRST.date(), ""),
    Rate("sms", "BR", "sms", "BRL", 81_003, (FIRST + timedelta(days=2)).date(), ""),
    Rate("sms", "US", "sms", "USD", 8_301, FIRST.date(), ""),
]
SMS = st.builds(Sms, st.booleans(), st.sampled_from([1, 70, 71, 134, 135, 160, 161, 306, 307, 459, 700]), st.booleans())
TOLD = st.builds(
    Told, st.integers(0, 3), st.sampled_from(["queued", "sent", "delivered", "undelivered", "failed"]), st.integers(0, 3)
)


def parts(one: Sms) -> int:
    alone, long = (70, 67) if one.foreign else (160, 153)
    return 1 if one.letters <= alone else -(-one.letters // long)


def naive_sms(texts: list[Sms], told: list[Told]) -> list[Spent]:
    """Message by message: once it is sent or has arrived each part costs the price of the day of the first word of it."""
    found: dict[str, list[int]] = {}
    for number, one in enumerate(texts):
        days = [word.day for word in told if word.message == number and word.word in ("sent", "delivered")]
        if not days:
            continue
        day = (FIRST + timedelta(days=min(days))).date()
        country = "US" if one.abroad else "BR"
        price = max(
            (rate for rate in SMS_CARD if rate.country == country and rate.valid_from <= day), key=lambda rate: rate.valid_from
        )
        sums = found.setdefault(price.currency, [0, 0])
        sums[0] += (price.price or 0) * parts(one)
        sums[1] += 1
    return sorted((Spent(currency, amount, count, 0, 0) for currency, (amount, count) in found.items()), key=str)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=st.lists(SMS, min_size=4, max_size=4), told=st.lists(TOLD, min_size=1, max_size=12), data=st.data())
async def test_text_messages_cost_their_parts_at_the_price_of_their_day(
    owner_db: asyncpg.Connection, owner: Actor, texts: list[Sms], told: list[Told], data: st.DataObject
) -> None:
    order = data.draw(st.permutations([*told, *data.draw(st.lists(st.sampled_from(told), max_size=4))]))
    batch = data.draw(st.integers(1, 5))
    await rates.set_rates(owner, SMS_CARD)
    channel = await make_channel(owner_db, owner, "sms", external_id=f"+1500{uuid4().int % 10**7:07}")
    campaign = await make_campaign(owner_db, owner, channel)
    sent: list[tuple[str, UUID]] = []
    for number, one in enumerate(texts):
        phone = f"+1415555267{number}" if one.abroad else f"+551190000000{number}"
        sid = f"SM{uuid4().hex}"
        message, attempt = await make_message(
            owner_db, owner, channel, campaign_id=campaign, phone=phone, state=3, provider_id=sid
        )
        text = "a" * (one.letters - 1) + ("ã" if one.foreign else "b")
        await owner_db.execute("update message set units = sms_segments($2) where id = $1", message, text)
        sent.append((sid, attempt))
    for start in range(0, len(order), batch):
        for word in order[start : start + batch]:
            sid, attempt = sent[word.message]
            body, _ = twilio_form("", {"MessageSid": sid, "MessageStatus": word.word, "To": "+5511900000000"})
            row = await put_inbox(owner_db, owner, channel, body, "twilio_status", attempt)
            await owner_db.execute(
                "update webhook_inbox set received_at = $2 where id = $1", row, FIRST + timedelta(days=word.day, hours=1)
            )
        await process_inbox(owner.company_id)
    assert await _spent(owner, campaign) == naive_sms(texts, told)
