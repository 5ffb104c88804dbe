"""Why a message did not arrive: one closed list of machine keys for all channels, so that failures can be grouped.

A key says what happened in our words; the vendor's code and text are kept beside it on the attempt. Every key knows
whether "retry failed" makes sense (`retry`); what to do about it is said by the UI, by the key. This module refuses to know vendors: their tables live in `workers/providers/<provider>/errors.py`.
"""

import enum


class FailureReason(enum.StrEnum):
    """A machine key; `retry` = sending the same message again later may work without changing the recipient's data."""

    retry: bool

    def __new__(cls, key: str, retry: bool = False) -> "FailureReason":
        member = str.__new__(cls, key)
        member._value_ = key
        member.retry = retry
        return member

    # the recipient
    NOT_ON_WHATSAPP = "not_on_whatsapp", False
    INVALID_NUMBER = "invalid_number", False
    OWN_NUMBER = "own_number", False
    LANDLINE = "landline", False
    UNREACHABLE = "unreachable", True
    OPTED_OUT = "opted_out", False
    BUSINESS_BLOCKED_USER = "business_blocked_user", False
    BLOCKED = "blocked", False
    IDENTITY_CHANGED = "identity_changed", False
    PHONE_NEEDED = "phone_needed", False
    COUNTRY_BLOCKED = "country_blocked", False
    EXPERIMENT = "experiment", False
    MARKETING_CAP = "marketing_cap", True
    TEST_RECIPIENT = "test_recipient", False
    WINDOW_CLOSED = "window_closed", False
    CALL_UNANSWERED = "call_unanswered", True
    CALL_BUSY = "call_busy", True
    CALL_REFUSED = "call_refused", True
    CALL_MACHINE = "call_machine", True
    # the message
    TEMPLATE_MISSING = "template_missing", True
    TEMPLATE_PAUSED = "template_paused", True
    TEMPLATE_DISABLED = "template_disabled", False
    TEMPLATE_PARAMETERS = "template_parameters", True
    TEMPLATE_POLICY = "template_policy", False
    TEMPLATE_INVALID = "template_invalid", False
    TEMPLATE_CATEGORY = "template_category", True
    FLOW_BLOCKED = "flow_blocked", True
    MEDIA = "media", True
    TOO_LONG = "too_long", False
    UNSUPPORTED = "unsupported", False
    BAD_REQUEST = "bad_request", False
    CHANGE_TOO_LATE = "change_too_late", False
    # the channel and its account
    TOKEN_INVALID = "token_invalid", True
    PERMISSION = "permission", True
    PAYMENT = "payment", True
    ACCOUNT_LOCKED = "account_locked", True
    NUMBER_NOT_REGISTERED = "number_not_registered", True
    DISPLAY_NAME = "display_name", True
    SENDER_INVALID = "sender_invalid", True
    SENDER_UNREGISTERED = "sender_unregistered", True
    MARKETING_API = "marketing_api", True
    SPAM_RATE = "spam_rate", True
    CARRIER_FILTERED = "carrier_filtered", False
    SESSION_ENDED = "session_ended", True
    SESSION_ELSEWHERE = "session_elsewhere", True
    CLIENT_OUTDATED = "client_outdated", True
    NEW_PEOPLE_LIMIT = "new_people_limit", True
    # our own rules: these wait
    QUIET_HOURS = "quiet_hours", True
    SPEND_CAP = "spend_cap", True
    PRICE_UNKNOWN = "price_unknown", True
    WARM_UP = "warm_up", True
    CALL_LIMIT = "call_limit", True
    # rates and accidents
    PAIR_RATE = "pair_rate", True
    THROUGHPUT = "throughput", True
    API_RATE = "api_rate", True
    QUEUE_FULL = "queue_full", True
    TEMPORARY = "temporary", True
    NETWORK = "network", True
    PROVIDER_OUTAGE = "provider_outage", True
    CALL_ENDED = "call_ended", False
    CALL_FAULT = "call_fault", True
    CANCELLED_BY_PROVIDER = "cancelled_by_provider", True
    DISCARDED = "discarded", False
    UNKNOWN_OUTCOME = "unknown_outcome", True


_F = FailureReason
NUMBERED: tuple[FailureReason, ...] = (
    _F.NOT_ON_WHATSAPP, _F.INVALID_NUMBER, _F.OWN_NUMBER, _F.LANDLINE, _F.UNREACHABLE, _F.OPTED_OUT, _F.BUSINESS_BLOCKED_USER,
    _F.BLOCKED, _F.IDENTITY_CHANGED, _F.PHONE_NEEDED, _F.COUNTRY_BLOCKED, _F.EXPERIMENT, _F.MARKETING_CAP, _F.TEST_RECIPIENT,
    _F.WINDOW_CLOSED, _F.TEMPLATE_MISSING, _F.TEMPLATE_PAUSED, _F.TEMPLATE_DISABLED, _F.TEMPLATE_PARAMETERS, _F.TEMPLATE_POLICY,
    _F.TEMPLATE_INVALID, _F.TEMPLATE_CATEGORY, _F.FLOW_BLOCKED, _F.MEDIA, _F.TOO_LONG, _F.UNSUPPORTED, _F.BAD_REQUEST,
    _F.TOKEN_INVALID, _F.PERMISSION, _F.PAYMENT, _F.ACCOUNT_LOCKED, _F.NUMBER_NOT_REGISTERED, _F.DISPLAY_NAME, _F.SENDER_INVALID,
    _F.SENDER_UNREGISTERED, _F.MARKETING_API, _F.SPAM_RATE, _F.CARRIER_FILTERED, _F.QUIET_HOURS, _F.SPEND_CAP, _F.WARM_UP,
    _F.PAIR_RATE, _F.THROUGHPUT, _F.API_RATE, _F.QUEUE_FULL, _F.TEMPORARY, _F.NETWORK, _F.PROVIDER_OUTAGE, _F.CALL_ENDED,
    _F.CANCELLED_BY_PROVIDER, _F.DISCARDED, _F.UNKNOWN_OUTCOME, _F.SESSION_ENDED, _F.SESSION_ELSEWHERE, _F.CLIENT_OUTDATED,
    _F.NEW_PEOPLE_LIMIT, _F.CALL_UNANSWERED, _F.CALL_BUSY, _F.CALL_REFUSED, _F.CALL_MACHINE, _F.CALL_FAULT, _F.CHANGE_TOO_LATE,
    _F.CALL_LIMIT, _F.PRICE_UNKNOWN,
)  # fmt: skip
"""In the order of their numbers in the database, from 1 (`reason_number`); a later one goes to the end."""
