"""Closed lists of names of messages and attempts: pure data for database, API and screens."""

from enum import IntEnum, StrEnum


class DeliveryPolicy(StrEnum):
    """What happens to a message whose outcome stays unknown (decision 9)."""

    AT_MOST_ONCE = "at_most_once"
    AT_LEAST_ONCE = "at_least_once"


class MessageState(IntEnum):
    """Stored as smallint. `label` is the name the API and the screens use. In an f-string it is its number, so that SQL names it:
    `f"... where state = {MessageState.QUEUED}"`."""

    QUEUED = 0
    SENDING = 1
    UNKNOWN = 2
    SENT = 3
    DELIVERED = 4
    READ = 5
    FAILED = 6
    FAILED_UNKNOWN = 7
    SKIPPED = 8
    CANCELLED = 9

    @property
    def label(self) -> str:
        return self.name.lower()


TALLY_REPLIED = 100
"""The state under which `message_tally` counts those who replied, whatever the state of their message."""


class MessageOrigin(StrEnum):
    """Where a message was written that did not pass through here as it was."""

    PHONE_APP = "phone_app"  # by our own people, in the app on the phone that shares the number
    HISTORY = "history"  # a past one that the provider handed over later: it causes nothing


class ReplyKind(StrEnum):
    """What somebody may write to one person; a channel takes those in its `reply_kinds`."""

    TEXT = "text"
    FILE = "file"
    TEMPLATE = "template"
    BUTTONS = "buttons"
    LIST = "list"
    LOCATION = "location"
    CONTACT = "contact"


class FileForm(StrEnum):
    """As what a file is sent."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    DOCUMENT = "document"


class FileState(StrEnum):
    """How far a file of a message came that the provider holds for us."""

    WAITING = "waiting"  # it is being fetched
    STORED = "stored"
    REFUSED = "refused"  # it is not kept, because of what it is
    GONE = "gone"  # the provider does not have it any more
    FAILED = "failed"  # it could not be fetched, however often it was tried
    DELETED = "deleted"  # with its contact; its bytes go next


class FileReason(StrEnum):
    """Why a file is not here and will not come."""

    TOO_BIG = "too_big"
    WRONG_TYPE = "wrong_type"  # called a picture, sound or film, and is something else
    ADDRESS_REFUSED = "address_refused"  # its address leads to where no file of the provider is
    EXPIRED = "expired"
    NOT_FETCHED = "not_fetched"
    CHANNEL_REMOVED = "channel_removed"
    FORGOTTEN = "forgotten"  # it was here, for as long as its company keeps files


class WaitRule(StrEnum):
    """What a message waits for: a rule, the standing of its channel, or its turn."""

    QUIET_HOURS = "quiet_hours"
    OFFICE_DAYS = "office_days"
    HOLIDAY = "holiday"
    CALL_HOURS = "call_hours"  # in which people may be called, by the law of their place
    WARM_UP = "warm_up"  # the number is young
    TIER = "tier"  # so many new people a day
    SPEND_CAP = "spend_cap"
    CHANNEL = "channel"  # it cannot send now
    PACE = "pace"  # between two messages
    RETRY = "retry"  # a try failed, the next one comes
    SPREAD = "spread"  # over the time that was chosen
    MOMENT = "moment"  # that was chosen for it


class AttemptState(IntEnum):
    STARTED = 0
    ACCEPTED = 1
    REJECTED = 2  # surely not sent
    UNKNOWN = 3


class SkipReason(StrEnum):
    """Why a member of the audience gets no message."""

    OPTED_OUT = "opted_out"
    CATEGORY_REFUSED = "category_refused"  # the person takes no campaigns of this category
    NO_ADDRESS = "no_address"
    LANDLINE = "landline"
    DUPLICATE_ADDRESS = "duplicate_address"
    RECENTLY_MESSAGED = "recently_messaged"
    CONTACT_DELETED = "contact_deleted"
    SAMPLE_CONTACT = "sample_contact"  # an invented person, and the channel is real
    STRANGER = "stranger"  # never wrote and never consented, and the number may be blocked for writing to such people
    COUNTRY_UNREACHED = "country_unreached"  # the provider delivers nothing of this category there
    SAME_TEXT = "same_text"  # the number had the same text within the company's window


class CallStage(IntEnum):
    """How far a call is, as far as was told. Stored as smallint; it only rises."""

    RINGING = 0
    TALKING = 1
    ENDED = 2
    ANALYZED = 3

    @property
    def label(self) -> str:
        return self.name.lower()


class CallOrderKind(StrEnum):
    """What may be asked of a call that goes on, as far as its provider takes it."""

    LISTEN = "listen"
    HINT = "hint"  # the virtual agent is told something that the person does not hear
    TAKE_OVER = "take_over"  # the call goes to the phone of who asks
    HANG_UP = "hang_up"


class CallOutcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    TRANSFERRED = "transferred"
    CALLBACK_WANTED = "callback_wanted"
    OPTED_OUT = "opted_out"  # the person wants no more calls
    VOICEMAIL = "voicemail"
    MENU = "menu"  # a machine that offers digits
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REFUSED = "refused"
    WRONG_NUMBER = "wrong_number"
    BLOCKED = "blocked"  # a carrier, or the provider, did not let it through
    NO_LINE = "no_line"
    NO_CREDIT = "no_credit"  # of our account at the provider
    CANCELLED = "cancelled"  # stopped before anybody answered
    FAULT = "fault"


class CallSpeaker(StrEnum):
    """Who says something in a call."""

    AGENT = "agent"  # the virtual one
    PERSON = "person"
    COLLEAGUE = "colleague"  # to whom the call was handed over
