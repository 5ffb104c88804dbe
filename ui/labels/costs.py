"""Names of what is billed, and of places, for people."""

from collections.abc import Sequence
from datetime import date

from babel import Locale

from api.contract.costs import SendRate
from api.contract.enums import RateCategory
from ui import formats
from ui.i18n import _

CURRENCIES = ("BRL", "USD", "EUR")


def usual(rates: Sequence[SendRate]) -> str:
    """The currency in which most prices that hold are: the company's own where there are some, those of our list elsewhere. A limit in
    another one would hold everybody back whose price is not known in it."""
    own = [one.currency for one in rates if one.own]
    known = own or [one.currency for one in rates if one.price_micro]
    return max(known, key=known.count, default="BRL")


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


def language(code: str | None) -> str:
    return {"pt": _("Portuguese"), "en": _("English")}.get(code or "", code or "")


def source(text: str) -> str:
    """Where a price or a rule is from; what our own lists say, in the reader's language."""
    known = {
        "Meta, WhatsApp rate card in USD, Brazil: per message since 2025-07-01, as published for January 2026": _(
            "Meta, WhatsApp's price list in US dollars for Brazil, as published for January 2026"
        ),
        "Meta: answers were free until 2026-09-30": _("Meta: answers were free until 30 September 2026"),
        "Meta: answers cost what utility messages cost": _("Meta: answers cost what service messages cost"),
        "Meta: answers cost what utility messages cost in the country": _(
            "Meta: answers cost what service messages cost in each country"
        ),
        "Twilio, SMS in Brazil: price of one segment without discounts, as published for 2026": _(
            "Twilio, price of one SMS part in Brazil without discounts, as published for 2026"
        ),
        "Twilio, SMS in the United States and Canada: price of one segment without carrier fees, as published for 2026": _(
            "Twilio, price of one SMS part in the United States and Canada without the carriers' fees, as published for 2026"
        ),
        "Twilio, default keywords": _("Twilio's usual words"),
        "Meta, WhatsApp Business Platform: no marketing templates to numbers of the United States since 2025-04-01": _(
            "Meta: no marketing to numbers of the United States"
        ),
        "47 CFR 64.1200(a)(10); Twilio, default keywords": _("47 CFR 64.1200(a)(10) of the United States; Twilio's usual words"),
        "47 CFR 64.1200(a)(10)": _("47 CFR 64.1200(a)(10) of the United States"),
        "Master IA": _("Chosen by Master IA"),
        "Meta, messaging limits: 250 people a day at first, then 2,000; our pace below it": _(
            "Meta's limits: 250 people a day at first, then 2,000; our pace stays below"
        ),
    }
    return known.get(text, text)


def held(since: date, until: date | None, where_from: str) -> list[str]:
    """On what days a rule holds, and who says so."""
    facts = [_("since {day}").format(day=formats.day(since))]
    if until is not None:
        facts.append(_("until {day}").format(day=formats.day(until)))
    return [*facts, named] if (named := source(where_from)) else facts


def clock(minutes: int) -> str:
    return "23:59" if minutes == 1440 else f"{minutes // 60:02}:{minutes % 60:02}"


def minutes(text: str | None) -> int | None:
    """23:59 is the end of the day."""
    hours, _colon, minutes = (text or "").partition(":")
    if not (hours.isdigit() and minutes.isdigit()):
        return None
    found = int(hours) * 60 + int(minutes)
    return 1440 if found == 1439 else found
