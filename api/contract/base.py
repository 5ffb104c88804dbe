"""What every contract file shares: strict input, pages, problems. Pure msgspec data; the UI imports it too."""

from functools import cache
from typing import Annotated, Any, Generic, TypeVar, get_args, get_type_hints
from uuid import UUID

import msgspec
from msgspec import Meta

from db.texts import EMAIL, END, NAME

T = TypeVar("T")


def example(value: Any) -> Meta:
    """What a field may look like, for the OpenAPI document: `Annotated[str, example("Ana Lima")]`."""
    return Meta(examples=[value])


COUNTRY = "^[A-Z]{2}" + END
TRIM = {"trim": True}
Label = Annotated[str, Meta(min_length=1, max_length=60, pattern=NAME, extra=TRIM)]
Title = Annotated[str, Meta(min_length=1, max_length=120, pattern=NAME, extra=TRIM)]
Email = Annotated[str, Meta(max_length=254, pattern=EMAIL, extra=TRIM, examples=["ana@lojaaurora.com.br"])]


@cache
def _trimmed(kind: type) -> tuple[str, ...]:
    """Fields whose blanks at both ends mean nothing."""

    def trims(hint: Any) -> bool:
        own = (meta.extra or {} for meta in getattr(hint, "__metadata__", ()) if isinstance(meta, Meta))
        return any(extra.get("trim") for extra in own) or any(trims(part) for part in get_args(hint))

    return tuple(name for name, hint in get_type_hints(kind, include_extras=True).items() if trims(hint))


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request body: a field that we do not know is an error, not a silent loss. Names and addresses lose the blanks around them."""

    def __post_init__(self) -> None:
        for name in _trimmed(type(self)):
            value = getattr(self, name)
            if isinstance(value, str):
                setattr(self, name, value.strip())
            elif isinstance(value, list):
                setattr(self, name, [item.strip() if isinstance(item, str) else item for item in value])


class Output(msgspec.Struct, kw_only=True, omit_defaults=False):
    """A response body."""


class PersonRef(Output):
    """Somebody of the team. The name is empty once they left the company."""

    id: UUID
    name: Annotated[str, example("Ana Lima")]


class Page(msgspec.Struct, Generic[T], kw_only=True):
    """One page of a list. `next_cursor` is opaque; null on the last page. `total` is there only where counting is cheap or asked for;
    with `total_is_estimate` it is about so many, and is to be shown as such."""

    items: list[T]
    next_cursor: str | None = None
    total: int | None = None
    total_is_estimate: bool = False


class FieldError(msgspec.Struct, kw_only=True, omit_defaults=True):
    """One wrong field. `field` is a path such as `phone` or `bindings[2].fallback`; `params` are what the sentence names."""

    field: Annotated[str, example("email")]
    code: Annotated[str, example("email_invalid")]
    message: Annotated[str, example("This is not an e-mail address.")]
    params: dict[str, str | int] = {}


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """RFC 9457 problem details. `code` is stable and machine readable, `type` the address of its page; `detail` is a sentence for
    people, `params` are what it names."""

    type: Annotated[str, example("/docs/errors/invalid")]
    title: Annotated[str, example("Invalid input")]
    status: Annotated[int, example(422)]
    code: Annotated[str, example("invalid")]
    detail: Annotated[str, example("Some fields are wrong.")]
    instance: str | None = None
    errors: list[FieldError] = []
    params: dict[str, str | int] = {}


class Done(Output):
    """Nothing to say but that it worked."""

    ok: bool = True
