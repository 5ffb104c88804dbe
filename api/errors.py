"""Every way a request can fail, as RFC 9457 problem details. No traceback, no SQL and no secret ever leaves through here.

422 `invalid` says which field is wrong; 400 `malformed` is only for a body that is not JSON at all.
"""

import re
from collections.abc import Mapping
from typing import Any

import asyncpg
import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    TooManyRequestsException,
    ValidationException,
)
from litestar.response.base import ASGIResponse
from litestar.types import ExceptionHandlersMap

from api.contract.base import FieldError, Problem
from api.strict import query_names
from db.errors import AppError
from db.texts import EMAIL, NAME

log = structlog.get_logger("api.errors")

MEDIA_TYPE = "application/problem+json"
AnyRequest = Request[Any, Any, Any]

_BY_STATUS = {
    400: ("malformed", "Malformed request", "The request body could not be read. It has to be valid JSON."),
    401: ("unauthenticated", "Sign-in needed", "Sign in, or send a valid API key."),
    403: ("forbidden", "Not allowed", "This is not allowed."),
    404: ("not_found", "Not found", "There is nothing at this address."),
    405: ("method_not_allowed", "Method not allowed", "This address does not take that method."),
    408: ("too_slow", "Too slow", "The request's body came too slowly."),
    413: ("too_large", "Too large", "The request is larger than allowed here."),
    415: ("media_type", "Unsupported media type", "Send the body as application/json."),
    429: ("too_many_requests", "Too many requests", "Too many requests. Wait a moment."),
}
NEEDS_OFFSET = "Say the offset from UTC too: 2027-01-31T09:00:00-03:00."
_PATTERNS = {
    NAME: ("bad_name", "A name needs something to see, in one line, without hidden signs."),
    EMAIL: ("invalid_email", "This is not an e-mail address."),
}
_MISSING = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_LENGTH = re.compile(r"of length ([<>]=) (\d+)")


def respond(problem: Problem, headers: dict[str, str] | None = None) -> Response[bytes]:
    """The problem as an HTTP response."""
    return Response(
        msgspec.json.encode(problem),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def problem_of(error: AppError) -> Problem:
    """The public form of an error that was raised on purpose."""
    return Problem(
        type=f"/docs#{error.code}",
        title=error.title,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=[FieldError(field=f.field, code=f.code, message=f.message) for f in error.fields],
        params=error.params,
    )


def _plain(status: int, code: str, title: str, detail: str, errors: list[FieldError] | None = None) -> Problem:
    return Problem(type=f"/docs#{code}", title=title, status=status, code=code, detail=detail, errors=errors or [])


def on_app_error(request: AnyRequest, error: AppError) -> Response[bytes]:
    """Our own errors: the code and the sentence are meant for the caller."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return respond(problem_of(error), headers)


def field_error(key: str, message: str) -> FieldError:
    """A validation message of msgspec as a field, a stable code and a sentence."""
    key = "" if key == "data" else key.removeprefix("data.")
    if found := _MISSING.search(message):
        return FieldError(field=_join(key, found[1]), code="required", message="This field is needed.")
    if found := _UNKNOWN.search(message):
        return FieldError(field=_join(key, found[1]), code="unknown_field", message="There is no such field.")
    if found := _LENGTH.search(message):
        short = found[1] == ">="
        code = "required" if short and found[2] == "1" else "too_short" if short else "too_long"
        return FieldError(field=key, code=code, message=f"{'At least' if short else 'At most'} {found[2]} characters or items.")
    for pattern, (code, sentence) in _PATTERNS.items():
        if repr(pattern)[1:-1] in message:
            return FieldError(field=key, code=code, message=sentence)
    if "matching regex" in message:
        return FieldError(field=key, code="pattern", message="Not in the expected form.")
    if "timezone component" in message:
        return FieldError(field=key, code="needs_offset", message=NEEDS_OFFSET)
    code = "out_of_range" if re.search(r"[<>]=? -?\d", message) else "wrong_type"
    code = "unknown_value" if "Invalid enum value" in message else code
    return FieldError(field=key, code=code, message=message)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def on_validation(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """A body, query or path that does not fit the contract."""
    extra = error.extra if isinstance(error.extra, list) else []
    names = query_names(request.route_handler)
    errors = [
        field_error(names.get(key := str(item.get("key", "")), key), str(item.get("message", "")))
        for item in extra
        if isinstance(item, dict)
    ]
    return respond(_plain(422, "invalid", "Invalid input", "Some fields are wrong.", errors))


def on_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself."""
    status = error.status_code
    if status >= 500:
        return on_unexpected(request, error)
    code, title, detail = _BY_STATUS.get(status, (f"http_{status}", "Refused", "The request was refused."))
    allow = {k: v for k, v in (error.headers or {}).items() if k.lower() in {"allow", "retry-after", "connection"}}
    return respond(_plain(status, code, title, detail), allow)


def on_bad_data(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A value that Postgres cannot hold: a NUL in a text, a number out of range."""
    return respond(
        _plain(422, "invalid", "Invalid input", "A value cannot be stored: a forbidden character, or a number out of range.")
    )


def on_busy(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A deadlock, a time limit, or a connection lost on the way: nothing was changed, and trying again helps."""
    log.warning("request.busy", error=type(error).__name__)
    return respond(_plain(503, "busy", "Unavailable", "The system is busy. Try again in a moment."), {"Retry-After": "2"})


def on_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A fault of ours: logged whole, told in one sentence with the request id."""
    log.error("request.failed", method=request.method, path=request.scope["path"], exc_info=error)
    reference = str(request.scope.get("state", {}).get("request_id", ""))
    detail = f"Something went wrong on our side. If it happens again, tell us this number: {reference}"
    return respond(_plain(500, "internal", "Internal error", detail))


def answer(request: AnyRequest, error: Exception) -> ASGIResponse:
    """What the app says to this error; for a layer outside the app's own handling."""
    handlers: Mapping[Any, Any] = request.app.exception_handlers
    response: Response[bytes] = next(handlers[kind] for kind in type(error).__mro__ if kind in handlers)(request, error)
    return response.to_asgi_response(app=None, request=request)


HANDLERS: ExceptionHandlersMap = {
    AppError: on_app_error,
    ValidationException: on_validation,
    NotFoundException: on_http,
    MethodNotAllowedException: on_http,
    TooManyRequestsException: on_http,
    HTTPException: on_http,
    asyncpg.DataError: on_bad_data,
    asyncpg.DeadlockDetectedError: on_busy,
    asyncpg.SerializationError: on_busy,
    asyncpg.QueryCanceledError: on_busy,
    asyncpg.LockNotAvailableError: on_busy,
    asyncpg.InterfaceError: on_busy,
    Exception: on_unexpected,
}
