"""What a person typed as a phone number, made into one number that can be called and compared.

Numbering plans come from `phonenumbers`. Plain Brazilian shapes take a quick path that accepts only what the library
accepts (a property test holds the two together), save for Brazil's ninth digit, which this module owns: mobile numbers
are compared with it, landlines never get one. Refuses to guess: a foreign number without + is a problem, not
somebody else's phone."""

import re
import unicodedata

import msgspec
import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberType

from db.contacts.enums import LineType
from db.contacts.reasons import Reason


class Phone(msgspec.Struct, frozen=True, gc=False):
    """`e164` is the number as written, `canonical` the form that names the contact (Brazil: with the ninth digit)."""

    e164: str
    region: str
    line: LineType
    canonical: str

    def variants(self) -> tuple[str, ...]:
        """Every E.164 form under which the same phone may arrive (WhatsApp's `wa_id`), `canonical` first."""
        return variants(self.canonical)


class PhoneProblem(msgspec.Struct, frozen=True, gc=False):
    reason: Reason


# Area codes in use: the first digit, and the second digits that go with it.
_AREA = frozenset(
    first + second
    for firsts, seconds in (("14689", "123456789"), ("2", "12478"), ("3", "1234578"), ("5", "1345"), ("7", "134579"))
    for first in firsts
    for second in seconds
)
# Long-distance carriers, dialled between 0 and the area code.
_CARRIER = frozenset(("12", "14", "15", "21", "22", "23", "25", "31", "41", "43", "55", "65", "99"))
_BARE = str.maketrans("", "", " ()-.\t\r\n'")
_DECIMALS = re.compile(r"^\s*'?(\+?\d{7,15})[.,]0{1,2}\s*$")
_SCIENTIFIC = re.compile(r"^\s*'?\+?(\d)(?:[.,](\d*))?\s?[eE]\+?(\d{1,2})\s*$")
_EXTENSION = re.compile(
    r"(?:ramal|ram\b|ext(?:ens[aã]o|ension)?\b|\br\.|#|(?<=\d)\s*x(?=\s?\d{1,6}\s*$))[\s.:]*\d{1,6}\b", re.IGNORECASE
)
_OLD_CARRIER_MARK = re.compile(r"0\s?(?:xx|\*\*)\s?(?=\(?\s?\d\d)", re.IGNORECASE)
_PIECE = re.compile(r"\+?[\d\s()\[\].,_'\-+*]*\d")
_SEVERAL = re.compile(r"[/;|\n\r]| ou | or | e |,\s")
_SEAM = re.compile(r"(?<=\d)(?:,| +)(?=[\d(+])|(?<=\d)(?=[(+])")
_CUT = "0" * 7  # what is left of 5511987654321 once a spreadsheet showed it as 5.51199E+12 and was saved
_LONGEST = 250
_LINES = {
    PhoneNumberType.MOBILE: LineType.MOBILE,
    PhoneNumberType.FIXED_LINE: LineType.FIXED,
    PhoneNumberType.FIXED_LINE_OR_MOBILE: LineType.FIXED_OR_MOBILE,
}


def parse_phone(text: str, region: str = "BR") -> Phone | PhoneProblem:
    """The phone in one cell. `region` (ISO 3166, two capitals) is where numbers without + belong.

    A cell with several numbers gives its first mobile, else its first good one; an extension is left out."""
    quick = _brazil_at_a_glance(text) if region == "BR" else None
    return quick if quick is not None else _with_care(text, region)


def _brazil_at_a_glance(text: str) -> Phone | None:
    """A phone for plain Brazilian digits and punctuation; None means: look with care, not: wrong."""
    if len(text) > 30 or not text.isascii():
        return None
    digits = _without_prefix(text.translate(_BARE))
    if digits is None or digits[:2] not in _AREA or (("." in text) and _DECIMALS.match(text)):
        return None
    first = digits[2:3]
    if len(digits) == 11 and first == "9" and not digits.endswith(_CUT):
        number = "+55" + digits
        return Phone(number, "BR", LineType.MOBILE, number)
    if len(digits) == 10:
        number = "+55" + digits
        if first in "2345":
            return Phone(number, "BR", LineType.FIXED, number)
        if first in "6789":
            return Phone(number, "BR", LineType.MOBILE, f"+55{digits[:2]}9{digits[2:]}")
    return None


def _without_prefix(digits: str) -> str | None:
    """Area code and subscriber number, without country code, trunk 0 and carrier; None for what has another shape."""
    if digits.startswith("+55"):
        digits = digits[1:]
        if len(digits) not in (12, 13):
            return None
    if not digits.isdigit():
        return None
    if digits.startswith("0"):
        digits = digits[1:]
        if len(digits) in (12, 13) and digits[:2] in _CARRIER:
            return digits[2:]
        return digits if len(digits) <= 11 else None
    return digits[2:] if digits.startswith("55") and len(digits) in (12, 13) else digits


def _with_care(text: str, region: str) -> Phone | PhoneProblem:
    text = _plain(text[:_LONGEST])
    if not text.strip(" '\""):
        return PhoneProblem(Reason.PHONE_EMPTY)
    if whole := _DECIMALS.match(text):
        text = whole[1]
    elif science := _SCIENTIFIC.match(text):
        digits = science[1] + (science[2] or "")
        if len(digits) - 1 != int(science[3]):
            return PhoneProblem(Reason.PHONE_DIGITS_LOST)
        text = digits
    found = _several(text, region)
    if found:
        return next((phone for phone in found if phone.line is LineType.MOBILE), found[0])
    return _one(_without_extension(text).replace("/", " "), region)


def further_phones(text: str, region: str, taken: Phone) -> list[Phone]:
    """Other phones in a cell of which `taken` is one."""
    if len(text) < 16 or sum(map(str.isdigit, text)) < 14:
        return []
    return [phone for phone in _several(_plain(text[:_LONGEST]), region) if phone.canonical != taken.canonical]


def _several(text: str, region: str) -> list[Phone]:
    """The phones of a cell with more than one, in their order; empty for a cell with one."""
    text = _without_extension(text)
    pieces = _SEVERAL.split(text)
    if len(pieces) > 1:
        return [phone for piece in pieces if isinstance(phone := _one(piece, region), Phone)]
    if _digit_count(text) < 16:
        return []
    for place in _SEAM.finditer(text):  # nothing but a blank, a comma or a bracket between two
        pair = [_one(piece, region) for piece in (text[: place.start()], text[place.start() :].lstrip(" ,"))]
        if all(isinstance(phone, Phone) for phone in pair):
            return [phone for phone in pair if isinstance(phone, Phone)]
    return []


def _without_extension(text: str) -> str:
    return _EXTENSION.sub(" ", _OLD_CARRIER_MARK.sub("0", text))


def _plain(text: str) -> str:
    """Any script's digits as ASCII, every dash as -, every blank as a space, nothing invisible."""
    if text.isascii():
        return text
    out = []
    for char in unicodedata.normalize("NFKC", text):
        kind = unicodedata.category(char)
        if kind == "Nd":
            out.append(str(unicodedata.decimal(char)))
        elif kind == "Pd" or char == "\u2212":
            out.append("-")
        elif kind == "Zs":
            out.append(" ")
        elif kind not in ("Cf", "Mn"):
            out.append(char)
    return "".join(out)


def _one(text: str, region: str) -> Phone | PhoneProblem:
    # Letters part the pieces: the library would read them as a dial pad ("recados" = 7322367).
    pieces = _PIECE.findall(text)
    if not pieces:
        return PhoneProblem(Reason.PHONE_NOT_A_NUMBER)
    problem: PhoneProblem | None = None
    for piece in sorted(pieces, key=_digit_count, reverse=True):
        outcome = _by_library(piece, region)
        if isinstance(outcome, Phone):
            return outcome
        problem = problem or outcome
    if _digit_count(text) < 3 and re.search(r"[^\W\d_]", text):
        return PhoneProblem(Reason.PHONE_NOT_A_NUMBER)
    return problem or PhoneProblem(Reason.PHONE_NOT_A_NUMBER)


def _digit_count(text: str) -> int:
    return sum(map(str.isdigit, text))


def _by_library(piece: str, region: str) -> Phone | PhoneProblem:
    digits = "".join(filter(str.isdigit, piece))
    international = piece.lstrip(" (['").startswith("+")
    if not international and digits.startswith("00"):
        # The library would take "0055" for a Brazilian long-distance carrier and then read a number of the USA.
        international, digits = True, digits[2:]
    if international and len(digits) == 13 and digits.startswith("521"):
        digits = "52" + digits[3:]  # the 1 of Mexican mobiles before 2019, still in WhatsApp's ids
    if len(digits) < 7:
        return PhoneProblem(Reason.PHONE_TOO_SHORT)
    if len(digits) > 17:
        return PhoneProblem(Reason.PHONE_TOO_LONG)
    try:
        number = phonenumbers.parse(f"+{digits}" if international else digits, region)
    except NumberParseException as error:
        return PhoneProblem(_PARSE_ERRORS.get(error.error_type, Reason.PHONE_NOT_A_NUMBER))
    if number.country_code == 55:
        return _brazil(number)
    if not phonenumbers.is_valid_number(number):
        return PhoneProblem(_LENGTHS.get(phonenumbers.is_possible_number_with_reason(number), Reason.PHONE_INVALID_FOR_REGION))
    return _phone(number, phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


_PARSE_ERRORS = {
    NumberParseException.INVALID_COUNTRY_CODE: Reason.PHONE_UNKNOWN_COUNTRY,
    NumberParseException.TOO_SHORT_AFTER_IDD: Reason.PHONE_TOO_SHORT,
    NumberParseException.TOO_SHORT_NSN: Reason.PHONE_TOO_SHORT,
    NumberParseException.TOO_LONG: Reason.PHONE_TOO_LONG,
}
_LENGTHS = {
    phonenumbers.ValidationResult.TOO_SHORT: Reason.PHONE_TOO_SHORT,
    phonenumbers.ValidationResult.TOO_LONG: Reason.PHONE_TOO_LONG,
    phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: Reason.PHONE_NO_AREA_CODE,
}


def _phone(number: PhoneNumber, canonical: str) -> Phone:
    line = _LINES.get(phonenumbers.number_type(number), LineType.OTHER)
    region = phonenumbers.region_code_for_number(number) or "001"
    return Phone(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164), region, line, canonical)


def _brazil(number: PhoneNumber) -> Phone | PhoneProblem:
    national = phonenumbers.national_significant_number(number)
    if len(national) == 10 and national[2] in "6789":
        # The plan before 2012-2016; the library knows only the new one (and old trunked numbers with 7).
        modern = PhoneNumber(country_code=55, national_number=int(f"{national[:2]}9{national[2:]}"))
        if phonenumbers.number_type(modern) == PhoneNumberType.MOBILE:
            return Phone(f"+55{national}", "BR", LineType.MOBILE, f"+55{modern.national_number}")
    if phonenumbers.is_valid_number(number):
        if len(national) == 11 and national.endswith(_CUT):
            return PhoneProblem(Reason.PHONE_DIGITS_LOST)
        return _phone(number, f"+55{national}")
    if len(national) in (8, 9):
        return PhoneProblem(Reason.PHONE_NO_AREA_CODE)
    if len(national) < 8:
        return PhoneProblem(Reason.PHONE_TOO_SHORT)
    if len(national) > 11:
        return PhoneProblem(Reason.PHONE_TOO_LONG)
    return PhoneProblem(Reason.PHONE_INVALID_FOR_REGION)


def variants(e164: str) -> tuple[str, ...]:
    """The E.164 forms of one phone, the canonical one first.

    WhatsApp knows many Brazilian mobiles without the ninth digit, Mexican ones with a 1 and Argentine ones with a 9
    after the country code. The short Brazilian form is given only where it starts with 6-9: with 2-5 it would be
    another's landline."""
    if e164.startswith("+55"):
        if len(e164) == 14 and e164[5] == "9" and e164[6] in "6789":
            return e164, e164[:5] + e164[6:]
        if len(e164) == 13 and e164[5] in "6789":
            return e164[:5] + "9" + e164[5:], e164
    elif e164.startswith("+52"):
        if len(e164) == 13:
            return e164, "+521" + e164[3:]
        if len(e164) == 14 and e164[3] == "1":
            return "+52" + e164[4:], e164
    elif e164.startswith("+54") and len(e164) == 14 and e164[3] == "9":
        return e164, "+54" + e164[4:]
    return (e164,)


def from_wa_id(wa_id: str) -> Phone | PhoneProblem:
    """WhatsApp's `wa_id` (country code and digits, no +) as a phone."""
    return parse_phone(f"+{wa_id}")


def display(e164: str) -> str:
    """For people: "+5511987654321" becomes "+55 11 98765-4321". Text that is no E.164 comes back unchanged."""
    if e164.startswith("+55") and len(e164) in (13, 14) and e164[3:5] in _AREA and e164[3:].isdigit():
        return f"+55 {e164[3:5]} {e164[5:-4]}-{e164[-4:]}"
    try:
        number = phonenumbers.parse(e164)
    except NumberParseException:
        return e164
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
