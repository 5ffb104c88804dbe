"""What somebody asks in a call is searched in the knowledge by the agent's tool, and said: the simulator's Retell and VAPI against our hooks."""

import msgspec
import pytest

from db.messages import calls
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line

SAID = "No sábado atendemos das 9 às 13 horas."


@pytest.mark.parametrize("way", ["out", "in"])
async def test_the_simulators_agent_says_what_was_found(line: Line, way: str) -> None:
    base = f"{line.sandbox.product.url}/hooks/retell/1"
    line.sandbox.product.answer = msgspec.json.encode({"outcome": "found", "passages": [{"title": "Horário", "text": SAID}]})
    await line.open(script="asks", knowledge_url=f"{base}/knowledge", webhook_url=f"{base}/call")
    if way == "out":
        await line.call()
        await line.lane()
    else:
        body = {"to_contact": "+5511977776666", "kind": "call", "text": "asks"}
        (await line.sandbox.http.post(f"/sandbox/accounts/{line.account['id']}/reply", json=body)).raise_for_status()
    await line.told()
    requests = [(one.path.rsplit("/", 1)[1], one.body) for one in line.sandbox.product.requests]
    [asked] = [msgspec.json.decode(body) for source, body in requests if source == "knowledge"]
    assert (asked["name"], asked["args"]["question"][:13]) == ("search_knowledge", "Até que horas")
    await line.hear(*[body for source, body in requests if source == "call"])
    call_id = await line.db.fetchval("select id from call where company_id = $1", line.owner.company_id)
    assert (await calls.one(line.owner, call_id)).turns[-1].text == SAID


async def test_the_simulators_vapi_asks_its_tool(line: Line) -> None:
    await line.open("vapi", script="asks")
    line.sandbox.product.answer = msgspec.json.encode({"results": [{"toolCallId": "tool_1", "result": SAID}]})
    await line.call()
    await line.lane()
    told = [msgspec.json.decode(body)["message"] for body in await line.told()]
    [asked] = [one for one in told if one["type"] == "tool-calls"]
    assert asked["toolCallList"][0]["name"] == "search_knowledge"
    report = next(one for one in told if one["type"] == "end-of-call-report")
    assert report["artifact"]["messages"][-1]["message"] == SAID
