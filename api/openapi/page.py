"""`/docs`: the document as one plain page, made here. Nothing is loaded from elsewhere, no script runs."""

import html
from typing import Any

import msgspec

_OF_ALL = frozenset({"X-Request-Id", "RateLimit", "RateLimit-Policy"})
METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
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


def _shown(content: dict[str, Any]) -> str:
    """The examples of a body."""
    if "example" in content:
        return _json(content["example"])
    return "".join(_json(each["value"]) for each in content.get("examples", {}).values())


def page(document: dict[str, Any]) -> str:
    """HTML of the whole document, grouped by tag."""
    groups: dict[str, list[str]] = {}
    for path, item in document["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                groups.setdefault(next(iter(operation.get("tags", ["More"]))), []).append(_operation(path, method, operation))
    menu = " · ".join(f'<a href="#{_e(tag)}">{_e(tag)}</a>' for tag in groups)
    parts = "".join(f'<h2 id="{_e(tag)}">{_e(tag)}</h2>{"".join(operations)}' for tag, operations in groups.items())
    intro = "".join(f"<p>{_e(part)}</p>" for part in document["info"]["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Master IA API</title><style>{STYLE}</style><h1>Master IA API</h1>{intro}"
        f'<p><a href="/v1/openapi.json">OpenAPI 3.1 document</a> · <a href="/docs/errors">Codes of problems</a></p><p>{menu}</p>{parts}</html>'
    )


def _codes(contents: list[dict[str, Any]]) -> str:
    """Links to the pages of the codes."""
    codes = [code for content in contents for code in content.get("examples", {})]
    return "".join(f' <a href="/docs/errors/{_e(code)}"><code>{_e(code)}</code></a>' for code in codes)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_e(one['name'])}</code></td><td>{_e(one['in'])}</td><td>{_e(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    parts = [f"<p>{_e(operation.get('description', ''))}</p>", f"<table>{rows}</table>" if rows else ""]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{_e(kind)}</code></p>{_shown(content)}")
    for status, answer in sorted(operation["responses"].items()):
        contents = list(answer.get("content", {}).values())
        shown = _codes(contents) if status >= "300" else "".join(_shown(one) for one in contents)
        headers = ", ".join(f"<code>{_e(name)}</code>" for name in answer["headers"] if name not in _OF_ALL)
        parts.append(f"<p><b>{_e(status)}</b> {_e(answer['description'])} {headers}{shown}</p>")
    head = f'<b class="m">{method.upper()}</b> <code>{_e(path)}</code> {_e(operation.get("summary", ""))}'
    return f"<details><summary>{head}</summary>{''.join(parts)}</details>"
