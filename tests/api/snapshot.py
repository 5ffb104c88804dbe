"""The public document as lines that a review can read: one for each parameter, body, answer and field. `just document` writes them to
`document.txt`; a test holds the document against it. A line that goes or changes may break a partner: `CHANGELOG.md` names it."""

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

PLACE = Path(__file__).with_name("document.txt")
_WORDS = ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default")


def lines(document: dict[str, Any]) -> list[str]:
    """Sorted, so that a change stands where the thing stands."""
    told = {f"Webhook {type}: {_body(item['post'])}" for type, item in document["webhooks"].items()}
    return sorted({*_operations(document), *_schemas(document), *told})


def _body(operation: dict[str, Any]) -> str:
    return _kind(operation["requestBody"]["content"]["application/json"]["schema"])


def _operations(document: dict[str, Any]) -> Iterator[str]:
    everything = [operation for item in document["paths"].values() for operation in item.values()]
    times = Counter(code for operation in everything for code in _refusals(operation))
    usual = {code for code, count in times.items() if count > len(everything) / 5}  # what may happen to many says nothing of one
    yield f"Many operations refuse: {' '.join(sorted(usual))}"
    for path, item in document["paths"].items():
        for method, operation in item.items():
            name = operation["operationId"]
            yield f"{name}: {method.upper()} {path}"
            for each in operation.get("parameters", ()):
                if each["in"] != "header":
                    need = "" if each.get("required") else "?"
                    yield f"{name} {each['in']} {each['name']}{need}: {_kind(each.get('schema', {}))}"
            for media, content in operation.get("requestBody", {}).get("content", {}).items():
                yield f"{name} takes {media}: {_kind(content.get('schema', {}))}"
            for status, answer in operation["responses"].items():
                for media, content in answer.get("content", {}).items():
                    if status < "300":
                        yield f"{name} gives {status} {media}: {_kind(content.get('schema', {}))}"
                if not answer.get("content"):
                    yield f"{name} gives {status}"
            if own := [code for code in _refusals(operation) if code not in usual]:
                yield f"{name} refuses: {' '.join(own)}"


def _refusals(operation: dict[str, Any]) -> list[str]:
    """With their statuses."""
    found = []
    for status, answer in operation["responses"].items():
        for content in answer.get("content", {}).values():
            found += [f"{status} {code}" for code in sorted(content.get("examples", {}))] if status >= "300" else []
    return found


def _schemas(document: dict[str, Any]) -> Iterator[str]:
    for component, schema in document["components"]["schemas"].items():
        if "properties" not in schema:
            yield f"{component}: {_kind(schema)}"
        for name, field in schema.get("properties", {}).items():
            yield f"{component}.{name}{'' if name in schema.get('required', ()) else '?'}: {_kind(field)}"


def _kind(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"]).rsplit("/", 1)[-1]
    for word in ("anyOf", "oneOf"):
        if word in schema:
            return " | ".join(sorted(_kind(each) for each in schema[word]))
    if "enum" in schema:
        return " ".join(json.dumps(each, ensure_ascii=False) for each in sorted(schema["enum"], key=str))
    if "const" in schema:
        return json.dumps(schema["const"], ensure_ascii=False)
    kind = schema.get("type", "anything")
    kind = "/".join(kind) if isinstance(kind, list) else str(kind)
    if "items" in schema:
        kind = f"list of {_kind(schema['items'])}"
    if isinstance(schema.get("additionalProperties"), dict):
        kind = f"map to {_kind(schema['additionalProperties'])}"
    said = " ".join(f"{word}={json.dumps(schema[word], ensure_ascii=False)}" for word in _WORDS if word in schema)
    return f"{kind} {said}".strip()


def main() -> None:
    """Writes the lines anew. No server is asked: the document follows from the code."""
    from api.app import create_app  # slow, and only here
    from api.openapi.document import document
    from db.settings import Settings

    settings = Settings(database_url="postgresql://masteria_app@nowhere/x", valkey_url="redis://nowhere")
    made = json.loads(msgspec.json.encode(document(create_app(settings))))
    PLACE.write_text("\n".join(lines(made)) + "\n", encoding="utf-8")
    sys.stdout.write(f"{PLACE.name}: {len(lines(made))} lines\n")


if __name__ == "__main__":
    main()
