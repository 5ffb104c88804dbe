"""The models that exist, how much they read, and until when (contracts: OpenAI, section 6; announced ends: openai 3.57.0)."""

from datetime import UTC, date, datetime
from typing import Any, Final, NamedTuple

from workers.sandbox.openai.errors import no_model


class Model(NamedTuple):
    """`context` in tokens; `ends`: from this day on it is gone; `reasons`: takes `max_completion_tokens` only."""

    context: int
    ends: date | None = None
    reasons: bool = False


_OCTOBER, _DECEMBER, _JANUARY, _APRIL = date(2026, 10, 23), date(2026, 12, 11), date(2027, 1, 14), date(2027, 4, 1)
CHAT: Final[dict[str, Model]] = {
    "gpt-3.5-turbo": Model(16_385, _OCTOBER),
    "gpt-4": Model(8_192, _OCTOBER),
    "gpt-4-turbo": Model(128_000, _OCTOBER),
    "gpt-4.1-nano": Model(1_047_576, _OCTOBER),
    "o4-mini": Model(200_000, _OCTOBER, reasons=True),
    "gpt-5": Model(400_000, _DECEMBER, reasons=True),
    "gpt-5-mini": Model(400_000, _DECEMBER, reasons=True),
    "gpt-5-nano": Model(400_000, _DECEMBER, reasons=True),
    "o3": Model(200_000, _DECEMBER, reasons=True),
    "gpt-4o": Model(128_000, _JANUARY),
    "gpt-4o-mini": Model(128_000, _JANUARY),
    "gpt-4.1": Model(1_047_576, _JANUARY),
    "gpt-4.1-mini": Model(1_047_576, _JANUARY),
    "gpt-5.1": Model(400_000, _APRIL, reasons=True),
    "gpt-5.4-nano": Model(400_000, _APRIL, reasons=True),
} | {
    name: Model(400_000, reasons=True)
    for name in (
        "gpt-5.4", "gpt-5.4-mini", "gpt-5.5", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-5.6-luna", "gpt-6-astra", "gpt-6-sol", "gpt-6-luna",
        "gpt-6.1-sol", "gpt-6.1-terra", "gpt-6.2-astra", "gpt-6.2-sol",
    )
}  # fmt: skip
EMBEDDING: Final = {"text-embedding-3-small": 1536, "text-embedding-3-large": 3072, "text-embedding-ada-002": 1536}
"""Dimensions."""
OTHER: Final = ("omni-moderation-latest", "whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe")
BILLS_CACHE_WRITES: Final = ("gpt-5.6", "gpt-6")
"""Their usage tells the tokens written to the cache too."""
_SINCE: Final = 1_750_000_000


def chat(name: str, today: date | None = None) -> Model:
    """A chat model that still exists on the day (UTC). Raises Refused."""
    model = CHAT.get(name)
    if model is None:
        raise no_model(name)
    if gone(model, today):
        raise no_model(name, retired=True)
    return model


def gone(model: Model, today: date | None = None) -> bool:
    return model.ends is not None and (today or datetime.now(UTC).date()) >= model.ends


def listed() -> dict[str, Any]:
    """GET /models."""
    names = [name for name, model in CHAT.items() if not gone(model)]
    return {"object": "list", "data": [_entry(name) for name in (*names, *EMBEDDING, *OTHER)]}


def described(name: str) -> dict[str, Any]:
    """GET /models/{name}. Raises Refused."""
    if name not in EMBEDDING and name not in OTHER:
        chat(name)
    return _entry(name)


def _entry(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": _SINCE, "owned_by": "sandbox"}


def known(name: str, names: tuple[str, ...]) -> None:
    """Raises Refused for a model that does not do this."""
    if not name.startswith(names):
        raise no_model(name)
