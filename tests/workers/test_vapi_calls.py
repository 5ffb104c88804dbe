"""Calls over the sandbox's VAPI: placed once, told in any order with the same end, looked for where nothing is told, escalated."""

import msgspec
import pytest

from db.jobs import AskAboutCall, LookUpUnknown
from db.messages import calls
from db.messages.enums import CallOutcome
from db.providers.definition import Call
from db.providers.vapi.signature import verify
from tests.workers.test_calls import Line
from tests.workers.test_calls import line as line
from workers import unknown
from workers.calls import Asking
from workers.inbound import process_inbox


@pytest.mark.parametrize("auth", ["secret", "bearer", "hmac", "standard"])
async def test_a_call_is_placed_and_told_in_any_order(line: Line, auth: str) -> None:
    await line.open("vapi", script="talks", auth=auth)
    call_id = await line.call()
    await line.lane()
    bodies = await line.told()
    for request in line.sandbox.product.requests:
        headers = {name.decode(): value.decode() for name, value in request.headers.items()}
        assert verify(line.account["server_secret"], Call("", request.body, "", headers))
        assert not verify("another", Call("", request.body, "", headers))
    seen = []
    for order in (bodies, list(reversed(bodies)), bodies * 2):
        await line.forget_told(call_id)
        await line.hear(*order)
        seen.append((await calls.one(line.owner, call_id), (await line.shown()).state))
    assert all(one == seen[0] for one in seen)
    detail, state = seen[0]
    assert (detail.outcome, detail.stage, len(detail.turns), state) == (CallOutcome.ANSWERED, "analyzed", 5, "delivered")
    assert await line.accepted() == 1


async def test_a_lost_answer_is_looked_for_and_never_called_again(line: Line) -> None:
    await line.open("vapi", script="busy", behaviour={"drop_after_accept_share": 1})
    await line.call()
    await line.lane()
    assert (await line.shown()).state == "unknown"
    await line.sandbox.behave(line.account, drop_after_accept_share=0)
    look_up = unknown.lookup_job(line.sender)
    await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    await process_inbox(line.owner.company_id)
    assert (await line.shown()).state in ("sent", "failed")
    assert await line.accepted() == 1
    await line.told()
    await line.db.execute(
        "update message set state = 2, lease_until = now() + interval '50 minutes', provider_id = null where company_id = $1",
        line.owner.company_id,
    )
    await line.db.execute("update attempt set state = 3, provider_id = null where company_id = $1", line.owner.company_id)
    await line.sandbox.http.post("/sandbox/reset", json={})  # as if it had never been there
    await look_up(line.owner.company_id, LookUpUnknown(channel_id=line.channel))
    assert await line.accepted() == 0
    assert (await line.shown()).state == "unknown"


async def test_a_call_whose_end_was_lost_is_asked_about(line: Line) -> None:
    await line.open("vapi", script="voicemail", behaviour={"webhook_lost_share": 1})
    call_id = await line.call()
    await line.lane()
    assert await line.told() == []
    [provider_id] = [row["provider_id"] for row in await line.db.fetch("select provider_id from message where id = $1", call_id)]
    job = AskAboutCall(channel_id=line.channel, provider_call_id=provider_id)
    await Asking(line.settings, line.wire).ask(line.owner.company_id, job)
    await process_inbox(line.owner.company_id)
    assert (await calls.one(line.owner, call_id)).outcome is CallOutcome.VOICEMAIL


async def test_the_simulator_asks_who_speaks_and_where_a_call_goes(line: Line) -> None:
    await line.open("vapi")
    line.sandbox.product.answer = msgspec.json.encode(
        {"assistantId": line.account["assistant_id"], "destination": {"type": "number", "number": "+5511911112222"}}
    )
    body = {"to_contact": "+5511977776666", "kind": "call", "text": "wants_a_person"}
    (await line.sandbox.http.post(f"/sandbox/accounts/{line.account['id']}/reply", json=body)).raise_for_status()
    told = [msgspec.json.decode(body)["message"] for body in await line.told()]
    kinds = [one["type"] for one in told]
    assert kinds[0] == "assistant-request"
    assert kinds.count("transfer-destination-request") == 1
    report = next(one for one in told if one["type"] == "end-of-call-report")
    assert (report["endedReason"], report["artifact"]["transfers"]) == ("assistant-forwarded-call", [{"status": "connected"}])
    await line.hear(*await line.told())
    row = await line.db.fetchrow("select stage, outcome from call where company_id = $1", line.owner.company_id)
    assert row is not None
    assert (row["stage"], row["outcome"]) == (3, "transferred")
