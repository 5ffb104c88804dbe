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
from workers.sandbox.retell.scripts import Script
from workers.sandbox.webhooks import Webhooks

TRIES: Final = 3


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
                self._progress.end(account, call)
        self._progress.analyze(account, call)

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
