"""Rows of made-up data as the parameters of one statement."""

from typing import Any

import msgspec


def json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def columns(rows: list[tuple[Any, ...]], width: int = 0) -> list[list[Any]]:
    """Rows turned into the arrays that unnest takes; `width` is how many there are when there is no row."""
    return [list(column) for column in zip(*rows, strict=True)] if rows else [[] for _ in range(width)]
