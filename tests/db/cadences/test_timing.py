"""WritingHours and times of day: random moments, zones and hours, changes of clocks included."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.cadences.clocks import zone
from db.cadences.plan import WritingHours
from db.cadences.timing import inside, next_time, opened
from db.contacts.places import place

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # the first draw may wait for the machine
ZONES = ("America/Sao_Paulo", "America/New_York", "Europe/Lisbon", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Havana")
moments = st.integers(int(datetime(2015, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2031, 1, 1, tzinfo=UTC).timestamp())).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
clocks = st.integers(0, 24 * 60 - 1).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
days = st.lists(st.integers(0, 6), min_size=1, max_size=7, unique=True)


@st.composite
def hours(draw: st.DrawFn) -> WritingHours:
    start, end = sorted(draw(st.lists(clocks, min_size=2, max_size=2, unique=True)))
    return WritingHours(start, end, draw(days))


@PATIENT
@given(moments, hours(), zones)
@example(
    datetime(2017, 10, 15, 2, 30, tzinfo=UTC), WritingHours("00:00", "00:30", [6]), ZoneInfo("America/Sao_Paulo")
)  # that midnight is left out
def test_what_is_sent_is_sent_inside_the_hours_and_not_before(at: datetime, hours: WritingHours, zone: ZoneInfo) -> None:
    moment = opened(at, hours, zone)
    assert inside(moment, hours, zone)
    assert moment >= at


@PATIENT
@given(moments, hours(), zones)
def test_nobody_waits_while_the_hours_are_open(at: datetime, hours: WritingHours, zone: ZoneInfo) -> None:
    """Between now and then no quarter of an hour is open."""
    moment = opened(at, hours, zone)
    step = timedelta(minutes=15)
    looked = at
    while looked < min(moment, at + timedelta(days=8)):
        assert not inside(looked, hours, zone) or moment == at
        looked += step


@PATIENT
@given(moments, clocks, st.one_of(st.just([]), days), zones)
def test_a_time_of_day_comes_within_a_week_or_so(at: datetime, clock: str, on: list[int], zone: ZoneInfo) -> None:
    moment = next_time(at, clock, on, zone)
    assert at < moment <= at + timedelta(days=8, hours=2)
    local = moment.astimezone(zone)
    there = datetime.combine(local.date(), time.fromisoformat(clock), zone).astimezone(UTC).astimezone(zone)
    assert local == there or local.strftime("%H:%M") == clock


@PATIENT
@given(moments, clocks, zones)
def test_whose_zone_is_one_of_several_waits_until_it_is_late_enough_in_all(at: datetime, clock: str, company: ZoneInfo) -> None:
    """A Brazilian who is known by a user id alone, and somebody in the west of Amazonas."""
    for address in ("BR.123", "+5597981234567"):
        moment = next_time(at, clock, [], zone(address, company, at))
        west = moment.astimezone(zone(address, company, at))
        assert all(
            moment.astimezone(ZoneInfo(name)).replace(tzinfo=None) >= west.replace(tzinfo=None) for name in place(address).zones
        )


def test_whose_place_nobody_knows_has_the_clock_of_the_company() -> None:
    company = ZoneInfo("Asia/Kathmandu")
    assert zone("", company, datetime(2026, 1, 1, tzinfo=UTC)) == company
