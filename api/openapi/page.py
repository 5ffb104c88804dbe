"""`/docs`: the document as one page, made here, with a form to try each operation. Nothing is loaded from elsewhere; without its one
script (`try.js`) everything can be read all the same."""

import html
import re
from typing import Any

import msgspec

_TOP = (
    '<p>Every operation can be tried here. It is the real thing: what you send is done.</p><div class="top">'
    '<label><span>API key (kept in this field only)</span><input id="key" type="password" autocomplete="off" spellcheck="false"></label>'
    '<label><span>Find an operation</span><input id="find" type="search" autocomplete="off"></label></div>'
)
_OF_ALL = frozenset({"X-Request-Id", "RateLimit", "RateLimit-Policy", "Master-Version", "Deprecation", "Sunset"})
METHODS = ("get", "post", "put", "patch", "delete")
STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;color:#1d2433;background:#fff}
h1,h2{line-height:1.2}h2{margin-top:2.5rem;border-bottom:1px solid #d5dae4;padding-bottom:.3rem}
details{border:1px solid #d5dae4;border-radius:8px;margin:.5rem 0;padding:.5rem .9rem}summary{cursor:pointer}
code,pre{font:13px/1.5 ui-monospace,monospace}pre{background:#f4f6fa;padding:.7rem;border-radius:6px;overflow-x:auto}
input,textarea,button{font:13px/1.5 ui-monospace,monospace;color:inherit;background:transparent;border:1px solid #8a93a6;border-radius:6px;padding:.35rem .6rem}
label{display:block;margin:.5rem 0}label span{display:block;font-size:.85rem}input,textarea{width:100%;box-sizing:border-box}
textarea{min-height:9rem}button{cursor:pointer;padding:.4rem 1.2rem}:focus-visible{outline:2px solid #2948a3;outline-offset:2px}
output{display:block;white-space:pre-wrap;overflow-wrap:anywhere;font:13px/1.5 ui-monospace,monospace;margin-top:.6rem}
.top{position:sticky;top:0;display:flex;align-items:end;gap:.8rem;background:inherit;padding:.4rem 0}.top label{flex:1;margin:0}
b.m{display:inline-block;min-width:4rem;color:#2948a3}td,th{text-align:left;padding:.15rem .8rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#e5e9f2;background:#12151c}pre{background:#1b202b}
details,h2{border-color:#333b4b}b.m{color:#93b0ff}a{color:#93b0ff}}
"""


def _e(text: object) -> str:
    return html.escape(str(text))


def _said(text: str) -> str:
    """A sentence of the document, what stands in backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _e(text))


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
    groups["Sent to you"] = [_told(type, item["post"]) for type, item in document["webhooks"].items()]
    menu = " · ".join(f'<a href="#{_e(tag)}">{_e(tag)}</a>' for tag in groups)
    parts = "".join(f'<h2 id="{_e(tag)}">{_e(tag)}</h2>{"".join(operations)}' for tag, operations in groups.items())
    intro = "".join(f"<p>{_said(part)}</p>" for part in document["info"]["description"].split("\n\n"))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Master IA API</title><style>{STYLE}</style><h1>Master IA API</h1>{intro}"
        f'<p><a href="/v1/openapi.json">OpenAPI 3.1 document</a> · <a href="/docs/errors">Codes of problems</a></p>{_TOP}<p>{menu}</p>{parts}'
        '<script src="/docs/try.js" defer></script></html>'
    )


def _codes(contents: list[dict[str, Any]]) -> str:
    """Links to the pages of the codes."""
    codes = [code for content in contents for code in content.get("examples", {})]
    return "".join(f' <a href="/docs/errors/{_e(code)}"><code>{_e(code)}</code></a>' for code in codes)


def _operation(path: str, method: str, operation: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><td><code>{_e(one['name'])}</code></td><td>{_e(one['in'])}</td><td>{_said(one.get('description', ''))}</td></tr>"
        for one in operation.get("parameters", ())
    )
    parts = [f"<p>{_said(operation.get('description', ''))}</p>", f"<table>{rows}</table>" if rows else ""]
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, <code>{_e(kind)}</code></p>{_shown(content)}")
    for status, answer in sorted(operation["responses"].items()):
        contents = list(answer.get("content", {}).values())
        shown = _codes(contents) if status >= "300" else "".join(_shown(one) for one in contents)
        headers = ", ".join(f"<code>{_e(name)}</code>" for name in answer["headers"] if name not in _OF_ALL)
        parts.append(f"<p><b>{_e(status)}</b> {_said(answer['description'])} {headers}{shown}</p>")
    head = f'<b class="m">{method.upper()}</b> <code>{_e(path)}</code> {_e(operation.get("summary", ""))}'
    parts.append(_form(path, method, operation))
    return f"<details class=op><summary>{head}</summary>{''.join(parts)}</details>"


def _told(type: str, operation: dict[str, Any]) -> str:
    """What a webhook of this type sends."""
    (content,) = operation["requestBody"]["content"].values()
    shown = f"<p>{_said(operation['description'])}</p>{_json(content['example'])}"
    return f'<details class=op><summary><b class="m">event</b> <code>{_e(type)}</code></summary>{shown}</details>'


def _form(path: str, method: str, operation: dict[str, Any]) -> str:
    """Fields for a request. None for files, and for what never ends."""
    contents = operation.get("requestBody", {}).get("content", {})
    endless = any("text/event-stream" in answer.get("content", ()) for answer in operation["responses"].values())
    if endless or any(kind != "application/json" for kind in contents):
        return ""
    fields = "".join(_field(one) for one in operation.get("parameters", ()) if one.get("style") != "form")
    if "application/json" in contents:
        content = contents["application/json"]
        several: list[dict[str, Any]] = list(content.get("examples", {}).values())
        shown = several[0]["value"] if several else content["example"]
        text = msgspec.json.format(msgspec.json.encode(shown), indent=2).decode()
        fields += f"<label><span>Body</span><textarea name=body spellcheck=false>{_e(text)}</textarea></label>"
    return (
        f'<details><summary>Try it</summary><form class="try" data-method="{method.upper()}" data-path="{_e(path)}">{fields}'
        '<button>Send</button><output aria-live="polite"></output></form></details>'
    )


def _field(one: dict[str, Any]) -> str:
    must = " required" if one.get("required") else ""
    name, where = _e(one["name"]), _e(one["in"])
    return f'<label><span>{name} ({where})</span><input name="{name}" data-in="{where}" autocomplete="off"{must}></label>'
