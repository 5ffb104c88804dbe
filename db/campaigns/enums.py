"""Closed lists of names of campaigns: pure data for database, API and screens."""

from enum import StrEnum


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"  # from before a restore, a copy or a failover; a person decides (db/holds)
    FINISHED = "finished"  # nothing is left to send; how it went, the counts say
    CANCELLED = "cancelled"
    FAILED = "failed"


class Enrolment(StrEnum):
    """What became of one person who was to join a campaign. Who may not get the message is told by a SkipReason instead."""

    QUEUED = "queued"  # the message waits for its turn
    CHOSEN = "chosen"  # the campaign has not started; they are in its audience
    ALREADY = "already"
    GONE = "gone"  # there is no such campaign
    OVER = "over"  # cancelled, failed or held: it takes nobody
    RULED = "ruled"  # a draft whose audience is a rule that leaves them out
    CHANNEL_GONE = "channel_gone"
    TEMPLATE_GONE = "template_gone"


class FailedJob(StrEnum):
    """Background work that was given up and can be done again."""

    CHANNEL_CHECK = "channel_check"
    TEMPLATES_SYNC = "templates_sync"
    TEMPLATE_SUBMIT = "template_submit"
    CONTACTS_BULK = "contacts_bulk"
    IMPORT_UNDO = "import_undo"
    STAGE_REMOVAL = "stage_removal"  # `subject_id` is the board's
