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
