"""Why a message did not arrive: one closed list of machine keys for all channels, so that failures can be grouped.

A key says what happened in our words; the vendor's code and text are kept beside it on the attempt. Every key knows
whether "retry failed" makes sense (`retry`) and one sentence on what to do (`advice`, English; the UI translates it by
the key). This module refuses to know vendors: their tables live in `workers/providers/<provider>/errors.py`.
"""

import enum


class FailureReason(enum.StrEnum):
    """A machine key; `retry` = sending the same message again later may work without changing the recipient's data."""

    retry: bool
    advice: str

    def __new__(cls, key: str, retry: bool = False, advice: str = "") -> "FailureReason":
        member = str.__new__(cls, key)
        member._value_ = key
        member.retry = retry
        member.advice = advice
        return member

    # the recipient
    NOT_ON_WHATSAPP = "not_on_whatsapp", False, "This number cannot receive WhatsApp messages. Remove it or use SMS."
    INVALID_NUMBER = "invalid_number", False, "This is not a valid mobile number. Correct it."
    OWN_NUMBER = "own_number", False, "The message was addressed to your own number. Remove it from the list."
    LANDLINE = "landline", False, "This is a landline or a carrier that takes no SMS. Use another number."
    UNREACHABLE = "unreachable", True, "The phone was off or out of reach. Try once more later."
    OPTED_OUT = "opted_out", False, "This person asked for no more messages. Do not write again."
    BUSINESS_BLOCKED_USER = "business_blocked_user", False, "Your company blocked this person. Unblock before sending."
    BLOCKED = "blocked", False, "The recipient or the carrier blocks this sender."
    IDENTITY_CHANGED = "identity_changed", False, "The person's WhatsApp identity changed. Confirm who it is first."
    PHONE_NEEDED = "phone_needed", False, "This message needs a phone number, but only a WhatsApp user id is known."
    COUNTRY_BLOCKED = "country_blocked", False, "Sending to this country is not allowed for your account."
    EXPERIMENT = "experiment", False, "WhatsApp keeps this person out of marketing as part of an experiment."
    MARKETING_CAP = "marketing_cap", True, "The person got enough marketing for now. Try again after 24 hours."
    TEST_RECIPIENT = "test_recipient", False, "A test account may write to confirmed numbers only. Add this number."
    WINDOW_CLOSED = "window_closed", False, "More than 24 hours have passed since the person wrote. Use a template."
    # the message
    TEMPLATE_MISSING = "template_missing", True, "The template does not exist or is not approved. Sync and check it."
    TEMPLATE_PAUSED = "template_paused", True, "WhatsApp paused the template for low quality. Wait, or use another one."
    TEMPLATE_DISABLED = "template_disabled", False, "WhatsApp disabled the template. Use another one."
    TEMPLATE_PARAMETERS = "template_parameters", True, "The template's variables are wrong or empty. Fill them in."
    TEMPLATE_POLICY = "template_policy", False, "The template breaks a WhatsApp policy. Change its text."
    TEMPLATE_INVALID = "template_invalid", False, "WhatsApp refused the template as written. Correct it."
    TEMPLATE_CATEGORY = "template_category", True, "Too many templates in the wrong category. Fix them and wait."
    FLOW_BLOCKED = "flow_blocked", True, "The flow of this template is blocked or throttled. Check the flow."
    MEDIA = "media", True, "The picture, video or file could not be used. Check its type and size."
    TOO_LONG = "too_long", False, "The text is too long. Shorten it."
    UNSUPPORTED = "unsupported", False, "This kind of message is not supported here."
    BAD_REQUEST = "bad_request", False, "The provider did not understand the message. Report it to support."
    # the channel and its account
    TOKEN_INVALID = "token_invalid", True, "The access token is invalid or expired. Connect the channel again."
    PERMISSION = "permission", True, "The access token may not do this. Connect the channel again with all rights."
    PAYMENT = "payment", True, "The provider reports a payment problem. Check the payment method there."
    ACCOUNT_LOCKED = "account_locked", True, "The provider locked the account. Solve it with the provider."
    NUMBER_NOT_REGISTERED = "number_not_registered", True, "The sending number is not registered. Register it again."
    DISPLAY_NAME = "display_name", True, "The number's display name is not approved. Correct it at WhatsApp."
    SENDER_INVALID = "sender_invalid", True, "This sender cannot send such messages. Choose another sender."
    SENDER_UNREGISTERED = "sender_unregistered", True, "The sender lacks a carrier registration. Complete it."
    MARKETING_API = "marketing_api", True, "The Marketing Messages API is not ready. Send the ordinary way."
    SPAM_RATE = "spam_rate", True, "Too many people reported or blocked this number. Wait and write to fewer people."
    CARRIER_FILTERED = "carrier_filtered", False, "The carrier filtered the text as spam. Change it."
    # rates and accidents
    PAIR_RATE = "pair_rate", True, "Too many messages to the same person in a short time. Wait a little."
    THROUGHPUT = "throughput", True, "The number sent too fast. Try again."
    API_RATE = "api_rate", True, "The provider's hourly limit was reached. Try again later."
    QUEUE_FULL = "queue_full", True, "The provider's queue is full. Try again later."
    TEMPORARY = "temporary", True, "The provider had a passing problem. Try again."
    NETWORK = "network", True, "The provider could not be reached. Try again."
    PROVIDER_OUTAGE = "provider_outage", True, "The provider does not answer. Sending goes on by itself once it does."
    CALL_ENDED = "call_ended", False, "The call had already ended."
    CANCELLED_BY_PROVIDER = "cancelled_by_provider", True, "The provider cancelled the message before sending it."
    DISCARDED = "discarded", False, "It was held after a restore or a failover, and somebody discarded it."
    UNKNOWN_OUTCOME = "unknown_outcome", True, "Nobody knows whether it arrived. Sending again may deliver it twice."
