"""What becomes of a call: it is told that it rings, goes on and ends; the assistant asks for a person, and a report follows."""

import asyncio
import contextlib
import random
import time
from typing import Any, Final

import msgspec
from pyreqwest.exceptions import PyreqwestError

from workers.sandbox.behaviour import within
from workers.sandbox.retell import scripts
from workers.sandbox.retell.scripts import Script
from workers.sandbox.vapi.account import VapiAccount
from workers.sandbox.vapi.calls import ENDS, Call, Calls, turn
from workers.sandbox.webhooks import Told, Webhooks

TOOL_SECONDS: Final = 20.0
REQUEST_SECONDS: Final = 7.5
"""So long VAPI waits for an answer; never scaled."""
ASKS: Final = 5


class Talks:
    def __init__(self, calls: Calls, webhooks: Webhooks, seed: int, speed: float) -> None:
        self._calls = calls
        self._webhooks = webhooks
        self._dice = random.Random(seed + 17)
        self._speed = speed
        self._tasks: set[asyncio.Task[None]] = set()
        self._cuts: dict[str, asyncio.Event] = {}

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def begin(self, account: VapiAccount, call: Call) -> None:
        self._calls.by_id[call.id] = call
        task = asyncio.get_running_loop().create_task(self._run(account, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def forget(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _run(self, account: VapiAccount, call: Call) -> None:
        if call.inbound and not await self._assistant(account, call):
            return
        await self._pause(account.ring_seconds)
        if not call.inbound:
            call.status = "ringing"
            self._status(account, call)
        if call.course.lines:
            call.status, call.started_at = "in-progress", time.time()
            self._status(account, call)
            await self._speak(account, call)
            if call.script is Script.ASKS:
                await self._look(account, call)
            if call.script is Script.WANTS_A_PERSON and not call.reason and not call.transfers:
                await self._person(account, call)
        self._end(account, call, call.reason or ENDS.get(call.course.reason, "unknown-error"))
        await self._pause(account.report_seconds)
        self._report(account, call)

    async def _speak(self, account: VapiAccount, call: Call) -> None:
        """The talk, line by line, until it is cut short."""
        cut = self._cuts[call.id] = asyncio.Event()
        lines = len(call.course.lines)
        pause = within(account.talk_seconds, self._dice.random()) / self._speed / max(lines, 1)
        for number in range(lines):
            if account.tells_words:
                self.say(account, call, number + 1)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(cut.wait(), pause)
        self._cuts.pop(call.id, None)

    def cut(self, call: Call) -> None:
        """The talk ends now."""
        if call.id in self._cuts:
            self._cuts[call.id].set()

    def say(self, account: VapiAccount, call: Call, lines: int | None = None) -> None:
        """What was said so far."""
        call.said = call.said if lines is None else lines
        told = (*call.course.lines[: call.said], *(("agent", scripts.heard(hint)) for hint in call.hints))
        said = scripts.spoken(told, time.time() - (call.started_at or time.time()))
        self._post(account, call, {"type": "conversation-update", "messages": [turn(one) for one in said]}, "sent")

    def transfer(self, account: VapiAccount, call: Call) -> None:
        """Somebody has the call put through to a phone; where no person takes it, the assistant goes on."""
        call.transfers.append({"status": account.colleague})
        if account.colleague == "connected":
            call.status, call.reason = "forwarding", "assistant-forwarded-call"
            self._status(account, call)
            self.cut(call)

    async def _assistant(self, account: VapiAccount, call: Call) -> bool:
        """Somebody calls: who speaks with them is asked for. An address that does not answer ends the call."""
        told = await self._ask(account, call, {"type": "assistant-request"}, REQUEST_SECONDS)
        if told.get("assistantId"):
            call.asked["assistantId"] = told["assistantId"]
            return True
        self._end(account, call, "assistant-request-returned-error" if told.get("error") else "assistant-request-failed")
        self._report(account, call)
        return False

    async def _look(self, account: VapiAccount, call: Call) -> None:
        """The assistant's tool searches the knowledge for what the person asks, and the assistant says what it found."""
        asked = {"id": "tool_1", "name": "search_knowledge", "arguments": {"question": scripts.QUESTION}}
        told = await self._ask(account, call, {"type": "tool-calls", "toolCallList": [asked]}, TOOL_SECONDS)
        found = [one["result"] for one in told.get("results") or [] if one.get("result")]
        call.answers.append(scripts.answered(found))

    async def _person(self, account: VapiAccount, call: Call) -> None:
        """The assistant asks where to put the call through, again while pages ring."""
        for _ in range(ASKS):
            told = await self._ask(account, call, {"type": "transfer-destination-request"}, TOOL_SECONDS)
            if "destination" in told:
                break
        else:
            return
        call.transfers.append({"status": account.colleague})
        await self._pause(account.ring_seconds)
        if account.colleague == "connected":
            call.status, call.reason = "forwarding", "assistant-forwarded-call"
            self._status(account, call)

    async def _ask(self, account: VapiAccount, call: Call, message: dict[str, Any], seconds: float) -> dict[str, Any]:
        try:
            status, body = await self._webhooks.ask(account, account.server_url, self._body(account, call, message), seconds)
            found = msgspec.json.decode(body) if 200 <= status < 300 else {}
        except (PyreqwestError, msgspec.DecodeError):
            return {}
        return found if isinstance(found, dict) else {}

    def _end(self, account: VapiAccount, call: Call, reason: str) -> None:
        call.status, call.reason, call.ended_at = "ended", reason, time.time()
        self._status(account, call)

    def _status(self, account: VapiAccount, call: Call) -> None:
        message = {"type": "status-update", "status": call.status} | ({"endedReason": call.reason} if call.ended_at else {})
        self._post(account, call, message, "sent" if call.ended_at is None else _ledger(call))

    def _report(self, account: VapiAccount, call: Call) -> None:
        self._post(account, call, {"type": "end-of-call-report", **self._calls.end(call)}, _ledger(call), done=True)

    def _post(self, account: VapiAccount, call: Call, message: dict[str, Any], status: str, *, done: bool = False) -> None:
        told: list[Told] = [] if call.inbound else [(call.number, status, None, done)]
        self._webhooks.post(account, account.server_url, self._body(account, call, message), told)

    def _body(self, account: VapiAccount, call: Call, message: dict[str, Any]) -> bytes:
        shown = {
            **message,
            "timestamp": int(time.time() * 1000),
            "call": self._calls.view(account, call),
            "customer": call.asked["customer"],
        }
        return msgspec.json.encode({"message": shown})

    async def _pause(self, span: tuple[float, float]) -> None:
        await asyncio.sleep(within(span, self._dice.random()) / self._speed)


def _ledger(call: Call) -> str:
    return "undelivered" if call.started_at is None else "delivered"
