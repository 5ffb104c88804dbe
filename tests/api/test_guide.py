"""The examples of docs/api.md and docs/webhooks.md, run in order as they stand there, and the list of tools of docs/mcp.md."""

import re
import shlex
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from api.mcp.tools import TOOLS
from db.permissions import Permission as P
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs

DOCS = Path(__file__).parents[2] / "docs"
HOLDS = [
    P.CONTACTS_READ, P.CONTACTS_WRITE, P.CHANNELS_READ, P.CONVERSATIONS_READ, P.CONVERSATIONS_WRITE, P.MESSAGES_SEND, P.BOARDS_READ,
    P.LEADS_WRITE, P.EVENTS_READ,
]  # fmt: skip


def commands(page: str) -> list[str]:
    """The lines of its shell blocks; what goes on with a backslash is one."""
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    return [line for block in blocks for line in block.replace("\\\n", " ").splitlines() if line.strip()]


class Shell:
    """As much of a shell as the guide needs: variables, `curl` and `jq -r` with a path."""

    def __init__(self, client: httpx.AsyncClient, **known: str) -> None:
        self.client, self.known = client, known

    async def run(self, line: str) -> tuple[httpx.Response, int]:
        """The answer, and the status that the line says it has: 200 without a word, for any that is good."""
        line, _, said = line.partition(" # ")
        kept = re.fullmatch(r"([A-Z]+)=\$\((curl .*) \| jq -r (\S+)\)", line)
        answer = await self._curl(kept[2] if kept else line)
        if kept:
            value: Any = answer.json()
            for name, index in re.findall(r"\.?(\w+)(?:\[(\d+)\])?", kept[3]):
                value = value[name][int(index)] if index else value[name]
            self.known[kept[1]] = value
        return answer, int(said or 200)

    async def _curl(self, command: str) -> httpx.Response:
        for name, value in self.known.items():  # outside single quotes, and the guide has none of these inside
            command = re.sub(rf"\${name}\b", value, command)
        words = iter(shlex.split(command))
        assert next(words) == "curl"
        method, url, headers, body = "GET", "", {}, None
        for word in words:
            match word:
                case "-s":
                    pass
                case "-X":
                    method = next(words)
                case "-H":
                    name, _, value = next(words).partition(": ")
                    headers[name] = value
                case "-d":
                    body = next(words)
                case _:
                    url = word
        return await self.client.request(method, url, headers=headers, content=body)


async def test_the_guide_does_what_it_says(
    client: httpx.AsyncClient, sign_in_as: SignInAs, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await factories.lead(owner_db, owner)  # a board
    await factories.channel(owner_db, owner, "sms")
    key = (await sign_in_as(scopes=HOLDS))["Authorization"].removeprefix("Bearer ")
    shell = Shell(client, API="http://testserver", KEY=key)
    lines = commands((DOCS / "api.md").read_text())
    assert len(lines) > 8
    for line in lines:
        answer, status = await shell.run(line)
        assert answer.is_success if status == 200 else answer.status_code == status, (line, answer.status_code, answer.text)
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id) == 1


async def test_the_page_for_receivers_does_what_it_says(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    held = [P.WEBHOOKS_READ, P.WEBHOOKS_WRITE, P.CONTACTS_READ, P.CONVERSATIONS_READ, P.BOARDS_READ]
    key = (await sign_in_as(scopes=held))["Authorization"].removeprefix("Bearer ")
    shell = Shell(client, API="http://testserver", KEY=key)
    for line in commands((DOCS / "webhooks.md").read_text()):
        answer, _ = await shell.run(line)
        assert answer.is_success, (line, answer.status_code, answer.text)
    assert shell.known["SECRET"].startswith("whsec_")


def test_the_page_about_agents_names_every_tool() -> None:
    shown = re.search(r"<!-- tools -->\n(.*)<!-- /tools -->", (DOCS / "mcp.md").read_text(), re.DOTALL)
    wanted = [f"| `{t.name}` | {t.title} | {', '.join(f'`{p}`' for p in sorted(t.needs))} |" for t in TOOLS]
    assert shown is not None
    assert shown[1].splitlines() == wanted
