"""The document's `webhooks`: what a company's own server is sent, one entry for each type, with its schema and an example."""

from typing import Any

from api.openapi.schemas import REF, Schema
from db.webhooks import catalogue
from db.webhooks.catalogue import Kind

_SIGNED = "`v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`; several while a secret is replaced, separated by spaces."
_HEADERS = (
    ("webhook-id", True, "The same at every try: what came twice is told by it.", {"type": "string"}, "msg_0d6e7c1f4b2a5c3e9f108a7b6c5d4e3f"),
    ("webhook-timestamp", True, "When this try began, in seconds since 1970.", {"type": "string"}, "1767225600"),
    ("webhook-signature", True, _SIGNED, {"type": "string"}, "v1,czD0i/JIwL55k2Nh62lMAwF3tbw8oZjs2sKyftt90tY="),
    (
        "x-webhook-signature", False, "Where `legacy_signature` was chosen: the hex HMAC-SHA256 of the body, keyed with the text of `legacy_secret`.",
        {"type": "string"}, "4c77128fe4c8b6a3763f3924abc05ffc34a94fc4abeb36f4b3ef72581ef00bbb",
    ),
)  # fmt: skip
_ANSWERS = {
    "2XX": {"description": "It arrived. Answer first, and work on it afterwards: after 20 seconds it counts as failed."},
    "410": {"description": "Nothing more is sent until somebody switches the webhook on again."},
    "default": {
        "description": "It is sent again for three days, no earlier than `Retry-After` says; redirects are not followed."
    },
}


def shapes() -> list[type]:
    """What the bodies hold as `data`."""
    return [kind.shape for kind in catalogue.KINDS.values()]


def describe(document: dict[str, Any], shaped: list[Schema]) -> None:
    """Adds them in place. `shaped`: the schemas of `shapes`."""
    parameters = [
        {"name": name, "in": "header", "required": required, "description": text, "schema": schema, "example": shown}
        for name, required, text, schema, shown in _HEADERS
    ]
    document["webhooks"] = {}
    for kind, data in zip(catalogue.KINDS.values(), shaped, strict=True):
        name = "".join(part.capitalize() for part in kind.type.replace(".", "_").split("_")) + "Webhook"
        document["components"]["schemas"][name] = _body(name, kind, data)
        document["webhooks"][kind.type.value] = {
            "post": {
                "operationId": f"on_{kind.type.replace('.', '_')}",
                "summary": kind.type.value,
                "description": f"{kind.about} Needs {_needed(kind)}.",
                "tags": ["Webhooks"],
                "security": [],
                "parameters": parameters,
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": {"$ref": REF + name}, "example": example(kind)}},
                },
                "responses": _ANSWERS,
            }
        }


def example(kind: Kind) -> dict[str, Any]:
    """A whole body."""
    return {"type": kind.type.value, "timestamp": "2026-01-10T12:00:00.000000Z", "sequence": 4711, "data": kind.example}


def _needed(kind: Kind) -> str:
    return " and ".join(f"`{permission}`" for permission in sorted(kind.permissions))


def _body(name: str, kind: Kind, data: Schema) -> Schema:
    return {
        "title": name,
        "description": kind.about,
        "type": "object",
        "required": ["type", "timestamp", "sequence", "data"],
        "properties": {
            "type": {"const": kind.type.value},
            "timestamp": {"type": "string", "format": "date-time", "description": "When it happened, not when it is sent."},
            "sequence": {
                "type": "integer",
                "description": "Rises with each event of the company; of one entity, in the order of what happened.",
                "examples": [4711],
            },
            "data": data,
        },
        "x-permissions": sorted(kind.permissions),
    }
