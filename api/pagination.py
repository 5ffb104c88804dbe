"""Cursors and entity tags. A cursor is opaque: the sort key of the last row, so that pages neither skip nor repeat when rows
come and go. It carries no rights: it only says where to go on inside what the caller may see."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.params import QueryParameter

from api.contract.base import Page
from db.errors import Field, Invalid, PreconditionFailed

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Items per page, 1 to 200.")]
Cursor = Annotated[str | None, QueryParameter(max_length=500, description="`next_cursor` of the page before.")]


def encode_cursor(*key: object) -> str:
    """The sort key of a row, as an opaque word."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, type: type[T]) -> T | None:
    """The key back: `decode_cursor(cursor, tuple[datetime, UUID])`. Raises Invalid `bad_cursor`; None stays None."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(raw, type=type)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        field = Field("cursor", "bad_cursor", "Use the next_cursor of the page before.")
        raise Invalid("bad_cursor", "This cursor does not belong to this list.", fields=[field]) from None


def page(
    rows: Sequence[R], limit: int, key: Callable[[R], tuple[object, ...]], make: Callable[[R], S], total: int | None = None
) -> Page[S]:
    """One page from `limit + 1` rows: ask the query for one more than wanted, and this tells whether there is a next page."""
    kept = rows[:limit]
    return Page(
        items=[make(row) for row in kept],
        next_cursor=encode_cursor(*key(kept[-1])) if len(rows) > limit else None,
        total=total,
    )


def struct(row: Any, type: type[T], **more: object) -> T:
    """A database row as a contract Struct: columns by name, surplus ones ignored."""
    return msgspec.convert({**row, **more}, type)


def etag(version: int | str) -> str:
    """`ETag` of a version."""
    return f'"{version}"'


def check_if_match(request: Request[Any, Any, Any], version: int | str) -> None:
    """Raises PreconditionFailed when the request names another version in If-Match. Without the header anything goes."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return
    if etag(version) not in {tag.strip().removeprefix("W/") for tag in given.split(",")}:
        raise PreconditionFailed("changed_meanwhile", "Somebody changed this meanwhile. Load it again.")
