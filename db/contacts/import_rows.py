"""One row of a contact list made into a contact to be, or into the reasons why not.

A row is taken when somebody can be reached by it. A wrong phone rejects it, and so does whatever else is wrong with a cell, with
all reasons at once (`MAX_REASONS`), so that it can be mended and sent again; a wrong e-mail beside a good phone, and what a field cannot hold, are
left out of a row that is taken, and said. Nothing is dropped in silence. Cells that people fill to say "none" count as empty.
Refuses to touch the database."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import msgspec

from db.boards.enums import LeadFieldKind
from db.contacts.enums import CustomFieldKind, ImportTarget
from db.contacts.field_values import written
from db.contacts.mapping import KEYED, OF_LEADS, ColumnTarget
from db.contacts.money import cents
from db.contacts.phones import Phone, further_phones, parse_phone
from db.contacts.reasons import Reason, RowWarning
from db.messages.variables import clean_value
from db.texts import EMAIL

MAX_NAME = 200
MAX_EMAIL = 254
MAX_CUSTOM = 1000
MAX_TAG = 60
MAX_TAGS = 50
MAX_LEAD_TITLE = 120
MAX_LEAD_CUSTOM = 500  # as everybody else writes them: the index of a board's values holds a whole one
MAX_LEAD_TAGS = 20
MAX_REASONS = 20
"""Against one row at once; the others are said when these are mended."""
_NOTHING = frozenset(
    ("-", "--", "---", "n/a", "na", "nd", "n/d", "null", "none", "nil", "nan", "nao tem", "nao possui", "nao informado",
     "nao consta", "sem email", "sem e-mail", "sem telefone", "sem celular", "sem whatsapp", "vazio", "0", "x", ".", "?")
)  # fmt: skip
_YES = frozenset(("sim", "s", "yes", "y", "true", "verdadeiro", "1", "x", "ok", "aceito", "aceita", "on", "v", "autorizo", "t"))
_NO = frozenset(("nao", "n", "no", "false", "falso", "0", "off", "f", "recuso", "nunca"))
_LANGUAGES = {
    "portugues": "pt-BR", "portuguese": "pt-BR", "pt": "pt-BR", "br": "pt-BR", "brasil": "pt-BR", "ptbr": "pt-BR",
    "ingles": "en", "english": "en", "espanhol": "es", "spanish": "es", "espanol": "es",
}  # fmt: skip
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([a-z]{2}))?", re.IGNORECASE)
_EMAIL = re.compile(EMAIL)
_IN_ANGLES = re.compile(r"<([^<>]*)>\s*$")
_NOT_A = {
    CustomFieldKind.NUMBER: RowWarning.FIELD_NOT_A_NUMBER,
    CustomFieldKind.DATE: RowWarning.FIELD_NOT_A_DATE,
    CustomFieldKind.BOOLEAN: RowWarning.FIELD_NOT_A_BOOLEAN,
    CustomFieldKind.CHOICE: RowWarning.FIELD_NOT_OFFERED,
}


class Reject(msgspec.Struct, frozen=True):
    """A cell that cannot be taken. `field` is a target, `custom.<key>` or `lead_custom.<key>`, empty for the row as a whole; `value` the cell, cut to 200
    characters; `cells` the row as the file has it. `warning`: the row was taken without it."""

    number: int
    field: str
    value: str
    reason: str  # a Reason or, with `warning`, a RowWarning
    cells: list[str]
    warning: bool = False


class RowLead(msgspec.Struct, frozen=True):
    """What a row says of the lead that it makes, where leads are made. Empty texts say nothing."""

    title: str = ""
    value_cents: int | None = None
    stage: str = ""
    owner: str = ""
    due_on: str = ""  # ISO 8601
    tags: list[str] = []
    custom: dict[str, str] = {}  # by the keys of the board's fields; of a choice, as the list has it


class Row(msgspec.Struct, frozen=True):
    """A contact to be. Empty texts say nothing and change nothing. `left_out` is what the row was taken without."""

    number: int
    phone: Phone | None
    email: str
    name: str
    language: str
    opted_out: bool
    tags: list[str]
    custom: dict[str, str]
    cells: list[str]
    left_out: list[Reject] = []
    lead: RowLead = RowLead()


class Batch(msgspec.Struct, frozen=True, tag=True):
    """Consecutive rows of a file, `length` of them, blank ones included. `filled`: in how many of them each column holds something,
    where that was asked for."""

    length: int
    blank: int
    rows: list[Row]
    rejects: list[Reject]
    filled: list[int] = []


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


class _Found:
    """What the cells of a row say so far."""

    def __init__(self) -> None:
        self.phone: Phone | None = None
        self.second: Phone | None = None
        self.texts: dict[ImportTarget, str] = {}
        self.opted_out = False
        self.tags: dict[str, str] = {}
        self.custom: dict[str, str] = {}
        self.lead: dict[str, Any] = {}
        self.lead_tags: dict[str, str] = {}
        self.lead_custom: dict[str, str] = {}
        self.refused: list[tuple[str, str, Reason]] = []
        self.left_out: list[tuple[str, str, RowWarning]] = []


def clean_row(number: int, cells: list[str], columns: Sequence[ColumnTarget], region: str = "BR") -> Row | list[Reject] | None:
    """The contact in one row, or the reasons against it, or None for a row with nothing in it."""
    if not any(map(_visible, cells)):
        return None
    found = _Found()
    for column in columns:
        if column.target is ImportTarget.IGNORE or column.index >= len(cells) or not (cell := cells[column.index]):
            continue
        try:
            if column.target is ImportTarget.LEAD_CUSTOM:
                _fill_lead_field(found, column, cell, region)
            elif column.target in OF_LEADS:
                _fill_lead(found, column.target, cell, region)
            elif column.target in KEYED:
                _fill_field(found, column, cell, region)
            else:
                _fill(found, column.target, cell, region)
        except _Refused as refused:
            found.refused.append((column.field, _printable(cell), refused.reason))
    width = len(columns)
    if len(cells) > width and any(map(_visible, cells[width:])):
        found.refused.append(("", _printable(" ".join(cells[width:])), Reason.TOO_MANY_CELLS))
    return _row(number, cells, found)


def _row(number: int, cells: list[str], found: _Found) -> Row | list[Reject]:
    phone, refused, left_out = found.phone, found.refused, found.left_out
    if phone is None and found.second is not None:
        phone = found.second
        left_out += [(field, value, RowWarning.SECOND_PHONE_USED) for field, value, _ in refused if field == ImportTarget.PHONE]
        refused = [one for one in refused if one[0] != ImportTarget.PHONE]
    if phone is not None:
        left_out += [(field, value, RowWarning.EMAIL_INVALID) for field, value, _ in refused if field == ImportTarget.EMAIL]
        refused = [one for one in refused if one[0] != ImportTarget.EMAIL]
    email = found.texts.get(ImportTarget.EMAIL, "")
    if not refused and phone is None and not email:
        refused = [("", "", Reason.NO_IDENTITY)]
    if refused:
        return [Reject(number, field, value, reason, cells) for field, value, reason in refused[:MAX_REASONS]]
    name = found.texts.get(ImportTarget.NAME) or " ".join(
        filter(None, (found.texts.get(ImportTarget.FIRST_NAME), found.texts.get(ImportTarget.LAST_NAME)))
    )
    return Row(
        number,
        phone,
        email,
        name[:MAX_NAME],
        found.texts.get(ImportTarget.LANGUAGE, ""),
        found.opted_out,
        list(found.tags.values()),
        found.custom,
        cells,
        [Reject(number, field, value, reason, cells, warning=True) for field, value, reason in left_out],
        RowLead(**found.lead, tags=list(found.lead_tags.values())[:MAX_LEAD_TAGS], custom=found.lead_custom),
    )


def _fill(found: _Found, target: ImportTarget, cell: str, region: str) -> None:
    if target is ImportTarget.PHONE:
        found.phone = _phone(cell, region)
        if found.phone and further_phones(cell, region, found.phone):
            found.left_out.append((target, _printable(cell), RowWarning.FURTHER_PHONE))
    elif target is ImportTarget.EMAIL:
        if not says_nothing(cell):
            found.texts[target] = _email(cell)
    elif target is ImportTarget.OPT_OUT:
        found.opted_out = _flag(cell) is True
    elif target is ImportTarget.TAGS:
        _add_tags(found.tags, cell)
    elif target is ImportTarget.LANGUAGE:
        found.texts[target] = _language(cell)
    else:
        found.texts[target] = _text(cell, MAX_NAME)


def _fill_field(found: _Found, column: ColumnTarget, cell: str, region: str) -> None:
    if not (text := _text(cell, MAX_CUSTOM)):
        return
    if column.target is ImportTarget.SECOND_PHONE and isinstance(phone := parse_phone(cell, region), Phone):
        found.second = phone
    key, kind = column.field_key or "", column.field_kind
    if (plain := written(kind, text, column.choices)) is not None:
        found.custom[key] = plain
    elif not says_nothing(cell):
        found.left_out.append((column.field, _printable(cell), _NOT_A[kind]))


def _fill_lead_field(found: _Found, column: ColumnTarget, cell: str, region: str) -> None:
    if not (text := _text(cell, MAX_LEAD_CUSTOM)):
        return
    plain: str | None
    wrong: RowWarning | None
    match column.lead_kind:
        case None | LeadFieldKind.TEXT | LeadFieldKind.CHOICE:
            plain, wrong = text, None
        case LeadFieldKind.MONEY:
            sum_of = cents(cell, region)
            plain, wrong = None if sum_of is None else str(sum_of), RowWarning.LEAD_VALUE_INVALID
        case kind:
            like = CustomFieldKind(kind.value)
            plain, wrong = written(like, text), _NOT_A[like]
    if plain is not None:
        found.lead_custom[column.field_key or ""] = plain
    elif wrong is not None and not says_nothing(cell):
        found.left_out.append((column.field, _printable(cell), wrong))


def _fill_lead(found: _Found, target: ImportTarget, cell: str, region: str) -> None:
    if target is ImportTarget.LEAD_TITLE:
        found.lead["title"] = _text(cell, MAX_NAME)[:MAX_LEAD_TITLE]
    elif target is ImportTarget.LEAD_TAGS:
        _add_tags(found.lead_tags, cell)
    elif target is ImportTarget.LEAD_VALUE:
        found.lead["value_cents"] = cents(cell, region)
        if found.lead["value_cents"] is None and not says_nothing(cell):
            found.left_out.append((target, _printable(cell), RowWarning.LEAD_VALUE_INVALID))
    elif target is ImportTarget.LEAD_DUE:
        found.lead["due_on"] = written(CustomFieldKind.DATE, _text(cell, MAX_NAME)) or ""
        if not found.lead["due_on"] and not says_nothing(cell):
            found.left_out.append((target, _printable(cell), RowWarning.LEAD_DUE_INVALID))
    elif not says_nothing(cell):
        found.lead[target.value.removeprefix("lead_")] = _text(cell, MAX_NAME)


def _phone(cell: str, region: str) -> Phone | None:
    # The usual digits need no cleaning; only what is not understood is asked whether it means "none".
    outcome = parse_phone(cell, region)
    if isinstance(outcome, Phone):
        return outcome
    if outcome.reason is not Reason.PHONE_EMPTY and not says_nothing(cell):
        raise _Refused(outcome.reason)
    return None


def _visible(cell: str) -> bool:
    return bool(cell) and bool(clean_value(cell))


def _text(cell: str, limit: int) -> str:
    if len(cell) <= limit and cell.isprintable() and cell.isascii() and "  " not in cell:
        return cell.strip()
    text = unicodedata.normalize("NFC", clean_value(cell, limit=len(cell)))
    if len(text) > limit:
        raise _Refused(Reason.TOO_LONG)
    return text


def _printable(cell: str) -> str:
    return clean_value(cell, limit=200)


def _plain(cell: str) -> str:
    letters = unicodedata.normalize("NFKD", clean_value(cell[:200]).casefold())
    return "".join(char for char in letters if not unicodedata.combining(char)).strip(" .!'\"") or cell.strip()[:1]


def says_nothing(cell: str) -> bool:
    """Whether people write this for "none"."""
    return not _visible(cell) or (len(cell) < 40 and _plain(cell) in _NOTHING)


def _email(cell: str) -> str:
    """The first good address of a cell, in lower case; several are parted by blanks, commas, semicolons or slashes."""
    text = clean_value(cell, limit=2000)
    if angled := _IN_ANGLES.search(text):
        text = angled[1]
    for piece in re.split(r"[\s,;/|]+", text):
        address = unicodedata.normalize("NFC", piece.strip("'\"<>.").casefold().removeprefix("mailto:"))
        if len(address) <= MAX_EMAIL and _EMAIL.fullmatch(address):
            return address
    raise _Refused(Reason.EMAIL_INVALID)


def _add_tags(tags: dict[str, str], cell: str) -> None:
    """Adds the tags of a cell under their folded names: the first spelling stays."""
    for piece in re.split(r"[,;|\n\r]", cell):
        if tag := _text(piece, MAX_TAG).strip("# "):
            tags.setdefault(tag.casefold(), tag)
    if len(tags) > MAX_TAGS:
        raise _Refused(Reason.TOO_MANY_TAGS)


def _flag(cell: str) -> bool | None:
    plain = _plain(cell)
    if plain in _YES:
        return True
    if plain in _NO:
        return False
    if says_nothing(cell):
        return None
    raise _Refused(Reason.FLAG_NOT_UNDERSTOOD)


def _language(cell: str) -> str:
    if says_nothing(cell):
        return ""
    plain = _plain(cell)
    if known := _LANGUAGES.get(plain.split(" ")[0].strip("(")):
        return known
    if locale := _LOCALE.fullmatch(plain):
        return locale[1] + (f"-{locale[2].upper()}" if locale[2] else "")
    raise _Refused(Reason.LANGUAGE_UNKNOWN)
