"""Piccolo's classes and the database tell the same story."""

import importlib

import asyncpg
import pytest
from piccolo.columns import Column
from piccolo.table import Table

from tests.architecture.tree import python_files

TYPES = {
    "UUID": "uuid",
    "TEXT": "text",
    "BOOLEAN": "boolean",
    "INTEGER": "integer",
    "SMALLINT": "smallint",
    "BIGINT": "bigint",
    "NUMERIC": "numeric",
    "TIMESTAMPTZ": "timestamp with time zone",
    "JSONB": "jsonb",
    "BYTEA": "bytea",
    "DATE": "date",
    "DOUBLE PRECISION": "double precision",
    "REAL": "real",
}


def classes() -> list[type[Table]]:
    found = []
    for path in python_files("db"):
        if path.name == "tables.py":
            module = importlib.import_module(".".join(path.with_suffix("").parts))
            found += [
                item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Table) and item is not Table
            ]
    return found


def _type(column: Column) -> str:
    kind = column.column_type
    if kind.endswith("[]") or kind == "ARRAY":
        return "ARRAY"
    return TYPES[kind.partition("(")[0]]


@pytest.mark.parametrize("table", classes(), ids=lambda table: table._meta.tablename)
async def test_no_drift(table: type[Table], owner_db: asyncpg.Connection) -> None:
    rows = await owner_db.fetch(
        "select column_name, data_type, is_nullable = 'YES' as nullable from information_schema.columns"
        " where table_schema = 'public' and table_name = $1",
        table._meta.tablename,
    )
    actual = {row["column_name"]: (row["data_type"], row["nullable"]) for row in rows}
    assert actual, "no such table"
    mapped = {column._meta.db_column_name: (_type(column), column._meta.null) for column in table._meta.columns}
    assert mapped == actual
