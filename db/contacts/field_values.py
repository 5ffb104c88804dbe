"""How the values of custom fields are spelled: one spelling for each value of a kind, whoever wrote it. Pure."""

import re
from datetime import date, datetime

from db.contacts.enums import CustomFieldKind

_TRUE = frozenset(("true", "1", "sim", "yes"))
_FALSE = frozenset(("false", "0", "nao", "não", "no"))


def written(kind: CustomFieldKind, text: str) -> str | None:
    """One spelling for each value: 1234.5, 2026-01-31, true."""
    match kind:
        case CustomFieldKind.TEXT:
            return text
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
