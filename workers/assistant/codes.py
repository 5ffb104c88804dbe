"""Codes in a text: what nobody says, but somebody may have dictated."""

import re
from collections.abc import Iterable

_CODE = re.compile(
    r"(?<!\w)(?!\d+(?:GB|TB|MB|ML|KG|W|V|HZ|MM|CM|L|G|M)(?!\w))(?=[\w-]*[A-Z])(?=[\w-]*\d)[A-Z0-9][A-Z0-9_-]{4,}(?!\w)"
)
_CAPITALS = re.compile(r"(?<!\w)[A-Z][A-Z_-]{4,}(?!\w)")
_TOKEN = re.compile(r"[\w-]+")
_NUMBERED = re.compile(
    r"\b(?:pedidos?|protocolo|rastreio|rastreamento|encomenda|nota|nota fiscal|nf|modelo|placa|refer[êe]ncia|order|tracking|invoice|model|factura)"
    r"(?:\s+(?:é|eh|e|o|a|is|es|n[º°o]?|n[úu]mero|number))*\W{0,4}$",
    re.I,
)
"""What has a number or a code of its own that people name."""
_WORD = re.compile(r"[^\W\d_]{2,}")
FEW = 3
"""So many words beside a code say something about it."""


def any_in(text: str, names: Iterable[str] = (), told: Iterable[str] = ()) -> bool:
    """Whether there is a code, or a word that shouts as no sentence does. None of them is what stands in `names`, nor what people `told`
    without shouting, as the number of something, or as all that they wrote."""
    found = {*_CODE.findall(text), *_CAPITALS.findall(text)}
    known = set(_TOKEN.findall("\n".join(names).upper())) if found else set()
    said = list(told)
    return any(one not in known and not any(_told(one, each) for each in said) for one in found)


def _told(code: str, text: str) -> bool:
    found = re.finditer(rf"(?<![\w-]){re.escape(code)}(?![\w-])", text, re.I)
    return any(one[0] != code or _NUMBERED.search(text[: one.start()]) or _alone(code, text) for one in found)


def _alone(code: str, text: str) -> bool:
    return _CODE.fullmatch(code) is not None and text.strip(" .,;!?#\n") == code


def foreign(text: str, given: Iterable[str]) -> bool:
    """Whether it has a code that stands in nothing that was given."""
    known = "\n".join(given).upper()
    return any(one not in known for one in _CODE.findall(text))


def alone(text: str) -> bool:
    """Whether there is nothing but codes."""
    return _CODE.search(text) is not None and not _WORD.search(_CODE.sub(" ", text))


def without_bare(text: str) -> str:
    """Without lines that say nothing but a code."""
    return "\n".join(line for line in text.splitlines() if not _bare(line))


def _bare(line: str) -> bool:
    found = list(_CODE.finditer(line))
    few = len(_WORD.findall(_CODE.sub(" ", line))) < FEW
    return few and any(_NUMBERED.search(line[: one.start()]) is None for one in found)
