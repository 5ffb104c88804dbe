"""What imports and contacts call things, for people."""

from api.contract.contacts import Import
from api.contract.enums import IdentityKind, ImportState, LineType, MessageState
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


def identity(kind: IdentityKind, line: LineType | None) -> str:
    if kind is IdentityKind.PHONE and line is LineType.FIXED:
        return _("Landline")
    return {
        IdentityKind.PHONE: _("Phone"),
        IdentityKind.WA_ID: "WhatsApp",
        IdentityKind.BSUID: _("WhatsApp user id"),
        IdentityKind.LID: _("WhatsApp device id"),
        IdentityKind.EMAIL: _("E-mail"),
    }[kind]


def message_state(label: str | None) -> tuple[str, Tone]:
    names: dict[str, tuple[str, Tone]] = {
        "queued": (_("Waiting"), "quiet"),
        "sending": (_("Sending"), "info"),
        "unknown": (_("Unclear"), "warn"),
        "sent": (_("Was sent"), "info"),
        "delivered": (_("Was delivered"), "ok"),
        "read": (_("Was read"), "ok"),
        "failed": (_("Was not delivered"), "bad"),
        "failed_unknown": (_("Unclear"), "warn"),
        "skipped": (_("Skipped"), "quiet"),
        "cancelled": (_("Was cancelled"), "quiet"),
    }
    return names.get(label or MessageState.QUEUED.label, ("", "quiet"))


def message_kind(kind: str) -> tuple[str, str]:
    """Name and symbol of a kind that people send; an unknown one says that it cannot be shown."""
    return {
        "text": ("", "chat"),
        "button": (_("Pressed a button"), "touch_app"),
        "interactive": (_("Chose an answer"), "touch_app"),
        "image": (_("Picture"), "image"),
        "video": (_("Video"), "play_circle"),
        "audio": (_("Audio"), "mic"),
        "voice": (_("Audio"), "mic"),
        "document": (_("Document"), "description"),
        "media": (_("File"), "attach_file"),
        "sticker": (_("Sticker"), "sentiment_satisfied"),
        "location": (_("Location"), "location_on"),
        "contacts": (_("Contact card"), "badge"),
        "order": (_("Order"), "shopping_cart"),
        "reaction": (_("Reaction"), "add_reaction"),
        "edit": (_("Edited a message"), "edit"),
        "revoke": (_("Took a message back"), "undo"),
    }.get(kind, (_("A kind of message that cannot be shown"), "help"))


def preference(text: str) -> str:
    """A wish that came without a text."""
    return _("Asked for no more messages") if text == "stop" else _("Wants messages again")


def obstacle(code: str) -> tuple[str, str]:
    """Why a person cannot be answered over a channel now, and what to do."""
    return {
        "no_channel": (_("No channel is connected."), _("Connect a WhatsApp or SMS number to answer.")),
        "window_closed": (
            _("WhatsApp takes free texts only within 24 hours after a person wrote."),
            _("Send an approved template by a campaign, or wait until the person writes."),
        ),
        "opted_out": (
            _("This person asked for no more messages."),
            _("They can be answered over WhatsApp once they write again, or when they may get messages again."),
        ),
        "no_address": (
            _("This contact has no number that this channel reaches."),
            _("Add a mobile number in the details, or choose another channel."),
        ),
        "channel_not_connected": (_("This channel cannot send at the moment."), _("Mend or resume it, or choose another one.")),
    }[code]


def out_source(source: str | None) -> str:
    return {
        "keyword": _("The person asked for it in a message."),
        "provider": _("WhatsApp or the carrier told us."),
        "person": _("Somebody of your team set this."),
        "import": _("It came with an import."),
        "api": _("It came over the API."),
    }.get(source or "", "")


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
