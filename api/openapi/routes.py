"""Where the document is served: as JSON and as a page."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router, get
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from api.openapi.document import document
from api.openapi.page import page
from api.openapi.problems import HEADERS

VERSION = "1"
_OWN = "script-src 'self'; connect-src 'self'; form-action 'none'; base-uri 'none'"
PAGE_HEADERS = {name: f"{policy}; {_OWN}" for name, policy in HEADERS.items()}
_INTRO = """Everything that the panel does, it does through this interface.

Send `Authorization: Bearer <API key>` with every request. Lists come in pages: pass `next_cursor` back as `cursor`. Failures are
problem details (RFC 9457): switch on `code`; `type` is the address of a page about it, and `/docs/errors` lists them all. A POST that
creates, changes or sends takes an `Idempotency-Key`: repeating it with the same key, whatever happened to the first, gives the first answer again and does nothing twice. 429 and 503
say in `Retry-After` how many seconds to wait. Follow changes live on `/v1/events`.

Operation ids stay, so generated clients keep their names. Every answer has an `X-Request-Id`; send your own, and both logs have
the same. HEAD answers wherever GET does. A body may hold no field that is not named here; an answer may have new ones some day."""


class DocsPage(OpenAPIRenderPlugin):
    """`/docs`: the document as one page, with forms to try it."""

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


_SCRIPT = Path(__file__).with_name("try.js").read_bytes()


@get("/docs/try.js", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def try_script() -> Response[bytes]:
    """The script of `/docs`."""
    return Response(_SCRIPT, media_type="text/javascript", headers={"Cache-Control": "public, max-age=300"})


@get("/v1/openapi.json", opt={"public": True}, include_in_schema=False)
async def openapi_json(request: Request[Any, Any, Any]) -> Response[bytes]:
    """The document. It takes a second to make, once; others are served meanwhile."""
    body = msgspec.json.encode(await asyncio.to_thread(document, request.app))
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
                    type="http",
                    scheme="bearer",
                    description="An API key of `POST /v1/api-keys`: `mia_live_…`, or `mia_test_…`, which reaches the simulator only.",
                ),
            }
        ),
        render_plugins=[DocsPage(), DocsJson()],
        openapi_router=Router(
            path="/docs",
            route_handlers=[],
            include_in_schema=False,
            opt={"public": True},
            response_headers=PAGE_HEADERS,
        ),
    )
