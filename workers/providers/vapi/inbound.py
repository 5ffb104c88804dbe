"""VAPI's server messages as typed events: how far a call is, who wants a person, what became of a transfer. Source: vapi_server_sdk 3.0.0.

Everything comes as it can be stored. Fields that cannot be read are left out; a body without a message is no webhook.
"""

import math
from datetime import UTC, datetime
from typing import Any

from db import storable
from db.messages.content import Call
from db.messages.enums import CallOutcome, CallSpeaker, CallStage
from db.providers.vapi.live import attempt_of, call_id_of, handover, message_of, number_of
from workers.providers.events import (
    AnyEvent,
    BadWebhook,
    CallEvent,
    CallTurn,
    DeliveryStatus,
    HandoverEvent,
    InboundMessage,
    OtherEvent,
    StatusEvent,
    TransferEvent,
)
from workers.providers.vapi.errors import FAILED_TRANSFERS, TRANSFERS, End, end_of
from workers.providers.wished import wished

FOUND = "call-found"
"""Not VAPI's: a call that we asked for, whatever is known of it."""
STAGES = {
    "queued": CallStage.RINGING,
    "ringing": CallStage.RINGING,
    "in-progress": CallStage.TALKING,
    "forwarding": CallStage.TALKING,
    "ended": CallStage.ENDED,
}
SPEAKERS = {"bot": CallSpeaker.AGENT, "assistant": CallSpeaker.AGENT, "user": CallSpeaker.PERSON}
SILENT = frozenset(
    [
        "hang",
        "speech-update",
        "transcript",
        "user-interrupted",
        "model-output",
        "voice-input",
        "transfer-update",
        "phone-call-control",
        "language-changed",
        "language-change-detected",
        "assistant.started",
        "assistant.speechStarted",
        "tool-calls-result",
        "function-call",
    ]
)
"""What is told while one speaks, and changes nothing here."""
MAX_TURNS = 2000
_MICROS = 1_000_000


def parse(raw: bytes) -> list[AnyEvent]:
    """The events of one webhook. Raises `BadWebhook`."""
    message = message_of(raw.replace(b"\\u0000", b""))
    if message is None:
        raise BadWebhook("no message")
    message = storable.tree(message)
    kind, call_id = str(message.get("type") or ""), call_id_of(message)
    if kind.startswith("transcript") or kind in SILENT:
        return []
    if not call_id:
        return [OtherEvent(field=kind or "type", raw=raw, problem="no call")]
    match kind:
        case "assistant-request":
            return _told(message, call_id, CallStage.RINGING, raw)
        case "status-update":
            stage = STAGES.get(str(message.get("status")))
            return [] if stage is None else _told(message, call_id, stage, raw)
        case "conversation-update":
            so_far = {**message, "artifact": {"messages": message.get("messages")}}
            return _told(so_far, call_id, CallStage.TALKING, raw)
        case "end-of-call-report":
            return [*_transfers(message, call_id), *_told(message, call_id, CallStage.ANALYZED, raw)]
        case "tool-calls" | "transfer-destination-request":
            wanted = handover(message)
            if wanted is None:
                return []
            said = (wanted.reason, wanted.department, wanted.summary)
            return [
                HandoverEvent(
                    provider_id=call_id, correlation_id=attempt_of(message), reason=said[0], department=said[1], summary=said[2]
                )
            ]
        case _ if kind == FOUND:
            return _found(message, call_id, raw)
    return [OtherEvent(field=kind[:40], raw=raw, problem="unknown type")]


def _found(message: dict[str, Any], call_id: str, raw: bytes) -> list[AnyEvent]:
    """A call as `GET /call` shows it: the same fields, in another place."""
    call = _map(message.get("call"))
    stage = STAGES.get(str(call.get("status")), CallStage.RINGING)
    shown = {**{name: value for name, value in call.items() if name not in ("type", "status")}, "call": call}
    if stage is CallStage.ENDED:
        stage = CallStage.ANALYZED
        return [*_transfers(shown, call_id), *_told(shown, call_id, stage, raw)]
    return _told(shown, call_id, stage, raw)


def _told(message: dict[str, Any], call_id: str, stage: CallStage, raw: bytes) -> list[AnyEvent]:
    call = _map(message.get("call"))
    inbound = call.get("type") == "inboundPhoneCall" or message.get("type") == "assistant-request"
    person, end = number_of(message), None
    started, ended = (_moment(message.get(name) or call.get(name)) for name in ("startedAt", "endedAt"))
    if stage is CallStage.TALKING:
        started = started or _moment(message.get("timestamp"))
    if stage >= CallStage.ENDED:
        reason = str(message.get("endedReason") or call.get("endedReason") or "")
        # The first news of an end tells no times; what cannot have been spoken says so by its reason.
        connected = started is not None or stage is CallStage.ENDED
        end = end_of(reason, connected=connected)
        if (
            end.outcome is CallOutcome.ANSWERED
            and wished(_map(message.get("analysis")).get("structuredData"), person) is not None
        ):
            end = End(CallOutcome.CALLBACK_WANTED)  # VAPI has no word for it
    if inbound and person is None:
        return [OtherEvent(field="hidden_number", raw=raw)]
    told = _event(message, call, call_id, stage, end, inbound, person, started, ended)
    if not inbound:
        return [_status(message, call_id, stage, end, person, told.at), told]
    assert person is not None
    seen = Call(direction="in", status=end.outcome.value if end is not None else None, seconds=told.seconds)
    came = InboundMessage(provider_id=call_id, from_phone=person, to="", content=seen, at=told.started_at)
    return [came, told]


def _event(
    message: dict[str, Any],
    call: dict[str, Any],
    call_id: str,
    stage: CallStage,
    end: End | None,
    inbound: bool,
    person: str | None,
    started: datetime | None,
    ended: datetime | None,
) -> CallEvent:
    artifact, analysis = _map(message.get("artifact")), _map(message.get("analysis"))
    success = str(analysis.get("successEvaluation") or "").lower()
    recording = artifact.get("recordingUrl") or message.get("recordingUrl")
    summary = analysis.get("summary") or message.get("summary")
    reason = message.get("endedReason") or call.get("endedReason")
    return CallEvent(
        provider_id=call_id,
        correlation_id=attempt_of(message),
        stage=stage,
        inbound=inbound,
        person=person,
        started_at=started,
        ended_at=ended,
        seconds=storable.int4(round((ended - started).total_seconds())) if started and ended and ended >= started else None,
        outcome=end.outcome if end is not None else None,
        provider_reason=storable.text(reason, 60) if isinstance(reason, str) else None,
        turns=_turns(artifact.get("messages")),
        recording_url=recording
        if isinstance(recording, str) and len(recording) <= 2000 and recording.startswith("http")
        else None,
        summary=storable.text(summary, 4000) if isinstance(summary, str) and summary else None,
        successful={"true": True, "false": False}.get(success),
        callback_at=wished(analysis.get("structuredData"), person),
        cost=_cost(message.get("cost", call.get("cost"))),
        at=ended or started or _moment(message.get("timestamp")),
    )


def _status(
    message: dict[str, Any], call_id: str, stage: CallStage, end: End | None, person: str | None, at: datetime | None
) -> StatusEvent:
    status = DeliveryStatus.SENT
    if end is not None:
        status = DeliveryStatus.DELIVERED if end.reason is None else DeliveryStatus.FAILED
    word = str(message.get("endedReason") or _map(message.get("call")).get("endedReason") or "")
    return StatusEvent(
        provider_id=call_id,
        status=status,
        provider_status=storable.text(word or stage.label, 40),
        correlation_id=attempt_of(message),
        phone=person,
        code=end.code if end is not None else None,
        reason=end.reason if end is not None else None,
        error=storable.text(word, 500) if end is not None and end.reason is not None else None,
        at=at,
    )


def _transfers(message: dict[str, Any], call_id: str) -> list[AnyEvent]:
    """What became of the last transfer of a call."""
    told = [_map(one).get("status") for one in _list(_map(message.get("artifact")).get("transfers"))]
    outcome = next((TRANSFERS[one] for one in reversed(told) if isinstance(one, str) and one in TRANSFERS), None)
    outcome = outcome or FAILED_TRANSFERS.get(str(message.get("endedReason") or ""))
    return [] if outcome is None else [TransferEvent(provider_id=call_id, correlation_id=attempt_of(message), outcome=outcome)]


def _turns(spoken: object) -> list[CallTurn]:
    found = []
    for one in _list(spoken)[:MAX_TURNS]:
        turn = _map(one)
        speaker, text = SPEAKERS.get(str(turn.get("role"))), turn.get("message") or turn.get("content")
        if speaker is None or not isinstance(text, str) or not text.strip():
            continue
        start, length = _ms(turn.get("secondsFromStart"), 1000), _ms(turn.get("duration"), 1)
        found.append(
            CallTurn(speaker, storable.text(text), start, start + length if start is not None and length is not None else None)
        )
    return found


def _ms(value: object, times: int) -> int | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value < 1e9
    return storable.int4(round(value * times)) if known else None  # type: ignore[operator]


def _cost(dollars: object) -> int | None:
    """Millionths of a US dollar."""
    known = isinstance(dollars, int | float) and not isinstance(dollars, bool) and math.isfinite(dollars) and 0 <= dollars < 1e7
    return round(dollars * _MICROS) if known else None  # type: ignore[operator]


def _moment(value: object) -> datetime | None:
    """ISO 8601, or milliseconds."""
    try:
        if isinstance(value, str):
            found = datetime.fromisoformat(value)
            return storable.moment(found if found.tzinfo else found.replace(tzinfo=UTC))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return storable.moment(datetime.fromtimestamp(value / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        pass
    return None


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
