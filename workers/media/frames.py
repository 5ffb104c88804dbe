"""What the worker and the processes that open a stranger's file for it say to one another, as msgpack. It stands apart from those
processes' own code, so that a worker does not load Pillow and FFmpeg, which it never calls."""

import msgspec


class Picture(msgspec.Struct, frozen=True):
    """`parent`: the worker's process id; `memory` in bytes, `seconds` of processor time; `square`: pixels of each side of the small one,
    which is cut from the middle; 0: it is made small as it is."""

    path: str
    parent: int
    memory: int
    seconds: int
    square: int = 0


class Seen(msgspec.Struct, frozen=True):
    """`thumbnail` is WebP; empty when the picture cannot be shown, because it is broken or far too large."""

    width: int = 0
    height: int = 0
    thumbnail: bytes = b""


class Recording(msgspec.Struct, frozen=True):
    """`mime_type`: what its bytes are; `parent`: the worker's process id; `memory` in bytes, `seconds` of processor time."""

    path: str
    mime_type: str
    parent: int
    memory: int
    seconds: int


class Voice(msgspec.Struct, frozen=True):
    """Empty when the recording holds no sound that can be read."""

    content: bytes = b""
