"""How near a number is to being blocked, why, and how it writes for that."""

from datetime import timedelta

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.channels.enums import NoticeCode
from db.clock import now
from db.qr import health
from db.qr.enums import HealthPart
from db.qr.health import Facts, Point, fewer, points, score, slower
from db.tenancy import Actor
from tests.db.qr import scenes
from tests.db.qr.test_pacing import admitted, claimed

OLD = timedelta(days=90)
P = HealthPart


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(OLD), []),
        (Facts(OLD, sent=500, asked=500, replied=300), []),
        (Facts(timedelta(days=1)), [Point(P.YOUNG, 15)]),
        (Facts(OLD, sent=100, asked=100, replied=10), [Point(P.FEW_REPLIES, 20, 0.1)]),
        (Facts(OLD, sent=100, asked=100, replied=1), [Point(P.FEW_REPLIES, 40, 0.01)]),
        (Facts(OLD, sent=10, asked=10), []),
        (Facts(OLD, sent=60, failed=40, unknown=12), [Point(P.FAILURES, 25, 0.4), Point(P.UNKNOWN_NUMBERS, 15, 0.12)]),
        (Facts(OLD, sent=100, stopped=2), [Point(P.STOPS, 12, 0.02)]),
        (Facts(OLD, quota_total=50, quota_used=50), [Point(P.QUOTA, 20, 1.0)]),
        (Facts(OLD, restricted=True, banned=True), [Point(P.BANNED, 50), Point(P.RESTRICTED, 35)]),
    ],
)
def test_each_sign_takes_its_points(facts: Facts, expected: list[Point]) -> None:
    assert points(facts) == expected
    assert score(expected) == 100 - sum(one.points for one in expected)


counts = st.integers(0, 10**6)


@given(
    st.builds(
        Facts, st.none() | st.timedeltas(timedelta(), timedelta(days=4000)), counts, counts, counts, counts, counts, counts,
        st.none() | counts, st.none() | counts, st.booleans(), st.booleans(),
    )
)  # fmt: skip
def test_every_number_has_a_score_and_a_worse_one_writes_no_faster(facts: Facts) -> None:
    found = score(points(facts))
    assert 0 <= found <= 100
    worse = score(points(facts._replace(banned=True)))
    assert worse <= found
    assert slower(worse) >= slower(found)
    assert fewer(worse) <= fewer(found)


async def test_a_number_in_danger_writes_to_nobody_new(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, first_open_at=now() - OLD)
    await health.keep(owner.company_id, channel_id)
    assert await scenes.column(owner_db, channel_id, "score") == 100
    assert not await health.keep(owner.company_id, channel_id)
    await owner_db.execute(
        "insert into channel_notice(company_id, channel_id, code, at) select $1, $2, unnest($3::text[]), now()",
        owner.company_id,
        channel_id,
        [NoticeCode.SESSION_BANNED.value, NoticeCode.SESSION_RESTRICTED.value],
    )
    assert await health.keep(owner.company_id, channel_id)
    assert await scenes.column(owner_db, channel_id, "score") == 15
    parts = msgspec.json.decode(await scenes.column(owner_db, channel_id, "score_parts"), type=list[Point])
    assert [one.part for one in parts] == [P.BANNED, P.RESTRICTED]
    found = await admitted(owner, channel_id, claimed("+5511987654399"))
    assert (found.go, len(found.waits)) == ([], 1)


async def test_one_at_risk_writes_to_half_as_many_and_more_slowly(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, first_open_at=now(), score=50)
    found = await admitted(owner, channel_id, *(claimed(f"+5511{number:09}") for number in range(12)))
    assert (len(found.go), found.slower) == (10, 2.0)
