"""The words that WhatsApp's binary language shortens, read from the installed engine: no dictionary of WhatsApp's is kept here."""

import ast
from pathlib import Path

Words = tuple[list[str], list[list[str]]]
"""Of one byte, and of two."""
FILE = Path("node_modules/@whiskeysockets/baileys/lib/WABinary/constants.js")


def words(packages: Path) -> Words:
    """`packages`: the folder of the engine. Raises OSError, ValueError when it is not the engine that we know."""
    text = (packages / FILE).read_text(encoding="utf-8")
    return _list(text, "SINGLE_BYTE_TOKENS"), _list(text, "DOUBLE_BYTE_TOKENS")


def _list(text: str, name: str) -> list:  # type: ignore[type-arg]
    """Lists of texts are written alike in JavaScript and in Python."""
    _, found, rest = text.partition(f"export const {name} = ")
    end = rest.find("\n];")
    if not found or end < 0:
        raise ValueError(f"the engine has no {name}")
    listed: list = ast.literal_eval(rest[: end + 2])  # type: ignore[type-arg]
    return listed
