"""POST /chat/completions: whole or in pieces, with usage that adds up (contracts: OpenAI, section 3)."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import msgspec

from workers.sandbox.openai import checks, models, tricks, usage
from workers.sandbox.openai.account import OpenAIAccount, Trick
from workers.sandbox.openai.brain import Said, answer
from workers.sandbox.openai.errors import too_long
from workers.sandbox.openai.requests import Requests
from workers.sandbox.server import Cut, Reply, json_reply

WORDS: Final = 3
"""Words in one piece of a stream."""
_PIECE: Final = re.compile(rf"(?:\S+\s*|\s+){{1,{WORDS}}}")


class Finished(NamedTuple):
    """`choices`: a finished answer, or none at all."""

    said: Said
    reason: str
    choices: bool
    usage: dict[str, Any]


class Chat:
    def __init__(self, requests: Requests, cache: usage.Cache) -> None:
        self._requests = requests
        self._cache = cache

    def complete(self, account: OpenAIAccount, body: dict[str, Any], trick: Trick) -> Reply:
        """Raises Refused."""
        started = time.perf_counter()
        name = str(body.get("model") or "")
        model = models.chat(name, account.model.retired)
        checks.request(body, model)
        text = usage.prompt(body)
        count, limit = usage.tokens(text), account.model.context or model.context
        if count > limit:
            raise too_long(limit, count)
        said = tricks.told(trick, answer(body, obedient=account.model.gullible), body)
        done = self._finished(account, body, model, said, text, trick)
        whole = _whole(name, done)
        stream = bool(body.get("stream"))
        delay = account.model.slow_seconds
        spent = None if trick == "no_usage" else done.usage
        shown = whole["choices"][0] if done.choices else {}
        seconds = delay + time.perf_counter() - started
        self._requests.note(account.id, "chat", name, 200, body, shown, spent, seconds)
        if trick == "no_usage":
            del whole["usage"]
        if not stream:
            reply = json_reply(whole)
            reply.delay, reply.cut = delay, trick == "cut"
            return reply
        told = bool((body.get("stream_options") or {}).get("include_usage")) and trick != "no_usage"
        pieces = _chunks(whole, done, told)
        waiting = account.model.word_ms / 1000
        return Reply(200, content_type=b"text/event-stream; charset=utf-8", pieces=_sent(pieces, delay, waiting, trick == "cut"))

    def _finished(
        self, account: OpenAIAccount, body: dict[str, Any], model: models.Model, said: Said, text: bytes, trick: Trick
    ) -> Finished:
        most = body.get("max_completion_tokens") or body.get("max_tokens")
        name = body["model"]
        effort = body.get("reasoning_effort") or "none"
        thinking = usage.REASONING[effort] if model.reasons else 0
        reason = "tool_calls" if said.calls else "stop"
        left = None if most is None else max(most - thinking, 0)
        if trick == "length":
            left = min(usage.tokens(said.text) // 2, left if left is not None else 1 << 30)
        if left is not None and usage.tokens(said.text) > left:
            said, reason = said._replace(text=said.text.encode()[: left * 4].decode("utf-8", "ignore")), "length"
        if trick == "length":
            reason = "length"
        if trick == "filtered":
            said, reason = Said(), "content_filter"
        thinking = min(thinking, most) if most is not None else thinking
        spoken = usage.tokens(said.text or said.refusal) + sum(usage.tokens(call.name + call.arguments) for call in said.calls)
        count = usage.tokens(text)
        cached = self._cache.cached(account.id, name, body.get("prompt_cache_key") or "", text)
        spent: dict[str, Any] = {
            "prompt_tokens": count,
            "completion_tokens": thinking + spoken,
            "total_tokens": count + thinking + spoken,
            "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": thinking, "audio_tokens": 0, "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0,
            },
        }  # fmt: skip
        if name.startswith(models.BILLS_CACHE_WRITES):
            spent["prompt_tokens_details"]["cache_write_tokens"] = max(usage.stepped(count) - cached, 0)
        return Finished(said, reason, trick != "no_choices", spent)


def _whole(name: str, done: Finished) -> dict[str, Any]:
    said = done.said
    message: dict[str, Any] = {"role": "assistant", "content": said.text, "refusal": said.refusal or None, "annotations": []}
    if said.calls or said.refusal:
        message["content"] = None
    if said.calls:
        message["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in said.calls
        ]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": done.reason}
    return {
        "id": tricks.fresh_id("chatcmpl-"),
        "object": "chat.completion",
        "created": int(time.time()),
        "model": name,
        "choices": [choice] if done.choices else [],
        "usage": done.usage,
        "service_tier": "default",
        "system_fingerprint": None,
    }


def _chunks(whole: dict[str, Any], done: Finished, include_usage: bool) -> list[dict[str, Any]]:
    """The same answer in the pieces of a stream."""
    head: dict[str, Any] = {key: whole[key] for key in ("id", "created", "model", "service_tier", "system_fingerprint")}
    head["object"] = "chat.completion.chunk"
    said = done.said
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": None if said.calls else "", "refusal": None}]
    deltas += [{"content": piece} for piece in _PIECE.findall(said.text)]
    deltas += [{"refusal": piece} for piece in _PIECE.findall(said.refusal)]
    for index, call in enumerate(said.calls):
        function = {"name": call.name, "arguments": ""}
        deltas.append({"tool_calls": [{"index": index, "id": call.id, "type": "function", "function": function}]})
        for at in range(0, len(call.arguments), 16):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": call.arguments[at : at + 16]}}]})
    ended: list[tuple[dict[str, Any], str | None]] = [*((delta, None) for delta in deltas), ({}, done.reason)]
    made: list[list[dict[str, Any]]] = [
        [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": end}] for delta, end in ended
    ]
    if not done.choices:
        made = []
    unknown = {"usage": None} if include_usage else {}
    chunks = [{**head, "choices": choices, **unknown} for choices in made]
    if include_usage:
        chunks.append({**head, "choices": [], "usage": whole["usage"]})
    return chunks


async def _sent(chunks: list[dict[str, Any]], delay: float, waiting: float, cut: bool) -> AsyncIterator[bytes]:
    if delay:
        await asyncio.sleep(delay)
    for number, chunk in enumerate(chunks):
        if cut and number >= len(chunks) // 2:
            raise Cut
        yield b"data: " + msgspec.json.encode(chunk) + b"\n\n"
        if waiting:
            await asyncio.sleep(waiting)
    yield b"data: [DONE]\n\n"
