"""Text compared as people compare it, whatever case and accents, over a million values: as a regular expression made once, because to fold
each value takes Postgres ten times as long."""

import re
import unicodedata
from collections import defaultdict

_LATIN = (*range(0x21, 0x250), *range(0x1E00, 0x1F00))


def _base(char: str) -> str:
    """The letter without accents and case; what is none, and what stands for two letters, as it is."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", char) if not unicodedata.combining(one)).lower()
    return plain if len(plain) == 1 else char


def _variants() -> dict[str, str]:
    found: defaultdict[str, str] = defaultdict(str)
    for char in map(chr, _LATIN):
        if char.isalpha():
            found[_base(char)] += char
    return dict(found)


_SAME = _variants()


def pattern(text: str, *, whole: bool) -> str:
    """A regular expression of Postgres that meets what is called like `text`, or contains it. Outside of Latin letters only what is spelled the
    same."""
    middle = "".join(_either(_base(char)) for char in unicodedata.normalize("NFC", text))
    return f"^{middle}$" if whole else middle


def _either(char: str) -> str:
    if char in _SAME:
        return f"[{_SAME[char]}]"
    return (
        f"[{''.join(sorted({char.lower(), char.upper()} if len(char.upper()) == 1 else {char}))}]"
        if char.isalpha()
        else re.escape(char)
    )
