"""Closed lists of names of calls that are handed to people: pure data for database, API and screens."""

from enum import StrEnum


class TransferState(StrEnum):
    WAITING = "waiting"  # nobody's page rings at this moment
    RINGING = "ringing"
    ACCEPTED = "accepted"  # somebody took it: their phone is being called
    ENDED = "ended"


class TransferOutcome(StrEnum):
    CONNECTED = "connected"
    REFUSED = "refused"  # everybody who was asked
    NO_ANSWER = "no_answer"  # nobody who was asked pressed, or their phone rang in vain
    BUSY = "busy"  # of the phone
    MACHINE = "machine"  # a voicemail or a menu took the phone, and nothing was said to it
    TRUNK_FAILURE = "trunk_failure"
    HUNG_UP = "hung_up"  # the person did not wait
    NOBODY = "nobody"  # is available


class CallOrderOutcome(StrEnum):
    DONE = "done"  # the provider took it
    REFUSED = "refused"  # by the provider: the call may be over
    UNREACHABLE = "unreachable"  # it surely did not get there
    UNKNOWN = "unknown"  # it may have got there, and is not repeated
    TOO_LATE = "too_late"  # it was not sent in time


class Overflow(StrEnum):
    """What the virtual agent offers when nobody takes the call."""

    CALLBACK = "callback"
    WHATSAPP = "whatsapp"  # somebody writes
    VOICEMAIL = "voicemail"  # it writes down a message, which stands in the call
