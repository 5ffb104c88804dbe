"""Where somebody is, as far as an address says it: country and time zones. Pure: what is allowed there is decided elsewhere.

A Brazilian area code names its zone; elsewhere the numbering plan does (`phonenumbers`), with several zones where a number, or one with the
same first digits, may be in any of them. A WhatsApp user id (BSUID) names its country alone. Refuses to guess: an address that says nothing has no country and no zones.
"""

from functools import lru_cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber
from phonenumbers import timezone as plan
from phonenumbers.tzdata import TIMEZONE_DATA

START = 5
"""So many characters of a number tell Brazilian area codes and those of +1 apart."""
GROUP = "case when {0} like '+%' then left({0}, 5) else left({0}, 2) end"
"""SQL: people with the same start of the address are at the same place, for an address named {0}."""

_BRAZIL = {
    "America/Sao_Paulo": "11 12 13 14 15 16 17 18 19 21 22 24 27 28 31 32 33 34 35 37 38 41 42 43 44 45 46 47 48 49 51 53 54 55 61 62 64",
    "America/Bahia": "71 73 74 75 77",
    "America/Maceio": "79 82",
    "America/Recife": "81 87",
    "America/Fortaleza": "83 84 85 86 88 89 98 99",
    "America/Belem": "91 93 94 96",
    "America/Araguaina": "63",
    "America/Cuiaba": "65 66",
    "America/Campo_Grande": "67",
    "America/Rio_Branco": "68",
    "America/Porto_Velho": "69",
    "America/Manaus": "92 97",
    "America/Boa_Vista": "95",
}
_AREAS: dict[str, tuple[str, ...]] = {area: (zone,) for zone, areas in _BRAZIL.items() for area in areas.split()}
_AREAS["97"] = ("America/Manaus", "America/Eirunepe")  # the west of Amazonas is an hour behind
_UNKNOWN = "Etc/Unknown"


class Place(NamedTuple):
    """`country`: ISO 3166, two capitals, "" where nobody knows. `zones`: all in which the person may be. `area`: the Brazilian area code."""

    country: str
    zones: tuple[str, ...]
    area: str = ""


NOWHERE = Place("", ())


def start(address: str) -> str:
    """What GROUP makes of an address."""
    return address[: START if address.startswith("+") else 2]


def place(address: str) -> Place:
    """Of a phone number with +, or of a BSUID."""
    if address.startswith("+"):
        return _of_number(address[:START]) if address.startswith("+55") else _of_plan(address)
    country = address[:2]
    return _of_country(country) if address[2:3] in {"", "."} and country.isalpha() and country.isupper() else NOWHERE


@lru_cache(maxsize=200)
def _of_number(start: str) -> Place:
    return Place("BR", _AREAS.get(start[3:]) or _of_country("BR").zones, start[3:])


@lru_cache(maxsize=50_000)
def _of_plan(address: str) -> Place:
    try:
        number = phonenumbers.parse(address)
    except NumberParseException:
        return NOWHERE
    country = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(number.country_code or 0)
    return Place(country if len(country) == 2 and country.isalpha() else "", _of_start(address[1:START]))


@lru_cache(maxsize=10_000)
def _of_start(digits: str) -> tuple[str, ...]:
    """The zones of all numbers that begin so: they are held and moved together (GROUP), so what holds for one holds for all."""
    longer = {prefix: zones for prefix, zones in TIMEZONE_DATA.items() if prefix.startswith(digits)}
    found = {zone for zones in longer.values() for zone in zones}
    rest = digits not in longer and any(not any(prefix.startswith(digits + one) for prefix in longer) for one in "23456789")
    if rest and not (longer and digits.startswith("1")):  # what begins with 1 may be anywhere from Guam to Bermuda
        shorter = next((digits[:length] for length in range(len(digits), 0, -1) if digits[:length] in TIMEZONE_DATA), "")
        found.update(TIMEZONE_DATA.get(shorter, ()))
    return tuple(sorted(found - {_UNKNOWN}))


@lru_cache(maxsize=300)
def _of_country(country: str) -> Place:
    code = phonenumbers.country_code_for_region(country)
    if not code:
        return NOWHERE
    if country == "BR":
        return Place("BR", tuple(sorted({zone for zones in _AREAS.values() for zone in zones})))
    return Place(country, _zones(PhoneNumber(country_code=code, national_number=0)))


def _zones(number: PhoneNumber) -> tuple[str, ...]:
    return tuple(sorted(zone for zone in plan.time_zones_for_number(number) if zone != _UNKNOWN))
