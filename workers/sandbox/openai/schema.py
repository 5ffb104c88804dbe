"""Values that fit a JSON schema: what is proposed where it fits, else the smallest thing that does.

Knows what strict schemas of tools and answers use: types, enums, unions, `$ref`, bounds, formats. A `pattern` is kept when the proposal
meets it.
"""

import re
from collections.abc import Callable
from typing import Any, Final

MISSING: Final = object()
Ask = Callable[[str, dict[str, Any]], Any]
"""(name of the property, its schema) → a proposal, or MISSING."""
Schema = dict[str, Any]
_FORMATS: Final = {
    "date-time": ("2026-01-02T10:00:00Z", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)")),
    "date": ("2026-01-02", re.compile(r"\d{4}-\d\d-\d\d")),
    "time": ("10:00:00Z", re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?")),
    "email": ("ana@example.com", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    "uri": ("https://example.com/", re.compile(r"https?://\S+")),
    "uuid": ("00000000-0000-4000-8000-000000000000", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
}


def nothing(name: str, schema: Schema) -> Any:
    """Proposes nothing: the smallest value that fits."""
    return MISSING


def build(schema: Schema, ask: Ask = nothing, given: Any = MISSING) -> Any:
    """A value of this schema. `given` counts first, then what `ask` says of each property that `given` leaves out."""
    return _Builder(schema, ask).value(schema, given)


class _Builder:
    def __init__(self, root: Schema, ask: Ask) -> None:
        self._root = root
        self._ask = ask

    def resolved(self, schema: Schema) -> Schema:
        seen = 0
        while "$ref" in schema and seen < 20:
            found: Any = self._root
            for part in schema["$ref"].removeprefix("#").strip("/").split("/"):
                found = found[part] if part else found
            schema, seen = found, seen + 1
        return schema

    def value(self, schema: Schema, given: Any) -> Any:
        schema = self.resolved(schema)
        for key in ("anyOf", "oneOf"):
            if key in schema:
                return self.one_of([self.resolved(one) for one in schema[key]], given)
        for part in schema.get("allOf", []):
            schema = {**schema, **self.resolved(part)}
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return _chosen(schema["enum"], given)
        kinds = types(schema)
        kind = next((one for one in kinds if _is(one, given)), "")
        if not kind:
            kind = (
                "null"
                if given in (MISSING, None) and "null" in kinds
                else next(one for one in kinds if one != "null" or len(kinds) == 1)
            )
        return self.of_kind(kind, schema, given)

    def of_kind(self, kind: str, schema: Schema, given: Any) -> Any:
        match kind:
            case "object":
                return self.object(schema, given if isinstance(given, dict) else {})
            case "array":
                return self.array(schema, given)
            case "string":
                return _string(schema, given)
            case "integer" | "number":
                return _number(kind, schema, given)
            case "boolean":
                return given if isinstance(given, bool) else False
            case _:
                return None

    def one_of(self, choices: list[Schema], given: Any) -> Any:
        """The first alternative that takes `given` as it is, else null, else the first."""
        if given is not MISSING:
            for choice in choices:
                built = self.value(choice, given)
                if built == given and type(built) is type(given):
                    return built
            same = [c for c in choices if any(_is(kind, given) for kind in types(c))]
            if same:
                return self.value(same[0], given)
        empty = [choice for choice in choices if "null" in types(choice)]
        return None if empty else self.value(choices[0], given)

    def object(self, schema: Schema, given: dict[str, Any]) -> dict[str, Any]:
        made: dict[str, Any] = {}
        properties: dict[str, Schema] = schema.get("properties", {})
        required = set(schema.get("required", ()))
        for name, part in properties.items():
            proposed = given.get(name, MISSING)
            if proposed is MISSING:
                proposed = self._ask(name, self.resolved(part))
            if proposed is not MISSING or name in required:
                made[name] = self.value(part, proposed)
        for name in required - made.keys():
            made[name] = ""
        if schema.get("additionalProperties", True) is not False:
            made |= {name: value for name, value in given.items() if name not in made}
        return made

    def array(self, schema: Schema, given: Any) -> list[Any]:
        items: Schema = schema.get("items", {})
        proposed = list(given) if isinstance(given, (list, tuple)) else [] if given in (MISSING, None) else [given]
        made = [self.value(items, one) for one in proposed[: schema.get("maxItems", len(proposed))]]
        while len(made) < schema.get("minItems", 0):
            made.append(self.value(items, MISSING))
        return made


def types(schema: Schema) -> list[str]:
    """What a value may be; guessed from what the schema says when it names no type."""
    kind = schema.get("type")
    if isinstance(kind, list):
        return list(kind)
    if kind:
        return [kind]
    if "properties" in schema:
        return ["object"]
    if "items" in schema:
        return ["array"]
    if "anyOf" in schema:
        return [one for choice in schema["anyOf"] for one in types(choice)]
    if "enum" in schema:
        return ["null" if None in schema["enum"] else "string"]
    return ["string"]


def _is(kind: str, value: Any) -> bool:
    match kind:
        case "null":
            return value is None
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, (int, float)) and not isinstance(value, bool)
        case "string":
            return isinstance(value, str)
        case "array":
            return isinstance(value, (list, tuple))
        case _:
            return isinstance(value, dict)


def _chosen(values: list[Any], given: Any) -> Any:
    for value in values:
        if value == given and type(value) is type(given):
            return value
    if isinstance(given, str):
        for value in values:
            if isinstance(value, str) and value.casefold() == given.casefold():
                return value
    return None if None in values else values[0]


def _string(schema: Schema, given: Any) -> str:
    text = given if isinstance(given, str) else "" if given in (MISSING, None) else str(given)
    form = _FORMATS.get(schema.get("format", ""))
    if form and not form[1].fullmatch(text):
        text = form[0]
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, text):
        text = next(
            (one for one in ("a", "A", "1", "00", "10:00", "2026-01-02", "a1", "#000000") if re.search(pattern, one)), text
        )
    least, most = schema.get("minLength", 0), schema.get("maxLength")
    return text.ljust(least, "-")[:most]


def _number(kind: str, schema: Schema, given: Any) -> float:
    number: float = given if _is("number", given) else 0
    if "exclusiveMinimum" in schema and number <= schema["exclusiveMinimum"]:
        number = schema["exclusiveMinimum"] + 1
    if "exclusiveMaximum" in schema and number >= schema["exclusiveMaximum"]:
        number = schema["exclusiveMaximum"] - 1
    number = min(max(number, schema.get("minimum", number)), schema.get("maximum", number))
    return int(number) if kind == "integer" else number
