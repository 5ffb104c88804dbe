"""Dated versions of the contract: in which one a caller is answered, what of it goes away, and when.

A caller is answered in the version that it names in `Master-Version`, else in the one that its key was made in, else in the newest. What a
version no longer has is a row of `CHANGES`: earlier ones still have it, and say in `Deprecation` since when it is out of date and in
`Sunset` until when it works.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, NamedTuple

import msgspec
from litestar import Request, Response

from api.pagination import bound_request
from db.errors import RequestError, RequestField
from db.tenancy import Actor

HEADER = "Master-Version"
VERSIONS: tuple[str, ...] = ("2026-11-27",)
"""Oldest first. What is only added makes no new one."""


class Change(NamedTuple):
    """What versions from `version` on no longer have: an operation (its method and path, as in the document), or with `older` a part of its
    answers, which that function puts back into the body for earlier versions. It works until `sunset`."""

    version: str
    operation: str
    sunset: date
    older: Callable[[dict[str, Any]], None] | None = None


CHANGES: tuple[Change, ...] = ()


def newest() -> str:
    return VERSIONS[-1]


def _plain(path: str) -> str:
    """`/v1/contacts/{contact_id}`, without the kinds of its parameters."""
    return "/".join(part.split(":")[0] + "}" if part.startswith("{") and ":" in part else part for part in path.split("/"))


def spoken(request: Request[Any, Any, Any]) -> str:
    """The version in which this request is answered. Raises Invalid for one that there is not."""
    given = request.headers.get(HEADER)
    if given is not None:
        if given not in VERSIONS:
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_VALUE(HEADER)])
        return given
    actor: Actor | None = request.scope["state"].get("actor")
    pinned = actor.version if actor is not None else None
    return pinned if pinned in VERSIONS else newest()


def _of(request: Request[Any, Any, Any]) -> list[Change]:
    operation = f"{request.method} {_plain(str(request.scope.get('path_template', '')))}"
    return [change for change in CHANGES if change.operation == operation]


def bind(request: Request[Any, Any, Any]) -> None:
    """Before the handler: settles the version and what its answer says of it. Raises Invalid for a version that there is not, NotFound for an
    operation that it no longer has."""
    version = spoken(request)
    state = request.scope["state"]
    headers = state["dated"] = {HEADER: version}
    found = _of(request)
    if any(change.older is None and version >= change.version for change in found):
        raise RequestError.NOT_FOUND(what="operation")
    late = [change for change in found if version < change.version]
    if late:
        since = min(change.version for change in late)
        until = min(change.sunset for change in late)
        headers["Deprecation"] = f"@{int(_moment(date.fromisoformat(since)).timestamp())}"
        headers["Sunset"] = format_datetime(_moment(until), usegmt=True)


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def older(response: Response[Any]) -> Response[Any]:
    """After the handler: the body as the caller's version has it."""
    request = bound_request()
    if request is None or not CHANGES or not isinstance(response.content, msgspec.Struct):
        return response
    version = request.scope["state"].get("dated", {}).get(HEADER, newest())
    changes = [change.older for change in _of(request) if change.older is not None and version < change.version]
    if changes:
        body = msgspec.to_builtins(response.content, builtin_types=())
        for put_back in changes:
            put_back(body)
        response.content = body
    return response
