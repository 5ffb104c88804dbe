"""The calls of all accounts: kept in the sandbox's store, found by id and by idempotency key, and drawn as Retell's call object."""

import hashlib
import time
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from workers.sandbox.retell import scripts
from workers.sandbox.retell.account import RetellAccount
from workers.sandbox.retell.scripts import Script
from workers.sandbox.store import Store

KEY_SECONDS: Final = 3600.0
"""So long an idempotency key is remembered; never scaled."""
_CENTS_PER_SECOND: Final = 0.15


class Call(msgspec.Struct, kw_only=True):
    """Times in epoch seconds. `asked`: the body of the request. `stopped`: by the API."""

    id: str
    number: int
    account: str
    script: Script
    asked: dict[str, Any]
    digest: str
    created_at: float
    started_at: float | None = None
    ended_at: float | None = None
    analyzed: bool = False
    stopped: bool = False
    inbound: bool = False
    reason: str = ""
    said: int = 0  # lines that were told while it goes on
    hints: list[str] = []
    answers: list[str] = []  # what the agent found in the knowledge, and says
    wants_person: bool = False  # by somebody who took the call over

    @property
    def course(self) -> scripts.Course:
        return scripts.COURSES[self.script]

    @property
    def webhook_url(self) -> str:
        """Where this call alone is told; "": where its agent's are."""
        agent = (self.asked.get("agent_override") or {}).get("agent") or {}
        return str(agent.get("webhook_url") or "")

    def hears(self, event: str) -> bool:
        """Whether this call wants to be told of it."""
        agent = (self.asked.get("agent_override") or {}).get("agent") or {}
        return event in (agent.get("webhook_events") or ())

    @property
    def connects(self) -> bool:
        return bool(self.course.lines)


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Calls:
    def __init__(self, store: Store, base_url: str) -> None:
        self._store = store
        self._base = base_url
        self.by_id: dict[str, Call] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._live: dict[str, set[str]] = {}

    async def load(self) -> None:
        for _, value in await self._store.recall("retell_call"):
            self._index(msgspec.json.decode(value, type=Call))

    def _index(self, call: Call) -> None:
        self.by_id[call.id] = call
        live = self._live.setdefault(call.account, set())
        (live.add if call.ended_at is None else live.discard)(call.id)
        if key := call.asked.get("idempotency_key"):
            self._keys[call.account, key] = call.id

    def keep(self, call: Call) -> None:
        self._index(call)
        self._store.remember("retell_call", call.id, call)

    def of_key(self, account: RetellAccount, key: str) -> Call | None:
        """The call that was made under this key within the last hour."""
        call = self.by_id.get(self._keys.get((account.id, key), ""))
        return call if call is not None and time.time() - call.created_at < KEY_SECONDS else None

    def of_number(self, number: int) -> Call | None:
        return self.by_id.get(call_id(number))

    def mine(self, account: RetellAccount) -> list[Call]:
        return [call for call in self.by_id.values() if call.account == account.id]

    def live(self, account: RetellAccount) -> int:
        """Calls that take a place of the account's concurrency."""
        return len(self._live.get(account.id, ()))

    def forget(self, account: RetellAccount | None = None) -> None:
        for call in list(self.by_id.values()):
            if account is None or call.account == account.id:
                del self.by_id[call.id]
                self._live[call.account].discard(call.id)
                self._keys.pop((call.account, call.asked.get("idempotency_key", "")), None)
                self._store.remember("retell_call", call.id, None)

    def view(self, account: RetellAccount, call: Call, *, brief: bool = False) -> dict[str, Any]:
        """The call object, with what is known of it now. `brief`: as lists show it, without what was said."""
        asked = call.asked
        shown: dict[str, Any] = {
            "call_id": call.id,
            "call_type": "phone_call",
            "agent_id": asked.get("override_agent_id") or account.agent_id,
            "agent_version": account.agent_version,
            "agent_name": account.agent_name,
            "call_status": _status(call),
            "direction": "inbound" if call.inbound else "outbound",
            "from_number": asked["from_number"],
            "to_number": asked["to_number"],
            "telephony_identifier": {"twilio_call_sid": f"CA{digest(call.id.encode())[:32]}"},
        }
        for name in ("metadata", "retell_llm_dynamic_variables", "custom_sip_headers"):
            if name in asked:
                shown[name] = asked[name]
        if call.started_at is not None:
            shown["start_timestamp"] = int(call.started_at * 1000)
        if call.ended_at is None:
            if call.said and not brief:
                shown["transcript_object"] = self.turns(call)
            return shown
        shown["end_timestamp"] = int(call.ended_at * 1000)
        shown["disconnection_reason"] = "manual_stopped" if call.stopped else call.reason or call.course.reason
        if call.started_at is not None:
            shown["duration_ms"] = shown["end_timestamp"] - shown["start_timestamp"]
            if not brief:
                shown |= self._said(account, call, shown["duration_ms"] / 1000)
        if call.analyzed:
            shown["call_analysis"] = {
                "call_summary": call.course.summary or "A ligação não foi atendida.",
                "in_voicemail": call.course.voicemail,
                "user_sentiment": call.course.sentiment,
                "call_successful": call.course.successful,
                "custom_analysis_data": _wished(call),
            }
        return shown

    def _said(self, account: RetellAccount, call: Call, seconds: float) -> dict[str, Any]:
        turns = self.turns(call)
        until = int(call.ended_at or 0) + int(account.recording_minutes * 60)
        cents = round(seconds * _CENTS_PER_SECOND, 3)
        return {
            "transcript": "".join(f"{str(turn['role']).capitalize()}: {turn['content']}\n" for turn in turns),
            "transcript_object": turns,
            "recording_url": f"{self._base}/retell-recordings/{call.id}.wav?expires={until}",
            "call_cost": {
                "combined_cost": cents,
                "total_duration_seconds": round(seconds, 3),
                "total_duration_unit_price": _CENTS_PER_SECOND,
                "product_costs": [{"product": "retell_platform", "cost": cents, "unit_price": _CENTS_PER_SECOND}],
            },
        }

    def turns(self, call: Call) -> list[dict[str, object]]:
        """What was said until the call ended, or until now."""
        seconds = (call.ended_at or time.time()) - (call.started_at or 0.0)
        lines = call.course.lines[:1] if call.stopped else call.course.lines
        if call.ended_at is None:
            lines = call.course.lines[: call.said]
        lines = (*lines, *(("agent", scripts.heard(hint)) for hint in call.hints), *(("agent", text) for text in call.answers))
        if call.script is Script.VOICEMAIL and (message := _left(call)):
            lines = (*lines, ("agent", message))
        return scripts.spoken(lines, max(seconds, 0.0))


def _left(call: Call) -> str:
    """What the agent leaves on a machine."""
    agent = (call.asked.get("agent_override") or {}).get("agent") or {}
    action = (agent.get("voicemail_option") or {}).get("action") or {}
    return str(action.get("text") or "") if action.get("type") == "static_text" else ""


def _wished(call: Call) -> dict[str, str]:
    """Whoever wants to be called later says: tomorrow at ten."""
    if call.script is not Script.CALL_LATER or call.ended_at is None:
        return {}
    tomorrow = datetime.fromtimestamp(call.ended_at, ZoneInfo("America/Sao_Paulo")) + timedelta(days=1)
    return {"callback_at": tomorrow.replace(hour=10, minute=0, second=0, microsecond=0).isoformat()}


def call_id(number: int) -> str:
    return f"call_{hashlib.sha256(b'retell%d' % number).hexdigest()[:27]}"


def _status(call: Call) -> str:
    if call.ended_at is not None:
        return "not_connected" if call.started_at is None else "ended"
    return "registered" if call.started_at is None else "ongoing"
