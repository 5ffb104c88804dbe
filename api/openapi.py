"""The OpenAPI 3.1 document and its page. Litestar describes routes and Structs; this adds what every operation shares: examples,
the problems, the security schemes. The page is made here from the document: nothing is loaded from elsewhere, no script runs.
"""

import html
from typing import Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from api import events
from api.contract.base import Problem
from api.idempotency import takes_key

VERSION = "1"
_METHODS = ("get", "post", "put", "patch", "delete")
_INTRO = """Everything that the panel does, it does through this interface.

Send `Authorization: Bearer <API key>` with every request. Lists come in pages: pass `next_cursor` back as `cursor`. Failures are
problem details (RFC 9457): switch on `code`. A POST that creates, changes or sends takes an `Idempotency-Key`: repeating it
with the same key, whatever happened to the first, gives the first answer again and does nothing twice. 429 and 503 say in `Retry-After` how many seconds to wait. Follow changes live on `/v1/events`."""

_WORDS: dict[str, Any] = {
    "name": "Ana Lima",
    "company_name": "Loja Aurora",
    "code": "not_found",
    "token": "mia_s_4wq0",
    "secret": "mia_live_1f2e3d4c_9xW…",
    "reasons": "temporary",
    "next_cursor": None,
    "total": 1,
    "time_zone": "America/Sao_Paulo",
    "country": "BR",
    "link": "https://painel.example.com/invitation/4wq0",
    "number": "+5511987654321",
    "phone": "+5511987654321",
    "address": "+5511987654321",
    "field": "email",
    "message": "Not in the expected form.",
    "title": "Invalid input",
    "detail": "Some fields are wrong.",
    "type": "/docs#invalid",
    "instance": None,
    "email": "ana@lojaaurora.com.br",
    "invited_by": "Bruno Souza",
    "password": "cavalo-azul-42",
    "current_password": "cavalo-azul-42",
    "day": "2026-03-02",
    "ip": "203.0.113.7",
}
_FORMATS: dict[str, Any] = {
    "uuid": "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42",
    "date-time": "2026-03-02T14:05:00Z",
    "date": "2026-03-02",
    "email": "ana@lojaaurora.com.br",
    "binary": "nome;telefone\nAna;+5511987654321\n",
}
_PROBLEMS = {
    "401": ("unauthenticated", "No valid session or key."),
    "403": ("forbidden", "The role or scope does not reach."),
    "404": ("not_found", "Absent, or another company's."),
    "409": ("conflict", "The state has moved on, or the thing exists already."),
    "412": ("changed_meanwhile", "Somebody else changed it: If-Match names another version."),
    "422": ("invalid", "A field is wrong; `errors` says which."),
    "429": ("too_many_requests", "Wait for `Retry-After` seconds."),
    "503": (
        "database_unavailable",
        "Try again in `Retry-After` seconds; after `outcome_unknown` look first whether it was done.",
    ),
}


def example(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A plausible value of a schema: its own example if it has one, else by name, format and type."""
    if "$ref" in schema:
        return example(schemas.get(schema["$ref"].rpartition("/")[2], {}), schemas, name, depth + 1) if depth < 8 else None
    for key in ("examples", "enum"):
        if given := schema.get(key):
            found = given[0] if isinstance(given, list) else next(iter(given.values()))
            return found.get("value", found) if isinstance(found, dict) else found
    for key in ("const", "default"):
        if key in schema and schema[key] is not None:
            return schema[key]
    for key in ("oneOf", "anyOf", "allOf"):
        if options := [option for option in schema.get(key, ()) if option.get("type") != "null"]:
            return example(options[0], schemas, name, depth)
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "object":
        properties = schema.get("properties", {})
        return {key: example(value, schemas, key, depth + 1) for key, value in properties.items()} if depth < 8 else {}
    if kind == "array":
        return [example(schema.get("items", {}), schemas, name, depth + 1)] if depth < 6 else []
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    if name in _WORDS and (_WORDS[name] is None or kind == "string" or kind == "integer"):
        return _WORDS[name]
    low = schema.get("minimum", schema.get("exclusiveMinimum", 1))
    return {"integer": low, "number": low, "boolean": True, "string": name.replace("_", " ") or "text"}.get(str(kind))


def enrich(document: dict[str, Any]) -> dict[str, Any]:
    """Adds examples, problems and security to every operation, in place."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")[1]["Problem"]
    schemas["FieldError"] = msgspec.json.schema_components([Problem], ref_template="#/components/schemas/{name}")[1]["FieldError"]
    for path, item in document.get("paths", {}).items():
        for method in _METHODS:
            if operation := item.get(method):
                _complete(operation, path, method, schemas)
    return document


def _complete(operation: dict[str, Any], path: str, method: str, schemas: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", ()):
        if "example" not in parameter and "examples" not in parameter:
            parameter["example"] = example(parameter.get("schema", {}), schemas, parameter["name"])
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example(content.get("schema", {}), schemas))
    responses = operation["responses"]
    responses.pop("400", None)
    for status, answer in responses.items():
        for content in answer.get("content", {}).values():
            if status < "300":
                content.setdefault("example", example(content.get("schema", {}), schemas))
    public = operation.pop("x-public", False)
    operation["security"] = [] if public else [{"session": []}, {"apiKey": []}]
    versioned = operation.pop("x-versioned", False)
    for status, (code, words) in _PROBLEMS.items():
        fits = {
            "401": not public,
            "403": not public,
            "404": "{" in path,
            "409": method != "get",
            "412": versioned,
            "422": method != "get" or "parameters" in operation,
        }
        if fits.get(status, True):
            sample = {"type": f"/docs#{code}", "title": words, "status": int(status), "code": code, "detail": words}
            schema = {"$ref": "#/components/schemas/Problem"}
            responses.setdefault(
                status, {"description": words, "content": {"application/problem+json": {"schema": schema, "example": sample}}}
            )
    if versioned:
        operation.setdefault("parameters", []).append(
            {
                "name": "If-Match",
                "in": "header",
                "required": False,
                "description": "The ETag that you saw: 412 when somebody changed it since.",
                "schema": {"type": "string"},
                "example": '"7"',
            }
        )
    if operation.pop("x-idempotent", False):
        operation.setdefault("parameters", []).append(
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "The same key with the same request gives the first answer again, for 24 hours.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 200},
                "example": "0d9f4c1e-order-1042",
            }
        )


def document(app: Litestar) -> dict[str, Any]:
    """The whole document, made once per app."""
    made: dict[str, Any] | None = app.state.get("openapi")
    if made is None:
        made = msgspec.json.decode(msgspec.json.encode(app.openapi_schema.to_schema()))
        for route in app.routes:
            item = made["paths"].get(getattr(route, "path_format", ""), {})
            for handler in getattr(route, "route_handlers", ()):
                for method in getattr(handler, "http_methods", ()):
                    if operation := item.get(method.lower()):
                        operation["x-public"] = bool(handler.opt.get("public"))
                        operation["x-versioned"] = bool(handler.opt.get("versioned"))
                        operation["x-idempotent"] = takes_key(method, handler.opt)
        events.describe(made)
        app.state.openapi = made = enrich(made)
    return made


class DocsPage(OpenAPIRenderPlugin):
    """`/docs`: the document as one plain page."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return page(document(request.app)).encode()


class DocsJson(OpenAPIRenderPlugin):
    """`/docs/openapi.json`: the same as `/v1/openapi.json`."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json", media_type=MediaType.JSON)

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return msgspec.json.encode(document(request.app))


@get("/v1/openapi.json", opt={"public": True}, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The document."""
    body = msgspec.json.encode(document(request.app))
    return Response(body, media_type=MediaType.JSON, headers={"Cache-Control": "public, max-age=300"})


def config() -> OpenAPIConfig:
    """What Litestar needs to know."""
    return OpenAPIConfig(
        title="Master IA",
        version=VERSION,
        description=_INTRO,
        use_handler_docstrings=True,
        components=Components(
            security_schemes={
                "session": SecurityScheme(
                    type="http", scheme="bearer", description="A session token of `POST /v1/auth/sign-in`."
                ),
                "apiKey": SecurityScheme(
                    type="http", scheme="bearer", description="An API key `mia_live_…` of `POST /v1/api-keys`."
                ),
            }
        ),
        render_plugins=[DocsPage(), DocsJson()],
        openapi_router=Router(
            path="/docs",
            route_handlers=[],
            include_in_schema=False,
            opt={"public": True},
            response_headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"},
        ),
    )


_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1d2433;background:#fff}
h1,h2{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid #d5dae4;padding-bottom:.3rem}
details{border:1px solid #d5dae4;border-radius:8px;margin:.5rem 0;padding:.5rem .9rem}summary{cursor:pointer}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f4f6fa;padding:.7rem;border-radius:6px;overflow-x:auto}
b.m{display:inline-block;min-width:4rem;color:#2948a3}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e5e9f2;background:#12151c}pre{background:#1b202b}
details,h2{border-color:#333b4b}b.m{color:#93b0ff}a{color:#93b0ff}}
"""


def _e(text: object) -> str:
    return html.escape(str(text))


def _json(value: Any) -> str:
    return f"<pre>{_e(msgspec.json.format(msgspec.json.encode(value), indent=2).decode())}</pre>"


def page(document: dict[str, Any]) -> str:
    """HTML of the whole document, grouped by tag."""
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                groups.setdefault(next(iter(operation.get("tags", ["More"]))), []).append(_operation(path, method, operation))
    menu = " · ".join(f'<a href="#{_e(tag)}">{_e(tag)}</a>' for tag in groups)
    parts = "".join(f'<h2 id="{_e(tag)}">{_e(tag)}</h2>{"".join(operations)}' for tag, operations in groups.items())
    intro = "".join(f"<p>{_e(part)}</p>" for part in document["info"]["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Master IA API</title><style>{_STYLE}</style><h1>Master IA API</h1>{intro}"
        f'<p><a href="/v1/openapi.json">OpenAPI 3.1 document</a></p><p>{menu}</p>{parts}</html>'
    )


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_e(one['name'])}</code></td><td>{_e(one['in'])}</td><td>{_e(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    parts = [f"<p>{_e(operation.get('description', ''))}</p>", f"<table>{rows}</table>" if rows else ""]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{_e(kind)}</code></p>{_json(content.get('example'))}")
    for status, answer in sorted(operation["responses"].items()):
        contents = [content for content in answer.get("content", {}).values() if status < "300"]
        parts.append(
            f"<p><b>{_e(status)}</b> {_e(answer.get('description', ''))}</p>{''.join(_json(one.get('example')) for one in contents)}"
        )
    head = f'<b class="m">{method.upper()}</b> <code>{_e(path)}</code> {_e(operation.get("summary", ""))}'
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"
