"""Why a message did not arrive, and what to do: a name and a sentence for every key of the API's closed lists.

Keys come from FailureReason and SkipReason; a test holds the tables against them. A key that is not here yet is shown as
it is, so nothing is hidden.
"""

from typing import NamedTuple

from api.contract.labels import FAILURES, SKIPS
from ui.i18n import _


class Why(NamedTuple):
    """`name` in a few words, `todo` one sentence with the way out."""

    name: str
    todo: str


def failures() -> dict[str, Why]:
    """FailureReason → name and advice, in the reader's language."""
    todo = {**_recipient(), **_message(), **_channel(), **_accidents()}
    return {key: Why(_(name), todo[key]) for key, name in FAILURES.items()}


def _recipient() -> dict[str, str]:
    return {
        "not_on_whatsapp": _("Remove the number, or write to it by SMS."),
        "invalid_number": _("Correct the number in the contact."),
        "own_number": _("Remove your own number from the list."),
        "landline": _("It takes no such messages. Use a mobile number."),
        "unreachable": _("Try once more later."),
        "opted_out": _("Nothing to do: we do not write to this person again."),
        "business_blocked_user": _("Unblock the person before you send."),
        "blocked": _("Nothing to do with this number."),
        "identity_changed": _("Confirm who it is before you write again."),
        "phone_needed": _("This message needs one. Add it to the contact."),
        "country_blocked": _("Your account may not send there. Ask the provider."),
        "experiment": _("WhatsApp keeps this person out of marketing as part of a test."),
        "marketing_cap": _("WhatsApp limits marketing per person. Try after 24 hours."),
        "test_recipient": _("A test account only writes to confirmed numbers. Add it."),
        "window_closed": _("Use an approved template to write first."),
        "call_unanswered": _("Call at another time of the day, or write."),
        "call_busy": _("Call again in a while."),
        "call_refused": _("Write instead, and call another day."),
        "call_machine": _("Call at another time of the day, or write."),
    }


def _message() -> dict[str, str]:
    return {
        "template_missing": _("Sync the templates and check that it is approved."),
        "template_paused": _("WhatsApp paused it for low quality. Wait, or use another one."),
        "template_disabled": _("WhatsApp disabled it. Use another one."),
        "template_parameters": _("Check the values of the variables, then try again."),
        "template_policy": _("Change its text and send it for review again."),
        "template_invalid": _("WhatsApp refused it as written. Correct it."),
        "template_category": _("Correct the category and wait for the review."),
        "flow_blocked": _("Check the form at WhatsApp, then try again."),
        "media": _("Check its type and size, then try again."),
        "too_long": _("Shorten the text."),
        "unsupported": _("Send this message in another way."),
        "change_too_late": _("WhatsApp takes changes only for a short time. Write once more instead."),
        "bad_request": _("Tell support; the details are in the channel's log."),
    }


def _channel() -> dict[str, str]:
    return {
        "token_invalid": _("Connect the channel again, then try again."),
        "permission": _("Connect the channel again with all rights."),
        "payment": _("Check the payment method at the provider."),
        "account_locked": _("Sort it out with the provider, then try again."),
        "number_not_registered": _("Register the sending number again."),
        "display_name": _("Correct the name at WhatsApp."),
        "sender_invalid": _("Choose another sender in the channel."),
        "sender_unregistered": _("Complete the carrier registration of the sender."),
        "marketing_api": _("Send the ordinary way, or try later."),
        "spam_rate": _("Wait, and write to fewer people who want to hear from you."),
        "session_ended": _("Connect the number again by a code."),
        "session_elsewhere": _("Close the other program, then open the connection here."),
        "client_outdated": _("Master IA has to be updated. Tell who runs it."),
        "new_people_limit": _("They go by themselves, as soon as WhatsApp lets this number write to new people."),
        "carrier_filtered": _("Change the text: fewer links, fewer capitals."),
    }


def _accidents() -> dict[str, str]:
    return {
        "pair_rate": _("Wait a little, then try again."),
        "quiet_hours": _("It goes out by itself as soon as the hours allow it."),
        "call_limit": _("They are called by themselves as soon as the rules for calls allow it."),
        "warm_up": _("It goes out by itself on the next day, within the pace of the young number."),
        "spend_cap": _("Raise the limit and resume, or leave it as it is: nothing more is spent."),
        "price_unknown": _("Add the price under Costs, or take the limit out. Then try again."),
        "throughput": _("Try again: we slow down by ourselves."),
        "api_rate": _("Try again in an hour."),
        "queue_full": _("Try again later."),
        "temporary": _("Try again."),
        "network": _("Try again."),
        "provider_outage": _("Nothing to do: sending goes on by itself once it answers."),
        "call_ended": _("Nothing to do."),
        "call_fault": _("Call again. If it happens often, look at the channel."),
        "cancelled_by_provider": _("Try again."),
        "discarded": _("Somebody of your team decided that it does not go out."),
        "unknown_outcome": _("It may have arrived. Sending again could deliver it twice."),
    }


def skips() -> dict[str, Why]:
    """SkipReason → name and the sentence that says why no message goes out."""
    todo = {
        "opted_out": _("They said stop. We never write to them."),
        "category_refused": _("They said so. Campaigns of another kind may reach them."),
        "no_address": _("Add a phone number to these contacts."),
        "landline": _("A landline takes no SMS."),
        "duplicate_address": _("Each number gets the message once."),
        "recently_messaged": _("You chose to leave them out this time."),
        "contact_deleted": _("Somebody deleted the contact before the message went out."),
        "sample_contact": _("Invented people: only the simulator writes to them."),
        "stranger": _(
            "A number connected by QR code writes only to people who wrote within a year or said yes: others report it, and WhatsApp blocks it."
        ),
        "country_unreached": _("WhatsApp delivers no marketing to numbers of the United States. Reach them by SMS or e-mail."),
        "same_text": _("This number had the same text a short time ago."),
    }
    return {key: Why(_(name), todo[key]) for key, name in SKIPS.items()}


def failure(key: str) -> Why:
    """Also of one that ended because its person was deleted, or is known twice."""
    return failures().get(key) or skips().get(key) or Why(key, "")


def skip(key: str) -> Why:
    return skips().get(key) or Why(key, "")
