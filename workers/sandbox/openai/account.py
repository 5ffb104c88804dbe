"""Whoever calls the model with one key, and how the model behaves towards them.

The key `sandbox`, and each that begins with `sandbox-`, works without being made: its account (`openai`, `openai-…`) is there at its first call.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from workers.sandbox.accounts import Account, Accounts, Derived

OPEN_KEY: Final = "sandbox"
LONGEST_KEY: Final = 64

Trick = Literal[
    "none", "rate_limit", "rate_limit_after", "no_quota", "error", "hang", "cut", "bad_arguments", "unknown_tool", "parallel_calls",
    "same_call_ids", "refusal", "length", "filtered", "no_choices", "no_usage", "wrong_citations", "wrong_shape",
]  # fmt: skip
"""One fault at a time. `rate_limit_after` says when to come again, `rate_limit` does not; `hang` never answers; `cut` closes the connection
half way; `wrong_shape` answers something else than the schema asks."""


class Model(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """How the model behaves. `trick` happens to the next `times` requests (0: to all). `gullible`: it obeys whatever any text of the request
    orders. `slow_seconds`: until the first word; `word_ms`: between pieces of a stream. `context`: tokens that a request may have, 0: what
    its model has. `retired`: models that have met their end."""

    trick: Trick = "none"
    times: Annotated[int, msgspec.Meta(ge=0)] = 0
    gullible: bool = False
    slow_seconds: Annotated[float, msgspec.Meta(ge=0, le=600)] = 0.0
    word_ms: Annotated[float, msgspec.Meta(ge=0, le=10_000)] = 15.0
    retry_after_seconds: Annotated[float, msgspec.Meta(ge=0, le=3600)] = 2.0
    retired: list[str] = msgspec.field(default_factory=list)
    context: Annotated[int, msgspec.Meta(ge=0)] = 0


class OpenAIAccount(Account, kw_only=True, tag="openai"):
    kind: ClassVar[str] = "openai"

    api_key: str
    model: Model = msgspec.field(default_factory=Model)

    def keys(self) -> dict[str, list[str]]:
        return {"openai_key": [self.api_key]}

    @classmethod
    def fresh(cls, derived: Derived, key: str, given: dict[str, Any]) -> dict[str, Any]:
        open_key = OPEN_KEY + key.removeprefix(cls.kind)
        found = key.startswith(cls.kind) and is_open(open_key)
        return {
            "company": "Empresa",
            "api_key": open_key if found else "sk-" + derived.hexadecimal("openai", key, "key", 40),
            "behaviour": {"latency_ms": 0, "latency_jitter_ms": 0},
        }

    @classmethod
    def spread(cls, base: dict[str, Any], given: dict[str, Any]) -> None:
        """A part of `model` leaves the rest of it as it was."""
        if isinstance(given.get("model"), dict):
            given["model"] = {**base.get("model", {}), **given["model"]}


def caller(accounts: Accounts, authorization: str) -> OpenAIAccount | None:
    """The account of a key; None for one that nobody gave out."""
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer":
        return None
    key = key.strip()
    found = accounts.find(OpenAIAccount, "openai_key", key)
    if found is not None:
        return found
    if not is_open(key):
        return None
    account = accounts.upsert({"kind": OpenAIAccount.kind, "id": account_id(key)})
    assert isinstance(account, OpenAIAccount)
    return account


def is_open(key: str) -> bool:
    """Such a key works without anybody making it."""
    name = key.removeprefix(f"{OPEN_KEY}-")
    return key == OPEN_KEY or (name != key and name.isalnum() and name.isascii() and len(key) <= LONGEST_KEY)


def account_id(key: str) -> str:
    """`openai` for the key `sandbox`, `openai-x` for `sandbox-x`."""
    return OpenAIAccount.kind + key.removeprefix(OPEN_KEY)
