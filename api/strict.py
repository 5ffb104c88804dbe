"""What is refused before any operation looks at it: bodies that are no JSON, characters that no text of ours may hold, query
parameters that the operation does not know.

One place for all operations, so that none can forget it. It does not know what the values mean.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_to_bytes

from litestar import Request
from litestar.enums import RequestEncodingType, ScopeType
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from db.errors import RequestError, RequestField

JSON = "json_body"
"""Where the state of a request keeps its decoded body."""


class StrictRequest(Request[Any, Any, Any]):
    """Reads JSON bodies strictly: 415 for another content type, 400 for what is no JSON, 422 for a forbidden character."""

    async def json(self) -> Any:
        body = await self.body()
        if body and not _says_json(self.headers.get("content-type", "")):
            raise HTTPException(status_code=415)
        try:
            value = await super().json()
        except (UnicodeDecodeError, RecursionError):  # bytes that are no UTF-8, thousands of brackets
            raise HTTPException(status_code=400) from None
        self.scope["state"][JSON] = value
        if b"\\u" in body or b"\x00" in body:  # nothing else can bring one in
            refuse_characters(_texts("", value))
        return value


def refuse_other_forms(request: Request[Any, Any, Any]) -> None:
    """Raises 415 for an upload that is no form."""
    if request.route_handler.opt.get("upload") and request.content_type[0] != RequestEncodingType.MULTI_PART:
        raise HTTPException(status_code=415)


def _says_json(content_type: str) -> bool:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() == "application/json" and charset in ("", "charset=utf-8", "charset=utf8")


def _texts(path: str, value: Any) -> Iterator[tuple[str, str]]:
    """Every text in a body with its path, names of fields too."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(f"{path}[{number}]", item)
    elif isinstance(value, dict):
        for name, item in value.items():
            yield path, name
            yield from _texts(f"{path}.{name}" if path else name, item)


def refuse_characters(texts: Iterator[tuple[str, str]]) -> None:
    """Raises Invalid `invalid` for a NUL or half of a surrogate pair: Postgres stores neither."""
    for path, text in texts:
        if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
            raise RequestError.INVALID(fields=[RequestField.BAD_CHARACTER(path)])


def refuse_address(request: Request[Any, Any, Any]) -> None:
    """Raises Invalid for a path or query with such characters or no UTF-8, and for a parameter that the operation does not know: a
    filter that is misspelt would otherwise mean everything."""
    scope = request.scope
    query: bytes = scope["query_string"]
    if "%" in (raw := query.decode("latin-1")):
        try:
            unquote_to_bytes(raw.replace("+", " ")).decode()
        except UnicodeDecodeError:
            raise RequestError.INVALID(fields=[RequestField.BAD_CHARACTER("query")]) from None
    refuse_characters(iter([("path", scope["path"])]))
    if not query or scope["type"] != ScopeType.HTTP:
        return
    known = set(query_names(request.route_handler).values())
    families = tuple(request.route_handler.opt.get("parameter_families", ()))
    for name, value in request.query_params.multi_items():
        refuse_characters(iter([(name, value), (name, name)]))
        if name not in known and not (families and name.startswith(families)):
            raise RequestError.INVALID(fields=[RequestField.UNKNOWN_PARAMETER(name[:100])])


METADATA = "metadata."
"""The family of parameters by which what partners keep is asked for."""


def family(request: Request[Any, Any, Any], prefix: str) -> dict[str, str]:
    """The parameters of a family, by what follows the prefix."""
    return {name[len(prefix) :]: value for name, value in request.query_params.items() if name.startswith(prefix)}


_names: dict[str, dict[str, str]] = {}


def query_names(handler: BaseRouteHandler) -> dict[str, str]:
    """Names of the query parameters that an operation takes, those of its dependencies included, by their names in Python."""
    found = _names.get(str(handler))
    if found is None:
        signatures = [
            handler.parsed_fn_signature,
            *(each.parsed_fn_signature for each in handler.resolve_dependencies().values()),
        ]
        found = _names[str(handler)] = {
            name: kwarg.name or name
            for signature in signatures
            for name, parameter in signature.parameters.items()
            if isinstance(kwarg := parameter.kwarg_definition, QueryParameter)
        }
    return found
