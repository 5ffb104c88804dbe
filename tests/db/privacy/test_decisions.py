"""Somebody decided about every table and every column that could hold something of a person."""

from collections import defaultdict
from uuid import uuid4

import asyncpg

from db.messages.erasing import _IN, _OUT
from db.privacy.decisions import RULES
from db.privacy.enums import Fate
from db.privacy.exporting import ELSEWHERE, TABLES, rows
from db.subjects import Subject
from db.tenancy import Actor
from tests.architecture.test_sql import migrated

HOLDS = {"text", "ARRAY", "jsonb", "bytea", "character varying"}
"""Types of columns that hold words; and whatever is called `contact_id` or `phone`."""


async def columns(db: asyncpg.Connection) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = await db.fetch(
        "select table_name, column_name, data_type from information_schema.columns where table_schema = 'public'"
    )
    for row in rows:
        if row["table_name"] in migrated():
            found[row["table_name"]][row["column_name"]] = row["data_type"]
    return found


async def test_every_table_is_decided_about(owner_db: asyncpg.Connection) -> None:
    found = await columns(owner_db)
    personal = {
        table
        for table, parts in found.items()
        if any(name in ("contact_id", "phone", "address", "email") or kind in HOLDS for name, kind in parts.items())
    }
    assert personal - set(RULES) == set(), "say in db/privacy/decisions.py what becomes of it when a person is erased"
    assert set(RULES) - set(found) == set(), "a table that is gone"


async def test_every_column_of_what_is_emptied_is_decided_about(owner_db: asyncpg.Connection) -> None:
    found = await columns(owner_db)
    for table, rule in RULES.items():
        if rule.decision is Fate.BLANK:
            texts = {name for name, kind in found[table].items() if kind in HOLDS}
            assert texts | set(rule.blank) == rule.blank | rule.rest, (
                f"{table}: columns that nobody decided about, or that are gone"
            )
            assert rule.blank <= set(found[table])
    for table, statement in {"message": _OUT, "inbound_message": _IN}.items():
        assert all(f"{column} = " in statement for column in RULES[table].blank), table


def test_what_is_kept_has_a_reason_or_nothing_of_a_person() -> None:
    named = {"contact_import", "erased_address", "contact_bulk", "ai_usage", "audit_log", "idempotency", "webhook_inbox"}
    assert {table for table in named if RULES[table].why} == named


def test_what_is_erased_is_handed_out_before() -> None:
    gone = {table for table, rule in RULES.items() if rule.decision is not Fate.KEEP}
    assert gone - set(TABLES) - set(ELSEWHERE) == set(), (
        "say in db/privacy/exporting.py which rows are a person's, or why they are not handed out"
    )
    assert set(TABLES) & set(ELSEWHERE) == set()


async def test_every_table_that_is_handed_out_can_be_read(owner: Actor) -> None:
    nobody = Subject([uuid4()], [uuid4()], ["+5511900000000"])
    for table in TABLES:
        assert [page async for page in rows(owner.company_id, nobody, table)] == [], table
