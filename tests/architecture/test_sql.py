"""Who writes which table, and where SQL may stand: read from the strings of the product, and from the catalogue for triggers."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import asyncpg

from db.messages.enums import AttemptState, MessageState
from db.migrate import files
from tests.architecture.tree import nodes, python_files

OWNERS = {
    "db/audit": {"request_log"},
    "db/assistant": {"ai_assist", "ai_conversation", "ai_trace", "ai_turn"},
    "db/accounts": {
        "account_user", "api_key", "company", "custom_role", "email_verification", "identity", "invitation", "known_device", "mail", "membership",
        "installation_secret", "password_reset", "recovery_code", "second_factor", "session", "sign_in_flow",
    },
    "db/analytics": {"annotation", "conversion", "conversion_setting", "dashboard", "figure_report", "figure_report_mail", "figure_report_reader", "figure_report_run", "saved_view"},
    "db/ai": {"ai_budget", "ai_connection", "ai_price", "ai_safety", "ai_spending", "ai_usage", "model_behaviour", "model_request"},
    "db/boards": {"board", "lead", "lead_bulk_move", "lead_change", "lead_field", "lead_note", "lead_stay", "lost_reason", "rule_run", "stage", "stage_ever", "stage_rule", "stage_tag_total", "stage_total"},
    "db/bookings": {"appointment", "booking"},
    "db/cadences": {"cadence", "cadence_version", "enrolment", "enrolment_news", "enrolment_step"},
    "db/campaigns": {"campaign", "message_tally", "send_hours", "warm_up", "warm_up_used"},
    "db/channels": {"channel", "channel_log", "channel_notice", "channel_signup", "template", "template_version"},
    "db/contacts": {
        "call_rule", "consent_entry", "contact", "contact_bulk", "contact_distinct", "contact_identity", "contact_import", "contact_import_member", "contact_import_reject", "contact_import_undo",
        "contact_merge", "contact_note", "contact_tag", "custom_field", "erased_address", "holiday", "opt_out_word", "own_opt_out_word", "erased_salt", "identity_past", "segment", "suppression", "tag",
    },
    "db/conversations": {
        "chat_group", "conversation", "conversation_entry", "conversation_label", "label", "office_hours", "quick_reply", "talk", "team", "team_channel", "team_member",
    },
    "db/costs": {"listed_rate", "message_cost", "send_rate", "spend_cap", "spend_reserved"},
    "db/holds": {"hold", "held_item"},
    "db/incoming": {"incoming_delivery", "incoming_hook", "incoming_key"},
    "db/knowledge": {"knowledge_base", "knowledge_chunk", "knowledge_gap", "knowledge_question", "knowledge_source", "knowledge_term", "knowledge_vector"},
    "db/kommo": {"kommo_connection", "kommo_link", "kommo_stage", "kommo_task"},
    "db/messages": {"attempt", "call", "call_turn", "handed_file", "inbound_message", "lost_attempt", "message", "message_file", "sent_text", "unreached_country", "webhook_inbox"},
    "db/notifications": {"notification", "notification_choice", "push_subscription"},
    "db/privacy": {"contact_export", "erasure", "receipt_key", "retention"},
    "db/qr": {"qr_first", "qr_heard", "qr_key", "qr_session"},
    "db/proposals": {"board_ai", "lead_judging", "lead_proposal", "lead_watch"},
    "db/personas": {"persona", "persona_binding", "persona_case", "persona_run", "persona_trial", "persona_version"},
    "db/telephony": {"phone_setup", "phone_setup_step"},
    "db/transfers": {"call_agent", "call_order", "call_queue", "call_ring", "call_transfer"},
    "db/webhooks": {"webhook_attempt", "webhook_delivery", "webhook_endpoint"},
    "db/event_consumers.py": {"event_consumer", "event_noticed", "event_outbox"},
    "db/stats": {"stat_check", "stat_day", "stat_delta", "stat_hour"},
    "db/idempotency.py": {"idempotency"},
    "db/installation.py": {"installation"},
    "db/limits.py": {"portfolio_window"},
    "db/migrate.py": {"schema_migration"},
    "db/queue.py": {"job"},
    "db/work.py": {"audit_log", "tick"},
}  # fmt: skip
"""Folder or module → the tables that it alone changes. Whoever else wants a change calls a verb there."""
SAME = {"db/job_runs.py": "db/queue.py", "db/outbox.py": "db/event_consumers.py"}
"""Modules that share the tables of another one."""
TRIGGERS = {
    "message": {"enrolment_news", "event_noticed", "message_tally", "stat_delta"},
    "conversation": {"talk"},
    "conversation_entry": {"talk"},
    "talk": {"stat_delta"},
    "inbound_message": {"stat_delta"},
    "message_cost": {"stat_delta"},
    "channel": {"event_noticed"},
    "contact": {"event_noticed"},
    "template": {"event_noticed"},
    "api_key": set(),
    "campaign": set(),
    "lead": {"lead_stay", "stage_tag_total", "stage_total"},
    "lead_stay": {"stat_delta"},
    "consent_entry": {"stat_delta"},
    "call": {"call_order", "call_transfer", "stat_delta"},
    "membership": {"call_agent", "notification", "notification_choice"},
    "stage": {"stage_ever"},
    "company": {"board", "lost_reason", "stage", "stage_total"},
}
"""Table → tables that its triggers write too, whoever changes it."""
TRIGGERS_ALONE = {"db/boards": {"stage_ever", "stage_tag_total"}}
"""Folder → tables of its own that nothing but its triggers writes."""
EVERYWHERE = {
    "db/seed": "writes a past of the demo company that no verb can make",
    "db/rotate.py": "seals whatever columns the catalogue names anew",
    "db/backup.py": "puts a whole database in place",
}
SANDBOX = "workers/sandbox/"
"""The sandbox plays a provider: its store is not ours."""

_NAME = r'(?:only\s+)?"?([a-z_{}]+)"?'
_WRITE = re.compile(
    rf"\b(?:insert\s+into\s+{_NAME}|delete\s+from\s+{_NAME}|merge\s+into\s+{_NAME}|truncate\s+(?:table\s+)?{_NAME}|copy\s+{_NAME}\s"
    rf"|update\s+{_NAME}\s+(?:(?:as\s+)?[a-z]\w*\s+)?set\b)",
    re.IGNORECASE,
)
_SQL = re.compile(
    r"\b(?:select\b.+?\bfrom\s+[a-z_({]|select\s+[a-z_.]+\(|insert\s+into\s+[a-z_{]|delete\s+from\s+[a-z_{]|update\s+[a-z_{}]+\s.*?\bset\b)",
    re.DOTALL,
)
_RAW = re.compile(
    r"\b(?:\w\.)?(?:attempt_)?state\s*(?:=|<>|<=|>=|<|>|between|in\s*\(|not\s+in\s*\()\s*\d|\bbecomes\s*(?:=|<>|in\s*\()\s*\d",
    re.IGNORECASE,
)


@cache
def strings(path: Path) -> tuple[tuple[int, str], ...]:
    """Line and text of every string that is no docstring; what an f-string puts in reads `{}`."""
    return tuple(_strings(nodes(path)))


def _strings(module: tuple[ast.AST, ...]) -> Iterator[tuple[int, str]]:
    silent: set[int] = set()
    for node in module:
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            silent |= {id(part.value) for part in node.body if isinstance(part, ast.Expr)}
        if isinstance(node, ast.JoinedStr):
            silent |= {id(part) for part in node.values}
            yield node.lineno, "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
    for node in module:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.lineno, node.value


def written(sql: str) -> set[str]:
    """Tables that a statement changes."""
    return {name for match in _WRITE.finditer(sql) for name in match.groups() if name}


def owner(path: Path) -> str | None:
    if str(path) in SAME:
        return SAME[str(path)]
    return next((place for place in (*OWNERS, *EVERYWHERE) if str(path) == place or str(path).startswith(f"{place}/")), None)


@cache
def migrated() -> frozenset[str]:
    """The tables of the schema."""
    found = {"schema_migration"}
    for path in files():
        sql = path.read_text(encoding="utf-8")
        found |= set(re.findall(r"^\s*create (?:unlogged )?table (?:if not exists )?(\w+)", sql, re.MULTILINE | re.IGNORECASE))
        found -= set(re.findall(r"^\s*drop table (?:if exists )?(\w+)", sql, re.MULTILINE | re.IGNORECASE))
    return frozenset(found)


def test_the_parser_sees_every_way_to_write() -> None:
    statements = {
        "insert into a(x) values (1)": {"a"},
        "with c as (update b set x = 1 returning x) delete from only a using c": {"a", "b"},
        "update a as t set x = 1": {"a"},
        "update a t set x = 1 from b": {"a"},
        "select 1 from a for update skip locked": set(),
        "select 1 from a for no key update": set(),
        "insert into a select 1 on conflict do update set x = 1": {"a"},
        "merge into a using b on true when matched then do nothing": {"a"},
        "copy a from stdin": {"a"},
    }
    assert {sql: written(sql) for sql in statements} == statements


MIGRATIONS_ALONE = {"call_rule", "holiday", "listed_rate", "opt_out_word", "unreached_country"}
"""Rules that hold for every company: nobody writes them while the programs run."""


def test_every_table_has_one_writer() -> None:
    owned = [table for tables in OWNERS.values() for table in tables]
    assert sorted(owned) == sorted(migrated()), "a table of the schema without a folder, with two, or one that is gone"
    strangers = defaultdict(set)
    writers = defaultdict(set)
    for path in python_files("api", "db", "ui", "workers"):
        place = owner(path)
        if str(path).startswith(SANDBOX) or place in EVERYWHERE:
            continue
        for line, sql in strings(path):
            for table in written(sql) & migrated():
                writers[place].add(table)
                if table not in OWNERS.get(place or "", ()):
                    strangers[f"{path}:{line}"].add(table)
    assert dict(strangers) == {}
    idle = {place: tables - writers[place] for place, tables in OWNERS.items()}
    seen = {place: tables - MIGRATIONS_ALONE for place, tables in idle.items()}
    assert {place: tables for place, tables in seen.items() if tables} == TRIGGERS_ALONE, "nobody writes it"
    assert set().union(*idle.values()) >= MIGRATIONS_ALONE
    assert set().union(*TRIGGERS_ALONE.values()) <= set().union(*TRIGGERS.values())


async def test_triggers_write_what_is_declared(owner_db: asyncpg.Connection) -> None:
    rows = await owner_db.fetch(
        "select c.relname, p.prosrc from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_proc p on p.oid = t.tgfoid"
        " where not t.tgisinternal and c.relnamespace = 'public'::regnamespace"
    )
    found = defaultdict(set)
    for row in rows:
        found[row["relname"]] |= written(row["prosrc"])
    assert dict(found) == TRIGGERS


async def test_what_a_foreign_key_deletes_belongs_to_the_same_folder(owner_db: asyncpg.Connection) -> None:
    home = {table: place for place, tables in OWNERS.items() for table in tables}
    rows = await owner_db.fetch(
        "select conrelid::regclass::text as child, confrelid::regclass::text as parent from pg_constraint"
        " where contype = 'f' and (confdeltype <> 'a' or confupdtype <> 'a') and connamespace = 'public'::regnamespace"
    )
    assert [tuple(row) for row in rows if home.get(row["child"]) != home.get(row["parent"])] == []


def test_sql_stands_in_db_only() -> None:
    assert [
        f"{path}:{line}"
        for path in python_files("api", "ui", "workers")
        if not str(path).startswith(SANDBOX)
        for line, sql in strings(path)
        if _SQL.search(sql) and (written(sql) | set(re.findall(r"\b(?:from|join)\s+([a-z_]+)", sql))) & migrated()
    ] == []


def test_states_have_names_in_sql() -> None:
    assert _RAW.search("where m.state = 0")
    assert _RAW.search("state in (1, 2)")
    assert not _RAW.search(f"where state in ({MessageState.SENT}, x)".replace(str(int(MessageState.SENT)), "{}"))
    assert f"{MessageState.READ} {AttemptState.UNKNOWN}" == "5 3", "an f-string puts the number there"
    assert [
        f"{path}:{line}"
        for path in python_files("api", "db", "workers")
        if not str(path).startswith(SANDBOX)
        for line, sql in strings(path)
        if _RAW.search(sql) and "set state_reason" not in sql
    ] == []
