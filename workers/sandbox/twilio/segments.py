"""How many SMS segments Twilio counts: GSM-7 when every character is in the alphabet, else UCS-2 for the whole text."""

from typing import Final

GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = frozenset("|^{}[]~\\€\f")


def count_segments(text: str) -> int:
    """Segments of a body: 160/153 septets or 70/67 UTF-16 units; a pair is never split over two parts. 0 for ""."""
    letters = set(text)
    if letters <= GSM:
        return _parts([1] * len(text), 160, 153) if len(text) > 160 else (1 if text else 0)
    if letters <= GSM | EXTENSION:
        return _parts([2 if c in EXTENSION else 1 for c in text], 160, 153)
    return _parts([2 if ord(c) > 0xFFFF else 1 for c in text], 70, 67)


def _parts(sizes: list[int], alone: int, each: int) -> int:
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > each:
            parts, used = parts + 1, 0
        used += size
    return parts
