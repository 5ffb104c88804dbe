"""What code looks for in an answer before it may leave, whatever the model was told: it decides, the model only proposes."""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from db.assistant.enums import TurnReason
from db.personas.enums import RuleCheck
from workers.assistant import evidence
from workers.assistant.clean import clean, fold
from workers.assistant.evidence import Sources
from workers.assistant.prompt import PLATFORM, Brief, canary

SHARED = 8
"""So many words in a row of the instructions are a leak."""

_LINK = re.compile(
    r"(?:https?://|www\.)[^\s<>\"'\])]+|\b(?:[a-z0-9-]+\.)+(?:com|net|org|br|io|app|me|ly|link|shop|store|info|biz|xyz|gg|co)\b(?:/[^\s<>\"'\])]*)?",
    re.I,
)
_IMAGE = re.compile(r"!\[[^\]]*\]\s*\(")
_MARKED_LINK = re.compile(r"\[([^\]]+)\]\(\s*(?:https?:)?[^)]*\)")
_WORDS = re.compile(r"\w+")


class Finding(NamedTuple):
    """Why an answer is held back, and what of it."""

    reason: TurnReason
    what: str


def looked_at(texts: Sequence[str], brief: Brief, sources: Sources) -> Finding | None:
    """The first thing that must not leave; None: nothing."""
    whole = "\n".join(texts)
    checks = brief.config.checks()
    if canary(brief.secret) in fold(whole):
        return Finding(TurnReason.LEAK, "code word")
    if (leak := _shared(whole, brief)) is not None:
        return Finding(TurnReason.LEAK, leak)
    if _IMAGE.search(whole):
        return Finding(TurnReason.LINK, "picture by markdown")
    if (link := _foreign(whole, brief, sources)) is not None:
        return Finding(TurnReason.LINK, link)
    if (check := evidence.forbidden(whole, checks, sources)) is not None:
        return Finding(TurnReason.PAYMENT if check is RuleCheck.PAYMENTS else TurnReason.UNPROVEN, check.value)
    if found := evidence.strangers(whole, sources):
        return Finding(TurnReason.PERSONAL, found[0])
    return None


def _shared(text: str, brief: Brief) -> str | None:
    """Words in a row that the answer shares with the rules of the platform or the instructions of the company."""
    said = _WORDS.findall(fold(text))
    if len(said) < SHARED:
        return None
    secret: set[tuple[str, ...]] = set()
    for one in (PLATFORM, brief.config.instructions, *(rule.text for rule in brief.config.rules)):
        words = _WORDS.findall(fold(one))
        secret |= {tuple(words[start : start + SHARED]) for start in range(len(words) - SHARED + 1)}
    for start in range(len(said) - SHARED + 1):
        if (piece := tuple(said[start : start + SHARED])) in secret:
            return " ".join(piece)
    return None


def _foreign(text: str, brief: Brief, sources: Sources) -> str | None:
    """A link that neither leads to an allowed host nor stands in a passage."""
    known = " ".join(fold(one) for one in sources.passages.values())
    for found in _LINK.findall(evidence.MAIL.sub(" ", text)):
        link: str = found.rstrip(".,;:!?")
        host = (urlsplit(link if "//" in link else f"//{link}").hostname or "").lower()
        allowed = any(host == one or host.endswith("." + one) for one in brief.config.allowed_hosts)
        if not allowed and fold(link) not in known:
            return link
    return None


def bubbles(texts: Sequence[str], brief: Brief) -> list[str]:
    """As they may be sent: plain text, at most so many messages of so many characters; what is too long is cut at the end of a sentence."""
    turn = brief.config.turn
    plain = [_MARKED_LINK.sub(r"\1", clean(text, 8000)).replace("**", "").strip() for text in texts]
    plain = [text for text in plain if text]
    if len(plain) > turn.max_bubbles:
        plain = [*plain[: turn.max_bubbles - 1], "\n".join(plain[turn.max_bubbles - 1 :])]
    return [_short(text, turn.max_chars) for text in plain]


def _short(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = max(text.rfind(mark, 0, limit) for mark in (". ", "! ", "? ", "\n"))
    return text[: end + 1].strip() if end > limit // 3 else text[: limit - 1].rstrip() + "…"
