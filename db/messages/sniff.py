"""What a file is, by its first bytes: neither its name nor what it is called counts."""

from typing import Final

from db.messages.files import INLINE, UNKNOWN

HEAD: Final = 64  # bytes that are enough
_MARKUP: Final = "text/markup"  # HTML, SVG, XML: what a browser could run
_PROGRAM: Final = "application/x-program"
_STARTS: Final = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"#!AMR", "audio/amr"),
    (b"%PDF-", "application/pdf"),
    (b"\x1aE\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (b"MZ", _PROGRAM),
    (b"\x7fELF", _PROGRAM),
    (b"#!", _PROGRAM),
)
_BRANDS: Final = {b"M4A ": "audio/mp4", b"M4B ": "audio/mp4", b"heic": "image/heic", b"mif1": "image/heic", b"avif": "image/avif"}
_OFFICE: Final = ("application/vnd.openxmlformats-officedocument.", "application/vnd.oasis.opendocument.")
_OLD_OFFICE: Final = ("application/msword", "application/vnd.ms-")
_PACKED: Final = {"application/zip": _OFFICE, "application/x-ole-storage": _OLD_OFFICE}
_TEXTS: Final = ("text/plain", "text/csv")
_QUIET: Final = frozenset((*INLINE, *_PACKED, "audio/amr", "text/plain", "image/heic", "image/avif"))
"""Kept under their own name; nothing in them runs in a browser."""
_MEDIA: Final = ("image", "audio", "video")


def looked_at(head: bytes, claimed: str | None) -> str | None:
    """The type to keep a file under, `application/octet-stream` where it is not known or might run; None when it is called a picture, a
    sound or a film and is surely none. `claimed` decides only between names of one format."""
    called = (claimed or "").partition(";")[0].strip().lower()
    found = _found(head, called)
    family, wanted = found.partition("/")[0], called.partition("/")[0]
    if wanted in _MEDIA and found != UNKNOWN and family != wanted and not {family, wanted} <= {"audio", "video"}:
        return None
    return found if found in _QUIET or _is_office(found) else UNKNOWN


def _is_office(name: str) -> bool:
    return name.startswith((*_OFFICE, *_OLD_OFFICE)) and "macro" not in name


def _found(head: bytes, called: str) -> str:
    for start, name in _STARTS:
        if head.startswith(start):
            if name == "video/webm" and called.startswith("audio/"):
                return "audio/webm"
            known = _PACKED.get(name, ())
            return called if known and called.startswith(known) else name
    if head[:4] == b"RIFF":
        return {b"WEBP": "image/webp", b"WAVE": "audio/wav"}.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        if brand[:3] in (b"3gp", b"3g2"):
            return "video/3gpp"
        return _BRANDS.get(brand) or ("audio/mp4" if called.startswith("audio/") else "video/mp4")
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0 and head[1] & 0x06 != 0x06:  # not a text in UTF-16
        return "audio/aac" if head[1] & 0xF6 == 0xF0 else "audio/mpeg"
    if head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0").startswith(b"<"):
        return _MARKUP
    return "text/plain" if called in _TEXTS and b"\0" not in head else UNKNOWN
