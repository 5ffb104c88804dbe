"""Does a template send fit its template? The checks Meta makes before it accepts (codes 132000, 132012, 131008, …)."""

from typing import Any, Final

import msgspec

from workers.sandbox.meta.templates import MEDIA, VARIABLE, Template


class Refusal(Exception):
    """A send that is not accepted: vendor code and details."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(details)
        self.code = code
        self.details = details


class Shape(msgspec.Struct):
    """What a template asks for. `urls`: indexes of buttons that need a text; `codes`: of copy-code buttons; `flows`, `catalogs` and `products`: of those."""

    header: str
    header_variables: list[str]
    body: str
    variables: list[str]
    urls: list[str]
    codes: list[str]
    flows: list[str]
    catalogs: list[str]
    products: list[str]
    named: bool


_ACTIONS: Final = {"codes": "COPY_CODE", "flows": "FLOW", "catalogs": "CATALOG", "products": "MPM"}
_SHAPES: Final[dict[int, tuple[list[dict[str, Any]], Shape]]] = {}


def shape_of(template: Template) -> Shape:
    """The shape, worked out once for each version of the components."""
    known = _SHAPES.get(id(template))
    if known is not None and known[0] is template.components:
        return known[1]
    header = template.part("HEADER")
    body = str(template.part("BODY").get("text", ""))
    buttons = template.part("BUTTONS").get("buttons") or []
    variables = list(dict.fromkeys(VARIABLE.findall(body)))
    if template.category == "AUTHENTICATION":
        variables = ["1"]
    shape = Shape(
        header=str(header.get("format", "")).upper(),
        header_variables=VARIABLE.findall(str(header.get("text", ""))),
        body=body,
        variables=variables,
        urls=[str(at) for at, b in enumerate(buttons) if b.get("type") == "URL" and "{{" in str(b.get("url", ""))],
        **{name: [str(at) for at, b in enumerate(buttons) if b.get("type") == kind] for name, kind in _ACTIONS.items()},
        named=template.parameter_format == "NAMED",
    )
    _SHAPES[id(template)] = (template.components, shape)
    return shape


def check(template: Template, sent: list[Any]) -> None:
    """Raises `Refusal` when the components sent do not fit."""
    shape = shape_of(template)
    header: list[Any] = []
    body: list[Any] = []
    buttons: dict[str, list[Any]] = {}
    for component in sent:
        kind, parameters = _component(component)
        match kind:
            case "header":
                header = parameters
            case "body":
                body = parameters
            case "button":
                buttons[str(component.get("index", ""))] = parameters
            case _:
                raise Refusal(131009, f"Component type {kind!r} is not valid")
    _check_header(shape, header)
    _check_texts("body", body, shape.variables, shape.named)
    _check_length(shape, body)
    _check_buttons(shape, buttons)


def media_ids(sent: list[Any]) -> list[str]:
    """Of the files at the head, in components that passed `check`."""
    parameters = [one for part in sent if str(part.get("type", "")).lower() == "header" for one in part.get("parameters") or []]
    files = [one.get(str(one.get("type", "")).lower()) for one in parameters]
    return [str(file["id"]) for file in files if isinstance(file, dict) and file.get("id")]


def _component(component: Any) -> tuple[str, list[Any]]:
    """Kind and parameters of one component that was sent."""
    if not isinstance(component, dict):
        raise Refusal(131009, "components must be objects")
    kind = str(component.get("type", "")).lower()
    parameters = component.get("parameters") or []
    if not isinstance(parameters, list) or not all(isinstance(p, dict) for p in parameters):
        raise Refusal(131009, f"{kind}: parameters must be a list of objects")
    return kind, parameters


def _check_length(shape: Shape, body: list[Any]) -> None:
    size = len(shape.body) + sum(len(_text(p)) for p in body) - 5 * len(body)
    if shape.variables and size > 1024:
        raise Refusal(132005, f"body: text length {size} exceeds 1024")


def _check_buttons(shape: Shape, buttons: dict[str, list[Any]]) -> None:
    for index in shape.urls:
        given = buttons.get(index)
        if not given or not _text(given[0]):
            raise Refusal(131008, f"buttons: Button at index {index} of type Url requires a parameter")
    for index in shape.codes:
        given = buttons.get(index)
        if not given or not given[0].get("coupon_code"):
            raise Refusal(131008, f"buttons: Button at index {index} of type copy_code requires a coupon code")
    for index in (*shape.flows, *shape.catalogs, *shape.products):
        given = buttons.get(index)
        action = given[0].get("action") if given else None
        if not isinstance(action, dict):
            raise Refusal(131009, f"buttons: Button at index {index} requires an action")
        if index in shape.flows:
            continue
        if not action.get("thumbnail_product_retailer_id"):
            raise Refusal(131008, f"buttons: Button at index {index} requires thumbnail_product_retailer_id")
        if index in shape.products:
            _check_sections(index, action.get("sections"))


def _check_sections(index: str, sections: Any) -> None:
    listed = sections if isinstance(sections, list) else []
    items = [one for section in listed if isinstance(section, dict) for one in section.get("product_items") or []]
    if (
        not 1 <= len(items) <= 30
        or len(listed) > 10
        or not all(isinstance(one, dict) and one.get("product_retailer_id") for one in items)
    ):
        raise Refusal(131009, f"buttons: Button at index {index} needs 1 to 30 products in at most 10 sections")
    if len(listed) > 1 and not all(section.get("title") for section in listed):
        raise Refusal(131009, f"buttons: Button at index {index}: each section needs a title")


def _check_header(shape: Shape, given: list[Any]) -> None:
    if shape.header in MEDIA:
        kind = str(given[0].get("type", "")).upper() if given else "UNKNOWN"
        if kind != shape.header:
            raise Refusal(132012, f"header: Format mismatch, expected {shape.header}, received {kind}")
        value = given[0].get(kind.lower())
        if not isinstance(value, dict) or not (value.get("id") or value.get("link") or value.get("latitude")):
            raise Refusal(131008, f"header: {kind.lower()} needs an id or a link")
    else:
        _check_texts("header", given, shape.header_variables, shape.named)


def _check_texts(where: str, given: list[Any], expected: list[str], named: bool) -> None:
    if len(given) != len(expected):
        raise Refusal(
            132000,
            f"{where}: number of localizable_params ({len(given)}) does not match the expected number of params "
            f"({len(expected)})",
        )
    if named and expected:
        names = [p.get("parameter_name") for p in given]
        if not all(names):
            raise Refusal(100, "Parameter name is missing or empty")
        if set(names) != set(expected):
            raise Refusal(132012, f"{where}: parameter names {sorted(map(str, names))} do not match {sorted(expected)}")
    for parameter in given:
        kind = parameter.get("type", "text")
        if kind not in ("text", "currency", "date_time"):
            raise Refusal(132012, f"{where}: Format mismatch, expected TEXT, received {str(kind).upper()}")
        text = _text(parameter)
        if not text:
            raise Refusal(131008, "Parameter of type text is missing text value")
        if "\n" in text or "\t" in text or "     " in text:
            raise Refusal(132018, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces")


def _text(parameter: dict[str, Any]) -> str:
    kind = parameter.get("type", "text")
    value = parameter.get("text") if kind == "text" else (parameter.get(kind) or {}).get("fallback_value")
    return value if isinstance(value, str) else ""


def preview(template: Template, sent: list[Any]) -> str:
    """The body as the person reads it."""
    shape = shape_of(template)
    body = next((c.get("parameters") or [] for c in sent if str(c.get("type")).lower() == "body"), [])
    names = [p.get("parameter_name") for p in body] if shape.named else shape.variables
    values = dict(zip(names, map(_text, body), strict=False))
    return VARIABLE.sub(lambda match: values.get(match[1], match[0]), shape.body)
