"""What people are notified of."""

from enum import StrEnum


class NotificationKind(StrEnum):
    """Why a person is called, though they do not look at the page."""

    ASSIGNED = "assigned"  # a conversation became theirs
    MENTIONED = "mentioned"  # a colleague named them in a note
