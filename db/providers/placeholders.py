"""The placeholders of a template, named and ordered once for campaign code, payload builder and screens.

The order is the order in which values are given: header, body, buttons by index. Positional ones are called `header.1`,
`1`, `2`, `button.0.1`; named ones by their name; a header that needs a file or a place `header.image`, `header.latitude`.
A button to the catalogue takes the number of the product that is shown, `button.0.product`, or those of all, `button.0.products`.
`workers/providers/meta/templates.py` finds its slots in the same order; a test compares the two.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")
FILES = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}
CATALOG = {"CATALOG": "product", "MPM": "products"}
PLACE = ("latitude", "longitude", "name", "address")


def variables(text: str) -> list[str]:
    """The names in a text, each once: numbers in their order, names as they stand."""
    names = list(dict.fromkeys(VARIABLE.findall(text)))
    return sorted(names, key=int) if all(name.isdigit() for name in names) else names


def placeholders(
    components: Iterable[Mapping[str, Any]], parameter_format: str = "positional", category: str = "marketing"
) -> list[str]:
    """What has to be filled before the template can be sent. In authentication templates the button repeats the body's code."""
    by_kind = {str(component.get("type") or "").upper(): component for component in components}
    named = parameter_format.lower() == "named"
    body = variables(str(by_kind.get("BODY", {}).get("text") or ""))
    found = [*_header(by_kind.get("HEADER"), named, body), *body]
    code_given = category.lower() == "authentication" and bool(body)
    for index, button in enumerate(by_kind.get("BUTTONS", {}).get("buttons") or ()):
        kind = str(button.get("type") or "").upper()
        linked = kind == "OTP" or (kind == "URL" and VARIABLE.search(str(button.get("url") or "")))
        if kind == "COPY_CODE" or (linked and not code_given):
            found.append(f"button.{index}.1")
        elif kind in CATALOG:
            found.append(f"button.{index}.{CATALOG[kind]}")
    return found


def _header(header: Mapping[str, Any] | None, named: bool, body: list[str]) -> list[str]:
    if header is None:
        return []
    form = str(header.get("format") or "TEXT").upper()
    if form in FILES:
        return [f"header.{FILES[form]}"]
    if form == "LOCATION":
        return [f"header.{field}" for field in PLACE]
    names = variables(str(header.get("text") or ""))
    return [name if named and name not in body else f"header.{name}" for name in names]
