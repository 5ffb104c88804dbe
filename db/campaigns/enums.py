"""Closed lists of names of campaigns: pure data for database, API and screens."""

from enum import StrEnum


class CampaignState(StrEnum):
    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    HELD = "held"  # from before a restore, a copy or a failover; a person decides (db/holds)
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"
