"""What code looks for in an answer before it may leave, whatever the model was told: it decides, the model only proposes."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from db.assistant.enums import TurnReason
from db.personas.enums import RuleCheck
from workers.assistant import codes, evidence
from workers.assistant.clean import clean, fold
from workers.assistant.evidence import Sources
from workers.assistant.prompt import PLATFORM, Brief, canary

SHARED = 8
"""So many words in a row of the instructions are a leak."""

_SCHEMED = re.compile(r"(?:[a-z][a-z0-9+.-]*://|//(?=\w)|\bwww\.)[^\s<>\"'\])]+", re.I)
_HOST = re.compile(
    r"(?<![\w.@-])(?:(?:\w[\w-]*\.)+[^\W\d_]{2,}|(?:\w[\w-]*\.)+xn--[\w-]+|\d{1,3}(?:\.\d{1,3}){3})(?![\w-])(?::\d+)?(?:[/?#\\][^\s<>\"'\])]*)?",
    re.I,
)
"""Every name that ends like a domain, whatever the ending: there are too many of them to list."""
_HIDDEN_DOT = re.compile(r"\s*[\[({]\s*(?:\.|dot|ponto)\s*[\])}]\s*|[\u3002\uff0e\uff61]", re.I)
_FILE = re.compile(r"\.(?:pdf|docx?|xlsx?|csv|jpe?g|png|txt)$", re.I)
_JOINED = re.compile(r"(?<=[a-zà-ÿ])\.(?=[A-ZÀ-Þ][a-zà-ÿ])")
"""A full stop without its space: it would read as a domain, also on a telephone."""
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
    if codes.alone(whole):
        return Finding(TurnReason.UNPROVEN, "a code alone")
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
    """A link that neither leads to an allowed host nor stands in a passage, whole."""
    known = {_address(one) for passage in sources.passages.values() for one in _links(passage)}
    for link in _links(text):
        host, _path = _address(link)
        allowed = any(host == one or host.endswith("." + one) for one in map(str.lower, brief.config.allowed_hosts))
        if "\\" in link or "@" in link or not (allowed or _address(link) in known):
            return link
    return None


def without_links(text: str) -> str:
    """The same with a mark in place of every link: what a colleague reads is no place to press on what somebody else wrote."""
    plain = _MARKED_LINK.sub(r"\1", text)
    for link in sorted(_links(plain), key=len, reverse=True):
        plain = plain.replace(link, "[link]")
    return "\n".join(line for line in plain.splitlines() if line.strip(" .,;:!?") != "[link]")


def _links(text: str) -> list[str]:
    """What a telephone may make a link of, without the marks that end a sentence."""
    plain = _HIDDEN_DOT.sub(".", text)
    found = _SCHEMED.findall(plain)
    rest = evidence.MAIL.sub(" ", _SCHEMED.sub(" ", plain))
    found += [one for one in _HOST.findall(rest) if not _FILE.search(one)]
    return [one.rstrip(".,;:!?*_") for one in found]


def _address(link: str) -> tuple[str, str]:
    """Its host, and what follows; the scheme and a leading www. make no difference."""
    bare = re.sub(r"^(?:https?:)?//", "", link, flags=re.I)
    host, mark, path = re.match(r"([^/?#\\]*)([/?#\\]?)(.*)", bare, re.S).groups()  # type: ignore[union-attr]  # it matches anything
    return host.lower().removeprefix("www."), (mark + path).rstrip("/")


def bubbles(texts: Sequence[str], brief: Brief) -> list[str]:
    """As they may be sent: plain text, at most so many messages of so many characters; what is too long is cut at the end of a sentence."""
    turn = brief.config.turn
    plain = [_MARKED_LINK.sub(r"\1", _JOINED.sub(". ", clean(text, 8000))).replace("**", "").strip() for text in texts]
    plain = [text for text in plain if text]
    if len(plain) > turn.max_bubbles:
        plain = [*plain[: turn.max_bubbles - 1], "\n".join(plain[turn.max_bubbles - 1 :])]
    return [_short(text, turn.max_chars) for text in plain]


def _short(text: str, limit: int) -> str:
    if len(text) <= limit:
        return text
    end = max(text.rfind(mark, 0, limit) for mark in (". ", "! ", "? ", "\n"))
    return text[: end + 1].strip() if end > limit // 3 else text[: limit - 1].rstrip() + "…"
