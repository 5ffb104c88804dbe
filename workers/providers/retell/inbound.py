"""Retell's webhooks as typed events: how far a call is, and what is known of it. Source: retell-sdk 6.2.13, phone_call_response.py.

Everything comes as it can be stored. Fields that cannot be read are left out; a body without a call is no webhook.
"""

import json
import math
from datetime import UTC, datetime
from typing import Any

import msgspec

from db import storable
from db.messages.content import Call
from db.messages.enums import CallOutcome, CallSpeaker, CallStage
from db.providers.retell.live import NUMBER, wanted
from db.transfers.enums import TransferOutcome
from workers.providers.events import (
    AnyEvent,
    BadWebhook,
    CallEvent,
    CallTurn,
    DeliveryStatus,
    HandoverEvent,
    InboundMessage,
    OtherEvent,
    PreferenceEvent,
    StatusEvent,
    TransferEvent,
)
from workers.providers.retell.errors import End, end_of
from workers.providers.wished import wished

FOUND = "call_found"
"""Not Retell's: a call that we asked for, whatever is known of it."""
STAGES = {
    "call_started": CallStage.TALKING,
    "transcript_updated": CallStage.TALKING,
    "call_ended": CallStage.ENDED,
    "call_analyzed": CallStage.ANALYZED,
}
TRANSFERS = {"transfer_bridged": TransferOutcome.CONNECTED, "transfer_cancelled": TransferOutcome.NO_ANSWER}
"""A transfer that was called off: nobody took the phone, or no person (Retell looks whether a person answers, and does not say which)."""
HUNG_UP = frozenset({"user_hangup", "inactivity"})
"""The person did not wait for the colleague, so it is not the colleague's phone that failed."""
SPEAKERS = {"agent": CallSpeaker.AGENT, "user": CallSpeaker.PERSON, "transfer_target": CallSpeaker.COLLEAGUE}
SENTIMENTS = frozenset({"positive", "neutral", "negative"})
MAX_TURNS = 2000
_MICROS_PER_CENT = 10_000


class _Word(msgspec.Struct):
    start: float | None = None
    end: float | None = None


class _Turn(msgspec.Struct):
    role: str = ""
    content: str = ""
    words: list[_Word] = []


class _Analysis(msgspec.Struct):
    call_summary: str | None = None
    in_voicemail: bool | None = None
    user_sentiment: str | None = None
    call_successful: bool | None = None
    custom_analysis_data: Any = None


class _Cost(msgspec.Struct):
    combined_cost: float | None = None


class _Call(msgspec.Struct):
    call_id: str
    direction: str = ""
    from_number: str = ""
    to_number: str = ""
    metadata: Any = None
    start_timestamp: float | None = None
    end_timestamp: float | None = None
    duration_ms: float | None = None
    disconnection_reason: str | None = None
    recording_url: str | None = None
    transcript_object: list[_Turn] | None = None
    call_analysis: _Analysis | None = None
    call_cost: _Cost | None = None


class _Ringing(msgspec.Struct):
    from_number: str | None = None
    to_number: str | None = None
    call_id: str | None = None


class _Rings(msgspec.Struct):
    call_inbound: _Ringing


class _Webhook(msgspec.Struct):
    event: str
    call: _Call


def parse(raw: bytes) -> list[AnyEvent]:
    """The events of one webhook. Raises `BadWebhook`."""
    try:
        told = msgspec.convert(storable.tree(json.loads(raw.replace(b"\\u0000", b""))), _Webhook, strict=False)
    except (ValueError, RecursionError) as error:
        raise BadWebhook(f"no call: {type(error).__name__}") from error
    call_id = storable.key(told.call.call_id)
    if not call_id:
        raise BadWebhook("no call_id")
    if (outcome := TRANSFERS.get(told.event)) is not None:
        if outcome is TransferOutcome.NO_ANSWER and told.call.disconnection_reason in HUNG_UP:
            outcome = TransferOutcome.HUNG_UP
        return [TransferEvent(provider_id=call_id, correlation_id=_attempt(told.call), outcome=outcome)]
    stage = _found(told.call) if told.event == FOUND else STAGES.get(told.event)
    if stage is None:
        return [OtherEvent(field="event", raw=raw, problem="unknown event")]
    call = told.call
    end = None
    if stage >= CallStage.ENDED:
        voicemail = call.call_analysis.in_voicemail if call.call_analysis else None
        end = end_of(call.disconnection_reason or "", connected=call.start_timestamp is not None, voicemail=voicemail)
    inbound = call.direction == "inbound"
    person = storable.identifier(call.from_number if inbound else call.to_number) or None
    told_call = _event(call, call_id, stage, end, inbound, person)
    events: list[AnyEvent] = [told_call]
    if not inbound:
        events.insert(0, _status(call, call_id, stage, end, person, told_call.at))
    elif _person(person) is None:
        return [OtherEvent(field="hidden_number", raw=raw)]
    elif person is not None:
        events.insert(0, _came_in(call, call_id, end, person, told_call))
    if end is not None and end.outcome is CallOutcome.OPTED_OUT and person is not None:
        events.append(PreferenceEvent(opted_in=False, category="all", phone=person, detail="said in a call", at=told_call.at))
    return events


def parse_inbound(raw: bytes) -> list[AnyEvent]:
    """Somebody calls: their message, and a call that rings. What names no call is told again once they speak. Raises `BadWebhook`."""
    try:
        ringing = msgspec.convert(storable.tree(json.loads(raw.replace(b"\\u0000", b""))), _Rings, strict=False).call_inbound
    except (ValueError, RecursionError) as error:
        raise BadWebhook(f"no call: {type(error).__name__}") from error
    call_id, person = storable.key(ringing.call_id or ""), _person(ringing.from_number)
    if not call_id:
        return []
    if person is None:
        return [OtherEvent(field="hidden_number", raw=raw)]
    told = CallEvent(provider_id=call_id, stage=CallStage.RINGING, inbound=True, person=person)
    return [_came_in(_Call(call_id, to_number=ringing.to_number or ""), call_id, None, person, told), told]


def parse_human(raw: bytes) -> list[AnyEvent]:
    """Somebody wants a person. Raises `BadWebhook`."""
    told = wanted(raw)
    if told is None:
        raise BadWebhook("no call wants a person")
    return [
        HandoverEvent(
            provider_id=told.call_id,
            correlation_id=told.attempt,
            reason=told.reason,
            department=told.department,
            summary=told.summary,
        )
    ]


def _person(number: str | None) -> str | None:
    """Who calls; None: they hide their number."""
    return number if number is not None and NUMBER.fullmatch(number) else None


def _found(call: _Call) -> CallStage:
    if call.end_timestamp is not None:
        return CallStage.ENDED if call.call_analysis is None else CallStage.ANALYZED
    return CallStage.RINGING if call.start_timestamp is None else CallStage.TALKING


def _status(call: _Call, call_id: str, stage: CallStage, end: End | None, person: str | None, at: datetime | None) -> StatusEvent:
    """What the ledger of messages is told: taken, spoken to, or failed."""
    status = DeliveryStatus.SENT
    if end is not None:
        status = DeliveryStatus.DELIVERED if end.reason is None else DeliveryStatus.FAILED
    return StatusEvent(
        provider_id=call_id,
        status=status,
        provider_status=storable.text(call.disconnection_reason or stage.label, 40),
        correlation_id=_attempt(call),
        phone=person,
        code=end.code if end is not None else None,
        reason=end.reason if end is not None else None,
        error=storable.text(call.disconnection_reason, 500) if end is not None and end.reason is not None else None,
        at=at,
    )


def _came_in(call: _Call, call_id: str, end: End | None, person: str, told: CallEvent) -> InboundMessage:
    """A person called: their message, under the call's own id. It rings, and then it is over."""
    seen = Call(direction="in", status=end.outcome.value if end is not None else None, seconds=told.seconds)
    return InboundMessage(
        provider_id=call_id, from_phone=person, to=storable.identifier(call.to_number) or "", content=seen, at=told.started_at
    )


def _event(call: _Call, call_id: str, stage: CallStage, end: End | None, inbound: bool, person: str | None) -> CallEvent:
    analysis = call.call_analysis or _Analysis()
    sentiment = (analysis.user_sentiment or "").lower()
    started, ended = _moment(call.start_timestamp), _moment(call.end_timestamp)
    return CallEvent(
        provider_id=call_id,
        correlation_id=_attempt(call),
        stage=stage,
        inbound=inbound,
        person=person,
        started_at=started,
        ended_at=ended,
        seconds=_seconds(call.duration_ms),
        outcome=end.outcome if end is not None else None,
        provider_reason=storable.text(call.disconnection_reason, 60),
        turns=[] if call.transcript_object is None else _turns(call.transcript_object),
        recording_url=_address(call.recording_url),
        summary=storable.text(analysis.call_summary, 4000),
        sentiment=sentiment if sentiment in SENTIMENTS else None,
        successful=analysis.call_successful,
        callback_at=wished(analysis.custom_analysis_data, person),
        cost=_micros(call.call_cost),
        at=ended if stage >= CallStage.ENDED else started,
    )


def _attempt(call: _Call) -> str | None:
    """Our attempt, as it stands in the call that it made."""
    value = call.metadata.get("attempt") if isinstance(call.metadata, dict) else None
    return value if isinstance(value, str) else None


def _turns(spoken: list[_Turn]) -> list[CallTurn]:
    found = []
    for turn in spoken[:MAX_TURNS]:
        speaker = SPEAKERS.get(turn.role)
        if speaker is None or not turn.content.strip():
            continue
        starts = [word.start for word in turn.words if word.start is not None]
        ends = [word.end for word in turn.words if word.end is not None]
        found.append(CallTurn(speaker, storable.text(turn.content), _ms(min(starts, default=None)), _ms(max(ends, default=None))))
    return found


def _ms(seconds: float | None) -> int | None:
    return round(seconds * 1000) if seconds is not None and math.isfinite(seconds) and 0 <= seconds < 1e6 else None


def _seconds(milliseconds: float | None) -> int | None:
    if milliseconds is None or not math.isfinite(milliseconds) or not 0 <= milliseconds < 1e9:
        return None
    return round(milliseconds / 1000)


def _micros(cost: _Cost | None) -> int | None:
    """Millionths of a US dollar; Retell tells cents."""
    cents = cost.combined_cost if cost is not None else None
    return round(cents * _MICROS_PER_CENT) if cents is not None and math.isfinite(cents) and 0 <= cents < 1e9 else None


def _moment(milliseconds: float | None) -> datetime | None:
    try:
        return None if milliseconds is None else storable.moment(datetime.fromtimestamp(milliseconds / 1000, UTC))
    except (ValueError, OverflowError, OSError):
        return None


def _address(url: str | None) -> str | None:
    """Without its query an address of a recording is not the same one: kept whole, or not at all."""
    return url if url and len(url) <= 2000 and url.startswith(("https://", "http://")) else None
