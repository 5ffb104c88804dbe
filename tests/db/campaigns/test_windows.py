"""Nobody is written to outside of the hours, whatever clocks do; held against a look at the clock on the wall, minute by minute."""

import itertools
from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
from hypothesis import example, given, settings
from hypothesis import strategies as st

from db.campaigns.plan import Plan, PlanHours
from db.campaigns.rules import MARGIN, Rules, SendHours
from db.campaigns.windows import WEEK, Holding, Hours, holding, opening, spans, steps
from db.contacts import holidays
from db.contacts.holidays import Calendar, Holiday, easter
from db.contacts.places import place
from db.messages.enums import WaitRule
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

ZONES = (
    "America/Sao_Paulo", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca", "Pacific/Apia",
    "America/Rio_Branco", "America/Santiago",
)  # fmt: skip
SPRING = datetime(2026, 3, 8, 6, 30, tzinfo=UTC)  # New York skips from two to three half an hour later
AUTUMN = datetime(2026, 11, 1, 5, 10, tzinfo=UTC)  # and repeats an hour fifty minutes later


@st.composite
def hours(draw: st.DrawFn) -> Hours:
    opens = draw(st.integers(0, 1438))
    closes = draw(st.integers(opens + 1, 1440))
    days = draw(st.sets(st.sampled_from(WEEK), min_size=1))
    day = draw(st.dates(date(2026, 1, 1), date(2026, 12, 20)))
    valid = draw(st.sampled_from([(None, None), (day, None), (None, day)]))
    return Hours(opens, closes, tuple(days), tuple(draw(st.sets(st.just(day)))), "rule", *valid)


def allowed(rules: list[Hours], zones: list[str], at: datetime) -> bool:
    """By every clock on every wall."""
    return all(rule.forbids(at.astimezone(ZoneInfo(zone))) is None for rule in rules for zone in zones)


moments = st.one_of(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from([SPRING, AUTUMN]),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(hours(), min_size=1, max_size=2), st.lists(st.sampled_from(ZONES), min_size=1, max_size=2, unique=True), moments)
@example([Hours(150, 1440)], ["America/New_York"], SPRING)
@example([Hours(90, 105)], ["America/New_York"], AUTUMN)
def test_no_open_moment_is_forbidden_by_a_clock(rules: list[Hours], zones: list[str], at: datetime) -> None:
    found = spans(rules, zones, at, 4)
    assert all(one[1] <= other[0] for one, other in itertools.pairwise(found))
    for start, end in found:
        inside = [start, end - timedelta(microseconds=1), start + (end - start) / 2]
        minute = start
        while minute < min(end, start + timedelta(hours=4)):
            inside.append(minute)
            minute += timedelta(minutes=7)
        assert all(allowed(rules, zones, moment) for moment in inside)


@settings(max_examples=100, deadline=None)
@given(hours(), st.sampled_from(["America/Sao_Paulo", "Asia/Kathmandu"]), moments)
def test_where_no_clock_changes_every_allowed_minute_is_open(rule: Hours, zone: str, at: datetime) -> None:
    found = spans([rule], [zone], at, 3)
    for minutes in range(0, 3 * 1440, 13):
        moment = at + timedelta(minutes=minutes)
        assert any(start <= moment < end for start, end in found) == allowed([rule], [zone], moment)


# São Paulo, Acre, Manaus, New York, London, Lord Howe (Australia), Chile, Morocco: with and without clocks that change.
NUMBERS = (
    "+5511987654321",
    "+5568987654321",
    "+5592987654321",
    "+12125550123",
    "+442079460000",
    "+61255501234",
    "+56221234567",
    "+212522123456",
)


@st.composite
def company_rules(draw: st.DrawFn) -> Rules:
    """Rules of a company and hours of a campaign, as a claim asks them."""
    rows = []
    for one in draw(st.lists(hours(), max_size=2)):
        country, category = draw(st.sampled_from(["", "BR", "US"])), draw(st.sampled_from(["", "marketing", "utility"]))
        days = list(one.weekdays)
        rows.append(
            SendHours(
                UUID(int=0),
                one.name,
                country,
                category,
                days,
                one.opens,
                one.closes,
                draw(st.booleans()),
                one.since,
                one.until,
                "",
            )
        )
    own = draw(st.one_of(st.none(), hours()))
    plan = Plan(hours=PlanHours(own.opens, own.closes, own.weekdays) if own is not None else None)
    return Rules(
        rows,
        plan,
        "marketing",
        "America/Sao_Paulo",
        draw(st.lists(st.dates(date(2026, 1, 1), date(2026, 12, 20)), max_size=2)),
        Calendar([Holiday("BR", "Tiradentes", 4, 21, None, date(2002, 12, 20), None, "Lei 10.607/2002")]),
    )


@settings(max_examples=200, deadline=None)
@given(company_rules(), st.sampled_from(NUMBERS), moments)
def test_whoever_leaves_now_may_be_written_to_until_the_lease_is_over(rules: Rules, number: str, at: datetime) -> None:
    there = place(number)
    found, zones = rules.of(there)
    opens = rules.opens(there, at)
    if opens is None:
        return
    assert opens >= at
    assert all(allowed(found, list(zones), opens + part) for part in (timedelta(), MARGIN / 2, MARGIN))
    if opens > at:  # held: one of the rules forbids this moment, or the time left is too short, and its name is told
        held = rules.holds(there, at)
        assert held is not None
        assert held.name in {rule.name for rule in found}


def test_the_first_moment_leaves_out_an_end_that_is_too_near() -> None:
    evening = Hours(540, 1200, (0, 1, 2, 3, 4), name="business hours")
    friday = datetime(2026, 11, 27, 22, 58, tzinfo=UTC)  # two minutes to eight in São Paulo
    assert opening([evening], ["America/Sao_Paulo"], friday) == friday
    monday = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    assert opening([evening], ["America/Sao_Paulo"], friday, timedelta(minutes=5)) == monday
    assert holding([evening], ["America/Sao_Paulo"], friday) is None
    held = holding([evening], ["America/Sao_Paulo"], friday + timedelta(minutes=2))
    assert held == Holding("business hours", WaitRule.QUIET_HOURS)


def test_all_zones_must_allow_it_and_never_is_said() -> None:
    nine_to_ten = Hours(540, 600)
    both = ["America/Sao_Paulo", "America/Manaus"]
    assert opening([nine_to_ten], both, SPRING) is None
    assert opening([Hours(540, 660)], both, SPRING) == datetime(2026, 3, 8, 13, 0, tzinfo=UTC)


def test_a_rule_out_of_its_validity_forbids_nothing() -> None:
    over = Hours(540, 600, until=date(2026, 3, 1))
    assert opening([over], ["America/Sao_Paulo"], SPRING) == SPRING


def test_open_time_is_counted_over_nights() -> None:
    found = spans([Hours(540, 600)], ["America/Sao_Paulo"], datetime(2026, 3, 9, 12, 30, tzinfo=UTC), 2)
    starts, before = steps(found)
    assert [start.hour for start in starts] == [12, 12, 12][: len(starts)]
    assert before[:3] == [0.0, 1800.0, 5400.0]


async def test_holidays_of_brazil(owner: Actor) -> None:
    assert easter(2026) == date(2026, 4, 5)
    assert easter(2038) == date(2038, 4, 25)
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        known = await holidays.calendar(r)
    assert date(2026, 4, 3) in known.of("BR", 2026)
    assert len(known.of("BR", 2026)) == 10
    assert date(2024, 11, 20) in known.of("BR", 2024)
    assert date(2023, 11, 20) not in known.of("BR", 2023), "since Lei 14.759/2023"
    assert known.of("PT", 2026) == []
    assert all(one.source for one in known.rows)


async def test_a_companys_own_days_are_listed_with_the_national_ones(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute(
        "insert into office_hours(company_id, holidays) values ($1, '{2026-06-24, 2031-01-02}') on conflict (company_id)"
        " do update set holidays = excluded.holidays",
        owner.company_id,
    )
    found = await holidays.listed(owner, 2026)
    assert [one.day for one in found if one.rule is None] == [date(2026, 6, 24)]
    assert len(found) == 21
