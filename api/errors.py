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

from api.contract import (
    ai,
    base,
    boards,
    cadences,
    call_queue,
    channels,
    contacts,
    conversations,
    kinds,
    knowledge,
    kommo,
    personas,
    phone_setups,
    push,
    signups,
)
from api.contract.base import FieldError, Problem
from api.strict import JSON, query_names
from db import texts
from db.ai.errors import AiField
from db.boards.errors import BoardField
from db.cadences.errors import CadenceField
from db.channels.errors import ChannelField, TemplateField
from db.contacts.errors import ContactField
from db.contacts.reasons import Reason
from db.conversations.errors import ConversationField
from db.errors import AppError, ErrorCode, Field, FieldCode, RequestError, RequestField
from db.knowledge.errors import KnowledgeField
from db.kommo.errors import KommoField
from db.notifications.errors import NotificationField
from db.personas.errors import PersonaField
from db.transfers.errors import TransferField

log = structlog.get_logger("api.errors")

MEDIA_TYPE = "application/problem+json"
AnyRequest = Request[Any, Any, Any]

_OF_THE_FRAMEWORK = {
    error.status: error
    for error in (
        RequestError.MALFORMED,
        RequestError.UNAUTHENTICATED,
        RequestError.FORBIDDEN,
        RequestError.NOT_FOUND,
        RequestError.METHOD_NOT_ALLOWED,
        RequestError.TOO_SLOW,
        RequestError.TOO_LARGE,
        RequestError.MEDIA_TYPE,
        RequestError.TOO_MANY_REQUESTS,
    )
}
PATTERNS: dict[str, FieldCode] = {
    texts.NAME: RequestField.BAD_NAME,
    texts.NAME_OR_NOTHING: RequestField.BAD_NAME,
    texts.EMAIL: Reason.EMAIL_INVALID,
    ai.MODEL_NAME: AiField.MODEL,
    ai.BASE_URL: AiField.BASE_URL,
    ai.KEY: AiField.KEY_NEEDED,
    cadences.CLOCK: CadenceField.CLOCK_TIME,
    base.COUNTRY: RequestField.COUNTRY_CODE,
    contacts.FIELD_KEY: ContactField.KEY,
    boards.CURRENCY: BoardField.CURRENCY_CODE,
    conversations.COLOR: ConversationField.COLOR,
    conversations.SHORTCUT: ConversationField.SHORTCUT,
    personas.GOAL_KEY: PersonaField.GOAL_KEY,
    personas.HOST: PersonaField.HOST,
    call_queue.PHONE: TransferField.PHONE,
    kinds.KIND: RequestField.UNKNOWN_VALUE,
    knowledge.URL: KnowledgeField.URL,
    kommo.SECRET: KommoField.SECRET,
    channels.TEMPLATE_NAME: TemplateField.NAME,
    channels.TEMPLATE_LANGUAGE: TemplateField.LANGUAGE,
    channels.WEB_ADDRESS: TemplateField.WEB_ADDRESS,
    signups.PROVIDER_ID: ChannelField.PROVIDER_ID,
    phone_setups.E164: ChannelField.NUMBER_INVALID,
    phone_setups.DIGITS: ChannelField.DIGITS_ONLY,
    **dict.fromkeys((push.ENDPOINT, push.PUBLIC_KEY, push.SECRET), NotificationField.NO_PUSH_TARGET),
}
"""Patterns of the contract, and what is wrong with a text that does not fit."""
_MISSING = re.compile(r"missing required field `([^`]+)`")
_UNKNOWN = re.compile(r"unknown field `([^`]+)`")
_LENGTH = re.compile(r"Expected `(\w+)` of length ([<>]=) (\d+)")
_BOUND = re.compile(r"([<>]=?) (-?[\d.]+)")
_KINDS = {
    "UUID": "uuid",
    "datetime": "date-time",
    "date": "date",
    "Expected `str": "string",
    "Expected `int": "integer",
    "Expected `float": "number",
    "Expected `bool": "boolean",
    "Expected `array": "array",
}
"""What msgspec says it expected → the type as the OpenAPI document calls it."""


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
        type=page_of(error.code),
        title=error.code.headline,
        status=error.status,
        code=error.code,
        detail=error.detail,
        errors=[FieldError(field=f.path, code=f.code, message=f.message, params=dict(f.params)) for f in error.fields],
        params=error.params,
    )


def page_of(code: ErrorCode) -> str:
    """The address of the code's page, relative to the API."""
    return f"/docs/errors/{code}"


def on_app_error(request: AnyRequest, error: AppError) -> Response[bytes]:
    """Our own errors: the code and the sentence are meant for the caller."""
    headers = {}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(error.retry_after)))
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return respond(problem_of(error), headers)


def field_of(key: str, message: str) -> Field:
    """A validation message of msgspec as a field with its code."""
    key = "" if key == "data" else key.removeprefix("data.")
    if found := _MISSING.search(message):
        return RequestField.REQUIRED(_join(key, found[1]))
    if found := _UNKNOWN.search(message):
        return RequestField.UNKNOWN_FIELD(_join(key, found[1]))
    if found := _LENGTH.search(message):
        return _length(key, found[1] == "str", found[2] == ">=", int(found[3]))
    if "matching regex" in message:
        return next((code for pattern, code in PATTERNS.items() if repr(pattern)[1:-1] in message), RequestField.PATTERN)(key)
    if "timezone component" in message:
        return RequestField.NEEDS_OFFSET(key)
    if "Invalid enum value" in message:
        return RequestField.UNKNOWN_VALUE(key)
    if found := _BOUND.search(message):
        bound = int(found[2]) if found[2].lstrip("-").isdigit() else found[2]
        return RequestField.TOO_SMALL(key, min=bound) if ">" in found[1] else RequestField.TOO_BIG(key, max=bound)
    return RequestField.WRONG_TYPE(key, expected=next((name for text, name in _KINDS.items() if text in message), "object"))


def _length(key: str, text: bool, least: bool, bound: int) -> Field:
    if least:
        if bound == 1:
            return RequestField.REQUIRED(key)
        return (RequestField.TOO_SHORT if text else RequestField.TOO_FEW)(key, min=bound)
    return (RequestField.TOO_LONG if text else RequestField.TOO_MANY)(key, max=bound)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name


def on_validation(request: AnyRequest, error: ValidationException) -> Response[bytes]:
    """A body, query or path that does not fit the contract. What is wrong with a body is told field by field, all at once."""
    extra = error.extra if isinstance(error.extra, list) else []
    names = query_names(request.route_handler)
    fields = [
        field_of(names.get(key := str(item.get("key", "")), key), str(item.get("message", "")))
        for item in extra
        if isinstance(item, dict)
    ]
    data = request.route_handler.parsed_fn_signature.parameters.get("data")
    if data is not None:
        fields = _of_the_body(data.annotation, request.scope["state"].get(JSON)) or fields
    return on_app_error(request, RequestError.INVALID(fields=fields))


def _of_the_body(kind: Any, value: Any) -> list[Field]:
    """Everything that is wrong with a body; the decoder stops at the first."""
    if not (isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(value, dict)):
        return []
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    found = [RequestField.UNKNOWN_FIELD(name) for name in value if name not in known]
    for name, field in known.items():
        if name not in value:
            found += [RequestField.REQUIRED(name)] if field.required else []
            continue
        try:
            msgspec.convert(value[name], field.type)
        except msgspec.ValidationError as error:
            text, _at, place = str(error).partition(" - at `$")
            found.append(field_of(name + place.rstrip("`"), text))
    return found


def on_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """What the framework refuses by itself."""
    if error.status_code >= 500:
        return on_unexpected(request, error)
    code = _OF_THE_FRAMEWORK.get(error.status_code, RequestError.MALFORMED)
    allow = {k: v for k, v in (error.headers or {}).items() if k.lower() in {"allow", "retry-after", "connection"}}
    return respond(problem_of(code()), allow)


def on_bad_data(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A value that Postgres cannot hold: a NUL in a text, a number out of range."""
    return on_app_error(request, RequestError.NOT_STORABLE())


def on_busy(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A deadlock, a time limit, or a connection lost on the way: nothing was changed, and trying again helps."""
    log.warning("request.busy", error=type(error).__name__)
    return on_app_error(request, RequestError.UNAVAILABLE(retry_after=2))


def on_unexpected(request: AnyRequest, error: Exception) -> Response[bytes]:
    """A fault of ours: logged whole, told in one sentence with the request id."""
    log.error("request.failed", method=request.method, path=request.scope["path"], exc_info=error)
    reference = str(request.scope.get("state", {}).get("request_id", ""))
    return respond(problem_of(RequestError.INTERNAL(reference=reference)))


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
