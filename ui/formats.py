"""Numbers, money and time as the reader writes them: in the language of the page and the time zone of the company.

All functions take machine values (aware UTC datetimes, integer minor units, seconds) and return text for a label.
They refuse naive datetimes.
"""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel import dates, numbers
from babel.core import get_global

from api.contract.phones import display
from ui.i18n import _, preferences

DASH = "–"


def locale() -> str:
    """The babel locale of the page: pt_BR or en_US."""
    return {"pt-BR": "pt_BR", "en": "en_US"}[preferences().language]


def zone() -> ZoneInfo:
    """The company's time zone, or UTC should the stored name be unknown on this machine."""
    try:
        return ZoneInfo(preferences().time_zone)
    except (KeyError, ValueError):
        return ZoneInfo("UTC")


def place(zone_name: str, language: str = "") -> str:
    """A time zone as people know it: America/Sao_Paulo → São Paulo (GMT-03:00). `language` is a babel locale, the page's unless given."""
    if zone_name == "UTC":
        return zone_name
    language = language or locale()
    city = dates.get_timezone_location(zone_name, locale=language, return_city=True).split("/")[-1]
    offset = dates.get_timezone_gmt(datetime.now(ZoneInfo(zone_name)), "iso8601", locale=language)
    return f"{city} (GMT{'' if offset == 'Z' else offset})"


def number(value: float | None, digits: int = 0) -> str:
    """1234567 → 1.234.567; None → –. `digits` caps the decimals."""
    if value is None:
        return DASH
    return numbers.format_decimal(round(value, digits), format="#,##0." + "#" * digits, locale=locale())


def sentence(text: str) -> str:
    """With a capital at its beginning."""
    return text[:1].upper() + text[1:]


def percent(part: float, whole: float | None = None, digits: int = 1) -> str:
    """Share of `part` in `whole` (or of 1 when no whole is given): 96,1%. Nothing to divide by gives –.

    100% means all of them and 0% none: 9.999 of 10.000 are 99,9%, 1 of 10.000 is <0,1%.
    """
    if whole is not None:
        if not whole:
            return DASH
        part = part / whole
    shown, least = round(part, digits + 2), 10 ** -(digits + 2)
    little = part > 0 and not shown
    if little:
        shown = least
    elif part < 1 <= shown:
        shown = 1 - least
    text = numbers.format_percent(round(shown, digits + 2), format="#,##0." + "#" * digits + "%", locale=locale())
    return f"<{text}" if little else text


def change(share: float) -> str:
    """By how much something grew or shrank: 0.12 → +12%, -0.57 → −57%; from tenfold on how many times: 482.5 → 484×."""
    if share >= 9:
        return f"{number(round(share + 1))}×"
    share = round(share, 2)
    sign = "+" if share > 0 else "−" if share < 0 else ""
    return sign + percent(abs(share), digits=0)


def money(minor: int | None, currency: str = "BRL") -> str:
    """Integer minor units to text: (1914820, "BRL") → R$ 19.148,20."""
    if minor is None:
        return DASH
    return numbers.format_currency(minor / 10 ** _places(currency), currency, locale=locale())


def _places(currency: str) -> int:
    known = get_global("currency_fractions")
    return int(known.get(currency, known["DEFAULT"])[0])


def symbol(currency: str) -> str:
    """R$ for BRL."""
    return numbers.get_currency_symbol(currency, locale=locale())


def dollars(micro: int | None) -> str:
    """Micro-dollars: 12340000 → US$ 12,34; below a dollar with up to four decimals, because calls cost fractions of a cent."""
    if micro is None:
        return DASH
    if 0 < micro < 100:
        return f"<{dollars(100)}"
    places = "00" if micro >= 1_000_000 else "00##"
    return numbers.format_currency(micro / 1_000_000, "USD", format=f"¤ #,##0.{places}", currency_digits=False, locale=locale())


def amount(minor: int | None, currency: str = "BRL") -> str:
    """Minor units as one types them into a field: (123450, "BRL") → 1.234,50; None → nothing."""
    if minor is None:
        return ""
    places = _places(currency)
    return numbers.format_decimal(minor / 10**places, format="#,##0." + "0" * places if places else "#,##0", locale=locale())


def minor(text: str, currency: str = "BRL") -> int | None:
    """What was typed, in minor units: 1.234,50 or R$ 1234,5 → 123450; nothing → None. Raises ValueError for what is no amount, is
    negative, or has more decimals than the currency."""
    text = text.replace(symbol(currency), "").replace("\u00a0", " ").strip()
    if not text:
        return None
    if not set(text) <= set("0123456789., "):
        raise ValueError(text)
    try:
        value = numbers.parse_decimal(text, locale=locale(), strict=True) * 10 ** _places(currency)
    except numbers.NumberFormatError as error:
        raise ValueError(text) from error
    if value != int(value):
        raise ValueError(text)
    return int(value)


def phone(address: str) -> str:
    """+5511987654321 → +55 11 98765-4321; what is no number stays as it is."""
    return display(address)


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone")
    return moment.astimezone(zone())


def day(moment: datetime | date) -> str:
    """12 de mar. de 2026."""
    value = _local(moment) if isinstance(moment, datetime) else moment
    return dates.format_date(value, "medium", locale=locale())


def full_day(value: date) -> str:
    """Domingo, 22 de novembro de 2026."""
    text = dates.format_date(value, "full", locale=locale())
    return text[:1].upper() + text[1:]


def short_day(value: date) -> str:
    """22 de nov., for axes."""
    return dates.format_skeleton("MMMd", value, locale=locale())


def weekday(value: date) -> str:
    """Domingo."""
    return sentence(dates.format_date(value, "EEEE", locale=locale()))


def span(first: date, last: date) -> str:
    """23 – 29 de nov. de 2026; of two months 30 de nov. – 6 de dez. de 2026."""
    return dates.format_interval(first, last, "yMMMd", locale=locale())


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """09:41 in the company's zone, or 09:41:07."""
    return dates.format_time(_local(moment), "medium" if seconds else "short", locale=locale())


def moment(value: datetime | None) -> str:
    """Day and time, short: hoje 09:41, ontem 18:02, 12 de mar. 09:41; of another year 12 de mar. de 2025 09:41."""
    if value is None:
        return DASH
    local, today = _local(value), datetime.now(zone()).date()
    name = {today: _("today"), today - timedelta(days=1): _("yesterday"), today + timedelta(days=1): _("tomorrow")}
    known = name.get(local.date()) or (short_day(local.date()) if local.year == today.year else day(local))
    return f"{known} {clock(value)}"


def lately(value: datetime) -> str:
    """As messengers date what was said last: 09:41 of today, ontem, else 22 de nov."""
    local, today = _local(value).date(), datetime.now(zone()).date()
    if local == today:
        return clock(value)
    return _("yesterday") if local == today - timedelta(days=1) else short_day(local)


def ago(value: datetime | None, now: datetime | None = None) -> str:
    """há 5 minutos; em 2 horas. `now` is for tests."""
    if value is None:
        return DASH
    delta = value - (now or datetime.now(UTC))
    if abs(delta.total_seconds()) < 45:
        return _("just now") if delta.total_seconds() <= 0 else _("in a moment")
    return dates.format_timedelta(delta, add_direction=True, locale=locale())


def duration(seconds: float) -> str:
    """45 s; 12 min; 21 h 14 min; 3 d 4 h."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total} s"
    minutes, hours, days = total // 60 % 60, total // 3600 % 24, total // 86400
    parts = [(days, "d"), (hours, "h"), (minutes, "min")]
    shown = [f"{amount} {unit}" for amount, unit in parts if amount][:2]
    return " ".join(shown)


def size(count: int) -> str:
    """Bytes as people read them: 2,4 MB."""
    value, unit = float(count), "B"
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1000 or unit == "GB":
            break
        value /= 1000
    return f"{number(value, 0 if unit == 'B' else 1)} {unit}"
