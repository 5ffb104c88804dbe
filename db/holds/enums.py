"""Closed lists of names of what is held: pure data for database, API and screens."""

from enum import StrEnum


class HoldCause(StrEnum):
    """Why what was to be sent is held until a person decides."""

    RESTORE = "restore"  # `python -m db restore`
    COPY = "copy"  # another server or database than the one it was last seen in
    ROLLBACK = "rollback"  # the same place, but it knew more before: a disk snapshot, a recovery to a point in time
    FAILOVER = "failover"  # a replica took over that was behind


class HoldKind(StrEnum):
    CAMPAIGN = "campaign"
    DIRECT = "direct"  # messages of no campaign, by channel
    JOB = "job"  # mails, template submissions, by name


class HoldDecision(StrEnum):
    CONTINUED = "continued"
    DISCARDED = "discarded"
