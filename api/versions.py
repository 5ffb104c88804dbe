"""What two people may edit has a `version` in its body. `ETag` and `If-Match` are made of it and read here, and nowhere else; it is
compared where the row is locked (`db/versions.py`)."""

import re
from typing import Any, TypeAlias

import msgspec
from litestar import Request, Response
from litestar.di import NamedDependency

from db.errors import RequestError
from db.versions import Expected

IfMatch: TypeAlias = NamedDependency[Expected]
"""How a handler with `opt={"versioned": True}` asks for the versions of which one must be the present one: `expected: IfMatch`."""

_TAG = re.compile(r'(?:W/)?"(\d{1,18})"')


def has_version(kind: Any) -> bool:
    """Whether answers of this type carry an ETag."""
    return "version" in getattr(kind, "__struct_fields__", ())


async def provide_expected(request: Request[Any, Any, Any]) -> Expected:
    """Dependency `expected`. A tag that is none of ours matches nothing."""
    given = request.headers.get("if-match", "*").strip()
    return None if given == "*" else frozenset(int(number) for number in _TAG.findall(given))


async def tag(response: Response[Any]) -> Response[Any]:
    """After the handler: the body's version as ETag."""
    if isinstance(response.content, msgspec.Struct) and has_version(response.content):
        response.headers["ETag"] = f'"{response.content.version}"'  # type: ignore[attr-defined]
    return response


def refuse_blind_if_match(request: Request[Any, Any, Any]) -> None:
    """Raises PreconditionFailed when a change is asked for on condition of a version where none is checked: never done as if there
    were no condition."""
    changes = request.method in {"POST", "PUT", "PATCH", "DELETE"}
    conditional = request.headers.get("if-match", "*").strip() != "*"
    if changes and conditional and not request.route_handler.opt.get("versioned"):
        raise RequestError.NO_VERSION()
