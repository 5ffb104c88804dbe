"""A body that somebody posted, as a tree of values: JSON, or the fields of a form. Pure; refuses to say what the values mean.

Files are left out but for their names. What is a secret by its name is replaced here, before anything is stored. The fields of a
form are texts, or lists of texts where a name comes more than once.
"""

import re
from typing import Any
from urllib.parse import parse_qsl

import msgspec
import multipart  # type: ignore[import-untyped]

from db import storable
from db.incoming.errors import IncomingField

MAX_BODY = 256 * 1024  # bytes
MAX_VALUES = 2000
MAX_DEPTH = 20
MASK = "•••"
_SECRET = re.compile(
    r"pass(word|wd)?$|senha|secret|api_?-?key|authori[sz]ation|token|^cvv|^cvc|credential|private_?key"
    r"|card_?-?number|numero_?(do_?)?cartao",
    re.IGNORECASE,
)


class Unreadable(Exception):
    def __init__(self, code: IncomingField) -> None:
        super().__init__(code)
        self.code = code


def parse(body: bytes, content_type: str) -> Any:
    """An object or a list, masked and storable. Raises Unreadable."""
    kind, _, parameters = content_type.partition(";")
    kind = kind.strip().lower()
    if kind == "application/x-www-form-urlencoded":
        value = _urlencoded(body)
    elif kind == "multipart/form-data":
        value = _multipart(body, parameters)
    else:  # JSON under whatever name: many senders say text/plain, or nothing
        value = _json(body)
    if not isinstance(value, dict | list):
        raise Unreadable(IncomingField.UNREADABLE)
    _measure(value)
    if not value:
        raise Unreadable(IncomingField.BODY_EMPTY)
    return masked(storable.tree(value))


def _json(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.MsgspecError, UnicodeDecodeError, ValueError):
        raise Unreadable(IncomingField.UNREADABLE) from None
    except RecursionError:
        raise Unreadable(IncomingField.BODY_TOO_DEEP) from None


def _urlencoded(body: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_VALUES, errors="replace")
    except ValueError:
        raise Unreadable(IncomingField.BODY_TOO_DEEP) from None
    return _gathered(pairs)


def _multipart(body: bytes, parameters: str) -> dict[str, Any]:
    _, options = multipart.parse_options_header(f"multipart/form-data;{parameters}")
    boundary = options.get("boundary")
    if not boundary:
        raise Unreadable(IncomingField.UNREADABLE)
    pairs: list[tuple[str, str]] = []
    try:
        with multipart.PushMultipartParser(boundary, content_length=len(body), max_segment_count=MAX_VALUES) as parser:
            segment, parts = None, list[bytes]()
            for event in parser.parse(body):
                if isinstance(event, multipart.MultipartSegment):
                    segment, parts = event, []
                elif event:
                    parts.append(bytes(event))
                elif segment is not None:
                    text = segment.filename if segment.filename is not None else b"".join(parts).decode("utf-8", "replace")
                    pairs.append((segment.name, text))
    except (multipart.MultipartError, UnicodeDecodeError, ValueError):
        raise Unreadable(IncomingField.UNREADABLE) from None
    return _gathered(pairs)


def _gathered(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        if name:
            found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _measure(value: Any) -> None:
    """Raises Unreadable for what is too deep or too much. Level by level: no depth can exhaust the stack."""
    level, seen = [value], 1
    for _ in range(MAX_DEPTH):
        level = [
            item for one in level if isinstance(one, dict | list) for item in (one.values() if isinstance(one, dict) else one)
        ]
        seen += len(level)
        if seen > MAX_VALUES:
            break
        if not level:
            return
    raise Unreadable(IncomingField.BODY_TOO_DEEP)


def masked(value: Any) -> Any:
    """The same tree without what is a secret by its name."""
    if isinstance(value, dict):
        return {
            key: MASK if _SECRET.search(key) and item not in (None, "", [], {}) else masked(item) for key, item in value.items()
        }
    return [masked(item) for item in value] if isinstance(value, list) else value
