"""People who call: the number's inbound webhook is asked first, then it rings, somebody speaks, and it ends."""

import asyncio
import random
import secrets
import time
from typing import Any, Final

import msgspec
from pyreqwest.exceptions import PyreqwestError

from workers.sandbox.behaviour import within
from workers.sandbox.retell.account import RetellAccount
from workers.sandbox.retell.calls import Call, Calls
from workers.sandbox.retell.progress import Progress
from workers.sandbox.retell.scripts import QUESTION, Script, answered
from workers.sandbox.webhooks import Webhooks

TRIES: Final = 3
TOOL_SECONDS: Final = 120.0
"""So long Retell waits for a tool, never scaled."""


class Callers:
    def __init__(self, calls: Calls, webhooks: Webhooks, progress: Progress, seed: int, speed: float) -> None:
        self._calls = calls
        self._webhooks = webhooks
        self._progress = progress
        self._dice = random.Random(seed + 13)
        self._speed = speed
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        return len(self._tasks)

    def ring(self, account: RetellAccount, person: str, script: Script) -> str:
        """Somebody calls, with a number or without one. Returns the id of the call."""
        identifier = f"call_{secrets.token_hex(14)[:27]}"
        asked = {"from_number": person, "to_number": account.phone_number}
        call = Call(
            id=identifier,
            number=0,
            account=account.id,
            script=script,
            asked=asked,
            digest="",
            created_at=time.time(),
            inbound=True,
        )
        task = asyncio.get_running_loop().create_task(self._run(account, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return identifier

    def forget(self) -> None:
        for task in self._tasks:
            task.cancel()

    async def _run(self, account: RetellAccount, call: Call) -> None:
        told = await self._ask(account, call)
        call.asked |= {
            "agent_override": told.get("agent_override") or {},
            "retell_llm_dynamic_variables": told.get("dynamic_variables") or {},
            "metadata": told.get("metadata") or {},
        }
        self._calls.keep(call)
        spans = {True: (account.talk_seconds, account.analysis_seconds), False: (account.ring_seconds, account.analysis_seconds)}
        if call.connects:
            self._progress.answer(account, call)
        for number, span in enumerate(spans[call.connects]):
            await asyncio.sleep(within(span, self._dice.random()) / self._speed)
            if number == 0 and call.ended_at is None:
                if call.script is Script.ASKS:
                    await self.look(account, call)
                if call.connects and (call.script is Script.WANTS_A_PERSON or call.wants_person):
                    await self.want_person(account, call)
                self._progress.end(account, call)
        self._progress.analyze(account, call)

    def begin_wanting(self, account: RetellAccount, call: Call) -> "asyncio.Task[None]":
        """The person on the line wants somebody, or to know something; the call goes on until it is clear what comes of it."""
        wanted = self.look if call.script is Script.ASKS and not call.wants_person else self.want_person
        task = asyncio.get_running_loop().create_task(wanted(account, call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def want_person(self, account: RetellAccount, call: Call) -> None:
        """The agent's tool asks for a person, again while pages ring, and puts the call through to who took it."""
        if not account.human_url:
            return
        told: dict[str, Any] = {"outcome": "still_ringing"}
        for _ in range(TRIES):
            if told.get("outcome") == "still_ringing":
                told = await self._human(account, call)
        if told.get("outcome") != "accepted" or not told.get("transfer_number"):
            return
        await asyncio.sleep(within(account.ring_seconds, self._dice.random()) / self._speed)
        bridged = account.colleague == "answers"
        if bridged:
            call.reason = "transfer_bridged"
        self._progress.tell(account, call, "transfer_bridged" if bridged else "transfer_cancelled")

    async def look(self, account: RetellAccount, call: Call) -> None:
        """The agent's tool searches the knowledge for what the person asks, and the agent says what it found."""
        if not account.knowledge_url:
            return
        told = await self._tool(account, call, account.knowledge_url, "search_knowledge", {"question": QUESTION})
        call.answers.append(answered([one["text"] for one in told.get("passages") or []]))
        self._calls.keep(call)

    async def _human(self, account: RetellAccount, call: Call) -> dict[str, Any]:
        args = {"reason": "Quer falar com uma pessoa", "summary": "A pessoa tem interesse no orçamento e quer falar com alguém."}
        return await self._tool(account, call, account.human_url, "request_human", args)

    async def _tool(self, account: RetellAccount, call: Call, url: str, name: str, args: dict[str, str]) -> dict[str, Any]:
        body = msgspec.json.encode({"name": name, "args": args, "call": self._calls.view(account, call)})
        try:
            status, answer = await self._webhooks.ask(account, url, body, TOOL_SECONDS)
            found: dict[str, Any] = msgspec.json.decode(answer) if status == 200 else {}
        except (PyreqwestError, msgspec.DecodeError):
            return {}
        return found

    async def _ask(self, account: RetellAccount, call: Call) -> dict[str, Any]:
        """What the number's owner says of this call; nothing where nobody answers in time."""
        question = {
            "event": "call_inbound",
            "call_inbound": {
                **call.asked,
                "agent_id": account.agent_id,
                "agent_version": account.agent_version,
                "call_id": call.id,
            },
        }
        for _ in range(TRIES if account.inbound_url else 0):
            try:
                status, body = await self._webhooks.ask(account, account.inbound_url, msgspec.json.encode(question))
            except PyreqwestError:
                continue
            if 200 <= status < 300:
                return _read(body)
        return {}


def _read(body: bytes) -> dict[str, Any]:
    try:
        found: dict[str, Any] = msgspec.json.decode(body)["call_inbound"]
    except (msgspec.DecodeError, KeyError, TypeError):
        return {}
    return found
