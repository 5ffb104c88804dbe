"""JSON Schemas of the contract, by msgspec itself: they say exactly what is read and written. And an example of each, from the
examples on the fields."""

import re
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

import msgspec

from api.contract.base import Page

Schema = dict[str, Any]
REF = "#/components/schemas/"
_PAGE = re.compile(rb"\bPage_(\w+?)_(?=\")")
_FORMATS: dict[str, Any] = {
    "uuid": "0197a1c2-7d3e-7c11-9a55-2f6d0c8b1e42",
    "date-time": "2026-03-02T14:05:00Z",
    "date": "2026-03-02",
    "binary": "nome;telefone\nAna;+5511987654321\n",
}


def describe(types: list[Any]) -> tuple[list[Schema], dict[str, Schema]]:
    """The schema of each type, and the components to which they refer. `Page[Tag]` is called `TagPage`."""
    made = msgspec.json.schema_components(types, ref_template=REF + "{name}")
    schemas, components = msgspec.json.decode(_PAGE.sub(rb"\1Page", msgspec.json.encode(made)))
    enums = {enum.__name__: enum for enum in _enums(StrEnum)}
    for name, component in components.items():
        component["title"] = name
        if "enum" in component:
            component |= {"type": "string", "enum": [member.value for member in enums[name]]}
    return schemas, components


def _enums(base: type[StrEnum]) -> Iterator[type[StrEnum]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _enums(kind)


def page_of(type: Any) -> bool:
    """Whether a type is a page of a list."""
    return getattr(type, "__origin__", type) is Page


def always_there(written: list[Schema], read: list[Schema], components: dict[str, Schema]) -> None:
    """What is only ever written has all its fields, in place: those with a default too."""
    for name in reachable(written, components) - reachable(read, components):
        component = components[name]
        if "properties" in component:
            component["required"] = list(component["properties"])
            for field in component["properties"].values():
                default = field.pop("default", None)
                if isinstance(default, str):
                    field.setdefault("examples", [default])


def reachable(schemas: list[Schema], components: dict[str, Schema]) -> set[str]:
    """Names of all components to which the schemas lead."""
    found, open = set[str](), [name for schema in schemas for name in _refs(schema)]
    while open:
        name = open.pop()
        if name not in found:
            found.add(name)
            open += _refs(components[name])
    return found


def _refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].removeprefix(REF)
        for item in value.values():
            yield from _refs(item)
    elif isinstance(value, list):
        for item in value:
            yield from _refs(item)


class NoExample(Exception):
    """A text of which no example is given; `args` is its path."""


def example(schema: Schema, components: dict[str, Schema], path: str = "") -> Any:
    """A valid value: by the examples on the fields, else the first of the allowed values, else the plainest of its type. What may be
    null is null, what may be left out is left out, unless it has an example. Raises NoExample."""
    if "examples" in schema:
        return schema["examples"][0]
    if "$ref" in schema:
        return example(components[schema["$ref"].removeprefix(REF)], components, path)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return _of_any(schema["anyOf"], components, path)
    if schema.get("type") == "object":
        return _of_object(schema, components, path)
    if schema.get("type") == "array":
        return _of_array(schema, components, path)
    return _of_scalar(schema, path)


def _of_any(options: list[Schema], components: dict[str, Schema], path: str) -> Any:
    if given := next((option for option in options if "examples" in option), None):
        return given["examples"][0]
    return None if {"type": "null"} in options else example(options[0], components, path)


def _of_object(schema: Schema, components: dict[str, Schema], path: str) -> dict[str, Any]:
    fields, needed = schema.get("properties", {}), schema.get("required", ())
    found = {}
    for name, field in fields.items():
        try:
            value = example(field, components, f"{path}.{name}")
        except NoExample:  # tests/api/test_document.py names the field
            value = name if name in needed else None
        if name in needed or value not in (None, [], {}):
            found[name] = value
    return found


def _of_array(schema: Schema, components: dict[str, Schema], path: str) -> list[Any]:
    try:
        return [example(schema["items"], components, path)]
    except NoExample:
        if schema.get("minItems"):
            raise
        return []


def _of_scalar(schema: Schema, path: str) -> Any:
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    low = schema.get("minimum", schema.get("exclusiveMinimum", -1) + 1)
    plain = {"integer": low, "number": low, "boolean": False}.get(str(schema.get("type")))
    if plain is None:
        raise NoExample(path)
    return schema.get("default", plain)
