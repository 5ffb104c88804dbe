"""Country and zones of an address."""

import pytest
from phonenumbers import SUPPORTED_REGIONS, PhoneNumberType, example_number_for_type
from phonenumbers.phonenumberutil import region_code_for_number

from db.contacts.phones import _AREA
from db.contacts.places import NOWHERE, place, start


@pytest.mark.parametrize(
    ("address", "country", "zones"),
    [
        ("+5511987654321", "BR", ("America/Sao_Paulo",)),
        ("+5568987654321", "BR", ("America/Rio_Branco",)),
        ("+5597987654321", "BR", ("America/Manaus", "America/Eirunepe")),
        ("+12125551234", "US", ("America/New_York",)),
        ("+14165551234", "CA", ("America/Toronto",)),
        ("+351912345678", "PT", ("Atlantic/Azores", "Europe/Lisbon")),
        ("US.13491208655302741918", "US", ()),
        ("", "", ()),
        ("somebody", "", ()),
    ],
)
def test_an_address_says_where_somebody_is(address: str, country: str, zones: tuple[str, ...]) -> None:
    assert place(address)[:2] == (country, zones)


def test_every_area_of_brazil_has_its_zone() -> None:
    assert {area for area in _AREA if len(place(f"+55{area}987654321").zones) > 2} == set()
    assert len(place("BR.1").zones) == 14


@pytest.mark.parametrize(
    ("one", "other", "zone"),
    [
        ("+526641234567", "+526681234567", "America/Tijuana"),  # an hour apart
        ("+34924123456", "+34928123456", "Atlantic/Canary"),
        ("+351211234567", "+351292123456", "Atlantic/Azores"),
        ("+12082011234", "+12082151234", "America/Los_Angeles"),
    ],
)
def test_who_is_held_together_is_in_the_same_zones(one: str, other: str, zone: str) -> None:
    """A claim asks for one of those whose numbers begin so, and holds or lets go all of them."""
    assert start(one) == start(other)
    assert place(one).zones == place(other).zones
    assert zone in place(one).zones


def test_the_start_of_a_number_is_enough_for_its_zone_group() -> None:
    assert start("+5511987654321") == "+5511"
    assert start("BR.123") == "BR"
    assert place("x") == NOWHERE


def test_countries_agree_with_the_numbering_plan() -> None:
    for country in SUPPORTED_REGIONS:
        number = example_number_for_type(country, PhoneNumberType.MOBILE)
        if number is not None and region_code_for_number(number) == country:
            assert place(f"+{number.country_code}{number.national_number}").country == country, country
