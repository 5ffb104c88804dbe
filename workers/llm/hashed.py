"""Vectors of hashed words: same words and same pieces of words are near, meaning is not known. For where no model is installed."""

import hashlib
import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

DIMS: Final = 1536
NAME: Final = f"hashed-words-{DIMS}"
GRAMS: Final = (3, 4)
_WORD: Final = re.compile(r"[^\W_]+")


def vector(text: str) -> list[float]:
    """Of length 1, or all zeros for a text without words."""
    made = [0.0] * DIMS
    for feature, count in Counter(_features(text)).items():
        place, sign = _place(feature)
        made[place] += sign * (1 + math.log(count))
    length = math.sqrt(sum(value * value for value in made))
    return [value / length for value in made] if length else made


def _features(text: str) -> Iterator[str]:
    """Words, and their pieces of three and four letters; without accents and case."""
    folded = unicodedata.normalize("NFKD", text.casefold())
    for word in _WORD.findall("".join(char for char in folded if not unicodedata.combining(char))):
        yield word
        bounded = f"<{word}>"
        for size in GRAMS:
            yield from (bounded[at : at + size] for at in range(len(bounded) - size + 1))


@lru_cache(maxsize=100_000)
def _place(feature: str) -> tuple[int, float]:
    number = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "little")
    return (number >> 1) % DIMS, 1.0 if number & 1 else -1.0
