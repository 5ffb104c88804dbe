"""Codes in a text: what nobody says, but somebody may have dictated."""

import re
from collections.abc import Iterable

_CODE = re.compile(r"(?<!\w)(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Z0-9][A-Z0-9_-]{4,}(?!\w)")
_CAPITALS = re.compile(r"(?<!\w)[A-Z][A-Z_-]{4,}(?!\w)")
_WORD = re.compile(r"[^\W\d_]{2,}")
FEW = 3
"""So many words beside a code say something about it."""


def any_in(text: str) -> bool:
    """Whether there is a code, or a word that shouts as no sentence does."""
    return _CODE.search(text) is not None or _CAPITALS.search(text) is not None


def foreign(text: str, given: Iterable[str]) -> bool:
    """Whether it has a code that stands in nothing that was given."""
    known = "\n".join(given).upper()
    return any(one not in known for one in _CODE.findall(text))


def without_bare(text: str) -> str:
    """Without lines that say nothing but a code."""
    return "\n".join(line for line in text.splitlines() if not _bare(line))


def _bare(line: str) -> bool:
    return _CODE.search(line) is not None and len(_WORD.findall(_CODE.sub(" ", line))) < FEW
