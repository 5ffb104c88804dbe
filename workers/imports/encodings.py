"""In which encoding a text file was saved, found by reading all of it once.

UTF-8 is sure when it fits; else the bytes over 127 are weighed as Portuguese letters in the code pages that Brazilian
programs write. Refuses to fail: every byte gets a character, so that no row is lost to one bad letter."""

import codecs
from collections import Counter
from pathlib import Path

import msgspec

_CHUNK = 1 << 20
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_LETTERS = frozenset("áàâãéêíóôõúüçñÁÀÂÃÉÊÍÓÔÕÚÜÇÑºª°“”‘’–")
_ASCII = bytes(range(128))
FALLBACK = "masteria-single-bytes"
"""Name of the error handler to open a file with: a byte that does not fit is read as Windows-1252."""


class Scan(msgspec.Struct, frozen=True):
    """`lines` counts line ends, for a progress bar; it is an estimate where cells hold line ends."""

    encoding: str
    lines: int


def _as_single_bytes(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    if error.encoding.startswith(("utf-16", "utf-32", "utf16", "utf32")):
        return "\ufffd", error.end
    return "".join(bytes([byte]).decode("cp1252", "ignore") or chr(byte) for byte in wrong), error.end


codecs.register_error(FALLBACK, _as_single_bytes)


def scan(path: Path) -> Scan:
    """The encoding of a whole file and its line ends."""
    with path.open("rb") as file:
        head = file.read(4096)
        wide = next((name for bom, name in _BOMS if head.startswith(bom)), None) or _wide_without_bom(head)
        file.seek(0)
        utf8 = codecs.getincrementaldecoder("utf-8")()
        valid, feeds, returns, last = True, 0, 0, b""
        while chunk := file.read(_CHUNK):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            last = chunk[-2:]
            if valid and not wide:
                try:
                    utf8.decode(chunk)
                except UnicodeDecodeError:
                    valid = False
        if valid and not wide:
            try:
                utf8.decode(b"", final=True)
            except UnicodeDecodeError:
                valid = False
    lines = max(feeds, returns) + (bool(last) and b"\n" not in last and b"\r" not in last)
    return Scan(wide or ("utf-8" if valid else _code_page(path)), lines)


def _wide_without_bom(head: bytes) -> str | None:
    pairs = len(head) // 2
    if pairs >= 4:
        if head[1::2].count(0) > 0.4 * pairs and head[::2].count(0) < 0.1 * pairs:
            return "utf-16-le"
        if head[::2].count(0) > 0.4 * pairs and head[1::2].count(0) < 0.1 * pairs:
            return "utf-16-be"
    return None


def _code_page(path: Path) -> str:
    high: Counter[int] = Counter()
    good = bad = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            high.update(chunk.translate(None, _ASCII))
            text = chunk.decode("utf-8", "replace")
            wrong = text.count("\ufffd")
            bad += wrong
            good += len(text) - len(text.encode("ascii", "ignore")) - wrong
    if good > bad:
        return "utf-8"  # a UTF-8 file with a few foreign bytes; `FALLBACK` reads those

    def portuguese(encoding: str) -> int:
        return sum(count for byte, count in high.items() if bytes([byte]).decode(encoding, "replace") in _LETTERS)

    return max(("cp1252", "cp850", "mac-roman"), key=portuguese)
