"""Retell answers as the real one does: its own client and its own check of signatures are what asks here."""

import io
import wave
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from tests.workers.sandbox.world import Sandbox, until
from workers.sandbox.retell.calls import KEY_SECONDS
from workers.sandbox.retell.scripts import COURSES, Script
from workers.sandbox.retell.vendor import Retell

TO = "+5511987654321"


@pytest.fixture
def retell() -> Any:
    """Its package: two seconds of a processor to load, and every process collects this file."""
    import retell.lib.webhook_auth

    return retell


@asynccontextmanager
async def client(sandbox: Sandbox, account: dict[str, Any], **options: Any) -> AsyncIterator[Any]:
    from retell import AsyncRetell

    async with httpx.AsyncClient(trust_env=False) as http:
        options = {"api_key": account["api_key"], "max_retries": 0, **options}
        yield AsyncRetell(base_url=f"{sandbox.base}/retell", http_client=http, **options)


def told(sandbox: Sandbox) -> list[tuple[str, dict[str, Any]]]:
    """Event and call of every webhook, in the order in which they came."""
    bodies = [msgspec.json.decode(request.body) for request in sandbox.product.requests]
    return [(body["event"], body["call"]) for body in bodies]


def vendor(sandbox: Sandbox) -> Retell:
    found = sandbox.world.vendors["retell"]
    assert isinstance(found, Retell)
    return found


async def quiet(sandbox: Sandbox) -> None:
    await until(lambda: sandbox.world.deliveries.in_flight == 0 and sandbox.world.webhooks.waiting == 0)


async def test_a_call_from_ringing_to_its_analysis(sandbox: Sandbox, retell: Any) -> None:
    account = await sandbox.account("retell", script="talks", recording_minutes=30)
    async with client(sandbox, account) as api:
        made = await api.call.create_phone_call(
            from_number=account["phone_number"],
            to_number=TO,
            override_agent_id=account["agent_id"],
            idempotency_key="attempt-1",
            metadata={"attempt": "attempt-1"},
            retell_llm_dynamic_variables={"name": "Ana"},
        )
        assert (made.call_status, made.start_timestamp, made.transcript) == ("registered", None, None)
        await quiet(sandbox)
        assert [event for event, _ in told(sandbox)] == ["call_started", "call_ended", "call_analyzed"]
        for request in sandbox.product.requests:
            signed = request.header(b"x-retell-signature")
            assert retell.lib.webhook_auth.verify(request.body.decode(), account["api_key"], signed)
            assert not retell.lib.webhook_auth.verify(request.body.decode() + " ", account["api_key"], signed)
        (_, started), (_, ended), (_, analyzed) = told(sandbox)
        assert (started["call_status"], "end_timestamp" in started) == ("ongoing", False)
        assert (ended["call_status"], "call_analysis" in ended) == ("ended", False)
        assert analyzed["metadata"] == {"attempt": "attempt-1"}
        call = await api.call.retrieve(made.call_id)
    assert call.model_dump(mode="json", exclude_unset=True) == analyzed
    assert call.duration_ms == (call.end_timestamp or 0) - (call.start_timestamp or 0)
    assert call.call_analysis is not None
    assert call.call_analysis.user_sentiment == "Positive"
    assert [turn.role for turn in call.transcript_object or []] == ["agent", "user", "agent", "user", "agent"]
    moments = [word.start or 0.0 for turn in call.transcript_object or [] for word in turn.words]
    assert moments == sorted(moments)
    assert moments[-1] * 1000 < (call.duration_ms or 0)
    assert {request.path for request in sandbox.product.requests} == {"/hooks/retell/1"}
    [row] = (await sandbox.http.get("/sandbox/ledger", params={"channel": "retell"})).json()["data"]
    assert (row["correlation"], row["provider_id"], row["status"]) == ("attempt-1", made.call_id, "delivered")

    address = call.recording_url or ""
    sound = await sandbox.http.get(address)
    with wave.open(io.BytesIO(sound.content)) as file:
        assert abs(file.getnframes() / file.getframerate() * 1000 - (call.duration_ms or 0)) < 5
    assert (await sandbox.http.get(address.partition("=")[0] + "=1")).status_code == 403
    assert (await sandbox.http.get(f"{sandbox.base}/retell-recordings/call_x.wav?expires=9999999999")).status_code == 404


async def test_every_end_that_a_call_can_have(sandbox: Sandbox) -> None:
    people = {f"+55119876500{number:02d}": script for number, script in enumerate(Script)}
    account = await sandbox.account("retell", callees={number: script.value for number, script in people.items()})
    async with client(sandbox, account) as api:
        for number in people:
            await api.call.create_phone_call(from_number=account["phone_number"], to_number=number)
    await quiet(sandbox)
    ends = {call["to_number"]: call for event, call in told(sandbox) if event == "call_analyzed"}
    assert {number: call["disconnection_reason"] for number, call in ends.items()} == {
        number: COURSES[script].reason for number, script in people.items()
    }
    events = Counter(event for event, _ in told(sandbox))
    spoken = sum(bool(course.lines) for course in COURSES.values())
    assert events == {"call_started": spoken, "call_ended": len(people), "call_analyzed": len(people)}
    by_script = {people[number]: call for number, call in ends.items()}
    assert by_script[Script.VOICEMAIL]["call_analysis"]["in_voicemail"] is True
    assert by_script[Script.BUSY]["call_status"] == "not_connected"
    assert "recording_url" not in by_script[Script.NO_ANSWER]


async def test_the_same_key_is_the_same_call_for_an_hour(sandbox: Sandbox, retell: Any) -> None:
    account = await sandbox.account("retell", behaviour={"drop_after_accept_share": 1})
    asked: dict[str, Any] = {"from_number": account["phone_number"], "to_number": TO, "metadata": {"attempt": "a-1"}}
    async with client(sandbox, account) as api:
        with pytest.raises(retell.APIConnectionError):
            await api.call.create_phone_call(**asked, idempotency_key="a-1")
        await sandbox.behave(account, drop_after_accept_share=0)
        again = await api.call.create_phone_call(**asked, idempotency_key="a-1")
        found = await api.call.list(
            filter_criteria={"metadata": [{"key": "attempt", "type": "string", "op": "eq", "value": "a-1"}]}
        )
        assert [one.call_id for one in found.items] == [again.call_id]
        other = await api.call.list(
            filter_criteria={"metadata": [{"key": "attempt", "type": "string", "op": "eq", "value": "a"}]}
        )
        assert other.items == []
        with pytest.raises(retell.BadRequestError, match="idempotency_key"):
            await api.call.create_phone_call(**{**asked, "to_number": "+5511900000000"}, idempotency_key="a-1")
        assert (await sandbox.summary())["accepted"] == 1
        await sandbox.restart()
    async with client(sandbox, account) as api:
        assert (await api.call.create_phone_call(**asked, idempotency_key="a-1")).call_id == again.call_id
        vendor(sandbox).calls.by_id[again.call_id].created_at -= KEY_SECONDS
        assert (await api.call.create_phone_call(**asked, idempotency_key="a-1")).call_id != again.call_id


async def test_places_for_calls(sandbox: Sandbox, retell: Any) -> None:
    account = await sandbox.account("retell", concurrency_limit=2, ring_seconds=[900, 900], script="no_answer")
    asked = {"from_number": account["phone_number"], "to_number": TO}
    async with client(sandbox, account) as api:
        first = await api.call.create_phone_call(**asked)
        await api.call.create_phone_call(**asked)
        places = await api.concurrency.retrieve()
        assert (places.current_concurrency, places.concurrency_limit) == (2, 2)
        with pytest.raises(retell.RateLimitError):
            await api.call.create_phone_call(**asked)
        await api.call.stop(first.call_id)
        assert (await api.concurrency.retrieve()).current_concurrency == 1
        await api.call.create_phone_call(**asked)
        await until(lambda: bool(told(sandbox)))
        assert [(event, call["disconnection_reason"]) for event, call in told(sandbox)] == [("call_ended", "manual_stopped")]
        with pytest.raises(retell.UnprocessableEntityError):
            await api.call.stop(first.call_id)


async def test_refusals(sandbox: Sandbox, retell: Any) -> None:
    account = await sandbox.account("retell", do_not_call=[TO])
    asked: dict[str, Any] = {"from_number": account["phone_number"], "to_number": TO}
    async with client(sandbox, account) as api:
        with pytest.raises(retell.BadRequestError, match="do_not_call"):
            await api.call.create_phone_call(**asked, honor_internal_dnc=True)
        with pytest.raises(retell.BadRequestError, match="to_number"):
            await api.call.create_phone_call(**{**asked, "to_number": "11987654321"})
        with pytest.raises(retell.NotFoundError, match="phone-number"):
            await api.call.create_phone_call(**{**asked, "from_number": "+15005550006"})
        with pytest.raises(retell.NotFoundError, match="agent"):
            await api.call.create_phone_call(**asked, override_agent_id="agent_x")
        with pytest.raises(retell.UnprocessableEntityError):
            await api.call.retrieve("call_x")
        assert (await api.phone_number.retrieve(account["phone_number"])).phone_number_type == "custom"
        assert [one.phone_number for one in (await api.phone_number.list()).items] == [account["phone_number"]]
        assert (await api.agent.retrieve(account["agent_id"])).webhook_url == account["webhook_url"]
        assert [one.agent_id for one in (await api.agent.list()).items] == [account["agent_id"], *account["other_agents"]]
        await sandbox.behave(account, refuse_code=402)
        with pytest.raises(retell.APIStatusError, match="payment") as refused:
            await api.call.create_phone_call(**asked)
        assert refused.value.status_code == 402
    async with client(sandbox, account, api_key="key_wrong") as stranger:
        with pytest.raises(retell.AuthenticationError):
            await stranger.concurrency.retrieve()
    assert (await sandbox.summary())["accepted"] == 0


async def test_webhooks_come_twice_and_out_of_order(sandbox: Sandbox) -> None:
    behaviour = {"disorder_share": 1, "duplicate_webhook_share": 1}
    account = await sandbox.account("retell", script="talks", behaviour=behaviour)
    async with client(sandbox, account) as api:
        await api.call.create_phone_call(from_number=account["phone_number"], to_number=TO)
    await quiet(sandbox)
    events = [event for event, _ in told(sandbox)]
    assert Counter(events) == {"call_started": 2, "call_ended": 2, "call_analyzed": 2}


async def test_a_webhook_is_tried_three_times(sandbox: Sandbox) -> None:
    account = await sandbox.account("retell", script="busy")
    sandbox.product.status = 503
    async with client(sandbox, account) as api:
        await api.call.create_phone_call(from_number=account["phone_number"], to_number=TO)
    await quiet(sandbox)
    assert sandbox.world.webhooks.posted == 2 * 3


async def test_a_call_names_where_it_is_told(sandbox: Sandbox) -> None:
    account = await sandbox.account("retell", script="busy")
    async with client(sandbox, account) as api:
        where: Any = {"agent": {"webhook_url": f"{sandbox.product.url}/hooks/retell/2"}}
        await api.call.create_phone_call(from_number=account["phone_number"], to_number=TO, agent_override=where)
    await quiet(sandbox)
    assert [request.path for request in sandbox.product.requests] == ["/hooks/retell/2"] * 2


async def test_a_call_goes_on_after_a_restart(sandbox: Sandbox) -> None:
    account = await sandbox.account("retell", script="talks", talk_seconds=[900, 900])
    async with client(sandbox, account) as api:
        made = await api.call.create_phone_call(from_number=account["phone_number"], to_number=TO)
        await until(lambda: len(told(sandbox)) == 1)
    await sandbox.restart()
    await quiet(sandbox)
    assert [(event, call["call_id"]) for event, call in told(sandbox)] == [
        ("call_started", made.call_id),
        ("call_ended", made.call_id),
        ("call_analyzed", made.call_id),
    ]
