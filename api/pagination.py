"""Cursors. A cursor is opaque: the sort key of the last row, so that pages neither skip nor repeat when rows
come and go, bound to the list, its order and its filter. It carries no rights: it only says where to go on inside what the caller
may see."""

import base64
import binascii
import hashlib
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Request
from litestar.params import QueryParameter

from api.contract.base import Page
from db.errors import RequestError, RequestField

T = TypeVar("T")
R = TypeVar("R")
S = TypeVar("S")

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Items per page, 1 to 200.")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=500, description="`next_cursor` of the page before; same order and filter.")
]

Fields = Annotated[
    str | None,
    QueryParameter(max_length=500, description="Only these fields of each item, with commas between; `id` always comes."),
]

_BOUND = 8  # bytes
_NOT_THE_LIST = frozenset({"fields", "cursor", "after", "around", "limit", "count"})  # what may differ from page to page
_request: ContextVar[Request[Any, Any, Any] | None] = ContextVar("paged_request", default=None)


def bind(request: Request[Any, Any, Any]) -> None:
    """Says whose cursors are read and made from now on in this task."""
    _request.set(request)


def bound_request() -> Request[Any, Any, Any] | None:
    """The request of this task; None outside of one."""
    return _request.get()


def _list_digest() -> bytes:
    """What the list of this request is: its path, and its query without what may differ from page to page."""
    request = _request.get()
    if request is None:
        return bytes(_BOUND)
    query = sorted((name, str(value)) for name, value in request.query_params.multi_items() if name not in _NOT_THE_LIST)
    return hashlib.sha256(msgspec.json.encode((request.scope["path"], query))).digest()[:_BOUND]


def encode_cursor(*key: object) -> str:
    """The sort key of a row in this list, as an opaque word."""
    return base64.urlsafe_b64encode(_list_digest() + msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, type: type[T]) -> T | None:
    """The key back: `decode_cursor(cursor, tuple[datetime, UUID])`. Raises Invalid `bad_cursor`, also for a cursor of another
    list, order or filter; None stays None."""
    if cursor is None:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        if raw[:_BOUND] != _list_digest():
            raise ValueError
        return msgspec.json.decode(raw[_BOUND:], type=type)
    except (msgspec.MsgspecError, binascii.Error, ValueError):
        raise RequestError.BAD_CURSOR(fields=[RequestField.BAD_CURSOR("cursor")]) from None


def one_over(limit: int) -> int:
    """How many rows to ask a query for, so that `page` can tell whether there is a next page."""
    return limit + 1


def page(
    rows: Sequence[R],
    limit: int,
    key: Callable[[R], tuple[object, ...]],
    make: Callable[[R], S],
    total: int | None = None,
    *,
    estimated: bool = False,
) -> Page[S]:
    """One page of at most `limit` items from `one_over(limit)` rows. `estimated`: nobody counted the `total`."""
    kept = rows[:limit]
    return Page(
        items=[make(row) for row in kept],
        next_cursor=encode_cursor(*key(kept[-1])) if len(rows) > limit else None,
        total=total,
        total_is_estimate=estimated,
    )


def struct(row: Any, type: type[T], **more: object) -> T:
    """A database row as a contract Struct: columns by name, surplus ones ignored."""
    return msgspec.convert({**row, **more}, type, from_attributes=True)


def sparse(found: Page[S], fields: str | None) -> Page[S]:
    """The page with the fields that were asked for, and the id. Raises Invalid for one that there is not."""
    if fields is None or not found.items:
        return found
    names = {name.strip() for name in fields.split(",")} - {""}
    known: tuple[str, ...] = found.items[0].__struct_fields__  # type: ignore[attr-defined]
    if names - set(known):
        raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE("fields")])
    kept = [name for name in known if name == "id" or name in names]
    return msgspec.structs.replace(found, items=[{name: getattr(item, name) for name in kept} for item in found.items])
