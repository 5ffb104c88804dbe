"""Why a row of a list, one cell of it, or a whole file is refused: closed lists, one spelling for importer, API and screen.

Refuses to know about files or the database."""

from db.errors import Code, FieldCode


class Reason(FieldCode):
    """Codes are stored with rejected rows and shown by the API; never rename one."""

    PHONE_EMPTY = "phone_empty", "There is no phone number."
    PHONE_NOT_A_NUMBER = "phone_not_a_number", "This is not a phone number."
    PHONE_TOO_SHORT = "phone_too_short", "The phone number has too few digits."
    PHONE_TOO_LONG = "phone_too_long", "The phone number has too many digits."
    PHONE_NO_AREA_CODE = "phone_no_area_code", "The area code is missing. Write it before the number, like 11 98765-4321."
    PHONE_INVALID_FOR_REGION = (
        "phone_invalid_for_region",
        "No phone has this number. A number from abroad needs + and its country code.",
    )
    PHONE_UNKNOWN_COUNTRY = "phone_unknown_country", "The country is not known. Write + and the country code before the number."
    PHONE_DIGITS_LOST = (
        "phone_digits_lost",
        "The spreadsheet cut digits off this number. Format the column as text, type it again.",
    )
    EMAIL_INVALID = "email_invalid", "This is not an e-mail address."
    TOO_LONG = "too_long", "The text is too long for this field."
    TOO_MANY_TAGS = "too_many_tags", "There are more tags than one contact can have."
    TOO_MANY_CELLS = "too_many_cells", "The row has more cells than the table has columns. A quote or separator may be missing."
    FLAG_NOT_UNDERSTOOD = "flag_not_understood", "Write yes or no here."
    LANGUAGE_UNKNOWN = "language_unknown", "The language is not known. Write it like pt-BR or en."
    NO_IDENTITY = "no_identity", "The row has neither a phone number nor an e-mail address."
    ERASED = "person_erased", "This person's data was erased at their request. Take them off the list."
    NOT_STORABLE = "not_storable", "Something in the row cannot be stored. Type it again by hand."


class RowWarning(Code):
    """What was left out of a row that was taken. Stored like a `Reason`."""

    EMAIL_INVALID = "email_invalid", "This is not an e-mail address. The row was imported without it."
    FURTHER_PHONE = (
        "further_phone",
        "The cell holds more than one phone number. One was taken, a mobile if there is one; the others were left out.",
    )
    SECOND_PHONE_USED = "second_phone_used", "The phone number is not valid. The second one was taken."
    REPEATED = (
        "repeated",
        "This person stands in the file further up. That row counts; this one only added what was missing.",
    )
    FIELD_NOT_A_NUMBER = "field_not_a_number", "This field holds numbers. The row was imported without this cell."
    FIELD_NOT_A_DATE = "field_not_a_date", "This field holds dates. The row was imported without this cell."
    FIELD_NOT_A_BOOLEAN = "field_not_a_boolean", "This field holds yes or no. The row was imported without this cell."
    FIELD_NOT_OFFERED = "field_not_offered", "The field does not offer this choice. The row was imported without this cell."
    EMAIL_OF_OTHER_CONTACT = "email_of_other_contact", "The e-mail belongs to another contact. The row was imported without it."
    PHONE_OF_OTHER_CONTACT = (
        "phone_of_other_contact",
        "The phone number belongs to another contact. The row was imported without it.",
    )
    LEAD_VALUE_INVALID = "lead_value_invalid", "This is no value, like 1.234,50. The lead was made without it."
    LEAD_DUE_INVALID = "lead_due_invalid", "This is no date. The lead was made without it."
    FIELD_NOT_A_CHOICE = "field_not_a_choice", "The field does not offer this. The lead was made without it."
    STAGE_UNKNOWN = "stage_unknown", "The board has no stage of this name. The lead stands in the one that was chosen."
    OWNER_UNKNOWN = "lead_owner_unknown", "Nobody in the team has this e-mail. The lead is nobody's."
    TOO_MANY_TAGS = "too_many_tags", "There are more tags than a company can have. The row was imported without the new ones."


class StayReason(Code):
    """Why a contact that an import made is not removed when the import is undone. Stored; never rename one."""

    MESSAGED = "messaged", "There were messages already."
    IN_CAMPAIGN = "in_campaign", "In a campaign."
    CHANGED = "changed", "Changed after the import."
    WITH_LEAD = "with_lead", "With a lead that somebody went on with."
    NOTED = "noted", "With notes."
    IN_OTHER_IMPORT = "in_other_import", "In another list too."


class FileProblem(Code):
    """Why a file could not be imported. `row`: where it went wrong. Stored with the import; never rename one."""

    EMPTY = "empty", "The file is empty."
    OLD_EXCEL = "old_excel", "This old Excel file (.xls) cannot be read. Save it as .xlsx or CSV and send it again."
    ENCRYPTED = "encrypted", "The file is protected by a password. Save it without a password and send it again."
    BINARY_EXCEL = "binary_excel", "This is the binary Excel format (.xlsb). Save it as .xlsx or CSV and send it again."
    OPEN_DOCUMENT = "open_document", "This is an OpenDocument sheet (.ods). Save it as .xlsx or CSV and send it again."
    WEB_PAGE = "web_page", "This is a web page with the name of a spreadsheet. Open it in Excel and save it as .xlsx."
    JSON = "json", "This is a JSON file. Send a spreadsheet (.xlsx) or a CSV file."
    NOT_A_SPREADSHEET = "not_a_spreadsheet", "This is no list of contacts. Send an Excel, CSV or vCard file."
    DAMAGED = "damaged", "The file is damaged and cannot be read. Save it again and send the new one."
    TOO_BIG = "too_big", "The file is too big once unpacked. Split it into smaller files."
    TOO_MANY_ROWS = "too_many_rows", "The file has too many rows. Split it into smaller files."
    TOO_MANY_COLUMNS = "too_many_columns", "The file has too many columns. Keep only those that you need."
    CELL_TOO_LONG = (
        "cell_too_long",
        "A cell in row {row} holds more text than a cell can hold. Shorten it and send the file again.",
    )
    ROW_TOO_LONG = "row_too_long", "Row {row} is too long; perhaps its line end is missing. Save the file again as .xlsx or CSV."
    TOO_SLOW = "too_slow", "Reading this file takes too long. Split it into smaller files, or save it as CSV."
    QUOTE_NOT_CLOSED = (
        "quote_not_closed",
        "A quote opens in or before row {row} and is never closed. Mend it and send the file again.",
    )
    FILE_GONE = "file_gone", "The file is no longer there. Send it again."
    CHANGED = "changed", "The file is not the one that was looked at first. Send it again."
    EXPIRED = "expired", "Nobody started this import within {days} days, so the file was deleted. Send it again."
    CRASHED = "crashed", "Something went wrong on our side, more than once. Send the file again, or save it as CSV first."
