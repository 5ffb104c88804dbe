"""Closed lists of names of privacy: pure data for database, API and screens."""

from enum import StrEnum


class Fate(StrEnum):
    """What becomes of rows about a person who is erased."""

    ERASE = "erase"  # they go
    BLANK = "blank"  # they stay, for figures and order, without what says anything of the person
    KEEP = "keep"  # with a reason


class ErasureState(StrEnum):
    WAITING = "waiting"
    DONE = "done"


class ExportState(StrEnum):
    WAITING = "waiting"  # being made
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"  # its file is deleted
