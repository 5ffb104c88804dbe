"""What the API refuses, said to people: one sentence per `code` of `ApiProblem`, with the way out.

A code that has no sentence here falls back to the API's own `detail`, so nothing is ever silent. Also the one handler
that every page has for what its own handlers raise.
"""

from collections.abc import Mapping
from typing import Any

from nicegui import ui

from ui import session
from ui.client.base import ApiProblem, Offline
from ui.components.forms import Field
from ui.components.toast import toast
from ui.i18n import _


def sentences() -> dict[str, str]:
    """code → sentence in the reader's language. Later capabilities add their codes here."""
    return {
        "bad_credentials": _("The e-mail or the password is not right."),
        "email_taken": _("There is an account with this e-mail already. Sign in instead."),
        "last_owner": _("A company needs at least one owner. Make somebody else owner first."),
        "already_member": _("This person is in the team already."),
        "too_many_keys": _("Your company has as many keys as it can have. Revoke one first."),
        "owner_only": _("Only an owner may do this."),
        "own_role": _("A key cannot change the role of the person who made it."),
        "people_only": _("Only a person who is signed in may do this."),
        "scope_too_wide": _("You can only give permissions that you have yourself."),
        "no_company": _("You are no longer in any company. Ask for an invitation."),
        "already_invited": _("This person has an open invitation already."),
        "invitation_gone": _("This invitation is no longer valid. Ask for a new one."),
        "link_expired": _("This link was used or is too old. Ask for a new one."),
        "weak_password": _("This password is too easy to guess. Make it longer."),
        "wrong_password": _("The current password is not right."),
        "nobody_chosen": _("Choose who is meant first."),
        "in_the_past": _("Choose a time in the future."),
        "not_found": _("This is no longer here. Somebody may have removed it."),
        "forbidden": _("Your role does not allow this. Ask an administrator of your company."),
        "conflict": _("This has changed meanwhile. Load the page again and check."),
        "changed_meanwhile": _("Somebody else changed this first. Load the page again and check."),
        "not_editable": _("This campaign was launched already and can no longer be changed. Clone it instead."),
        "already_launched": _("This campaign was launched already and can no longer be changed. Clone it instead."),
        "not_deletable": _("Only drafts can be deleted."),
        "already_decided": _("Somebody has decided this already. Load the page again."),
        "window_closed": _("WhatsApp takes free texts only within 24 hours after a person wrote."),
        "opted_out": _("This person asked for no more messages."),
        "no_address": _("This contact has no number that this channel reaches."),
        "channel_not_connected": _("This channel cannot send at the moment."),
        "not_running": _("It is not sending any more."),
        "not_paused": _("It is not paused any more."),
        "not_cancellable": _("There is nothing left to cancel."),
        "not_retryable": _("Failed messages can be tried again once the campaign sends or is done."),
        "too_many_requests": _("That was too often in a short time. Wait a moment and try again."),
        "too_many_attempts": _("Too many tries. Wait a few minutes and try again."),
        "too_many_mails": _("We sent you this several times today. Look in the spam folder, too."),
        "too_many_invitations": _("Your company made many invitations today. Go on tomorrow."),
        "too_large": _("This file is too large."),
        "outcome_unknown": _(
            "The connection broke while this was being saved. Load the page again and look before you repeat it."
        ),
        "database_unavailable": _("The service is busy at the moment. Try again in a few seconds."),
        "busy": _("The service is busy at the moment. Try again in a few seconds."),
        "file_too_large": _("This file is too large. Split it into smaller files."),
        "too_many_uploads": _("Your company has sent as many lists as it can in a day. Try again tomorrow."),
        "too_many_open_imports": _("Too many lists wait to be imported. Start or discard one of them first."),
        "no_room_for_file": _("The lists that wait to be imported are too large together. Start or discard one of them first."),
        "not_a_spreadsheet": _("This is not a spreadsheet. Open it in Excel or in your contacts and save it as .xlsx or CSV."),
        "file_empty": _("The file is empty."),
        "unavailable": _("The service is busy at the moment. Try again in a few seconds."),
        "unreadable_answer": _("Something went wrong on our side. Try again."),
        "http_500": _("Something went wrong on our side. Try again."),
        "internal": _("Something went wrong on our side. Try again."),
    }


def field_sentences() -> dict[str, str]:
    """Codes of single fields."""
    return {
        "required": _("Please fill this in."),
        "too_short": _("This is too short."),
        "too_long": _("This is too long."),
        "invalid_email": _("This does not look like an e-mail address."),
        "invalid_phone": _("This does not look like a phone number."),
        "address_in_name": _("Write a name, without web or e-mail addresses."),
        "taken": _("This name is in use already."),
        "bad_name": _("A name needs something to see, without hidden signs."),
        "bad_character": _("This holds a sign that cannot be kept."),
        "email_invalid": _("This does not look like an e-mail address."),
        "pattern": _("This is not in the form that is expected here."),
        "out_of_range": _("This is too small or too large."),
        "in_the_past": _("Choose a time in the future."),
        "unknown_value": _("This choice is no longer there. Load the page again."),
    }


def sentence(error: Exception) -> str:
    """The sentence for a problem or a lost connection; never a stack trace or a code."""
    if isinstance(error, Offline):
        return _("No connection to the service. Check your internet and try again.")
    if isinstance(error, ApiProblem):
        known = sentences().get(error.code)
        if known:
            return known
        if error.errors:
            return field_sentences().get(error.errors[0].code) or error.errors[0].message
        return error.detail if error.status < 500 else _("Something went wrong on our side. Try again.")
    return _("Something went wrong on our side. Try again.")


def show(error: Exception) -> None:
    """Says it in a toast; a session that ended leads to sign-in instead."""
    if isinstance(error, ApiProblem) and error.status == 401 and session.signed_in():
        session.expired()
        return
    toast(sentence(error), "bad")


def show_in(fields: Mapping[str, Field[Any]], error: Exception) -> bool:
    """Puts field errors under their fields (`bindings[2].text` matches `bindings`), and the cursor into the first of them.

    The rest goes to a toast. True when every error found its field.
    """
    if not isinstance(error, ApiProblem) or not error.errors:
        show(error)
        return False
    left = 0
    bad: list[Field[Any]] = []
    for wrong in error.errors:
        field = fields.get(wrong.field) or fields.get(wrong.field.split("[")[0].split(".")[0])
        if field is None:
            left += 1
        else:
            field.error(field_sentences().get(wrong.code) or wrong.message)
            bad.append(field)
    first = next((field for field in fields.values() if field in bad), None)
    if first is not None:
        first.focus()
    if left:
        show(error)
    return not left


def catch_all() -> None:
    """On every page: what a handler raises becomes a sentence, not silence."""
    ui.on_exception(show)
