"""Cleaners: whatever comes in, Postgres takes what comes out, and nothing good is touched."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db import storable
from tests.poison import LEAVES, TEXTS, raw

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ANY_TEXT = st.one_of(st.sampled_from(TEXTS), st.text(st.characters(), max_size=700))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(ANY_TEXT, max_size=20),
    tree=st.recursive(LEAVES, lambda inner: st.dictionaries(ANY_TEXT, inner), max_leaves=9),
)
async def test_postgres_takes_it(values: list[str], tree: Any, owner_db: asyncpg.Connection) -> None:
    await owner_db.execute('create temp table if not exists kept(at serial, id text collate "C" primary key)')
    texts = [storable.text(value, 300) for value in values]
    assert await owner_db.fetchval("select $1::text[]", texts) == texts
    for value in values:
        await owner_db.execute("insert into kept(id) values ($1) on conflict do nothing", storable.key(value))
        await owner_db.execute("insert into kept(id) values ($1) on conflict do nothing", storable.identifier(value) or "none")
    document = msgspec.json.encode(storable.tree(json.loads(raw(tree)))).decode()
    assert await owner_db.fetchval("select $1::jsonb is not null", document)


@pytest.mark.parametrize(
    "good", ["wamid.HBgNNTUxMTk4NzY1NDMyMRUCABEYEjc0", "SM" + "a" * 32, "Olá, João! 👋🏽\nTudo bem?", "日本語"]
)
def test_what_is_good_stays_as_it_is(good: str) -> None:
    assert storable.text(good) == storable.key(good) == good
    assert storable.tree([good, {good: 1.5}, 2**40, None, True]) == [good, {good: 1.5}, 2**40, None, True]


def test_a_name_is_never_mended_into_another_one() -> None:
    assert storable.identifier("a\0b") is storable.identifier("") is storable.identifier("x" * 501) is None
    assert storable.identifier("BR.123") == "BR.123"


def test_a_key_too_long_for_an_index_is_found_again() -> None:
    assert storable.key("x" * 9000) == storable.key("x" * 9000) != storable.key("x" * 9001)
    assert storable.key("a\0b") == "ab"  # as it comes in a webhook, whose texts have no NUL any more


def test_numbers_and_moments() -> None:
    assert [storable.int4(n) for n in (2**31 - 1, 2**31, -(2**31), 10**40, None)] == [2**31 - 1, None, -(2**31), None, None]
    assert storable.moment(NOON.replace(tzinfo=None)) == NOON
    assert storable.moment(datetime.max.replace(tzinfo=timezone(-timedelta(hours=5)))) is None
