"""Imports for people: states, what a column may become, why a file or a row was not taken."""

from api.contract.contacts import Import
from api.contract.enums import ImportState
from ui import formats
from ui.components.text import Tone
from ui.i18n import _


def import_state(state: ImportState) -> tuple[str, Tone]:
    names: dict[ImportState, tuple[str, Tone]] = {
        ImportState.UPLOADED: (_("Waits for you"), "info"),
        ImportState.QUEUED: (_("Starting"), "info"),
        ImportState.RUNNING: (_("Importing"), "ok"),
        ImportState.COMPLETED: (_("Completed"), "quiet"),
        ImportState.FAILED: (_("Failed"), "bad"),
        ImportState.CANCELLED: (_("Cancelled"), "quiet"),
    }
    return names[state]


def targets() -> dict[str, str]:
    """What a column may become."""
    return {
        "phone": _("Phone"),
        "name": _("Full name"),
        "first_name": _("First name"),
        "last_name": _("Last name"),
        "email": _("E-mail"),
        "tags": _("Tags"),
        "language": _("Preferred language"),
        "opt_out": _("Wants no messages (yes or no)"),
        "custom": _("Own field"),
        "ignore": _("Leave out"),
    }


def file_problem(found: Import) -> str:
    """Why a file could not be read, and the way out."""
    row = formats.number(found.error_row)
    return {
        "empty": _("The file is empty."),
        "old_excel": _("This is the old Excel format (.xls). Save it as .xlsx or CSV and send it again."),
        "encrypted": _("The file is protected by a password. Save it without a password and send it again."),
        "binary_excel": _("This is the binary Excel format (.xlsb). Save it as .xlsx or CSV and send it again."),
        "open_document": _("This is an OpenDocument sheet (.ods). Save it as .xlsx or CSV and send it again."),
        "web_page": _("This is a web page with the name of a spreadsheet. Open it in Excel and save it as .xlsx."),
        "json": _("This is a JSON file. Send a spreadsheet (.xlsx) or a CSV file."),
        "not_a_spreadsheet": _("This is not a spreadsheet. Send an .xlsx or a CSV file."),
        "damaged": _("The file is damaged and cannot be read. Save it again and send the new one."),
        "too_big": _("The file is too big once unpacked. Split it into smaller files."),
        "too_many_rows": _("The file has too many rows. Split it into smaller files."),
        "too_many_columns": _("The file has too many columns. Keep only those that you need."),
        "cell_too_long": _("A cell in row {row} holds more text than a cell can hold. Shorten it and send the file again."),
        "row_too_long": _("Row {row} is too long; perhaps its line end is missing. Save the file again as .xlsx or CSV."),
        "too_slow": _("Reading this file takes too long. Split it into smaller files, or save it as CSV."),
        "file_gone": _("The file is no longer there. Send it again."),
        "expired": _("Nobody started this import within {days} days, so the file was deleted. Send it again."),
        "crashed": _("Something went wrong on our side, more than once. Send the file again, or save it as CSV first."),
        "quote_not_closed": _("A quote opens in or before row {row} and is never closed. Mend it and send the file again."),
        "changed": _("The file is not the one that was looked at first. Send it again."),
    }.get(found.error or "", _("The file could not be read. Send it again.")).format(row=row, days=3)


def reasons() -> dict[str, str]:
    """Why a row was not taken."""
    return {
        "phone_empty": _("There is no phone number."),
        "phone_not_a_number": _("This is not a phone number."),
        "phone_too_short": _("The phone number has too few digits."),
        "phone_too_long": _("The phone number has too many digits."),
        "phone_no_area_code": _("The area code is missing. Write it before the number, like 11 98765-4321."),
        "phone_invalid_for_region": _("No phone has this number. A number from abroad needs + and its country code."),
        "phone_unknown_country": _("The country is not known. Write + and the country code before the number."),
        "phone_digits_lost": _("The spreadsheet cut digits off this number. Format the column as text, type it again."),
        "email_invalid": _("This is not an e-mail address."),
        "too_long": _("The text is too long for this field."),
        "too_many_tags": _("There are too many tags."),
        "too_many_cells": _("The row has more cells than the table has columns. A quote or separator may be missing."),
        "flag_not_understood": _("Write yes or no here."),
        "language_unknown": _("The language is not known. Write it like pt-BR or en."),
        "no_identity": _("The row has neither a phone number nor an e-mail address."),
        "not_storable": _("Something in the row cannot be stored. Type it again by hand."),
        "email_of_other_contact": _("The e-mail belongs to another contact. The row was imported without it."),
        "phone_of_other_contact": _("The phone belongs to another contact. The row was imported without it."),
    }
