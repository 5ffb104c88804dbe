"""Values that nobody should send and somebody will, and a table that refuses a row although every parser let it pass."""

import json
import math
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg
import msgspec
from hypothesis import strategies as st

from db import storable

TEXTS = (
    "\0",
    "a\0b",
    "\ud83d",
    "x\ude00",
    "ﷺ" * 700,
    "x" * 9000,
    "",
    " ",
    "-1",
    "nan",
    "1e999",
    "9" * 40,
    "\x1b[31m",
    "\u202e",
    "²",
)
NUMBERS = (2**31, -(2**31) - 1, 2**63, 10**40, 1.5, -1, 0, math.nan, math.inf, 1e308)
LEAVES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*TEXTS, *NUMBERS, None, True, [], {}, [[]], ["x"], {"x": "\0"}]),
    st.text(st.characters(), max_size=20),
    st.integers(),
)
IDENTIFIERS = frozenset(
    ("provider_id", "correlation_id", "phone", "from_phone", "new_phone", "bsuid", "from_bsuid", "context_id", "reaction_to")
) | {"target_id", "template_id", "account_id", "external_id", "wa_id"}


@st.composite
def spoiled(draw: st.DrawFn, good: Any, share: int = 6) -> Any:
    """`good` with about one of `share` values replaced by something hostile, at any depth."""
    if draw(st.integers(1, share)) == 1:
        return draw(LEAVES)
    if isinstance(good, dict):
        return {key: draw(spoiled(value, share)) for key, value in good.items()}
    if isinstance(good, list):
        return [draw(spoiled(value, share)) for value in good]
    return good


def raw(value: Any) -> bytes:
    """As JSON with everything escaped that can be: NUL, halves of surrogate pairs; NaN and Infinity as Python writes them."""
    return json.dumps(value).encode()


def assert_storable(value: Any, name: str = "") -> None:
    """Postgres takes it, whatever the column it is meant for."""
    if isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            assert_storable(getattr(value, field), field)
    elif isinstance(value, dict):  # a JSON document of somebody else: any number that jsonb takes
        assert "\\u0000" not in json.dumps(value), name
    elif isinstance(value, (list, tuple)):
        for item in value:
            assert_storable(item, name)
    elif isinstance(value, str):
        assert "\0" not in value, name
        size = len(value.encode())
        assert name not in IDENTIFIERS or size <= 4 * storable.IDENTIFIER, name
    elif isinstance(value, float):
        assert math.isfinite(value), name
    elif isinstance(value, int):
        struct.pack("i", value)
    elif isinstance(value, datetime):
        assert value.utcoffset() is not None, name
    else:
        assert value is None or isinstance(value, bytes), (name, value)


@asynccontextmanager
async def refusing(db: asyncpg.Connection, table: str, condition: str) -> AsyncIterator[None]:
    """The table takes no new row of which `condition` is true."""
    await db.execute(f"alter table {table} add constraint poison check (({condition}) is not true) not valid")
    try:
        yield
    finally:
        await db.execute(f"alter table {table} drop constraint poison")
