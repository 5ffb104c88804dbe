"""What every contract file shares: strict input, pages, problems. Pure msgspec data; the UI imports it too."""

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request body: a field that we do not know is an error, not a silent loss."""


class Output(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A response body."""


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a list. `next_cursor` is opaque; null on the last page."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None  # only where counting is cheap or asked for


class FieldError(msgspec.Struct, kw_only=True):
    """One wrong field. `field` is a path such as `phone` or `bindings[2].fallback`."""

    field: str
    code: str
    message: str


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details. `code` is stable and machine readable; `detail` is a sentence for people."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    instance: str | None = None
    errors: list[FieldError] = []
    params: dict[str, str | int] = {}


class Done(Output):
    """Nothing to say but that it worked."""

    ok: bool = True
