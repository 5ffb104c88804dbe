"""How many SMS parts a text costs, and which character makes it dear.

GSM 03.38 and concatenation as in docs/contracts/twilio.md, segments. The function `sms_segments` counts the same in Postgres; a
test holds the two together. Refuses to know prices or to change a text by itself: `suggest_gsm7` only proposes."""

import unicodedata
from enum import StrEnum

import msgspec

GSM7_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM7_EXTENDED = "\f^{}\\[~]|€"
_BASIC = frozenset(GSM7_BASIC)
_EXTENDED = frozenset(GSM7_EXTENDED)
_GSM7 = _BASIC | _EXTENDED
_NO_EXTENDED = str.maketrans("", "", GSM7_EXTENDED)


class Encoding(StrEnum):
    GSM7 = "gsm7"
    UCS2 = "ucs2"


class Segments(msgspec.Struct, frozen=True):
    """`units` are septets (GSM-7) or UTF-16 units (UCS-2); `per_segment` how many fit in one part at this length."""

    encoding: Encoding
    units: int
    segments: int
    per_segment: int
    first_ucs2_char: str | None


def count(text: str) -> Segments:
    """The parts of one SMS; an empty text has none."""
    foreign = next((char for char in text if char not in _GSM7), None)
    if foreign is None:
        units = 2 * len(text) - len(text.translate(_NO_EXTENDED))
        return _segments(Encoding.GSM7, text, units, 160, 153, None)
    units = len(text) + sum(char > "\uffff" for char in text)
    return _segments(Encoding.UCS2, text, units, 70, 67, foreign)


def _segments(encoding: Encoding, text: str, units: int, alone: int, part: int, foreign: str | None) -> Segments:
    if units <= alone:
        return Segments(encoding, units, min(units, 1), alone, foreign)
    if units == len(text):
        return Segments(encoding, units, -(-units // part), part, foreign)
    parts, used = 1, 0
    for char in text:
        # Neither an escape and its character nor a surrogate pair may lie in two parts.
        width = 2 if char > "\uffff" or (encoding is Encoding.GSM7 and char in _EXTENDED) else 1
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return Segments(encoding, units, parts, part, foreign)


_PLAINER = {
    **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4\u02bc`", "'"),
    **dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"'),
    **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
    **dict.fromkeys("\u2022\u00b7\u2027\u25cf", "*"),
    **dict.fromkeys("\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "),
    **dict.fromkeys("\u00ad\u200b\u200c\u2060\ufeff", ""),
    **dict.fromkeys("\u2028\u2029\x0b\x85", "\n"),
    "\u2026": "...",
    "\u2039": "<",
    "\u203a": ">",
    "\u00ba": "o",
    "\u00aa": "a",
    "\u00d0": "D",
    "\u00f0": "d",
    "\u0152": "OE",
    "\u0153": "oe",
}


def suggest_gsm7(text: str) -> str:
    """The text with typographic marks and accents that GSM-7 lacks put plainly ("ação" becomes "acao", "é" stays).

    What has no plain form (emoji, other scripts) is left as it is, so the answer may still be UCS-2."""
    return "".join(char if char in _GSM7 else _plainer(char) for char in unicodedata.normalize("NFC", text))


def _plainer(char: str) -> str:
    if (known := _PLAINER.get(char)) is not None:
        return known
    base = "".join(part for part in unicodedata.normalize("NFKD", char) if not unicodedata.combining(part))
    return base if base and all(part in _GSM7 for part in base) else char
