"""What is asked of a chat model, and how it is written for the wire: chat completions, the surface that all servers share.

Source: OpenAI "Create chat completion"; what a compatible server may not know is left out for it.
"""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from db.ai import catalogue
from db.ai.connection import Opened
from db.ai.enums import ModelLevel, Provider
from db.ai.ledger import Tokens
from db.ai.models import leveled

Role = Literal["system", "user", "assistant", "tool"]

TIMEOUT = 45.0
THINKING_TOKENS = {"none": 0, "minimal": 256, "low": 2_000, "medium": 6_000, "high": 16_000, "xhigh": 32_000, "max": 64_000}
"""Room for what a model thinks before it answers, beside `max_tokens`: thinking is output too, and ends an answer that has no room."""
BYTES_PER_TOKEN = 3  # fewer than any text of people has: estimates are rather too high
MESSAGE_TOKENS = 8
IMAGE_TOKENS = 1_600


class Text(Struct, frozen=True):
    """A piece of a message."""

    text: str


class Image(Struct, frozen=True):
    """A picture as a `data:` URL, or at a public address."""

    url: str


Part = Text | Image


class Tool(Struct, frozen=True):
    """A function that the model may call. `parameters`: a strict JSON schema (every property required, no others)."""

    name: str
    description: str
    parameters: dict[str, Any]


class ToolCall(Struct, frozen=True):
    """`arguments` as the model wrote them: may be invalid JSON."""

    id: str
    name: str
    arguments: str


class Message(Struct, frozen=True):
    """One message. A `tool` message answers `tool_call_id`; an `assistant` message may hold the calls that it made."""

    role: Role
    content: str | Sequence[Part] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None


class Request(Struct, frozen=True, kw_only=True):
    """One question. `model` empty: that of `level`, without one the company's. `schema`: the answer must be JSON of this strict schema. `cache_key`: requests with the
    same beginning share one. `end_user`: an HMAC of who writes, never a number. `timeout`: seconds for one attempt."""

    messages: Sequence[Message]
    model: str = ""
    level: ModelLevel | None = None
    tools: Sequence[Tool] = ()
    schema: dict[str, Any] | None = None
    max_tokens: int = 500
    temperature: float | None = None
    effort: str | None = None
    cache_key: str = ""
    end_user: str = ""
    timeout: float = TIMEOUT


def model_of(opened: Opened, request: Request) -> str:
    """The name that is asked for."""
    if request.model:
        return request.model
    return leveled(opened.connection, request.level) if request.level else opened.connection.chat_model


def body(opened: Opened, request: Request, *, streamed: bool = False) -> dict[str, Any]:
    """The JSON of `POST /chat/completions`."""
    provider, name = opened.connection.provider, model_of(opened, request)
    own = provider is Provider.COMPATIBLE  # a server of which we know nothing more
    wire: dict[str, Any] = {"model": name, "messages": [_message(message) for message in request.messages]}
    wire["max_tokens" if own else "max_completion_tokens"] = answer_tokens(opened, request)
    effort = _effort(opened, request)
    if effort is not None:
        wire["reasoning_effort"] = effort
    if request.temperature is not None and effort in (None, "none"):
        wire["temperature"] = request.temperature
    if request.tools:
        wire["tools"] = [_tool(tool) for tool in request.tools]
    if request.schema is not None:
        wire["response_format"] = {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": True, "schema": request.schema},
        }
    if streamed:
        wire |= {"stream": True, "stream_options": {"include_usage": True}}
    if provider in (Provider.OPENAI, Provider.SANDBOX):
        wire |= {"prompt_cache_key": request.cache_key} if request.cache_key else {}
        wire |= {"safety_identifier": request.end_user} if request.end_user else {}
    elif provider is Provider.AZURE and request.end_user:
        wire["user"] = request.end_user
    return wire


def _effort(opened: Opened, request: Request) -> str | None:
    """What is asked of a model that thinks first: as little as it can, unless somebody says more."""
    if opened.connection.provider is Provider.COMPATIBLE:
        return request.effort
    known = catalogue.known(model_of(opened, request))
    lowest = known.lowest_effort if known else None
    return request.effort or lowest if lowest is not None or known is None else None


def answer_tokens(opened: Opened, request: Request) -> int:
    """The longest answer, with room for thinking."""
    return request.max_tokens + THINKING_TOKENS.get(_effort(opened, request) or "none", 0)


def _message(message: Message) -> dict[str, Any]:
    wire: dict[str, Any] = {"role": message.role, "content": _content(message.content)}
    if message.tool_calls:
        wire["content"] = wire["content"] or None
        wire["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        wire["tool_call_id"] = message.tool_call_id
    return wire


def _content(content: str | Sequence[Part]) -> str | list[dict[str, Any]]:
    if isinstance(content, str):
        return content
    return [
        {"type": "text", "text": part.text} if isinstance(part, Text) else {"type": "image_url", "image_url": {"url": part.url}}
        for part in content
    ]


def _tool(tool: Tool) -> dict[str, Any]:
    function = {"name": tool.name, "description": tool.description, "strict": True, "parameters": tool.parameters}
    return {"type": "function", "function": function}


def text_tokens(text: str) -> int:
    """An estimate from above."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def most_tokens(opened: Opened, request: Request) -> Tokens:
    """The most that the call may use, as it is reserved."""
    total = 0
    for message in request.messages:
        parts = [Text(message.content)] if isinstance(message.content, str) else message.content
        total += MESSAGE_TOKENS + sum(text_tokens(part.text) if isinstance(part, Text) else IMAGE_TOKENS for part in parts)
        total += sum(text_tokens(call.name + call.arguments) + MESSAGE_TOKENS for call in message.tool_calls)
    for schema in (*(_tool(tool) for tool in request.tools), *([request.schema] if request.schema else [])):
        total += text_tokens(msgspec.json.encode(schema).decode())
    return Tokens(input=total, output=answer_tokens(opened, request))
