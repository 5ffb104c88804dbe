"""A page for each code of a problem, which the `type` of the problem names: what it means and what to do, in English and Portuguese,
and which operations answer it. `/docs/errors` lists them all, and what may be wrong with single fields."""

import html
from typing import Annotated, Any

from litestar import MediaType, Request, Response, get
from litestar.params import PathParameter

from api.contract.problems import ERROR_LISTS, ERRORS, FIELD_LISTS
from api.openapi.document import document
from api.openapi.page import METHODS, STYLE
from api.translations import portuguese
from db.errors import Code, ErrorCode, RequestError, places

HEADERS = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"}


def _e(text: object) -> str:
    return html.escape(str(text))


def _page(title: str, body: str) -> Response[str]:
    text = (
        '<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<title>{_e(title)}</title><style>{STYLE}</style><h1>{_e(title)}</h1>{body}<p><a href="/docs/errors">Codes of problems</a> · '
        '<a href="/docs">All operations</a></p></html>'
    )
    return Response(text, media_type=MediaType.HTML, headers=HEADERS)


def _sentences(code: Code) -> str:
    return f'<p>{_e(code.sentence)}</p><p lang="pt-BR">{_e(portuguese(code.sentence))}</p>'


def _answered_by(made: dict[str, Any], code: ErrorCode) -> str:
    rows = [
        f"<li><code>{method.upper()} {_e(path)}</code> {_e(item[method].get('summary', ''))}</li>"
        for path, item in made["paths"].items()
        for method in METHODS
        if method in item
        for content in item[method]["responses"].get(str(code.status), {}).get("content", {}).values()
        if code in content.get("examples", {})
    ]
    return f"<h2>Answered by</h2><ul>{''.join(rows)}</ul>" if rows else ""


@get("/docs/errors/{code:str}", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def error_page(request: Request[Any, Any, Any], code: Annotated[str, PathParameter(max_length=60)]) -> Response[str]:
    """What one code means."""
    found = ERRORS.get(code)
    if found is None:
        raise RequestError.NOT_FOUND(what="page")
    names = ", ".join(f"<code>{_e(name)}</code>" for name in places(found.sentence))
    params = f"<p>With <code>params</code>: {names}.</p>" if names else ""
    head = f"<p>Status <b>{found.status}</b>, <code>code</code> <b>{_e(found)}</b></p>"
    return _page(found.headline, head + _sentences(found) + params + _answered_by(document(request.app), found))


@get("/docs/errors", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def error_index() -> Response[str]:
    """All codes: of problems, and of single fields."""
    problems = "".join(
        f'<tr><td><a href="/docs/errors/{_e(code)}"><code>{_e(code)}</code></a></td><td>{code.status}</td><td>{_sentences(code)}</td></tr>'
        for each in ERROR_LISTS
        for code in each
    )
    fields = "".join(
        f"<tr><td><code>{_e(code)}</code></td><td>{_sentences(code)}</td></tr>" for each in FIELD_LISTS for code in each
    )
    return _page(
        "Codes of problems",
        f"<table>{problems}</table><h2>Codes of single fields</h2><p>In <code>errors</code> of a problem.</p><table>{fields}</table>",
    )
