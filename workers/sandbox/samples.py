"""The files that people of the sandbox send: small, made here, and real enough for every program that opens such files."""

import base64
import io
import re
import struct
from collections.abc import Callable
from functools import cache
from typing import Final

from PIL import Image, ImageDraw

_SAID_MARK: Final = b"sandbox-said="
_SAID: Final = re.compile(_SAID_MARK + rb"([A-Za-z0-9+/]+=*)\.")


def of(mime_type: str) -> bytes:
    """A file of this type. Raises KeyError for one that nobody sends."""
    return _made(mime_type.partition(";")[0])


def voice(text: str, mime_type: str) -> bytes:
    """A voice note in which `text` is said: two seconds of silence that hold it as a comment."""
    said = _SAID_MARK + base64.b64encode(text.encode()) + b"."
    return _ogg(said) if mime_type.startswith("audio/ogg") else _id3(said) + of(mime_type)


def spoken(content: bytes) -> str:
    """What is said in a voice note that was made here, "" in any other."""
    found = _SAID.search(content)
    return base64.b64decode(found[1]).decode("utf-8", "replace") if found else ""


@cache
def _made(mime_type: str) -> bytes:
    return MAKERS[mime_type]()


def _picture() -> Image.Image:
    """A sunset over the sea."""
    sky = Image.merge("RGB", [Image.linear_gradient("L").point(lambda v, a=a, b=b: a + (b - a) * v // 255) for a, b in ((38, 250), (60, 160), (120, 90))])  # fmt: skip
    picture = sky.resize((960, 720))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((380, 330, 580, 530), fill=(255, 214, 120))
    draw.rectangle((0, 500, 960, 720), fill=(24, 64, 110))
    for line in range(8):
        draw.line((380 - 20 * line, 520 + 22 * line, 580 + 20 * line, 520 + 22 * line), fill=(235, 170, 100), width=5)
    return picture


def _saved(picture: Image.Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind)
    return out.getvalue()


def _sticker() -> bytes:
    picture = Image.new("RGBA", (512, 512), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 40, 472, 472), fill=(255, 205, 60))
    for x in (180, 332):
        draw.ellipse((x - 26, 180, x + 26, 250), fill=(70, 45, 20))
    draw.arc((150, 200, 362, 390), 20, 160, fill=(70, 45, 20), width=22)
    return _saved(picture, "WEBP")


def _pdf() -> bytes:
    said = b"BT /F1 28 Tf 60 760 Td (Comprovante de pagamento) Tj 0 -44 Td (Loja Aurora - R$ 49,90) Tj ET"
    parts = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(said), said),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    body, places = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(body))
        body += b"%d 0 obj%b\nendobj\n" % (number, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return body + b"xref\n0 6\n0000000000 65535 f \n%btrailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        table,
        len(body),
    )


def _mp3() -> bytes:
    """Two seconds of silence: MPEG 1 layer III, 128 kbit/s, 44.1 kHz."""
    return (b"\xff\xfb\x90\x64" + bytes(413)) * 77


_OGG: Final = [0] * 256
for _number in range(256):
    _rest = _number << 24
    for _ in range(8):
        _rest = (_rest << 1 ^ 0x04C11DB7) & 0xFFFFFFFF if _rest & 0x80000000 else _rest << 1
    _OGG[_number] = _rest


def _ogg_page(flags: int, granule: int, number: int, packets: list[bytes]) -> bytes:
    lacing = b"".join(b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255]) for packet in packets)
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, granule, 7, number, 0, len(lacing)) + lacing
    page = bytearray(head + b"".join(packets))
    check = 0
    for byte in page:
        check = (check << 8 & 0xFFFFFFFF) ^ _OGG[check >> 24 ^ byte]
    page[22:26] = struct.pack("<I", check)
    return bytes(page)


def _id3(comment: bytes) -> bytes:
    """An ID3v2.3 tag that holds a comment."""
    frame = b"TXXX" + struct.pack(">IH", len(comment) + 2, 0) + b"\0\0" + comment
    size = len(frame)
    return b"ID3\x03\0\0" + bytes([size >> shift & 127 for shift in (21, 14, 7, 0)]) + frame


def _ogg(comment: bytes = b"") -> bytes:
    """Two seconds of silence: Opus, mono, as a voice note is."""
    first = _ogg_page(2, 0, 0, [b"OpusHead" + struct.pack("<BBHIHB", 1, 1, 312, 48_000, 0, 0)])
    comments = struct.pack("<I", 1) + struct.pack("<I", len(comment)) + comment if comment else struct.pack("<I", 0)
    tags = _ogg_page(0, 0, 1, [b"OpusTags" + struct.pack("<I", 7) + b"sandbox" + comments])
    return first + tags + _ogg_page(4, 100 * 960, 2, [b"\xf8\xff\xfe"] * 100)


def _box(name: bytes, *parts: bytes) -> bytes:
    inside = b"".join(parts)
    return struct.pack(">I4s", 8 + len(inside), name) + inside


def _film() -> bytes:
    """One H.264 picture of 128 x 96, unpacked macroblocks, as it is in a stream."""
    out = bytearray(b"\x05\x88\x84\x21\xa0")
    for row in range(6):
        for column in range(8):
            if row or column:
                out += b"\x0d\x00"
            out += bytes([60 + 16 * row + 6 * column]) * 256 + bytes([90 + 8 * column]) * 64 + bytes([190 - 10 * row]) * 64
    return bytes(out + b"\x80")


def _mp4() -> bytes:
    """A still of two seconds."""
    sps, pps, film = b"\x67\x42\x00\x0a\xf8\x41\xa2", b"\x68\xce\x38\x80", _film()
    ftyp = _box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomavc1")
    sample = struct.pack(">I", len(film)) + film
    matrix = struct.pack(">9I", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    avcc = _box(b"avcC", b"\x01\x42\x00\x0a\xff\xe1", struct.pack(">H", len(sps)), sps, b"\x01", struct.pack(">H", len(pps)), pps)
    avc1 = _box(
        b"avc1", bytes(6), struct.pack(">H", 1), bytes(16), struct.pack(">HHIIIH", 128, 96, 72 << 16, 72 << 16, 0, 1), bytes(32),
        struct.pack(">Hh", 24, -1), avcc,
    )  # fmt: skip
    stbl = _box(
        b"stbl",
        _box(b"stsd", struct.pack(">II", 0, 1), avc1),
        _box(b"stts", struct.pack(">IIII", 0, 1, 1, 2000)),
        _box(b"stsc", struct.pack(">IIIII", 0, 1, 1, 1, 1)),
        _box(b"stsz", struct.pack(">IIII", 0, 0, 1, len(sample))),
        _box(b"stco", struct.pack(">III", 0, 1, len(ftyp) + 8)),
    )
    dinf = _box(b"dinf", _box(b"dref", struct.pack(">II", 0, 1), _box(b"url ", struct.pack(">I", 1))))
    minf = _box(b"minf", _box(b"vmhd", struct.pack(">IQ", 1, 0)), dinf, stbl)
    mdhd = _box(b"mdhd", struct.pack(">IIIIIHH", 0, 0, 0, 1000, 2000, 0x55C4, 0))
    hdlr = _box(b"hdlr", bytes(8), b"vide", bytes(12), b"film\0")
    tkhd = _box(
        b"tkhd", struct.pack(">IIIIIIQHHHH", 3, 0, 0, 1, 0, 2000, 0, 0, 0, 0, 0), matrix, struct.pack(">II", 128 << 16, 96 << 16)
    )
    mvhd = _box(
        b"mvhd", struct.pack(">IIIIIIHHQ", 0, 0, 0, 1000, 2000, 65536, 256, 0, 0), matrix, bytes(24), struct.pack(">I", 2)
    )
    moov = _box(b"moov", mvhd, _box(b"trak", tkhd, _box(b"mdia", mdhd, hdlr, minf)))
    return ftyp + _box(b"mdat", sample) + moov


MAKERS: Final[dict[str, Callable[[], bytes]]] = {
    "image/jpeg": lambda: _saved(_picture(), "JPEG"),
    "image/png": lambda: _saved(_picture().resize((480, 360)), "PNG"),
    "image/webp": _sticker,
    "audio/ogg": lambda: _ogg(),
    "audio/mpeg": _mp3,
    "video/mp4": _mp4,
    "application/pdf": _pdf,
}
