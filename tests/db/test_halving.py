"""A batch with bad rows in it: the good ones are written once and in order, the bad ones stand alone; outages are no bad rows."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db import halving


@given(rows=st.lists(st.booleans(), max_size=70))
async def test_the_bad_stand_alone_and_the_rest_is_written_in_order(rows: list[bool]) -> None:
    written: list[int] = []
    alone: list[int] = []
    calls = 0

    async def some(part: Sequence[tuple[int, bool]]) -> None:
        nonlocal calls
        calls += 1
        if any(bad for _, bad in part):
            raise asyncpg.CharacterNotInRepertoireError("invalid byte sequence")
        written.extend(number for number, _ in part)

    async def one(row: tuple[int, bool], error: Exception) -> None:
        assert isinstance(error, asyncpg.DataError)
        alone.append(row[0])

    await halving.write(list(enumerate(rows)), some, one)
    assert written == [number for number, bad in enumerate(rows) if not bad]
    assert alone == [number for number, bad in enumerate(rows) if bad]
    assert calls <= 1 + 2 * len(alone) * len(rows).bit_length()


@pytest.mark.parametrize(
    "outage",
    [
        asyncpg.CannotConnectNowError("starting"),
        asyncpg.DeadlockDetectedError("x"),
        ConnectionResetError(),
        TimeoutError(),
        OSError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_an_outage_is_raised_at_once(outage: Exception) -> None:
    calls: list[int] = []

    async def some(part: Sequence[int]) -> None:
        calls.append(len(part))
        raise outage

    async def one(row: int, error: Exception) -> None:
        raise AssertionError

    with pytest.raises(type(outage)):
        await halving.write([1, 2, 3], some, one)
    assert calls == [3]


@pytest.mark.parametrize(
    ("sql", "bad"),
    [
        ("select $1::text", "\0"),
        ("select $1::text[]", ["good", "\ud83d"]),
        ("select $1::smallint", 2**15),
        ("select $1::int[]", [1, 2**31]),
        ("select make_interval(secs => $1)", float("nan")),
        ("select $1::jsonb", '"\\u0000"'),
        ("select $1::timestamptz", datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))),
        ("insert into tick(name, at) values ($1, now())", secrets.token_hex(9000)),
    ],
    ids=["NUL", "half", "smallint", "int", "NaN", "json NUL", "date", "index"],
)
async def test_what_postgres_and_asyncpg_say_to_bad_values(sql: str, bad: object, owner_db: asyncpg.Connection) -> None:
    """Each kind of refusal is known as one, also by asyncpg itself, before anything is sent."""
    with pytest.raises(halving.SPOILED):
        await owner_db.fetchval(sql, bad)
