"""What was pasted, looked at before it is sent: whether it has the form of what the provider gives, in words.

The API and the live check decide; this only spares the way there and back.
"""

import re

from ui.i18n import _

_ID = re.compile(r"^\d{6,20}$")
_TOKEN = re.compile(r"^EAA[A-Za-z0-9_-]{30,}$")
_HEX = re.compile(r"^[0-9a-fA-F]{32}$")
_ACCOUNT = re.compile(r"^AC[0-9a-fA-F]{32}$")
_SENDER = re.compile(r"^(\+\d{7,15}|MG[0-9a-fA-F]{32})$")


def phone_number_id(value: str) -> str:
    if re.match(r"^\+|^[\d() -]*[() -]", value):
        return _("This looks like the phone number itself. Copy the phone number ID, which is digits only.")
    return "" if _ID.match(value) else _("The ID is digits only, like 106540352242922.")


def waba_id(value: str, phone_number_id: str = "") -> str:
    if value and value == phone_number_id:
        return _("This is the phone number ID once more. Copy the ID of the WhatsApp Business account.")
    return "" if _ID.match(value) else _("The ID is digits only, like 102290129340398.")


def access_token(value: str) -> str:
    return "" if _TOKEN.match(value) else _("A token begins with EAA and is long. Copy it whole, without blanks.")


def app_secret(value: str) -> str:
    if value.startswith("EAA"):
        return _("This is a token. The app secret has 32 signs, digits and the letters a to f.")
    return "" if _HEX.match(value) else _("The app secret has 32 signs, digits and the letters a to f.")


def account_sid(value: str) -> str:
    return "" if _ACCOUNT.match(value) else _("The Account SID begins with AC and has 34 signs.")


def auth_token(value: str) -> str:
    return "" if _HEX.match(value) else _("The Auth Token has 32 signs, digits and the letters a to f.")


def sender(value: str) -> str:
    return "" if _SENDER.match(value) else _("Write the number with + and country code, or the MG… name of a service.")
