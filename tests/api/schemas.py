"""Values held against the schemas of the OpenAPI document; each schema is compiled once."""

import json
from typing import Any

import jsonschema_rs

_DOCUMENT = "urn:document"


class Schemas:
    """The document's schemas, formats included. `closed`: an object has no field that its schema does not name."""

    def __init__(self, document: dict[str, Any], *, closed: bool = False) -> None:
        components = json.loads(json.dumps(document["components"]))
        for schema in components["schemas"].values() if closed else ():
            if "properties" in schema:
                schema.setdefault("additionalProperties", False)
        resources = [(_DOCUMENT, {"components": components})]
        self._registry = jsonschema_rs.Registry(resources, draft=jsonschema_rs.Draft202012)
        self._compiled: dict[str, jsonschema_rs.Draft202012Validator] = {}

    def errors(self, schema: dict[str, Any], value: Any) -> list[tuple[list[str | int], str]]:
        """Where the value is wrong, and what is."""
        text = json.dumps(schema).replace('"#/', f'"{_DOCUMENT}#/')
        if text not in self._compiled:
            self._compiled[text] = jsonschema_rs.Draft202012Validator(
                json.loads(text), registry=self._registry, validate_formats=True
            )
        return [(list(error.instance_path), error.message) for error in self._compiled[text].iter_errors(value)]
