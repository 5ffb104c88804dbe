"""OpenAI's REST API under /openai/v1 as far as companies use it. Errors carry its envelope (contracts: OpenAI)."""

import logging
import random
import secrets
import time
from collections.abc import Awaitable
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.behaviour import Fault, down, draw_fault
from workers.sandbox.openai import audio, embeddings, errors, models, moderation, tricks
from workers.sandbox.openai.account import OpenAIAccount, caller
from workers.sandbox.openai.chat import Chat
from workers.sandbox.openai.errors import Refused, wrong
from workers.sandbox.openai.requests import Requests
from workers.sandbox.server import Reply, Request, json_reply

_log: Final = logging.getLogger(__name__)
CUT: Final = Reply(0, cut=True)
_LIMITS: Final = (
    b"x-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\nx-ratelimit-reset-requests: 6ms\r\n"
)


class Api:
    def __init__(self, accounts: Accounts, chat: Chat, requests: Requests, seed: int) -> None:
        self._accounts = accounts
        self._chat = chat
        self._requests = requests
        self._dice = random.Random(seed + 5)

    def handle(self, request: Request, path: list[str]) -> Reply | Awaitable[Reply]:
        """`path`: the parts after /openai/v1."""
        account = caller(self._accounts, request.header(b"authorization"))
        if account is None or account.behaviour.access != "valid":
            return errors.wrong_key().reply()
        if gone := down(account.behaviour, errors.server_error().reply()):
            return gone
        where = f"{request.method} {'/'.join(path)}"
        try:
            match where:
                case "GET models":
                    return json_reply(models.listed(account.model.retired))
                case "POST chat/completions":
                    return self._met(account, request, "chat")
                case "POST embeddings":
                    return self._met(account, request, "embeddings")
                case "POST moderations":
                    return self._met(account, request, "moderations")
                case "POST audio/transcriptions":
                    return self._met(account, request, "transcriptions")
            if request.method == "GET" and len(path) == 2 and path[0] == "models":
                return json_reply(models.described(path[1], account.model.retired))
        except Refused as refused:
            return refused.reply()
        except Exception:
            _log.exception("a request to the model")
            return errors.server_error().reply()
        return Refused(404, f"Invalid URL ({request.method} /v1/{'/'.join(path)})").reply()

    def _met(self, account: OpenAIAccount, request: Request, kind: str) -> Reply | Awaitable[Reply]:
        """One request, its faults before and after."""
        fault = draw_fault(account.behaviour, self._dice)
        if fault.before == "reset":
            return CUT
        started = time.perf_counter()
        body = _body(request) if kind != "transcriptions" else {}
        trick = tricks.drawn(self._accounts, account, kind == "chat")
        latency = account.behaviour.latency(self._dice)
        refused = self._refusal(account, fault) or tricks.refusal(account, trick)
        if refused is not None:
            self._noted(account, kind, body, refused, started)
            return _stamped(refused, latency)
        try:
            if kind == "chat":
                return self._after(account, _stamped(self._chat.complete(account, body, trick), latency), fault)
            if kind == "moderations":
                answer = moderation.answered(body)
                self._requests.note(account.id, kind, answer["model"], 200, body, answer)
                return _stamped(json_reply(answer), latency)
            work = self._embedded(account, body) if kind == "embeddings" else self._heard(account, request)
        except Refused as error:
            self._noted(account, kind, body, error.reply(), started)
            return _stamped(error.reply(), latency)
        return self._later(work, account, latency, trick == "cut")

    def _refusal(self, account: OpenAIAccount, fault: Fault) -> Reply | None:
        if fault.before == "429":
            return errors.rate_limited().reply()
        if "5xx" in (fault.before, fault.after) or "poison" in (fault.before, fault.after):
            return errors.server_error().reply()
        return None

    def _after(self, account: OpenAIAccount, reply: Reply, fault: Fault) -> Reply:
        if fault.after == "drop":
            return CUT
        if fault.after == "hang":
            reply.delay += account.behaviour.hang_seconds
        return reply

    def _noted(self, account: OpenAIAccount, kind: str, body: dict[str, Any], reply: Reply, started: float) -> None:
        answer = msgspec.Raw(reply.body or b"null")
        model = str(body.get("model") or "")
        self._requests.note(
            account.id, kind, model, reply.status, body, msgspec.json.decode(answer), None, time.perf_counter() - started
        )

    async def _later(self, work: Awaitable[Reply], account: OpenAIAccount, latency: float, cut: bool) -> Reply:
        try:
            reply = await work
        except Refused as refused:
            reply = refused.reply()
        reply.cut = cut
        return _stamped(reply, latency)

    async def _embedded(self, account: OpenAIAccount, body: dict[str, Any]) -> Reply:
        started = time.perf_counter()
        texts, dims = embeddings.checked(body)
        answer = await embeddings.answered(body, texts, dims)
        shown = {"model": answer["model"], "vectors": len(texts), "dimensions": dims}
        asked = {"model": body["model"], "input": texts}
        self._requests.note(
            account.id, "embeddings", body["model"], 200, asked, shown, answer["usage"], time.perf_counter() - started
        )
        return json_reply(answer)

    async def _heard(self, account: OpenAIAccount, request: Request) -> Reply:
        started = time.perf_counter()
        parts = audio.fields(request)
        said, seconds = await audio.heard(parts)
        model = audio.text_of(parts, "model")
        asked = {"model": model, "file": f"{len(parts['file'][0])} bytes", "seconds": round(seconds, 1)}
        self._requests.note(account.id, "transcriptions", model, 200, asked, {"text": said}, None, time.perf_counter() - started)
        return audio.reply(parts, said, seconds)


def _body(request: Request) -> dict[str, Any]:
    """Raises Refused."""
    try:
        body = msgspec.json.decode(request.body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        body = None
    if not isinstance(body, dict):
        raise wrong("We could not parse the JSON body of your request.")
    return body


def _stamped(reply: Reply, latency: float) -> Reply:
    reply.extra += b"x-request-id: req_%b\r\nopenai-version: 2020-10-01\r\n" % secrets.token_hex(12).encode() + _LIMITS
    if not reply.cut:
        reply.delay += latency
    return reply
