"""Contacts: names of the ways to reach a person, and where a wish for no messages came from."""

from api.contract.enums import Category, CustomFieldKind, IdentityKind, LineType
from ui.i18n import _


def identity(kind: IdentityKind, line: LineType | None) -> str:
    if kind is IdentityKind.PHONE and line is LineType.FIXED:
        return _("Landline")
    return {
        IdentityKind.PHONE: _("Phone"),
        IdentityKind.WA_ID: "WhatsApp",
        IdentityKind.BSUID: _("WhatsApp user id"),
        IdentityKind.USERNAME: _("WhatsApp username"),
        IdentityKind.LID: _("WhatsApp device id"),
        IdentityKind.EMAIL: _("E-mail"),
    }[kind]


def field_kind(kind: CustomFieldKind) -> str:
    return {
        CustomFieldKind.TEXT: _("Text"),
        CustomFieldKind.NUMBER: _("Number"),
        CustomFieldKind.DATE: _("Date"),
        CustomFieldKind.BOOLEAN: _("Yes or no"),
        CustomFieldKind.CHOICE: _("Choice"),
    }[kind]


def category(one: Category) -> tuple[str, str]:
    """What campaigns of a category are called, and what they are about."""
    return {
        Category.MARKETING: (_("Offers and news"), _("Marketing campaigns, also by SMS.")),
        Category.UTILITY: (_("Notices about orders and service"), _("Campaigns of the category utility.")),
    }[one]


def out_source(source: str | None) -> str:
    return {
        "keyword": _("The person asked for it in a message."),
        "provider": _("WhatsApp or the carrier told us."),
        "person": _("Somebody of your team set this."),
        "import": _("It came with an import."),
        "api": _("It came over the API."),
        "erasure": _("Their data was erased at their request, and they wrote again."),
        "list": _("It came with a list of opt-outs."),
    }.get(source or "", "")
