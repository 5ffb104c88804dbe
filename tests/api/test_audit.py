"""The audit log as people read it: filters, the file, and a line in plain words for each action, in both languages."""

import ast
import csv
import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import get_args

import asyncpg
import httpx
import pytest
from babel.messages.pofile import read_po

from api.contract.audit_lines import ACTORS, AUDIT, COLUMNS, LINES
from api.contract.problems import LOCALES
from db.campaigns.enums import CampaignState
from db.clock import now
from db.contacts.bulk import Verb
from db.conversations.enums import LineKind
from db.holds.enums import HoldDecision
from db.knowledge.enums import GapState
from db.permissions import Permission, Role
from db.tenancy import Actor
from tests.api.conftest import SignInAs, bearer, make_member

ROOT = Path(__file__).parents[2]
NAME = re.compile(r"[a-z_]+\.[a-z_]+")
# Actions whose names are put together: from which members.
FAMILIES = {
    "campaign.": [state.value for state in CampaignState],
    "contacts.bulk_": list(get_args(Verb)),
    "conversation.": [LineKind.REOPENED.value, LineKind.SNOOZED.value],
    "hold.": [decision.value for decision in HoldDecision],
    "import.": ["completed", "failed"],
    "knowledge_gap.": [state.value for state in GapState],
}
# Where a function is handed the name by its callers: functions that audit what they are told.
HANDED = {"_changed": "db/knowledge/bases.py", "open_session": "db/accounts"}
SEEDED = {"company.demo_made"}


def audited() -> Iterator[tuple[str, str]]:
    """The action of each audit row that the code can write, with its file."""
    for folder in ("db", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            tree = ast.parse(path.read_text("utf-8"))
            for call in ast.walk(tree):
                if not isinstance(call, ast.Call):
                    continue
                called = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
                if called == "audit" and call.args:
                    of_system = ast.unparse(call.args[0]) in (
                        "origin",
                        "Origin()",
                    )  # SystemWork.audit(origin, company_id, user_id, action)
                    yield from ((name, where) for name in _names(call.args[3 if of_system else 0], where))
                elif called in HANDED and where.startswith(HANDED[called]):
                    told = [arg.value for arg in call.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
                    if any(
                        isinstance(arg, ast.Name) and arg.id == "action" for arg in call.args
                    ):  # chosen above: any of the file's
                        told = [
                            each.value
                            for each in ast.walk(tree)
                            if isinstance(each, ast.Constant) and isinstance(each.value, str)
                        ]
                    assert [name for name in told if NAME.fullmatch(name)], (where, ast.unparse(call))
                    yield from ((name, where) for name in told if NAME.fullmatch(name))


def _names(action: ast.expr, where: str) -> list[str]:
    match action:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.IfExp(body=one, orelse=other):
            return _names(one, where) + _names(other, where)
        case ast.JoinedStr(values=[ast.Constant(value=str(family)), ast.FormattedValue()]):
            return [family + member for member in FAMILIES[family]]
        case ast.Name(id="action" | "what"):
            assert any(where.startswith(place) for place in HANDED.values()), where
            return []
    raise AssertionError(f"{where}: nobody can tell what {ast.unparse(action)} is called")


def test_every_action_has_a_line_in_plain_words() -> None:
    found = dict(audited())
    assert len(found) > 150
    assert {name: where for name, where in found.items() if name not in LINES} == {}
    assert "Made a campaign" in LINES.values()


def test_every_line_has_its_portuguese_twin_and_no_other() -> None:
    with (LOCALES / "pt_BR.audit.po").open("rb") as file:
        known = {(message.context, str(message.id)): str(message.string) for message in read_po(file) if message.id}
    texts = [*LINES.values(), *ACTORS.values(), *COLUMNS.values()]
    assert set(known) == {(AUDIT, text) for text in texts}
    assert len(texts) == len(set(texts)), "two actions would read alike"
    assert all(known.values())


async def changed(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> tuple[dict[str, str], Actor]:
    """Headers of the owner, who made a viewer of an agent and then a key."""
    headers = await bearer(owner_db, owner)
    agent = await make_member(owner_db, owner, Role.AGENT)
    await client.patch(f"/v1/team/{agent.id}", json={"role": "viewer"}, headers=headers)
    await client.post("/v1/api-keys", json={"name": "=1+1", "scopes": ["contacts:read"]}, headers=headers)
    return headers, agent


async def test_the_log_is_asked_by_time_and_thing(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    headers, agent = await changed(client, owner_db, owner)

    async def actions(**params: str) -> list[str]:
        answer = await client.get("/v1/audit", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        return [entry["action"] for entry in answer.json()["items"]]

    first = (await client.get("/v1/audit", params={"action": "member.role_changed"}, headers=headers)).json()["items"][0]["at"]
    assert await actions(subject_id=str(agent.id)) == ["member.role_changed"]
    assert await actions(since=first, action="member.*") == ["member.role_changed"], "the moment itself belongs to it"
    assert await actions(until=first, action="member.*") == []
    assert await actions(since=(now() + timedelta(days=1)).isoformat()) == []
    bare = await client.get("/v1/audit", params={"since": "2031-01-31T09:00:00"}, headers=headers)
    assert (bare.status_code, bare.json()["errors"][0]["field"]) == (422, "since")


@pytest.mark.parametrize(
    ("language", "head", "line"),
    [("pt-BR", "Quando", "Criou uma chave de API"), ("en", "When", "Made an API key")],
)
async def test_the_file_says_it_in_plain_words(
    client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor, language: str, head: str, line: str
) -> None:
    headers, _ = await changed(client, owner_db, owner)
    asked = {"action": "api_key.*", "language": language, "separator": ","}
    answer = await client.get("/v1/audit/export.csv", params=asked, headers=headers)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-')
    rows = list(csv.DictReader(io.StringIO(answer.text.lstrip("\ufeff"))))
    assert (next(iter(rows[0])), len(rows)) == (head, 1)
    assert list(rows[0].values())[1:4] == ["Ana Lima", line, "api_key.created"]
    noted = "select count(*) from audit_log where company_id = $1 and action = 'audit.exported'"
    assert await owner_db.fetchval(noted, owner.company_id) == 1
    assert (await client.head("/v1/audit/export.csv", headers=headers)).status_code == 200
    assert await owner_db.fetchval(noted, owner.company_id) == 1, "nothing was taken away"


async def test_a_long_log_is_taken_away_whole(client: httpx.AsyncClient, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute(
        "insert into audit_log(company_id, actor_kind, action) select $1, 'worker', 'tag.renamed' from generate_series(1, 2500)",
        owner.company_id,
    )
    answer = await client.get("/v1/audit/export.csv", params={"action": "tag.*"}, headers=await bearer(owner_db, owner))
    assert answer.text.count("\r\n") == 2501
    assert answer.text.count('"O sistema"') == 2500


async def test_the_file_needs_the_right_to_read_the_log(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    for headers in (await sign_in_as(Role.MANAGER), await sign_in_as(scopes=[Permission.CONTACTS_EXPORT])):
        assert (await client.get("/v1/audit/export.csv", headers=headers)).status_code == 403
