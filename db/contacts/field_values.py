"""How the values of custom fields are spelled: one spelling for each value of a kind, whoever wrote it, and the form in which the
people of a language read it. Pure."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple

from db.contacts.enums import CustomFieldKind

_TRUE = frozenset(("true", "1", "sim", "yes"))
_FALSE = frozenset(("false", "0", "nao", "não", "no"))


class Shape(NamedTuple):
    """Of what kind a field is; of a choice, what it offers."""

    kind: CustomFieldKind
    choices: Sequence[str] = ()

    def written(self, text: str) -> str | None:
        """As `written`."""
        return written(self.kind, text, self.choices)


def written(kind: CustomFieldKind, text: str, choices: Sequence[str] = ()) -> str | None:
    """One spelling for each value: 1234.5, 2026-01-31, true; of a choice as it is offered, whatever case and accents. None for what is none."""
    match kind:
        case CustomFieldKind.TEXT:
            return text
        case CustomFieldKind.CHOICE:
            return text if text in choices else next((one for one in choices if _plain(one) == _plain(text)), None)
        case CustomFieldKind.NUMBER:
            if text.rfind(".") > text.rfind(",") >= 0:
                plain = text.replace(",", "")
            else:
                plain = text.replace(".", "").replace(",", ".") if "," in text else text
            return plain if re.fullmatch(r"-?\d{1,30}(\.\d{1,15})?", plain) else None
        case CustomFieldKind.DATE:
            for shape in ("%Y-%m-%d", "%d/%m/%Y"):
                try:
                    found: date = datetime.strptime(text, shape).date()  # noqa: DTZ007 - a day has no zone
                    return found.isoformat()
                except ValueError:
                    continue
            return None
        case CustomFieldKind.BOOLEAN:
            return "true" if text.lower() in _TRUE else "false" if text.lower() in _FALSE else None


def _plain(text: str) -> str:
    letters = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(char for char in letters if not unicodedata.combining(char)).split())


class _Form(NamedTuple):
    """How a language writes values. `day` puts the year, month and day of ISO 8601 (groups 1 to 3) in their places."""

    day: str
    point: str
    no: str
    yes: str


_FORMS = {"pt": _Form(r"\3/\2/\1", ",", "não", "sim"), "en": _Form(r"\1-\2-\3", ".", "no", "yes")}
_DAY = "^([1-9][0-9]{3})-([0-9]{2})-([0-9]{2})$"


def shown(kind: CustomFieldKind, value: str, language: str) -> str:
    """A value spelled as by `written`, as people read it: 1234,5 and 31/01/2026 in Portuguese (`pt-BR`), 1234.5 and 2026-01-31 in
    English (`en`)."""
    form = _FORMS[language[:2]]
    match kind:
        case CustomFieldKind.TEXT | CustomFieldKind.CHOICE:
            return value
        case CustomFieldKind.NUMBER:
            return value.replace(".", form.point)
        case CustomFieldKind.DATE:
            return re.sub(_DAY, form.day, value)
        case CustomFieldKind.BOOLEAN:
            return {"false": form.no, "true": form.yes}.get(value, value)


def shown_sql(value: str, kind: str, *languages: str) -> str:
    """SQL for `shown`, of SQL for its arguments: the first of `languages` that is one of ours counts."""
    known = ", ".join(f"'{language}'" for language in _FORMS)
    each = ", ".join(f"(case when left(lower({one}), 2) in ({known}) then left(lower({one}), 2) end)" for one in languages)

    def by_language(expressions: dict[str, str]) -> str:
        branches = " ".join(f"when '{language}' then {expression}" for language, expression in expressions.items())
        return f"case coalesce({each}) {branches} else {value} end"

    days = {language: f"regexp_replace({value}, '{_DAY}', '{form.day}')" for language, form in _FORMS.items()}
    numbers = {language: f"replace({value}, '.', '{form.point}')" for language, form in _FORMS.items()}
    flags = {
        language: f"case {value} when 'false' then '{form.no}' when 'true' then '{form.yes}' else {value} end"
        for language, form in _FORMS.items()
    }
    return (
        f"case {kind} when '{CustomFieldKind.DATE}' then {by_language(days)} when '{CustomFieldKind.NUMBER}' then {by_language(numbers)}"
        f" when '{CustomFieldKind.BOOLEAN}' then {by_language(flags)} else {value} end"
    )
