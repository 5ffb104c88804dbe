"""A call that goes on, as whoever knows its address hears it and tells it things. Source: docs.vapi.ai, live call control and call listen.

Neither asks for a key: the address is the proof.
"""

import array
import asyncio
import math
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from workers.sandbox.accounts import Accounts
from workers.sandbox.server import Reply, Request, json_reply, socket_reply
from workers.sandbox.vapi.account import VapiAccount
from workers.sandbox.vapi.calls import Call, Calls
from workers.sandbox.vapi.talks import Talks

RATE: Final = 16_000
_PIECE: Final = 0.1
_START: Final = '{"type":"start","encoding":"linear16","container":"raw","sampleRate":16000,"channels":2}'


def handle(calls: Calls, talks: Talks, accounts: Accounts, request: Request, identifier: str, what: str) -> Reply:
    call = calls.by_id.get(identifier)
    account = None if call is None else accounts.by_id.get(call.account)
    if call is None or not isinstance(account, VapiAccount) or call.started_at is None or call.ended_at is not None:
        return json_reply({"message": "Call is not live", "error": "Not Found", "statusCode": 404}, 404)
    if (request.method, what) == ("GET", "listen"):
        return socket_reply(request, _sound(call))
    if (request.method, what) != ("POST", "control"):
        return json_reply({"message": "Not Found", "error": "Not Found", "statusCode": 404}, 404)
    try:
        told = msgspec.json.decode(request.body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError):
        told = {}
    match told:
        case {"type": "add-message", "message": {"content": str(text)}}:
            call.hints.append(text)
            talks.say(account, call)
        case {"type": "transfer", "destination": {"number": str()}}:
            talks.transfer(account, call)
        case {"type": "end-call"}:
            call.reason = "assistant-ended-call"
            talks.cut(call)
        case _:
            return json_reply({"message": "Invalid control message", "error": "Bad Request", "statusCode": 400}, 400)
    return json_reply({"status": "ok"})


async def _sound(call: Call) -> AsyncIterator[bytes | str]:
    """The person on the left, the assistant on the right, each with a tone, in turns of a second; as long as the call goes on."""
    yield _START
    at, samples = 0, int(RATE * _PIECE)
    while call.ended_at is None:
        agent = at // RATE % 2 == 1
        piece = array.array("h")
        for one in range(at, at + samples):
            loud = int(6000 * math.sin(2 * math.pi * (330.0 if agent else 220.0) * one / RATE))
            piece.extend((0, loud) if agent else (loud, 0))
        yield piece.tobytes()
        at += samples
        await asyncio.sleep(_PIECE)
