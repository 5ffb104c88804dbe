"""What each tool takes, out of the API's own document: names, types and limits are those of the operation, so the two cannot part."""

from typing import Any, NamedTuple

from api.mcp.tools import Tool

Schema = dict[str, Any]
_REF = "#/components/schemas/"
_LEFT_OUT = frozenset(
    {"pattern", "examples", "title", "propertyNames", "discriminator"}
)  # the API checks them; agents need no regex

KEY: Schema = {
    "type": "string",
    "minLength": 8,
    "maxLength": 200,
    "pattern": r"^[\x21-\x7e]+$",
    "description": "A word of your own for this one intent. The same again, when you repeat it, does nothing twice.",
}
CONFIRM: Schema = {"type": "boolean", "description": "true only when a person said yes to exactly this."}
OUTPUT: Schema = {
    "type": "object",
    "properties": {
        "notice": {"type": "string", "description": "How to read the result."},
        "result": {"description": "The API's answer, as its OpenAPI document describes it."},
        "request_id": {"type": "string"},
    },
    "required": ["notice", "result", "request_id"],
}


class Bound(NamedTuple):
    """A tool with its operation."""

    tool: Tool
    method: str
    path: str
    in_path: frozenset[str]
    in_query: frozenset[str]
    has_body: bool
    input: Schema


def bind(document: dict[str, Any], tools: tuple[Tool, ...]) -> dict[str, Bound]:
    """By name. Raises KeyError for a tool whose operation or field the document does not have."""
    found = {
        operation["operationId"]: (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "operationId" in operation
    }
    return {tool.name: _bind(tool, *found[tool.operation], document["components"]["schemas"]) for tool in tools}


def _bind(tool: Tool, method: str, path: str, operation: dict[str, Any], components: dict[str, Schema]) -> Bound:
    parameters = {each["name"]: each for each in operation["parameters"] if each["in"] in ("path", "query")}
    body = _body(operation, components)
    fields = dict(body.get("properties", {}))
    required = set(body.get("required", ()))
    if tool.as_content:
        kinds = fields["content"]["discriminator"]["mapping"]
        content = components[kinds[tool.as_content].removeprefix(_REF)]
        fields |= {name: content["properties"][name] for name in tool.content_of}
        required |= set(content.get("required", ()))
    properties: Schema = {}
    for name in tool.takes:
        if name in parameters:
            one = parameters[name]
            properties[name] = {**_plain(one["schema"], components), **_said(one)}
            required |= {name} if one.get("required") else set()
        else:
            properties[name] = {**_plain(fields[name], components), **_said(fields[name])}
    required |= set(tool.required)
    if tool.keyed:
        properties["idempotency_key"] = KEY
        required.add("idempotency_key")
    if tool.confirms or tool.policy:
        properties["confirm"] = CONFIRM
        required |= {"confirm"} if tool.confirms else set()
    return Bound(
        tool=tool,
        method=method.upper(),
        path=path,
        in_path=frozenset(name for name, each in parameters.items() if each["in"] == "path"),
        in_query=frozenset(name for name, each in parameters.items() if each["in"] == "query"),
        has_body=bool(body),
        input={
            "type": "object",
            "properties": properties,
            "required": [name for name in properties if name in required],
            "additionalProperties": False,
        },
    )


def _body(operation: dict[str, Any], components: dict[str, Schema]) -> Schema:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    schema: Schema = content.get("schema", {})
    return components[schema["$ref"].removeprefix(_REF)] if "$ref" in schema else schema


def _said(schema: Schema) -> Schema:
    return {"description": schema["description"]} if schema.get("description") else {}


def _plain(value: Any, components: dict[str, Schema]) -> Any:
    """Without references: every part stands where it is used."""
    if isinstance(value, list):
        return [_plain(each, components) for each in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _plain(components[value["$ref"].removeprefix(_REF)], components)
    return {name: each if name == "enum" else _plain(each, components) for name, each in value.items() if name not in _LEFT_OUT}
