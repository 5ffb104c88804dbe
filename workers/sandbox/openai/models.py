"""The models that exist, how much they read, and which are gone (contracts: OpenAI, section 6).

Which are gone does not follow the calendar: what works here today works here next year, unless an account's `retired` names it.
"""

from collections.abc import Collection
from typing import Any, Final, NamedTuple

from workers.sandbox.openai.errors import no_model


class Model(NamedTuple):
    """`context` in tokens; `reasons`: takes `max_completion_tokens` only."""

    context: int
    reasons: bool = False


GONE: Final = frozenset(("gpt-3.5-turbo", "gpt-4", "gpt-4-turbo", "gpt-4.1-nano", "o4-mini"))
"""Shut down on 2026-10-23."""
CHAT: Final[dict[str, Model]] = {
    "gpt-4o": Model(128_000),
    "gpt-4o-mini": Model(128_000),
    "gpt-4.1": Model(1_047_576),
    "gpt-4.1-mini": Model(1_047_576),
    "o3": Model(200_000, reasons=True),
} | {
    name: Model(400_000, reasons=True)
    for name in (
        "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-5.1", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano", "gpt-5.5", "gpt-5.6-sol", "gpt-5.6-terra",
        "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna", "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6.2-astra", "gpt-6.2-sol",
    )
}  # fmt: skip
EMBEDDING: Final = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
"""Dimensions."""
OTHER: Final = ("omni-moderation-latest", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
BILLS_CACHE_WRITES: Final = ("gpt-5.6", "gpt-6")
"""Their usage tells the tokens written to the cache too."""
_SINCE: Final = 1_750_000_000


def chat(name: str, retired: Collection[str] = ()) -> Model:
    """A chat model that still exists. Raises Refused."""
    if name in GONE or name in retired:
        raise no_model(name, retired=True)
    model = CHAT.get(name)
    if model is None:
        raise no_model(name)
    return model


def listed(retired: Collection[str]) -> dict[str, Any]:
    """GET /models."""
    names = [name for name in (*CHAT, *EMBEDDING, *OTHER) if name not in retired]
    return {"object": "list", "data": [_entry(name) for name in names]}


def described(name: str, retired: Collection[str]) -> dict[str, Any]:
    """GET /models/{name}. Raises Refused."""
    if name not in EMBEDDING and name not in OTHER:
        chat(name, retired)
    return _entry(name)


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _SINCE, "owned_by": "sandbox"}


def known(name: str, names: tuple[str, ...]) -> None:
    """Raises Refused for a model that does not do this."""
    if not name.startswith(names):
        raise no_model(name)
