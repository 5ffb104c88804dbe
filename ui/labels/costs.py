"""Names of what is billed, and of places, for people."""

from babel import Locale

from api.contract.enums import RateCategory
from ui import formats
from ui.i18n import _

CURRENCIES = ("BRL", "USD", "EUR")


def category(value: RateCategory | str) -> str:
    return {
        RateCategory.MARKETING: _("Marketing"),
        RateCategory.UTILITY: _("Service message (utility)"),
        RateCategory.AUTHENTICATION: _("Sign-in code"),
        RateCategory.SERVICE: _("Answer in free text"),
        RateCategory.SMS: _("SMS part"),
    }[RateCategory(value)]


def country(code: str | None) -> str:
    """Empty: wherever no other price is known."""
    if not code:
        return _("All other countries")
    return str(Locale.parse(formats.locale()).territories.get(code, code))


def clock(minutes: int) -> str:
    return "23:59" if minutes == 1440 else f"{minutes // 60:02}:{minutes % 60:02}"


def minutes(text: str | None) -> int | None:
    """23:59 is the end of the day."""
    hours, _colon, minutes = (text or "").partition(":")
    if not (hours.isdigit() and minutes.isdigit()):
        return None
    found = int(hours) * 60 + int(minutes)
    return 1440 if found == 1439 else found
