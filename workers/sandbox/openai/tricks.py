"""Faults on order: what becomes of an answer, or of the door."""

import json
import secrets
from typing import Any, Final

from workers.sandbox.accounts import Accounts
from workers.sandbox.openai import errors
from workers.sandbox.openai.account import OpenAIAccount, Trick
from workers.sandbox.openai.brain import Call, Said
from workers.sandbox.server import Reply

DOOR: Final = frozenset(("rate_limit", "rate_limit_after", "no_quota", "error", "hang", "cut"))
"""They happen to every kind of request; the others to chats."""
SILENT: Final = 3600.0


def drawn(accounts: Accounts, account: OpenAIAccount, chat: bool) -> Trick:
    """The trick of this request; one that was ordered for some requests is used up by them."""
    model = account.model
    trick = model.trick
    if trick == "none" or not (chat or trick in DOOR):
        return "none"
    if model.times:
        model.times -= 1
        if not model.times:
            model.trick = "none"
        accounts.keep(account)
    return trick


def refusal(account: OpenAIAccount, trick: Trick) -> Reply | None:
    """The answer of a door that lets nobody in, None where it does."""
    match trick:
        case "rate_limit":
            return errors.rate_limited().reply()
        case "rate_limit_after":
            reply = errors.rate_limited().reply()
            reply.extra = b"retry-after: %d\r\n" % round(account.model.retry_after_seconds)
            return reply
        case "no_quota":
            return errors.no_quota().reply()
        case "error":
            return errors.server_error().reply()
        case "hang":
            return Reply(0, delay=SILENT, cut=True)
        case _:
            return None


def told(trick: Trick, said: Said, body: dict[str, Any]) -> Said:
    """The answer as the trick leaves it."""
    match trick:
        case "refusal":
            return Said(refusal="I'm sorry, but I can't help with that.")
        case "wrong_shape":
            return Said('{"unexpected": [1, 2')
        case "wrong_citations":
            return said._replace(text=_elsewhere(said.text))
    tools = [tool["function"]["name"] for tool in body.get("tools") or []]
    if not tools:
        return said
    calls = list(said.calls) or [Call(fresh_id("call_"), tools[0], "{}")]
    match trick:
        case "bad_arguments":
            return Said(calls=[calls[0]._replace(arguments=calls[0].arguments[:-1] + ",,")])
        case "unknown_tool":
            return Said(calls=[calls[0]._replace(name="delete_company")])
        case "parallel_calls":
            return Said(calls=[*calls, calls[0]._replace(id=fresh_id("call_"))])
        case "same_call_ids":
            return Said(calls=[*calls, calls[0]])
        case _:
            return said


def _elsewhere(text: str) -> str:
    """The same answer, its citations about a passage that nobody gave."""
    try:
        value = json.loads(text)
    except ValueError:
        return text
    if isinstance(value, dict) and "citations" in value:
        value["citations"] = [{"chunk": "k999", "quote": "R$ 0,01 para sempre"}]
    return json.dumps(value, ensure_ascii=False)


def fresh_id(prefix: str) -> str:
    return prefix + secrets.token_hex(12)
