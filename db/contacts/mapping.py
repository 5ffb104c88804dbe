"""Which column of a list becomes what in a contact: the workers guess it, a person corrects it, rows are read by it.

Also the keys of fields that a list brings along. Refuses to read files or the database."""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Sequence

import msgspec

from db.boards.enums import LeadFieldKind
from db.contacts.enums import CustomFieldKind, ImportTarget
from db.contacts.errors import ContactImportError, ContactImportField
from db.errors import Field

MAX_KEY = 40


SINGLE = frozenset(ImportTarget) - {
    ImportTarget.TAGS,
    ImportTarget.LEAD_TAGS,
    ImportTarget.CUSTOM,
    ImportTarget.LEAD_CUSTOM,
    ImportTarget.IGNORE,
}
OF_LEADS = frozenset(target for target in ImportTarget if target.value.startswith("lead_"))
"""Targets that say something of the lead of a row, where leads are made."""
KEYED = frozenset((ImportTarget.CUSTOM, ImportTarget.SECOND_PHONE))
"""Targets that fill a custom field of the contact."""
_NAMED = KEYED | {ImportTarget.LEAD_CUSTOM}
_ADDRESSES = frozenset((ImportTarget.PHONE, ImportTarget.SECOND_PHONE, ImportTarget.EMAIL))


class ColumnTarget(msgspec.Struct, frozen=True):
    """What one column becomes. `field_key`, `field_label` and `field_kind` are of the custom field that a `KEYED` one fills, or of the
    board's field that LEAD_CUSTOM fills: what kind that is says `lead_kind`, once it is known."""

    index: int
    target: ImportTarget
    field_key: str | None = None
    field_label: str | None = None
    field_kind: CustomFieldKind = CustomFieldKind.TEXT
    lead_kind: LeadFieldKind | None = None
    choices: list[str] = []
    """What the contact's field offers, once it is known, of a choice."""

    @property
    def field(self) -> str:
        """How a rejected cell names the column."""
        if self.target is ImportTarget.LEAD_CUSTOM:
            return f"{self.target}.{self.field_key}"
        return f"custom.{self.field_key}" if self.target in KEYED else self.target.value


class GuessedColumn(msgspec.Struct, frozen=True):
    """A column of the file, and what it looks like. `fill_rate`: the share of the first rows that hold something."""

    index: int
    name: str
    samples: list[str]
    target: ImportTarget
    field_key: str | None = None
    field_kind: CustomFieldKind = CustomFieldKind.TEXT
    confidence: float = 0.0
    fill_rate: float = 1.0


def checked(columns: Sequence[ColumnTarget], names: Sequence[str], *, leads: bool = False) -> list[ColumnTarget]:
    """One target for each column of the file, whose headers are `names`, in its order; who is not named is ignored. A field without a
    key gets one from its label. `leads`: rows become leads too. Raises Invalid `mapping_invalid`, which marks the columns by their place in `columns`."""
    errors: list[Field] = []
    chosen: dict[int, ColumnTarget] = {}
    singles: set[ImportTarget] = set()
    keys_of: dict[bool, set[str]] = {False: set(), True: set()}  # of the contact's fields, and of the board's
    for place, column in enumerate(columns):
        where = f"columns[{place}]"
        if column.index >= len(names) or column.index in chosen:
            errors.append(ContactImportField.COLUMN_UNKNOWN(f"{where}.index"))
            continue
        if column.target in SINGLE and column.target in singles:
            errors.append(ContactImportField.TARGET_TWICE(f"{where}.target"))
        if column.target in OF_LEADS and not leads:
            errors.append(ContactImportField.NO_BOARD(f"{where}.target"))
        singles.add(column.target)
        key = label = None
        keys = keys_of[column.target is ImportTarget.LEAD_CUSTOM]
        if column.target in _NAMED:
            key, label = column.field_key, column.field_label or (names[column.index][:60] if column.field_key else None)
            if not key and not label:
                errors.append(ContactImportField.FIELD_KEY_MISSING(f"{where}.field_key"))
            elif key and key in keys:
                errors.append(ContactImportField.TARGET_TWICE(f"{where}.field_key"))
            keys.add(key or "")
        chosen[column.index] = ColumnTarget(column.index, column.target, key, label, column.field_kind)
    if not singles & _ADDRESSES:
        errors.append(ContactImportField.NO_ADDRESS_COLUMN("columns"))
    if errors:
        raise ContactImportError.MAPPING_INVALID(fields=errors)
    return [
        msgspec.structs.replace(
            column,
            field_key=distinct_key(field_key(column.field_label or ""), keys_of[column.target is ImportTarget.LEAD_CUSTOM]),
        )
        if column.target in _NAMED and not column.field_key
        else column
        for column in (chosen.get(index) or ColumnTarget(index, ImportTarget.IGNORE) for index in range(len(names)))
    ]


def words(text: str) -> str:
    """ "Tel. 1", "E-mail", "firstName" as plain words: "tel 1", "e mail", "first name". Letters of other alphabets stay."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text[:200])
    plain = "".join(char for char in unicodedata.normalize("NFKD", spaced.casefold()) if not unicodedata.combining(char))
    return " ".join(re.findall(r"[^\W_]+", plain))


def called(label: str) -> str:
    """What a person reads in a name: neither case nor accents nor signs between words tell two of them apart."""
    return words(label) or label.casefold().strip()


def field_key(label: str) -> str:
    """A label as the key of a custom field: "Data de nascimento" gives "data_de_nascimento". What no key can hold, as the letters of other
    alphabets, gives way to a digest, so that other labels have other keys."""
    name = called(label)
    key = "_".join(re.findall(r"[a-z0-9]+", name))
    key = key if key[:1].isalpha() else f"field_{key}".rstrip("_")
    if re.search(r"[^a-z0-9 ]", name):
        digest = hashlib.blake2s(name.encode(), digest_size=4).hexdigest()
        return f"{key[: MAX_KEY - 9]}_{digest}"
    return key[:MAX_KEY].rstrip("_")


def distinct(name: str, taken: set[str], most: int, *, between: str = " ", same: Callable[[str], str] = called) -> str:
    """The name, with a number after it if another is `same`; at most so many characters. Takes it."""
    number, found = 1, name
    while same(found) in taken:
        number += 1
        end = f"{between}{number}"
        found = f"{name[: most - len(end)]}{end}"
    taken.add(same(found))
    return found


def distinct_key(key: str, taken: set[str]) -> str:
    """The key, with a number after it if it is taken; takes it."""
    return distinct(key, taken, MAX_KEY, between="_", same=str)
