"""Why a message did not arrive, and what to do: a name and a sentence for every key of the API's closed lists.

Keys come from FailureReason and SkipReason; a test holds the tables against them. A key that is not here yet is shown as
it is, so nothing is hidden.
"""

from typing import NamedTuple

from ui.i18n import _


class Why(NamedTuple):
    """`name` in a few words, `todo` one sentence with the way out."""

    name: str
    todo: str


def failures() -> dict[str, Why]:
    """FailureReason → name and advice, in the reader's language."""
    return {**_recipient(), **_message(), **_channel(), **_accidents()}


def _recipient() -> dict[str, Why]:
    return {
        "not_on_whatsapp": Why(_("Number without WhatsApp"), _("Remove the number, or write to it by SMS.")),
        "invalid_number": Why(_("Number does not exist"), _("Correct the number in the contact.")),
        "own_number": Why(_("It is your own number"), _("Remove your own number from the list.")),
        "landline": Why(_("Landline"), _("It takes no such messages. Use a mobile number.")),
        "unreachable": Why(_("Phone off or out of reach"), _("Try once more later.")),
        "opted_out": Why(_("Asked for no more messages"), _("Nothing to do: we do not write to this person again.")),
        "business_blocked_user": Why(_("Blocked by your company"), _("Unblock the person before you send.")),
        "blocked": Why(_("The person or the carrier blocks you"), _("Nothing to do with this number.")),
        "identity_changed": Why(_("The person changed phones"), _("Confirm who it is before you write again.")),
        "phone_needed": Why(_("No phone number known"), _("This message needs one. Add it to the contact.")),
        "country_blocked": Why(_("Country not allowed"), _("Your account may not send there. Ask the provider.")),
        "experiment": Why(_("Left out by WhatsApp"), _("WhatsApp keeps this person out of marketing as part of a test.")),
        "marketing_cap": Why(_("Got enough marketing for now"), _("WhatsApp limits marketing per person. Try after 24 hours.")),
        "test_recipient": Why(_("Number not confirmed"), _("A test account only writes to confirmed numbers. Add it.")),
        "window_closed": Why(_("More than 24 hours without an answer"), _("Use an approved template to write first.")),
    }


def _message() -> dict[str, Why]:
    return {
        "template_missing": Why(_("Template not found"), _("Sync the templates and check that it is approved.")),
        "template_paused": Why(_("Template paused"), _("WhatsApp paused it for low quality. Wait, or use another one.")),
        "template_disabled": Why(_("Template switched off"), _("WhatsApp disabled it. Use another one.")),
        "template_parameters": Why(_("A variable was empty or wrong"), _("Check the values of the variables, then try again.")),
        "template_policy": Why(_("Template against the rules"), _("Change its text and send it for review again.")),
        "template_invalid": Why(_("Template refused"), _("WhatsApp refused it as written. Correct it.")),
        "template_category": Why(_("Template in the wrong category"), _("Correct the category and wait for the review.")),
        "flow_blocked": Why(_("The form of the template is blocked"), _("Check the form at WhatsApp, then try again.")),
        "media": Why(_("Picture or file not accepted"), _("Check its type and size, then try again.")),
        "too_long": Why(_("Text too long"), _("Shorten the text.")),
        "unsupported": Why(_("Kind of message not supported"), _("Send this message in another way.")),
        "bad_request": Why(_("The provider did not understand it"), _("Tell support; the details are in the channel's log.")),
    }


def _channel() -> dict[str, Why]:
    return {
        "token_invalid": Why(_("Access expired"), _("Connect the channel again, then try again.")),
        "permission": Why(_("Rights are missing"), _("Connect the channel again with all rights.")),
        "payment": Why(_("Payment problem"), _("Check the payment method at the provider.")),
        "account_locked": Why(_("Account locked"), _("Sort it out with the provider, then try again.")),
        "number_not_registered": Why(_("Number not registered"), _("Register the sending number again.")),
        "display_name": Why(_("Display name not approved"), _("Correct the name at WhatsApp.")),
        "sender_invalid": Why(_("This sender cannot send it"), _("Choose another sender in the channel.")),
        "sender_unregistered": Why(_("Registration is missing"), _("Complete the carrier registration of the sender.")),
        "marketing_api": Why(_("Marketing service not ready"), _("Send the ordinary way, or try later.")),
        "spam_rate": Why(_("Too many complaints"), _("Wait, and write to fewer people who want to hear from you.")),
        "carrier_filtered": Why(_("The carrier took it for spam"), _("Change the text: fewer links, fewer capitals.")),
    }


def _accidents() -> dict[str, Why]:
    return {
        "pair_rate": Why(_("Too many messages to one person"), _("Wait a little, then try again.")),
        "throughput": Why(_("Sent too fast"), _("Try again: we slow down by ourselves.")),
        "api_rate": Why(_("Hourly limit reached"), _("Try again in an hour.")),
        "queue_full": Why(_("The provider's queue is full"), _("Try again later.")),
        "temporary": Why(_("Passing problem at the provider"), _("Try again.")),
        "network": Why(_("Provider out of reach"), _("Try again.")),
        "provider_outage": Why(_("Provider is down"), _("Nothing to do: sending goes on by itself once it answers.")),
        "call_ended": Why(_("The call was over"), _("Nothing to do.")),
        "cancelled_by_provider": Why(_("Cancelled by the provider"), _("Try again.")),
        "discarded": Why(_("Discarded after a restore"), _("Somebody of your team decided that it does not go out.")),
        "unknown_outcome": Why(_("Without a result"), _("It may have arrived. Sending again could deliver it twice.")),
    }


def skips() -> dict[str, Why]:
    """SkipReason → name and the sentence that says why no message goes out."""
    return {
        "opted_out": Why(_("Asked for no more messages"), _("They said stop. We never write to them.")),
        "no_address": Why(_("Without a number for this channel"), _("Add a phone number to these contacts.")),
        "landline": Why(_("Landlines"), _("A landline takes no SMS.")),
        "duplicate_address": Why(_("Same number twice"), _("Each number gets the message once.")),
        "recently_messaged": Why(_("Got a campaign not long ago"), _("You chose to leave them out this time.")),
        "contact_deleted": Why(_("Contact deleted"), _("Somebody deleted the contact before the message went out.")),
    }


def failure(key: str) -> Why:
    return failures().get(key) or Why(key, "")


def skip(key: str) -> Why:
    return skips().get(key) or Why(key, "")
