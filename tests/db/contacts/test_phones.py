import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.contacts import phones
from db.contacts.enums import LineType
from db.contacts.phones import (
    Phone,
    PhoneProblem,
    _brazil_at_a_glance,
    _with_care,
    display,
    from_wa_id,
    parse_phone,
    variants,
)
from db.contacts.reasons import Reason

MOBILE = "+5511987654321"


@pytest.mark.parametrize(
    "text",
    [
        "(11) 98765-4321",
        "+55 11 98765-4321",
        "+55 11 8765 4321",
        "055 11 98765 4321",
        "0055 11 98765-4321",
        "+55 (0) 11 98765-4321",
        "(0xx11) 98765-4321",
        "0 15 11 98765-4321",
        "5511987654321",
        "551187654321",
        "11 9 8765-4321 / recados",
        "Tel: 11 98765.4321 (mãe)",
        "11/98765-4321",
        "11 3456-7890 / 11 98765-4321",
        "11-98765-4321, 11-98765-4322",
        "5.511987654321E+12",
        "5,511987654321e12",
        "11987654321.0",
        "5511987654321,00",
        "'11987654321",
        "'+5511987654321",
        "\u200b11\u00a098765\u20114321\u200e",
        "\ufeff+55 11 98765-4321",
        "１１９８７６５４３２１",
        "٠١١٩٨٧٦٥٤٣٢١",
        "+55 11 98765-4321 ramal 23",
    ],
)
def test_the_many_spellings_of_one_mobile(text: str) -> None:
    phone = parse_phone(text)
    assert isinstance(phone, Phone), text
    assert (phone.canonical, phone.region, phone.line) == (MOBILE, "BR", LineType.MOBILE)
    assert phone.variants() == (MOBILE, "+551187654321")


@pytest.mark.parametrize(
    ("text", "canonical", "line"),
    [
        ("(11) 3456-7890", "+551134567890", LineType.FIXED),
        ("11 3456-7890 ramal 23", "+551134567890", LineType.FIXED),
        ("5511 2345 6789", "+551123456789", LineType.FIXED),
        ("11 7765-4321", "+5511977654321", LineType.MOBILE),
        ("55987654321", "+5555987654321", LineType.MOBILE),
        ("5587654321", "+5555987654321", LineType.MOBILE),
        ("0800 123 4567", "+558001234567", LineType.OTHER),
        ("+1 415 555 2671", "+14155552671", LineType.FIXED_OR_MOBILE),
        ("00 351 912 345 678", "+351912345678", LineType.MOBILE),
        ("+52 1 55 1234 5678", "+525512345678", LineType.FIXED_OR_MOBILE),
    ],
)
def test_other_lines(text: str, canonical: str, line: LineType) -> None:
    phone = parse_phone(text)
    assert isinstance(phone, Phone)
    assert (phone.canonical, phone.line) == (canonical, line)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", Reason.PHONE_EMPTY),
        (" \u200b ' ", Reason.PHONE_EMPTY),
        ("não tem", Reason.PHONE_NOT_A_NUMBER),
        ("ana@example.com", Reason.PHONE_NOT_A_NUMBER),
        ("123", Reason.PHONE_TOO_SHORT),
        ("+55", Reason.PHONE_TOO_SHORT),
        ("98765-4321", Reason.PHONE_NO_AREA_CODE),
        ("3456-7890", Reason.PHONE_NO_AREA_CODE),
        ("119876543210000", Reason.PHONE_TOO_LONG),
        ("1" * 5000, Reason.PHONE_TOO_LONG),
        ("(10) 98765-4321", Reason.PHONE_INVALID_FOR_REGION),
        ("11 18765-4321", Reason.PHONE_INVALID_FOR_REGION),
        ("14155552671", Reason.PHONE_INVALID_FOR_REGION),
        ("+999 123456789", Reason.PHONE_UNKNOWN_COUNTRY),
        ("5.51199E+12", Reason.PHONE_DIGITS_LOST),
        ("5,51199E+12", Reason.PHONE_DIGITS_LOST),
        ("5511990000000", Reason.PHONE_DIGITS_LOST),
    ],
)
def test_problems(text: str, reason: Reason) -> None:
    assert parse_phone(text) == PhoneProblem(reason)


def test_another_region() -> None:
    phone = parse_phone("912 345 678", "PT")
    assert isinstance(phone, Phone)
    assert phone.canonical == "+351912345678"


def test_variants_never_turn_a_mobile_into_a_landline() -> None:
    assert variants("+5531934567890") == ("+5531934567890",)
    assert variants("+553134567890") == ("+553134567890",)
    assert variants("+5215512345678") == ("+525512345678", "+5215512345678")
    assert variants("+5491123456789") == ("+5491123456789", "+541123456789")


def test_wa_id() -> None:
    for wa_id in ("5511987654321", "551187654321"):
        phone = from_wa_id(wa_id)
        assert isinstance(phone, Phone)
        assert phone.canonical == MOBILE
    mexican = from_wa_id("5215512345678")
    assert isinstance(mexican, Phone)
    assert mexican.canonical == "+525512345678"


@pytest.mark.parametrize(
    ("e164", "shown"),
    [
        (MOBILE, "+55 11 98765-4321"),
        ("+551134567890", "+55 11 3456-7890"),
        ("+14155552671", "+1 415-555-2671"),
        ("BR.123", "BR.123"),
        ("", ""),
    ],
)
def test_display(e164: str, shown: str) -> None:
    assert display(e164) == shown


_AROUND = st.sampled_from(["", " ", "-", "(", ")", ".", "+", "'", "0", "00", "55", "+55", "055", "015"])
_NATIONAL = st.from_regex(r"[1-9][0-9][0-9]{6,9}", fullmatch=True)


@settings(max_examples=400, deadline=None)
@given(_AROUND, _NATIONAL, _AROUND, st.integers(0, 9))
def test_the_quick_path_agrees_with_the_library(before: str, digits: str, between: str, cut: int) -> None:
    text = before + digits[:cut] + (between if between in " -()." else " ") + digits[cut:]
    quick = _brazil_at_a_glance(text)
    if quick is not None:
        assert quick == _with_care(text, "BR"), text


@settings(max_examples=400, deadline=None)
@given(st.integers(10, 99), st.integers(2_000_0000, 9_9999_9999))
def test_the_quick_path_takes_all_that_the_library_takes(area: int, subscriber: int) -> None:
    digits = f"{area}{subscriber}"
    number = phonenumbers.parse("+55" + digits)
    usual = phonenumbers.is_valid_number(number) and phonenumbers.number_type(number) in (0, 1)
    if usual and not digits.endswith("0000000"):
        for text in (
            digits,
            "55" + digits,
            "+55" + digits,
            "0" + digits,
            f"({area}) {str(subscriber)[:-4]}-{str(subscriber)[-4:]}",
        ):
            phone = _brazil_at_a_glance(text)
            assert phone is not None, text
            assert phone.e164 == "+55" + digits
            assert phonenumbers.is_valid_number(phonenumbers.parse(phone.canonical))


@settings(max_examples=300, deadline=None)
@given(st.text() | st.from_regex(r"[0-9+() .,/eExX-]{0,25}", fullmatch=True), st.sampled_from(["BR", "US", "PT", "XX"]))
def test_any_text_is_a_phone_or_a_problem_and_reads_back(text: str, region: str) -> None:
    outcome = parse_phone(text, region)
    if isinstance(outcome, Phone):
        again = parse_phone(outcome.canonical)
        assert isinstance(again, Phone)
        assert again.canonical == outcome.canonical
        assert outcome.canonical in outcome.variants()
        displayed = parse_phone(display(outcome.canonical))
        assert isinstance(displayed, Phone)
        assert displayed.canonical == outcome.canonical
    else:
        assert outcome.reason.sentence


def test_the_usual_shapes_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """The careful one asks the library, thirty times as long, for each of a million rows."""
    careful: list[str] = []
    monkeypatch.setattr(phones, "_with_care", lambda text, _region: careful.append(text))
    for text in ("(11) 98765-4321", "+5511987654321", "5511987654321", "1187654321", "(11) 3456-7890"):
        assert isinstance(parse_phone(text), Phone)
    parse_phone("+1 415 555 2671")
    assert careful == ["+1 415 555 2671"]
