"""VAPI's words in ours: proofs of who calls, ends of calls, server messages, and the answers that it waits for."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest

from db.clock import now
from db.messages.enums import CallOutcome, CallSpeaker, CallStage
from db.messages.reasons import FailureReason
from db.providers.definition import Call
from db.providers.live import Caller, Handover, Known, Lookup, Passages, Reached
from db.providers.vapi import live
from db.providers.vapi.signature import verify
from db.transfers.enums import TransferOutcome
from workers.outcomes import Outcome, PauseChannel, Rejected, RetryAfter, Unknown
from workers.providers.events import (
    BadWebhook,
    CallEvent,
    DeliveryStatus,
    HandoverEvent,
    InboundMessage,
    OtherEvent,
    StatusEvent,
    TransferEvent,
)
from workers.providers.vapi.errors import classify, end_of
from workers.providers.vapi.inbound import FOUND, parse
from workers.providers.wire import Answer

SECRET = base64.b64encode(b"a secret of the server").decode()
BODY = '{"message":{"type":"hang","text":"ç"}}'.encode()
CALL: dict[str, Any] = {
    "id": "c1",
    "type": "outboundPhoneCall",
    "name": "0199",
    "customer": {"number": "+5511987654321", "externalId": "0199"},
}


def message(kind: str, call: dict[str, Any] | None = None, **more: Any) -> bytes:
    return json.dumps(
        {"message": {"type": kind, "timestamp": 1_760_000_000_000, "call": {**CALL, **(call or {})}, **more}}
    ).encode()


def fits(secret: str = SECRET, body: bytes = BODY, **headers: str) -> bool:
    return verify(
        secret, Call("https://x.test/hooks/vapi/1", body, "", {name.replace("_", "-"): value for name, value in headers.items()})
    )


def signed(
    moment: str, algorithm: str = "sha256", *, key: bytes = SECRET.encode(), spelled: str = "hex", prefix: str = ""
) -> str:
    payload = f"{moment}.".encode() + BODY if moment else BODY
    digest = hmac.new(key, payload, algorithm).digest()
    return prefix + (digest.hex() if spelled == "hex" else base64.b64encode(digest).decode())


def at(delta: timedelta = timedelta(0), *, milliseconds: bool = False) -> str:
    return str(int((now() + delta).timestamp() * (1000 if milliseconds else 1)))


def test_each_way_to_prove_oneself() -> None:
    assert fits(x_vapi_secret=SECRET)
    assert fits(authorization=f"Bearer {SECRET}")
    assert fits(authorization=SECRET)
    for algorithm in ("sha256", "sha512", "sha1"):
        for spelled in ("hex", "base64"):
            for prefix in ("", f"{algorithm}="):
                for milliseconds in (False, True):
                    moment = at(milliseconds=milliseconds)
                    assert fits(x_signature=signed(moment, algorithm, spelled=spelled, prefix=prefix), x_timestamp=moment)
    assert fits(x_signature=signed(""))
    moment = at()
    assert fits(x_signature=signed(moment, key=b"a secret of the server"), x_timestamp=moment)
    made = hmac.new(SECRET.encode(), f"msg_1.{moment}.".encode() + BODY, hashlib.sha256).digest()
    standard = f"v1,AAAA v1,{base64.b64encode(made).decode()}"
    assert fits(webhook_signature=standard, webhook_id="msg_1", webhook_timestamp=moment)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x_vapi_secret": ""},
        {"x_vapi_secret": "another"},
        {"authorization": "Bearer another"},
        {"authorization": f"Basic {SECRET}"},
        {"x_signature": "0" * 64, "x_timestamp": "1760000000"},
        {"x_signature": signed("1760000000"), "x_timestamp": "1760000000"},
        {"x_signature": signed("x"), "x_timestamp": "x"},
        {"webhook_signature": "v1,AAAA", "webhook_id": "m", "webhook_timestamp": "1760000000"},
        {"x_signature": signed("", "sha256", prefix="sha512=")},
    ],
    ids=str,
)
def test_proofs_that_are_none(headers: dict[str, str]) -> None:
    assert not fits(**headers)


def test_a_clock_that_is_wrong_and_a_secret_that_is_none() -> None:
    old = at(-timedelta(minutes=6))
    assert not fits(x_signature=signed(old), x_timestamp=old)
    assert not fits(secret="", x_vapi_secret="")
    assert not fits(x_vapi_secret="another", x_signature=signed(""))  # the first proof counts


@pytest.mark.parametrize(
    ("reason", "connected", "outcome", "failure"),
    [
        ("customer-ended-call", True, CallOutcome.ANSWERED, None),
        ("assistant-ended-call-after-message-spoken", True, CallOutcome.ANSWERED, None),
        ("customer-ended-call", False, CallOutcome.CANCELLED, FailureReason.CALL_ENDED),
        ("assistant-forwarded-call", True, CallOutcome.TRANSFERRED, None),
        ("customer-ended-call-after-warm-transfer-attempt", True, CallOutcome.TRANSFERRED, None),
        ("customer-ended-call-during-transfer", True, CallOutcome.ANSWERED, None),
        ("voicemail", True, CallOutcome.VOICEMAIL, FailureReason.CALL_MACHINE),
        ("customer-busy", False, CallOutcome.BUSY, FailureReason.CALL_BUSY),
        ("customer-did-not-answer", False, CallOutcome.NO_ANSWER, FailureReason.CALL_UNANSWERED),
        ("sip-outbound-unallocated-number", False, CallOutcome.WRONG_NUMBER, FailureReason.INVALID_NUMBER),
        ("call.in-progress.error-sip-outbound-call-failed-to-connect", False, CallOutcome.NO_LINE, FailureReason.CALL_FAULT),
        ("manually-canceled", False, CallOutcome.CANCELLED, FailureReason.CALL_ENDED),
        ("call.start.error-subscription-insufficient-credits", False, CallOutcome.NO_CREDIT, FailureReason.PAYMENT),
        ("pipeline-error-openai-llm-failed", True, CallOutcome.FAULT, FailureReason.CALL_FAULT),
        ("something-new", True, CallOutcome.FAULT, FailureReason.CALL_FAULT),
        ("", True, CallOutcome.FAULT, FailureReason.CALL_FAULT),
    ],
)
def test_ends(reason: str, connected: bool, outcome: CallOutcome, failure: FailureReason | None) -> None:
    assert end_of(reason, connected=connected)[:2] == (outcome, failure)


@pytest.mark.parametrize(
    ("status", "words", "kind", "reason"),
    [
        (400, "customer.number must be a valid phone number in the E.164 format", Rejected, FailureReason.INVALID_NUMBER),
        (400, ["x must be y"], Rejected, FailureReason.BAD_REQUEST),
        (401, "Invalid Key", PauseChannel, FailureReason.TOKEN_INVALID),
        (402, "Payment", PauseChannel, FailureReason.PAYMENT),
        (404, "Not Found", PauseChannel, FailureReason.SENDER_INVALID),
        (429, "Over Concurrency Limit", RetryAfter, FailureReason.THROUGHPUT),
        (500, "Internal", Unknown, None),
        (400, None, Unknown, None),
    ],
)
def test_refusals(status: int, words: Any, kind: type[Outcome], reason: FailureReason | None) -> None:
    body = b"<html>" if words is None else json.dumps({"message": words, "statusCode": status}).encode()
    found = classify(Answer(status, body, []))
    assert type(found) is kind
    assert getattr(found, "reason", None) == reason


def test_a_report_tells_all() -> None:
    spoken = [
        {"role": "system", "message": "Você é"},
        {"role": "bot", "message": "Oi Ana", "secondsFromStart": 0.5, "duration": 900},
        {"role": "user", "message": "Oi"},
    ]
    status, call = parse(
        message(
            "end-of-call-report",
            endedReason="customer-ended-call",
            startedAt="2026-01-10T12:00:01Z",
            endedAt="2026-01-10T12:01:05.400Z",
            cost=0.125,
            artifact={"messages": spoken, "recordingUrl": "https://x.test/1.wav"},
            analysis={"summary": "Quer o orçamento\x00", "successEvaluation": "true"},
        )
    )
    assert isinstance(status, StatusEvent)
    assert isinstance(call, CallEvent)
    assert (status.status, status.correlation_id, status.provider_id) == (DeliveryStatus.DELIVERED, "0199", "c1")
    assert (call.stage, call.outcome, call.seconds, call.cost) == (CallStage.ANALYZED, CallOutcome.ANSWERED, 64, 125_000)
    assert (call.summary, call.successful, call.recording_url) == ("Quer o orçamento", True, "https://x.test/1.wav")
    assert call.turns == [(CallSpeaker.AGENT, "Oi Ana", 500, 1400), (CallSpeaker.PERSON, "Oi", None, None)]


def test_whoever_names_a_time_wants_to_be_called_back() -> None:
    told = {"endedReason": "customer-ended-call", "startedAt": "2026-01-10T12:00:01Z", "endedAt": "2026-01-10T12:01:05Z"}
    status, call = parse(
        message("end-of-call-report", **told, analysis={"structuredData": {"callback_at": "2026-01-12T10:00:00-03:00"}})
    )
    assert isinstance(status, StatusEvent)
    assert isinstance(call, CallEvent)
    assert (status.status, call.outcome) == (DeliveryStatus.DELIVERED, CallOutcome.CALLBACK_WANTED)


def test_a_call_that_was_asked_for_says_the_same_as_its_report() -> None:
    told = {"endedReason": "voicemail", "startedAt": "2026-01-10T12:00:01Z", "endedAt": "2026-01-10T12:00:11Z", "cost": 0.1}
    report = parse(message("end-of-call-report", **told))
    found = parse(json.dumps({"message": {"type": FOUND, "call": {**CALL, "status": "ended", **told}}}).encode())
    assert found == report


def test_who_calls_is_a_message_of_theirs() -> None:
    came, call = parse(
        message("assistant-request", {"type": "inboundPhoneCall", "name": None, "customer": {"number": "+5511987654321"}})
    )
    assert isinstance(came, InboundMessage)
    assert isinstance(call, CallEvent)
    assert (came.from_phone, came.provider_id, call.stage, call.inbound) == ("+5511987654321", "c1", CallStage.RINGING, True)
    [other] = parse(message("assistant-request", {"customer": {}}))
    assert isinstance(other, OtherEvent)


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("connected", TransferOutcome.CONNECTED),
        ("busy", TransferOutcome.BUSY),
        ("voicemail", TransferOutcome.MACHINE),
        ("failed", TransferOutcome.TRUNK_FAILURE),
    ],
)
def test_what_became_of_a_transfer(status: str, outcome: TransferOutcome) -> None:
    first, *_ = parse(
        message(
            "end-of-call-report",
            endedReason="assistant-ended-call",
            artifact={"transfers": [{"status": "no-answer"}, {"status": status}]},
        )
    )
    assert isinstance(first, TransferEvent)
    assert first.outcome is outcome


SHAPES = [
    {"id": "t1", "name": "request_human", "parameters": {"reason": "Preço"}},
    {"id": "t1", "name": "request_human", "arguments": {"reason": "Preço"}},
    {"id": "t1", "function": {"name": "request_human", "arguments": {"reason": "Preço"}}},
    {"id": "t1", "function": {"name": "request_human", "arguments": '{"reason": "Preço"}'}},
]


@pytest.mark.parametrize("shape", SHAPES)
def test_whoever_wants_a_person(shape: dict[str, Any]) -> None:
    body = message("tool-calls", toolCallList=[shape, {"id": "t2", "name": "else", "arguments": {}}])
    asked = live.asked(body)
    assert asked == Handover("c1", "0199", "Preço", "", "")
    [event] = parse(body)
    assert isinstance(event, HandoverEvent)
    told = json.loads(live.answer(body, asked, Reached("nobody", None, "", "Ninguém\npode"), ""))["results"]
    assert told[0] == {"toolCallId": "t1", "name": "request_human", "result": "nobody: Ninguém pode"}
    assert told[1]["error"]


@pytest.mark.parametrize("named", ["question", "query"])
def test_the_knowledge_is_searched_once_for_several_questions(named: str) -> None:
    calls = [{"id": f"t{n}", "name": "search_knowledge", "arguments": {named: f"Pergunta {n}"}} for n in (1, 2)]
    body = message("tool-calls", toolCallList=calls)
    asked = live.asked(body)
    assert asked == Lookup("c1", "Pergunta 1")
    assert parse(body) == []
    found = Passages("found", [("Horário", "Das 9\nàs 18")], "Responda")
    one, two = json.loads(live.answer(body, asked, found, ""))["results"]
    assert one == {"toolCallId": "t1", "name": "search_knowledge", "result": "found: Responda [Horário] Das 9 às 18"}
    assert (two["toolCallId"], "error" in two, "result" in two) == ("t2", True, False)
    [late, _] = json.loads(live.answer(body, asked, None, ""))["results"]
    assert "error" in late


def test_answers() -> None:
    body = message("transfer-destination-request")
    asked = live.asked(body)
    accepted = json.loads(live.answer(body, asked, Reached("accepted", "+5511911112222", "Tem pressa", "Passe"), ""))[
        "destination"
    ]
    assert (accepted["number"], accepted["transferPlan"]["fallbackPlan"]["endCallEnabled"]) == ("+5511911112222", False)
    assert json.loads(live.answer(body, asked, Reached("nobody", None, "", "Ninguém"), "")) == {"error": "Ninguém"}
    assert json.loads(live.answer(body, asked, None, "")) == {"error": live.SORRY["pt"]}
    request = message("assistant-request")
    assert live.asked(request) == Caller("+5511987654321")
    told = json.loads(live.answer(request, live.asked(request), Known({"greeting": "Olá!"}, "as_1"), ""))
    assert told == {"assistantId": "as_1", "assistantOverrides": {"variableValues": {"greeting": "Olá!"}}}
    assert json.loads(live.answer(request, live.asked(request), None, "")) == {"error": live.SORRY["pt"]}
    assert live.answer(message("hang"), live.asked(message("hang")), None, "") == b"{}"


@pytest.mark.parametrize(
    ("more", "number", "language"),
    [
        ({}, "+5511987654321", "pt"),
        ({}, "+14155550100", "en"),
        ({}, "+34911222333", "es"),
        ({"assistant": {"transcriber": {"language": "en-US"}}}, "+5511987654321", "en"),
        ({"call": {"assistant": {"transcriber": {"language": "es"}}}}, "+5511987654321", "es"),
        ({"assistant": {"transcriber": {"language": "multi"}}}, None, "pt"),
    ],
)
def test_an_apology_is_in_the_language_of_the_call(more: dict[str, Any], number: str | None, language: str) -> None:
    told = {"type": "assistant-request", "customer": {"number": number}, **more}
    body = json.dumps({"message": told}).encode()
    assert json.loads(live.answer(body, live.asked(body), None, "")) == {"error": live.SORRY[language]}


@pytest.mark.parametrize("body", [b"", b"[]", b'{"message":1}', b"\xff", b"[" * 100_000])
def test_what_is_no_webhook(body: bytes) -> None:
    assert live.asked(body) is None
    with pytest.raises(BadWebhook):
        parse(body)


@pytest.mark.parametrize(
    "odd", [{"call": 1}, {"call": {"id": 1}}, {"artifact": 1, "call": CALL}, {"startedAt": 1e300, "cost": "x", "call": CALL}]
)
def test_odd_fields_are_left_out(odd: dict[str, Any]) -> None:
    body = json.dumps({"message": {"type": "end-of-call-report", **odd}}).encode()
    assert parse(body)
    assert live.answer(body, live.asked(body), None, "") == b"{}"
