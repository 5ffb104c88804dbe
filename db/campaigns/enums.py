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


class FailedJob(StrEnum):
    """Background work that was given up and can be done again."""

    CHANNEL_CHECK = "channel_check"
    TEMPLATES_SYNC = "templates_sync"
    TEMPLATE_SUBMIT = "template_submit"
    CONTACTS_BULK = "contacts_bulk"
    IMPORT_UNDO = "import_undo"
    STAGE_REMOVAL = "stage_removal"  # `subject_id` is the board's
