"""Tokens of a request and of its answer: a quarter of their UTF-8 bytes, so that the same text always counts the same.

Cached are the tokens of the longest beginning that an earlier request of the same `prompt_cache_key` had within the last half hour, from
1,024 in steps of 128. A prompt begins with its tools and its schema, then come the messages.
"""

import time
from collections import OrderedDict
from typing import Any, Final

import msgspec

KEEP_SECONDS: Final = 1800.0
LEAST_CACHED: Final = 1024
STEP: Final = 128
PROMPTS: Final = 4
"""Prompts that are remembered of one key."""
KEYS: Final = 500
REASONING: Final = {"none": 0, "minimal": 16, "low": 64, "medium": 128, "high": 256, "xhigh": 512, "max": 1024}


def tokens(text: bytes | str) -> int:
    size = len(text if isinstance(text, bytes) else text.encode())
    return -(-size // 4)


def prompt(body: dict[str, Any]) -> bytes:
    """What the model reads of a chat request, stable part first."""
    return msgspec.json.encode([body.get("tools") or [], body.get("response_format") or {}, body["messages"]])


class Cache:
    """Beginnings of prompts seen lately. In memory only: a restart forgets them, as a vendor may."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str, str], list[tuple[float, bytes]]] = OrderedDict()

    def cached(self, account: str, model: str, key: str, text: bytes) -> int:
        """Tokens of `text` that an earlier prompt began with; remembers it."""
        now = time.monotonic()
        place = (account, model, key)
        earlier = [one for one in self._seen.pop(place, []) if one[0] > now - KEEP_SECONDS]
        longest = max((common(one, text) for _, one in earlier), default=0) // 4
        self._seen[place] = [*earlier[1 - PROMPTS :], (now, text)]
        while len(self._seen) > KEYS:
            self._seen.popitem(last=False)
        return stepped(longest)

    def clear(self) -> None:
        self._seen.clear()


def stepped(count: int) -> int:
    return 0 if count < LEAST_CACHED else count // STEP * STEP


def common(one: bytes, other: bytes) -> int:
    """Length of the beginning that two texts share."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low
