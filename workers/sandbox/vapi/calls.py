"""The calls of all VAPI accounts, each as VAPI's call object and as its messages tell it. A stop forgets those that go on."""

import time
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from workers.sandbox.ledger import digest
from workers.sandbox.retell import scripts
from workers.sandbox.retell.scripts import Script
from workers.sandbox.vapi.account import VapiAccount

ENDS: Final = {
    "agent_hangup": "assistant-ended-call",
    "user_hangup": "customer-ended-call",
    "voicemail_reached": "voicemail",
    "ivr_reached": "voicemail",
    "inactivity": "silence-timed-out",
    "user_requested_callback": "assistant-ended-call",
    "user_requested_dnc": "assistant-ended-call",
    "dial_no_answer": "customer-did-not-answer",
    "dial_busy": "customer-busy",
    "user_declined": "customer-busy",
    "invalid_destination": "twilio-reported-customer-misdialed",
    "telephony_provider_unavailable": "twilio-failed-to-connect-call",
    "no_valid_payment": "call.start.error-subscription-insufficient-credits",
}
"""Ends of the scripts, in VAPI's words."""
_DOLLARS_PER_SECOND: Final = 0.0015


class Call(msgspec.Struct, kw_only=True):
    """Times in epoch seconds. `asked`: the body of the request, or what stands for it when a person calls."""

    id: str
    number: int
    account: str
    script: Script
    asked: dict[str, Any]
    inbound: bool = False
    status: str = "queued"
    created_at: float = msgspec.field(default_factory=time.time)
    started_at: float | None = None
    ended_at: float | None = None
    reason: str = ""
    transfers: list[dict[str, str]] = msgspec.field(default_factory=list)
    said: int = 0  # lines
    hints: list[str] = msgspec.field(default_factory=list)
    answers: list[str] = msgspec.field(default_factory=list)  # what was found in the knowledge

    @property
    def course(self) -> scripts.Course:
        return scripts.COURSES[self.script]


class Calls:
    def __init__(self, base_url: str) -> None:
        self._base = base_url
        self.by_id: dict[str, Call] = {}

    def mine(self, account: VapiAccount) -> list[Call]:
        return [call for call in self.by_id.values() if call.account == account.id]

    def live(self, account: VapiAccount) -> int:
        return sum(call.ended_at is None for call in self.mine(account))

    def forget(self, account: VapiAccount | None = None) -> None:
        self.by_id = {} if account is None else {name: call for name, call in self.by_id.items() if call.account != account.id}

    def view(self, account: VapiAccount, call: Call) -> dict[str, Any]:
        """The call object."""
        shown: dict[str, Any] = {
            "id": call.id,
            "orgId": account.id,
            "type": "inboundPhoneCall" if call.inbound else "outboundPhoneCall",
            "status": call.status,
            "createdAt": _iso(call.created_at),
            "phoneNumberId": account.phone_number_id,
            "assistantId": call.asked.get("assistantId"),
            "customer": call.asked["customer"],
            "name": call.asked.get("name"),
            "monitor": {
                "listenUrl": f"{self._base.replace('http', 'ws', 1)}/vapi-live/{call.id}/listen",
                "controlUrl": f"{self._base}/vapi-live/{call.id}/control",
            },
        }
        return shown | self.end(call)

    def end(self, call: Call) -> dict[str, Any]:
        """What is known once it is over."""
        if call.started_at is not None and call.ended_at is None:
            return {"startedAt": _iso(call.started_at)}
        if call.ended_at is None:
            return {}
        shown: dict[str, Any] = {
            "endedReason": call.reason,
            "endedAt": _iso(call.ended_at),
            "artifact": {"transfers": call.transfers},
        }
        if call.started_at is None:
            return shown
        seconds = call.ended_at - call.started_at
        more = (*(scripts.heard(hint) for hint in call.hints), *call.answers)
        said = scripts.spoken((*call.course.lines, *(("agent", text) for text in more)), seconds)
        shown["startedAt"], shown["cost"] = _iso(call.started_at), round(seconds * _DOLLARS_PER_SECOND, 5)
        shown["artifact"]["messages"] = [turn(one) for one in said]
        shown["analysis"] = {"summary": call.course.summary, "successEvaluation": str(call.course.successful).lower()}
        return shown


def call_id(number: int) -> str:
    return str(UUID(int=(digest(b"vapi%d" % number) & (1 << 62) - 1) | 4 << 76 | 9 << 60))


def turn(one: dict[str, object]) -> dict[str, object]:
    words = one["words"]
    start = words[0]["start"] if isinstance(words, list) and words else 0.0
    return {"role": "bot" if one["role"] == "agent" else "user", "message": one["content"], "secondsFromStart": start}


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat().replace("+00:00", "Z")
