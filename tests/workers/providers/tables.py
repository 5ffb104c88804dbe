"""Reads the JSON tables in `testdata/`."""

import json
from pathlib import Path
from typing import Any

import msgspec

TESTDATA = Path(__file__).parent / "testdata"


def table(name: str) -> Any:
    """The parsed content of `testdata/{name}.json`."""
    return json.loads((TESTDATA / f"{name}.json").read_text())


def body_bytes(body: object) -> bytes:
    """A body of a table: texts as they are, anything else as JSON."""
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def assert_like(actual: msgspec.Struct, expected: dict[str, Any]) -> None:
    """`is` names the type; every other key must equal the attribute (a nested struct: in the keys that are named)."""
    given = {"is": type(actual).__name__, **json.loads(msgspec.json.encode(actual))}
    wanted = {key: value for key, value in expected.items() if key != "why"}
    assert _named(given, wanted) == wanted


def _named(given: Any, wanted: Any) -> Any:
    if not isinstance(given, dict) or not isinstance(wanted, dict):
        return given
    return {key: _named(given.get(key, "<absent>"), value) for key, value in wanted.items()}
