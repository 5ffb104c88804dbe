"""Which column of a list becomes what in a contact. Pure data: the workers guess it, a person corrects it, rows are read by it."""

import re
import unicodedata
from enum import StrEnum

import msgspec

MAX_KEY = 40


class Target(StrEnum):
    """What a column becomes in a contact."""

    PHONE = "phone"
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    TAGS = "tags"
    LANGUAGE = "language"
    OPT_OUT = "opt_out"
    CONSENT = "consent"
    EXTERNAL_ID = "external_id"
    NOTE = "note"
    CUSTOM = "custom"
    IGNORE = "ignore"


class ColumnTarget(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`field_key` names the custom field, and only that. `confidence` (0 to 1) is the guess's; a person's choice is 1."""

    index: int
    target: Target
    field_key: str | None = None
    confidence: float = 1.0


class MappingNote(msgspec.Struct, frozen=True):
    """Something to tell the person: `second_phone` (kept as `field_key`), `second_email`, `split_name`, `no_identity`."""

    code: str
    index: int | None = None
    field_key: str | None = None


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One target for each column of the sheet, in its order."""

    columns: list[ColumnTarget]
    notes: list[MappingNote] = []


def words(text: str) -> str:
    """ "Tel. 1", "E-mail", "firstName" as plain words: "tel 1", "e mail", "first name"."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text[:200])
    plain = "".join(char for char in unicodedata.normalize("NFKD", spaced.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"[a-z0-9]+", plain))


def field_key(label: str) -> str:
    """A label as the key of a custom field: "Data de nascimento" gives "data_de_nascimento"."""
    key = words(label).replace(" ", "_")
    return (key if key[:1].isalpha() else f"field_{key}".rstrip("_"))[:MAX_KEY].rstrip("_")


def distinct_key(key: str, taken: set[str]) -> str:
    """The key, with a number after it if it is taken; takes it."""
    number, found = 1, key
    while found in taken:
        number += 1
        found = f"{key[: MAX_KEY - 5]}_{number}"
    taken.add(found)
    return found
