"""Numbers, days and answers that a spreadsheet holds as such, as the text that a person of the company would type.

Days, decimals and answers are spelled as messages spell a field of their kind (db/contacts/field_values.py). Fifteen digits
count, as in Excel: behind them is only noise."""

import datetime
from decimal import Decimal

from db.contacts.enums import CustomFieldKind
from db.contacts.field_values import shown


def text_of(value: object, language: str) -> str:
    """Whole numbers without a point, and no power of ten; decimals, days and moments as the language writes them."""
    match value:
        case None:
            return ""
        case bool():
            return shown(CustomFieldKind.BOOLEAN, str(value).lower(), language)
        case float():
            return _decimal(value, language)
        case datetime.datetime() if (value.hour, value.minute, value.second) != (0, 0, 0):
            return f"{_day(value, language)} {_time(value.time())}"
        case datetime.date():
            return _day(value, language)
        case datetime.time():
            return _time(value)
        case datetime.timedelta():
            seconds = round(value.total_seconds())
            return f"{'-' if seconds < 0 else ''}{abs(seconds) // 3600}:{abs(seconds) // 60 % 60:02}:{abs(seconds) % 60:02}"
        case _:
            return str(value)


def _decimal(value: float, language: str) -> str:
    if value != value or value in (float("inf"), float("-inf")):
        return ""
    if value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    plain = format(Decimal(format(value, ".15g")), "f")
    return shown(CustomFieldKind.NUMBER, plain, language)


def _day(value: datetime.date, language: str) -> str:
    return shown(CustomFieldKind.DATE, value.isoformat()[:10], language)


def _time(value: datetime.time) -> str:
    return value.strftime("%H:%M:%S" if value.second else "%H:%M")
