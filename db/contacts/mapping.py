"""Which column of a list becomes what in a contact. Pure data: the workers guess it, a person corrects it, rows are read by it."""

from enum import StrEnum

import msgspec


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
