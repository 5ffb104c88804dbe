"""Virtual agents that a provider lists: kept by the check, and chosen for a call."""

from typing import Any

import httpx
import msgspec
import pytest

from db.channels import agents
from db.errors import NotFound
from db.ids import uuid7
from db.jobs import CheckChannel
from db.messages import calling
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line
from workers.channels import ChannelJobs


async def check(line: Line) -> None:
    await ChannelJobs(line.settings, line.wire).check_channel(line.owner.company_id, CheckChannel(channel_id=line.channel))


async def asked(line: Line) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=line.sandbox.base) as http:
        listed = (await http.get("/sandbox/ledger")).raise_for_status().json()["data"]
    content = listed[-1]["content"]
    return msgspec.json.decode(content) if isinstance(content, str) else content


async def of_account(line: Line, **fields: Any) -> None:
    """The first check makes the simulator's account; then it has what is told, and is checked again."""
    await line.open()
    await check(line)
    async with httpx.AsyncClient(base_url=line.sandbox.base) as http:
        (await http.put(f"/sandbox/accounts/{line.channel.hex}", json=fields)).raise_for_status()
    await check(line)


@pytest.mark.parametrize(("kind", "field"), [("retell", "override_agent_id"), ("vapi", "assistantId")])
async def test_a_call_goes_with_an_agent_that_the_check_listed(line: Line, kind: str, field: str) -> None:
    await line.open(kind)
    assert await agents.agents(line.owner, line.channel) == []
    await check(line)
    own, other = await agents.agents(line.owner, line.channel)
    assert (own.name, own.own, other.name, other.own) == ("Atendente virtual", True, "Cobrança", False)
    await calling.call(line.owner, line.contact, line.channel, other.id)
    await line.lane()
    assert await line.accepted() == 1
    assert (await asked(line))[field] == other.id


async def test_more_agents_than_a_page_are_all_listed(line: Line) -> None:
    await of_account(line, other_agents={f"agent_{n:03}": f"Agente {n:03}" for n in range(240)})
    listed = await agents.agents(line.owner, line.channel)
    assert [one.name for one in listed] == ["Atendente virtual", *(f"Agente {n:03}" for n in range(240))]


async def test_names_that_cannot_be_kept_become_plain_and_ids_that_cannot_be_kept_go(line: Line) -> None:
    await of_account(
        line, other_agents={"agent_a": "  Duas\n linhas ", "agent_b": "", "x" * 101: "Longo", "agent\nc": "Quebrado"}
    )
    assert {one.id: one.name for one in await agents.agents(line.owner, line.channel) if not one.own} == {
        "agent_a": "Duas linhas",
        "agent_b": "agent_b",
    }


async def test_agents_of_a_channel_that_is_not_there(line: Line) -> None:
    with pytest.raises(NotFound):
        await agents.agents(line.owner, uuid7())
