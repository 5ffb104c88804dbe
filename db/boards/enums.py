"""Closed lists of names of boards and leads: pure data for database, API and screens."""

from enum import StrEnum


class StageKind(StrEnum):
    """What it means to stand in a stage."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"  # a lead that comes here has a reason


class StageColor(StrEnum):
    GRAY = "gray"
    BLUE = "blue"
    VIOLET = "violet"
    AMBER = "amber"
    GREEN = "green"
    RED = "red"
    PINK = "pink"
    TEAL = "teal"


class LeadEvent(StrEnum):
    """What became of a lead, in its history."""

    CREATED = "created"
    MOVED = "moved"
    MOVED_BACK = "moved_back"  # the move of many was undone
    UPDATED = "updated"
    NOTED = "noted"


class LeadSort(StrEnum):
    """Orders of a list of leads."""

    RANK = "rank"  # of one stage, as people put them
    CREATED = "created"  # newest first
    VALUE = "value"  # highest first, those without a value last
    DUE = "due"  # soonest first, those without a date last


class Due(StrEnum):
    """When a lead is due, by the company's calendar."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"  # today and the six days after
    NONE = "none"
