"""Asks the sandbox what its model read for one company, and tells it how to behave."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from db import storable
from db.ai import sandbox_model
from db.ai.connection import sandbox_key
from db.ai.sandbox_model import ModelCall, ModelMessage, ModelRequest
from db.jobs import SandboxModel
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import worker
from db.work import read
from workers.channels import sandbox_call
from workers.control import Refused
from workers.providers.wire import Wire
from workers.registration import Handler
from workers.runtime import Cancel, Retry

LONGEST = 20_000  # characters of one text


class _Exchange(msgspec.Struct):
    number: int
    at: float
    seconds: float
    kind: str
    model: str
    status: int
    asked: dict[str, Any] | None
    answered: dict[str, Any] | None
    usage: dict[str, Any] | None


class _Exchanges(msgspec.Struct):
    data: list[_Exchange]


class ModelJobs:
    """The job of this module with what it needs."""

    def __init__(self, settings: Settings, wire: Wire) -> None:
        self._settings = settings
        self._wire = wire

    async def sandbox_model(self, company_id: UUID, job: SandboxModel) -> None:
        """Raises Cancel, Retry."""
        name = "openai" + sandbox_key(company_id).removeprefix("sandbox")
        try:
            await self._call("POST", "accounts", {"kind": "openai", "id": name})
            if job.verb == "behaviour":
                async with read(worker(company_id), Permission.AI_READ) as r:
                    wanted = await sandbox_model.behaviour_in(r, company_id)
                await self._call("PUT", f"accounts/{name}/model", {**wanted})
                return
            answer = await self._call("GET", f"accounts/{name}/requests?limit={sandbox_model.KEPT}", {})
        except Refused as refused:
            raise Retry(2.0, str(refused)) if refused.transient else Cancel(str(refused)) from refused
        found = msgspec.json.decode(answer, type=_Exchanges).data
        await sandbox_model.keep(company_id, [readable(one) for one in found])

    async def _call(self, method: str, path: str, body: dict[str, object]) -> bytes:
        return await sandbox_call(self._settings, self._wire, method, path, body)


def readable(one: _Exchange) -> ModelRequest:
    """As people read it."""
    asked, answered, usage = one.asked or {}, one.answered or {}, one.usage or {}
    error = answered.get("error")
    details = usage.get("prompt_tokens_details") or {}
    return ModelRequest(
        number=one.number,
        at=datetime.fromtimestamp(one.at, UTC),
        kind=one.kind,
        model=storable.text(one.model, 100),
        status=one.status,
        milliseconds=round(one.seconds * 1000),
        messages=_asked(one.kind, asked),
        tools=[_text(tool["function"]["name"]) for tool in asked.get("tools") or []],
        answer=None if error or not answered else _answered(one.kind, answered),
        problem=_text(error.get("message")) if isinstance(error, dict) else "",
        input_tokens=usage.get("prompt_tokens"),
        cached_tokens=details.get("cached_tokens"),
        output_tokens=usage.get("completion_tokens"),
    )


def _asked(kind: str, asked: dict[str, Any]) -> list[ModelMessage]:
    if kind == "chat":
        return [_message(message) for message in asked.get("messages") or []]
    given = asked.get("input", asked.get("file"))
    return [ModelMessage("user", _text(one)) for one in (given if isinstance(given, list) else [given]) if one]


def _answered(kind: str, answered: dict[str, Any]) -> ModelMessage:
    if kind == "chat":
        return _message(answered.get("message") or {})
    if "text" in answered:
        return ModelMessage("assistant", _text(answered["text"]))
    return ModelMessage("assistant", _text(msgspec.json.encode(answered).decode()))


def _message(message: dict[str, Any]) -> ModelMessage:
    content = message.get("content")
    parts = content if isinstance(content, list) else [{"text": content or message.get("refusal")}]
    text = "\n".join(_text(part.get("text") or (part.get("image_url") or {}).get("url")) for part in parts)
    calls = [
        ModelCall(_text(call["function"]["name"]), _text(call["function"]["arguments"]))
        for call in message.get("tool_calls") or []
    ]
    return ModelMessage(str(message.get("role") or "assistant"), text, calls)


def _text(value: Any) -> str:
    return storable.text("" if value is None else str(value), LONGEST)


JOBS = (Handler(SandboxModel, lambda r: ModelJobs(r.settings, r.wire).sandbox_model),)
