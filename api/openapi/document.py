"""The OpenAPI 3.1 document. Litestar says which operations and parameters there are; the bodies are msgspec's own schemas of the
contract; statuses, headers and examples follow from what each route declares."""

from collections.abc import Iterator
from typing import Any, get_args, get_origin

import msgspec
from litestar import Litestar, Response
from litestar.response import Stream

from api import events
from api.contract.base import Problem
from api.contract.events import CATALOGUE
from api.errors import problem_of
from api.location import item_addresses
from api.openapi import hooks
from api.openapi.codes import codes
from api.openapi.operations import HEADERS, IDEMPOTENCY_KEY, IF_MATCH, MEANING, Operation, response_headers
from api.openapi.rights import NEEDED, PEOPLE_ONLY
from api.openapi.schemas import REF, Schema, always_there, describe, example
from db.errors import ErrorCode, places

_UPLOAD = {
    "title": "ImportUpload",
    "type": "object",
    "properties": {"file": {"type": "string", "format": "binary", "description": "The list."}},
    "required": ["file"],
}
_FAMILIES = {
    "custom.": "Custom fields that must be equal, each as `custom.<key>=<value>`.",
    "metadata.": "What partners keep that must be equal, each as `metadata.<key>=<value>`.",
}
"""Parameters of which there are as many as keys."""
_BYTES = ("application/octet-stream",)
_TEXT = {"text/csv": "name;phone\r\n", "text/event-stream": ""}


def document(app: Litestar) -> dict[str, Any]:
    """The whole document, made once per app."""
    made: dict[str, Any] | None = app.state.get("openapi")
    if made is None:
        app.state.openapi = made = _make(app)
    return made


def operations(app: Litestar) -> list[Operation]:
    """Every operation that is documented, in the order of the routes."""
    return [
        Operation(
            method=method,
            path=route.path_format,
            handler=handler,
            takes=_takes(handler),
            gives=_gives(handler.parsed_fn_signature.return_type.annotation),
            collection={"GET", "POST"} <= route.methods,
        )
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in sorted(getattr(handler, "http_methods", set()) - {"OPTIONS", "HEAD"})
        if handler.resolve_include_in_schema()
    ]


def _takes(handler: Any) -> Any:
    data = handler.parsed_fn_signature.parameters.get("data")
    if data is None or handler.opt.get("upload"):
        return None
    return next(each for each in get_args(data.annotation) if each is not type(None)) if data.has_default else data.annotation


def _gives(annotation: Any) -> Any:
    if get_origin(annotation) is Response:
        annotation = get_args(annotation)[0]
    return None if annotation in (None, type(None), Stream) else annotation


def _make(app: Litestar) -> dict[str, Any]:
    made: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
    found = operations(app)
    bodies, answers = [each.takes for each in found if each.takes], [each.gives for each in found if each.gives]
    told = hooks.shapes()
    schemas, components = describe([*bodies, *answers, *CATALOGUE.values(), *told, Problem])
    read, written = schemas[: len(bodies)], schemas[len(bodies) : -1]
    always_there(written, read, components)
    made["components"]["schemas"] = {**components, "ImportUpload": _UPLOAD}
    made["components"]["headers"] = HEADERS
    takes, gives = iter(read), iter(written[: len(answers)])
    items = item_addresses(app)
    for each in found:
        described = made["paths"][each.path][each.method.lower()]
        described["operationId"] = each.id
        described["security"] = _security(each)
        described["parameters"] = list(_parameters(each, described.get("parameters", ())))
        if each.has_body:
            described["requestBody"] = _request(
                each, next(takes) if each.takes else {"$ref": REF + "ImportUpload"}, made["components"]["schemas"]
            )
        _answers(each, described["responses"], next(gives) if each.gives else None, components, located=_located(each, items))
    events.describe(made)
    hooks.describe(made, written[-len(told) :])
    return made


def _security(operation: Operation) -> list[dict[str, list[str]]]:
    """Who may call it; what is named are the permissions that a person's role, or a key, needs."""
    if operation.opt.get("public"):
        return []
    needed = sorted(permission.value for permission in NEEDED[operation.id])
    return [{"session": needed}] if operation.id in PEOPLE_ONLY else [{"session": needed}, {"apiKey": needed}]


def _located(operation: Operation, items: dict[str, str]) -> bool:
    return operation.method == "POST" and operation.opt.get("creates", operation.path) in items


def _parameters(operation: Operation, given: Any) -> Iterator[Schema]:
    for parameter in given:
        schema = parameter["schema"] = _plain(parameter["schema"])
        shown = schema.pop("examples", None)
        schema.pop("description", None)
        kept = {name: parameter[name] for name in ("name", "in", "description", "required", "schema") if name in parameter}
        if parameter["in"] == "path":
            kept["example"] = shown[0] if shown else example(schema, {})
        yield kept
    for family in operation.opt.get("parameter_families", ()):
        if family in _FAMILIES:
            yield _family(family.removesuffix("."), _FAMILIES[family])
    if operation.opt.get("versioned"):
        yield IF_MATCH
    if operation.keyed:
        yield IDEMPOTENCY_KEY


def _family(name: str, about: str) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "required": False,
        "description": about,
        "style": "form",
        "explode": True,
        "schema": {
            "type": "object",
            "propertyNames": {"pattern": rf"^{name}\."},
            "additionalProperties": {"type": "string"},
        },
    }


def _plain(schema: Schema) -> Schema:
    """A parameter is there or not, it is never null; and whole limits are whole."""
    if options := schema.pop("oneOf", None):
        schema = {**next(option for option in options if option != {"type": "null"}), **schema}
    if isinstance(schema.get("type"), list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if "enum" in schema:
        schema["enum"] = [value for value in schema["enum"] if value is not None]
    return {name: int(value) if isinstance(value, float) and value.is_integer() else value for name, value in schema.items()}


def _request(operation: Operation, schema: Schema, components: dict[str, Schema]) -> dict[str, Any]:
    content: dict[str, Any] = {"schema": schema}
    if options := schema.get("anyOf"):
        names = schema["discriminator"]["mapping"]
        content["examples"] = {name: {"value": example(option, components)} for name, option in zip(names, options, strict=True)}
    else:
        content["example"] = example(schema, components)
    kind = "multipart/form-data" if operation.opt.get("upload") else "application/json"
    return {"required": operation.needs_body, "content": {kind: content}}


def _answers(
    operation: Operation, responses: dict[str, Any], schema: Schema | None, components: dict[str, Schema], *, located: bool
) -> None:
    success = next(status for status in responses if status < "300")
    kind = next(iter(responses[success].get("content", {})), None)
    answer: dict[str, Any] = {"description": _DONE[success]}
    if schema is not None:
        answer["content"] = {"application/json": {"schema": schema, "example": example(schema, components)}}
    elif kind in _BYTES:
        answer["content"] = {kind: {"schema": {"type": "string", "format": "binary"}}}
    elif kind in _TEXT:
        answer["content"] = {kind: {"schema": {"type": "string"}, "example": _TEXT[kind]}}
    responses.clear()
    responses[success] = answer
    for status, refusals in codes(operation).items():
        content = {
            "schema": {"$ref": "#/components/schemas/Problem"},
            "examples": {str(code): _refusal(code) for code in refusals},
        }
        responses[status] = {"description": MEANING[status], "content": {"application/problem+json": content}}
    for status, answer in responses.items():
        names = response_headers(operation, status, located=located)
        answer["headers"] = {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _refusal(code: ErrorCode) -> dict[str, Any]:
    params: dict[str, Any] = {name: _PARAMS.get(name, 100) for name in places(code.sentence)}
    return {"summary": code.headline, "value": msgspec.to_builtins(problem_of(code(**params)))}


_PARAMS = {"permission": "campaigns:send"}


_DONE = {
    "200": "Done.",
    "201": "Created.",
    "202": "Taken; it goes on in the background.",
    "204": "Done; there is nothing to say.",
}
