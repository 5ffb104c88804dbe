"""Makes text from outside fit for a prompt: one form for look-alikes, nothing that cannot be seen, an end."""

import unicodedata

TEXT = 4000
"""Characters of one message of a customer."""
_KEPT = "\n\t"


def clean(text: str, limit: int = TEXT) -> str:
    """NFKC, without control, zero-width, direction and tag characters, cut at `limit` characters."""
    folded = unicodedata.normalize("NFKC", text[: limit * 2])
    seen = "".join(one for one in folded if one in _KEPT or unicodedata.category(one) not in ("Cc", "Cf", "Cs", "Co", "Cn"))
    return seen if len(seen) <= limit else seen[: limit - 1] + "…"


def fold(text: str) -> str:
    """For comparisons: cleaned, without case and accents, each run of white space one space."""
    plain = unicodedata.normalize("NFD", clean(text, 1_000_000).casefold())
    return " ".join("".join(one for one in plain if not unicodedata.combining(one)).split())
