"""One bad row spoils nobody else: a batch that cannot be written because of what it holds is written in halves.

Told apart by the error: data (a text that Postgres refuses, a number that does not fit, a constraint) lies in the rows and stays
there however often it is tried; an outage does not, and is never halved.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

Row = TypeVar("Row")

SPOILED = (
    asyncpg.DataError,  # also what asyncpg raises when it cannot encode an argument
    asyncpg.IntegrityConstraintViolationError,
    asyncpg.ProgramLimitExceededError,  # longer than an index takes
    UnicodeError,
    OverflowError,
)


def spoiled(error: Exception) -> bool:
    """Whether the rows, and not the server, are the reason."""
    return isinstance(error, SPOILED)


async def write(
    rows: Sequence[Row],
    some: Callable[[Sequence[Row]], Awaitable[object]],
    alone: Callable[[Row, Exception], Awaitable[object]],
    *,
    spoiled: Callable[[Exception], bool] = spoiled,
) -> None:
    """Writes all rows with `some`, each call a transaction (or savepoint) of its own, in their order. What cannot be written is
    halved until the bad row stands alone and goes to `alone`, with the error. Raises what is no fault of the rows: what was
    written stays."""
    parts = [rows] if rows else []
    while parts:
        part = parts.pop()
        try:
            await some(part)
        except Exception as error:
            if not spoiled(error):
                raise
            if len(part) == 1:
                await alone(part[0], error)
            else:
                middle = len(part) // 2
                parts += [part[middle:], part[:middle]]
