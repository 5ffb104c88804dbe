"""Retell's words in ours: ends of calls, refusals, webhooks and their signatures."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from db.clock import now
from db.messages.enums import CallOutcome, CallSpeaker, CallStage
from db.messages.reasons import FailureReason
from db.providers.definition import Call
from db.providers.retell.signature import sign_retell, verify
from workers.outcomes import OptedOut, Outcome, PauseChannel, Rejected, RetryAfter, Unknown
from workers.providers.events import (
    BadWebhook,
    CallEvent,
    DeliveryStatus,
    InboundMessage,
    OtherEvent,
    PreferenceEvent,
    StatusEvent,
)
from workers.providers.retell.errors import BY_REASON, FAULT, classify, end_of
from workers.providers.retell.inbound import parse
from workers.providers.wire import Answer

CALL: dict[str, Any] = {
    "call_id": "call_1",
    "direction": "outbound",
    "from_number": "+551131234567",
    "to_number": "+5511987654321",
    "metadata": {"attempt": "0199"},
    "start_timestamp": 1_760_000_000_000,
    "end_timestamp": 1_760_000_065_400,
    "duration_ms": 65_400,
    "disconnection_reason": "agent_hangup",
}


def webhook(event: str = "call_ended", **changes: Any) -> bytes:
    call = {name: value for name, value in {**CALL, **changes}.items() if value is not None}
    return json.dumps({"event": event, "call": call}).encode()


def answer(status: int, message: str | None) -> Answer:
    body = b"<html>" if message is None else json.dumps({"status": "error", "message": message}).encode()
    return Answer(status, body, [])


def test_every_end_that_the_sdk_names_has_a_place() -> None:
    from retell.types.phone_call_response import PhoneCallResponse  # not at the top: it takes two seconds to load

    annotation = PhoneCallResponse.model_fields["disconnection_reason"].annotation
    [named] = [part for part in get_args(annotation) if part is not type(None)]
    faults = {reason for reason in get_args(named) if reason not in BY_REASON}
    assert all(reason.startswith("error_") or reason == "registered_call_timeout" for reason in faults), faults


@pytest.mark.parametrize(
    ("reason", "connected", "voicemail", "outcome", "failure"),
    [
        ("user_hangup", True, None, CallOutcome.ANSWERED, None),
        ("user_hangup", True, True, CallOutcome.VOICEMAIL, FailureReason.CALL_MACHINE),
        ("manual_stopped", False, None, CallOutcome.CANCELLED, FailureReason.CALL_ENDED),
        ("dial_no_answer", False, None, CallOutcome.NO_ANSWER, FailureReason.CALL_UNANSWERED),
        ("user_requested_dnc", True, False, CallOutcome.OPTED_OUT, None),
        ("network_blocked", False, None, CallOutcome.BLOCKED, FailureReason.CARRIER_FILTERED),
        ("something_new", False, None, FAULT.outcome, FAULT.reason),
        ("", True, None, FAULT.outcome, FAULT.reason),
    ],
)
def test_ends(reason: str, connected: bool, voicemail: bool | None, outcome: CallOutcome, failure: FailureReason | None) -> None:
    assert end_of(reason, connected=connected, voicemail=voicemail)[:2] == (outcome, failure)


@pytest.mark.parametrize(
    ("given", "kind", "reason"),
    [
        (answer(400, "to_number must be E.164"), Rejected, FailureReason.INVALID_NUMBER),
        (answer(400, "The contact is marked do_not_call"), OptedOut, None),
        (answer(400, "idempotency_key was used with another request"), Unknown, None),
        (answer(401, "Invalid API key"), PauseChannel, FailureReason.TOKEN_INVALID),
        (answer(402, "No payment"), PauseChannel, FailureReason.PAYMENT),
        (answer(404, "Item not found"), PauseChannel, FailureReason.SENDER_INVALID),
        (answer(422, "no"), Rejected, FailureReason.BAD_REQUEST),
        (answer(429, "Concurrency limit reached"), RetryAfter, FailureReason.THROUGHPUT),
        (answer(429, None), RetryAfter, FailureReason.THROUGHPUT),
        (answer(400, None), Unknown, None),
        (answer(500, "Internal"), Unknown, None),
        (answer(301, None), Unknown, None),
    ],
)
def test_refusals(given: Answer, kind: type[Outcome], reason: FailureReason | None) -> None:
    found = classify(given)
    assert type(found) is kind
    assert getattr(found, "reason", None) == reason


def test_a_call_that_was_analysed() -> None:
    analysis = {
        "call_summary": "Quer o orçamento\x00",
        "in_voicemail": False,
        "user_sentiment": "Positive",
        "call_successful": True,
    }
    words = [{"word": "Oi", "start": 0.5, "end": 0.9}, {"word": "Ana", "start": 1.0, "end": 1.4}]
    turns = [{"role": "agent", "content": "Oi Ana", "words": words}, {"role": "user", "content": " ", "words": []}]
    status, call = parse(
        webhook("call_analyzed", call_analysis=analysis, transcript_object=turns, call_cost={"combined_cost": 12.5})
    )
    assert isinstance(status, StatusEvent)
    assert isinstance(call, CallEvent)
    assert (status.status, status.correlation_id, status.provider_id) == (DeliveryStatus.DELIVERED, "0199", "call_1")
    assert (call.stage, call.outcome, call.seconds, call.cost) == (CallStage.ANALYZED, CallOutcome.ANSWERED, 65, 125_000)
    assert (call.summary, call.sentiment, call.successful) == ("Quer o orçamento", "positive", True)
    assert call.turns == [(CallSpeaker.AGENT, "Oi Ana", 500, 1400)]
    assert call.at == datetime.fromtimestamp(1_760_000_065.4, UTC)


def test_a_person_who_wants_no_more_calls() -> None:
    *_, wish = parse(webhook(disconnection_reason="user_requested_dnc"))
    assert isinstance(wish, PreferenceEvent)
    assert (wish.opted_in, wish.phone) == (False, "+5511987654321")


def test_a_person_who_calls() -> None:
    came, call = parse(webhook(direction="inbound", from_number="+5511987654321", to_number="+551131234567"))
    assert isinstance(came, InboundMessage)
    assert (came.from_phone, came.to, came.provider_id) == ("+5511987654321", "+551131234567", "call_1")
    assert isinstance(call, CallEvent)
    assert call.inbound


@pytest.mark.parametrize("body", [b"", b"[]", b'{"event":"call_ended"}', b'{"event":"call_ended","call":{}}', b"\xff"])
def test_what_is_no_webhook(body: bytes) -> None:
    with pytest.raises(BadWebhook):
        parse(body)


def test_what_is_not_known_is_kept() -> None:
    [other] = parse(webhook("chat_started"))
    assert isinstance(other, OtherEvent)
    [status, _] = parse(webhook("call_started", metadata="x", start_timestamp=1e300, duration_ms=-1))
    assert isinstance(status, StatusEvent)
    assert (status.correlation_id, status.at) == (None, None)


def test_signatures() -> None:
    from retell.lib.webhook_auth import symmetric

    at = int(now().timestamp() * 1000)
    body = '{"event":"call_ended","call":{"call_id":"ç"}}'
    ours, theirs = sign_retell("key_1", body.encode(), at), symmetric["sign"](body, "key_1", at)
    assert ours == theirs

    def fits(header: str, key: str = "key_1") -> bool:
        return verify(key, Call("https://x.test/hooks/retell/1/call", body.encode(), header))

    assert fits(theirs)
    assert not fits(theirs, "key_2")
    assert not fits(theirs + "0")
    assert not fits(" " + theirs)
    old = at - timedelta(minutes=6) // timedelta(milliseconds=1)
    assert not fits(symmetric["sign"](body, "key_1", old))
    assert not fits("")
