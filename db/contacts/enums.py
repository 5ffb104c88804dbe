"""Closed lists of names of contacts, fields and imports: pure data for database, API and screens."""

from enum import StrEnum


class IdentityKind(StrEnum):
    """How a person is reachable. `value` is E.164 for phone and wa_id (with `+`), lower case for e-mail, Meta's text for bsuid."""

    PHONE = "phone"
    WA_ID = "wa_id"
    BSUID = "bsuid"
    LID = "lid"
    USERNAME = "username"  # of WhatsApp, lower case
    EMAIL = "email"


SAMPLE = "sample"
"""`contact.source` of an invented person whom only the simulator writes to (`db/contacts/samples.py`)."""


class MergeReason(StrEnum):
    """Why two contacts became one."""

    PHONE_SHOWN = "phone_shown"  # somebody known by a WhatsApp user id only showed the phone of another contact
    NUMBER_CHANGED = "number_changed"
    USER_ID_CHANGED = "user_id_changed"
    USERNAME = "username"  # another user id wrote under the same username
    BY_HAND = "by_hand"  # somebody of the team said so


class DuplicateReason(StrEnum):
    """Why two contacts look like one person."""

    SAME_NUMBER = "same_number"  # with and without the ninth digit
    SAME_MAIL = "same_mail"  # one mail box under two spellings
    SAME_NAME = "same_name"  # and no phone is known of one of them


class Category(StrEnum):
    """What a campaign is for: a person may refuse one and take the other."""

    MARKETING = "marketing"
    UTILITY = "utility"


class LineType(StrEnum):
    MOBILE = "mobile"
    FIXED = "fixed"
    FIXED_OR_MOBILE = "fixed_or_mobile"
    OTHER = "other"


class CustomFieldKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    BOOLEAN = "boolean"
    CHOICE = "choice"


class ImportTarget(StrEnum):
    """What a column becomes in a contact."""

    PHONE = "phone"
    SECOND_PHONE = "second_phone"
    """A field of its own, whose number is taken as the phone where the first has none that is valid."""
    NAME = "name"
    FIRST_NAME = "first_name"
    LAST_NAME = "last_name"
    EMAIL = "email"
    TAGS = "tags"
    LANGUAGE = "language"
    OPT_OUT = "opt_out"
    CUSTOM = "custom"
    LEAD_TITLE = "lead_title"
    LEAD_VALUE = "lead_value"
    LEAD_STAGE = "lead_stage"
    """By its name."""
    LEAD_OWNER = "lead_owner"
    """By the e-mail of a person of the team."""
    LEAD_DUE = "lead_due"
    LEAD_TAGS = "lead_tags"
    LEAD_CUSTOM = "lead_custom"
    """A field of the board."""
    IGNORE = "ignore"


class DryRunState(StrEnum):
    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class ImportState(StrEnum):
    UPLOADED = "uploaded"  # being looked at
    READY = "ready"  # its columns are known: waits to be started
    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDOING = "undoing"
    UNDONE = "undone"


class UpsertOutcome(StrEnum):
    """What became of one contact of an upsert."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
