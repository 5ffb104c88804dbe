"""One row of a contact list made into a clean contact, or into the reasons why not.

A cell that is filled but wrong rejects its row, with every reason at once, so that it can be mended and sent again:
nothing is dropped in silence. Cells that people fill to say "none" count as empty. Refuses to touch the database."""

import re
import unicodedata

import msgspec

from db.contacts.mapping import Mapping, Target
from db.contacts.phones import Phone, parse_phone
from db.contacts.reasons import Reason
from db.messages.variables import clean_value
from db.texts import EMAIL

MAX_NAME = 200
MAX_EMAIL = 254
MAX_CUSTOM = 1000
MAX_NOTE = 5000
MAX_TAG = 60
MAX_TAGS = 50
MAX_EXTERNAL_ID = 200
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
_DATE = re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}")


class CleanRow(msgspec.Struct, frozen=True):
    """A contact to be. Empty texts mean: the file says nothing. `consent_text` is the cell, kept as evidence."""

    row_number: int
    phone: Phone | None = None
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    tags: list[str] = []
    language: str = ""
    opted_out: bool | None = None
    consent: bool | None = None
    consent_text: str = ""
    external_id: str = ""
    note: str = ""
    custom: dict[str, str] = {}


class Rejection(msgspec.Struct, frozen=True):
    """`field` is a target or `custom.<key>`, empty for the row as a whole; `value` the cell, cut to 200 characters."""

    row_number: int
    field: str
    value: str
    reason: Reason


class _Refused(Exception):
    def __init__(self, reason: Reason) -> None:
        self.reason = reason


def clean_row(row_number: int, cells: list[str], mapping: Mapping, region: str = "BR") -> CleanRow | list[Rejection] | None:
    """The contact in one row, or all reasons against it, or None for a row with nothing in it."""
    if not any(map(_visible, cells)):
        return None
    contact: dict[str, object] = {}
    custom: dict[str, str] = {}
    tags: dict[str, str] = {}
    rejections: list[Rejection] = []
    for column in mapping.columns:
        target = column.target
        if target is Target.IGNORE or column.index >= len(cells) or not (cell := cells[column.index]):
            continue
        try:
            if target is Target.CUSTOM:
                if text := _text(cell, MAX_CUSTOM):
                    custom[column.field_key or ""] = text
            elif target is Target.TAGS:
                _add_tags(tags, cell)
            else:
                _fill(contact, target, cell, region)
        except _Refused as refused:
            field = f"custom.{column.field_key}" if target is Target.CUSTOM else target.value
            rejections.append(Rejection(row_number, field, _printable(cell), refused.reason))
    width = len(mapping.columns)
    if len(cells) > width and any(map(_visible, cells[width:])):
        rejections.append(Rejection(row_number, "", _printable(" ".join(cells[width:])), Reason.TOO_MANY_CELLS))
    if not rejections and not contact.get("phone") and not contact.get("email"):
        rejections.append(Rejection(row_number, "", "", Reason.NO_IDENTITY))
    if rejections:
        return rejections
    return CleanRow(row_number, tags=list(tags.values()), custom=custom, **contact)  # type: ignore[arg-type]


def _fill(contact: dict[str, object], target: Target, cell: str, region: str) -> None:
    if target is Target.PHONE:
        # The usual digits need no cleaning; only what is not understood is asked whether it means "none".
        outcome = parse_phone(cell, region)
        if isinstance(outcome, Phone):
            contact["phone"] = outcome
        elif outcome.reason is not Reason.PHONE_EMPTY and not _says_nothing(cell):
            raise _Refused(outcome.reason)
    elif target is Target.EMAIL:
        if not _says_nothing(cell):
            contact["email"] = _email(cell)
    elif target is Target.OPT_OUT:
        if (answer := _flag(cell)) is not None:
            contact["opted_out"] = answer
    elif target is Target.CONSENT:
        text = _text(cell, MAX_CUSTOM)
        # A date is the day on which the person agreed.
        if text and (answer := True if _DATE.match(text) else _flag(text)) is not None:
            contact["consent"], contact["consent_text"] = answer, text
    elif target is Target.LANGUAGE:
        contact["language"] = _language(cell)
    elif target is Target.NOTE:
        contact["note"] = _note(cell)
    else:
        contact[target.value] = _text(cell, MAX_EXTERNAL_ID if target is Target.EXTERNAL_ID else MAX_NAME)


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


def _says_nothing(cell: str) -> bool:
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
    if _says_nothing(cell):
        return None
    raise _Refused(Reason.FLAG_NOT_UNDERSTOOD)


def _language(cell: str) -> str:
    if _says_nothing(cell):
        return ""
    plain = _plain(cell)
    if known := _LANGUAGES.get(plain.split(" ")[0].strip("(")):
        return known
    if locale := _LOCALE.fullmatch(plain):
        return locale[1] + (f"-{locale[2].upper()}" if locale[2] else "")
    raise _Refused(Reason.LANGUAGE_UNKNOWN)


def _note(cell: str) -> str:
    lines = [clean_value(line, limit=len(line)) for line in re.split(r"\r\n|[\r\n]", cell)]
    text = "\n".join(lines).strip()
    if len(text) > MAX_NOTE:
        raise _Refused(Reason.TOO_LONG)
    return text
