"""Which price counts: the company's own before ours, a country's before all others', the newest that began."""

from datetime import date

import pytest

from db.costs import rates
from db.costs.estimate import Group, Total, estimate
from db.costs.rates import Price, Prices, Rate
from db.errors import Invalid
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

DAY = date(2026, 11, 27)


async def listed(owner: Actor) -> Prices:
    """Of a company without prices of its own."""
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        return await rates.prices(r, owner.company_id)


async def test_ours_is_known_where_there_is_a_source(owner: Actor) -> None:
    ours = await listed(owner)
    assert ours.of("whatsapp", "BR", "marketing", DAY) == Price(62_500, "USD")
    assert ours.of("whatsapp", "BR", "marketing", date(2025, 6, 30)) is None
    assert ours.of("whatsapp", "PT", "marketing", DAY) is None
    assert ours.of("sms", "BR", "sms", DAY) == Price(59_900, "USD")
    assert ours.of("sms", "US", "sms", DAY) == Price(8_300, "USD")
    assert ours.of("sms", "PT", "sms", DAY) is None
    assert all(one.rate.source for one in await rates.rates(owner))


async def test_answers_are_paid_since_october(owner: Actor) -> None:
    ours = await listed(owner)
    assert ours.of("whatsapp", "BR", "service", date(2026, 9, 30)) == Price(0, "USD")
    assert ours.of("whatsapp", "BR", "service", date(2026, 10, 1)) == Price(6_800, "USD")
    assert ours.of("whatsapp", "PT", "service", date(2026, 9, 30)) == Price(0, "USD")
    assert ours.of("whatsapp", "PT", "service", date(2026, 10, 1)) is None


def test_a_companys_own_price_stands_before_ours() -> None:
    ours = [Rate("whatsapp", "BR", "marketing", "USD", 62_500, date(2025, 7, 1), "")]
    own = Prices(
        [
            Rate("whatsapp", "BR", "marketing", "BRL", 350_000, date(2026, 1, 1), "contract"),
            Rate("whatsapp", "BR", "marketing", "BRL", 400_000, date(2027, 1, 1), "contract"),
            Rate("whatsapp", "", "marketing", "BRL", 900_000, date(2026, 1, 1), "contract"),
        ],
        ours,
    )
    assert own.of("whatsapp", "BR", "marketing", DAY) == Price(350_000, "BRL")
    assert own.of("whatsapp", "BR", "marketing", date(2027, 1, 1)) == Price(400_000, "BRL")
    assert own.of("whatsapp", "PT", "marketing", DAY) == Price(900_000, "BRL")
    assert own.of("whatsapp", "BR", "marketing", date(2025, 12, 31)) == Price(62_500, "USD")


def test_an_estimate_keeps_currencies_apart_and_counts_who_has_no_price() -> None:
    known = Prices(
        [Rate("whatsapp", "PT", "marketing", "EUR", 50_000, date(2026, 1, 1), "")],
        [Rate("whatsapp", "BR", "marketing", "USD", 62_500, date(2025, 7, 1), "")],
    )
    groups = [Group(country, "marketing", n, n) for country, n in (("BR", 10), ("PT", 2), ("BR", 5), ("AO", 3))]
    found = estimate(groups, known, "whatsapp", DAY)
    assert found.totals == [Total("EUR", 100_000), Total("USD", 937_500)]
    assert found.unpriced == 3
    assert [(line.country, line.people, line.amount) for line in found.lines] == [
        ("BR", 15, 937_500),
        ("AO", 3, None),
        ("PT", 2, 100_000),
    ]


def test_segments_are_what_is_paid_for() -> None:
    known = Prices([Rate("sms", "BR", "sms", "BRL", 80_000, date(2026, 1, 1), "")])
    assert estimate([Group("BR", "sms", 10, 25)], known, "sms", DAY).totals == [Total("BRL", 2_000_000)]


async def test_prices_are_set_changed_and_taken_back(owner: Actor) -> None:
    mine = Rate("sms", "BR", "sms", "BRL", 80_000, date(2026, 1, 1), "contract 7")
    await rates.set_rates(owner, [mine])
    await rates.set_rates(owner, [mine._replace(price=90_000)])
    assert [one.rate for one in await rates.rates(owner) if one.id is not None] == [mine._replace(price=90_000)]
    assert sum(one.id is None for one in await rates.rates(owner)) == 9
    await rates.remove_rate(owner, next(one.id for one in await rates.rates(owner) if one.id is not None))
    assert not any(one.id is not None for one in await rates.rates(owner))


async def test_a_list_with_a_wrong_line_changes_nothing(owner: Actor) -> None:
    good = Rate("sms", "BR", "sms", "BRL", 80_000, date(2026, 1, 1), "")
    wrong = [
        good,
        good,
        good._replace(kind="fax"),
        good._replace(category="marketing"),
        good._replace(currency="real", country="Brasil"),
    ]
    with pytest.raises(Invalid) as refused:
        await rates.set_rates(owner, wrong)
    assert {(field.path, field.code) for field in refused.value.fields} >= {
        ("rates[1]", "rate_double"),
        ("rates[2].kind", "rate_kind"),
        ("rates[3].category", "rate_category"),
        ("rates[4].currency", "rate_currency"),
        ("rates[4].country", "rate_country"),
    }
    assert not any(one.id is not None for one in await rates.rates(owner))
