"""Why a row, or one cell of it, is refused: one closed list, one spelling for importer, API and screen.

The sentences are the English message ids that the web app translates. Refuses to know about files or the database."""

from enum import StrEnum


class Reason(StrEnum):
    """Codes are stored with rejected rows and shown by the API; never rename one."""

    PHONE_EMPTY = "phone_empty"
    PHONE_NOT_A_NUMBER = "phone_not_a_number"
    PHONE_TOO_SHORT = "phone_too_short"
    PHONE_TOO_LONG = "phone_too_long"
    PHONE_NO_AREA_CODE = "phone_no_area_code"
    PHONE_INVALID_FOR_REGION = "phone_invalid_for_region"
    PHONE_UNKNOWN_COUNTRY = "phone_unknown_country"
    PHONE_DIGITS_LOST = "phone_digits_lost"
    EMAIL_INVALID = "email_invalid"
    TOO_LONG = "too_long"
    TOO_MANY_TAGS = "too_many_tags"
    TOO_MANY_CELLS = "too_many_cells"
    FLAG_NOT_UNDERSTOOD = "flag_not_understood"
    LANGUAGE_UNKNOWN = "language_unknown"
    NO_IDENTITY = "no_identity"
    NOT_STORABLE = "not_storable"

    @property
    def sentence(self) -> str:
        return SENTENCES[self]


SENTENCES: dict[Reason, str] = {
    Reason.PHONE_EMPTY: "There is no phone number.",
    Reason.PHONE_NOT_A_NUMBER: "This is not a phone number.",
    Reason.PHONE_TOO_SHORT: "The phone number has too few digits.",
    Reason.PHONE_TOO_LONG: "The phone number has too many digits.",
    Reason.PHONE_NO_AREA_CODE: "The area code is missing. Write it before the number, like 11 98765-4321.",
    Reason.PHONE_INVALID_FOR_REGION: "No phone has this number. A number from abroad needs + and its country code.",
    Reason.PHONE_UNKNOWN_COUNTRY: "The country is not known. Write + and the country code before the number.",
    Reason.PHONE_DIGITS_LOST: "The spreadsheet cut digits off this number. Format the column as text, type it again.",
    Reason.EMAIL_INVALID: "This is not an e-mail address.",
    Reason.TOO_LONG: "The text is too long for this field.",
    Reason.TOO_MANY_TAGS: "There are more tags than one contact can have.",
    Reason.TOO_MANY_CELLS: "The row has more cells than the table has columns. A quote or separator may be missing.",
    Reason.FLAG_NOT_UNDERSTOOD: "Write yes or no here.",
    Reason.LANGUAGE_UNKNOWN: "The language is not known. Write it like pt-BR or en.",
    Reason.NO_IDENTITY: "The row has neither a phone number nor an e-mail address.",
    Reason.NOT_STORABLE: "Something in the row cannot be stored. Type it again by hand.",
}
