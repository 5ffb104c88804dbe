"""Closed lists of names of cadences: pure data for database, API and screens."""

from enum import StrEnum


class CadenceState(StrEnum):
    DRAFT = "draft"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class EnrolmentState(StrEnum):
    ACTIVE = "active"
    DONE = "done"  # came to the end
    STOPPED = "stopped"  # left before it, for a StopReason


class StopReason(StrEnum):
    REPLIED = "replied"
    OPTED_OUT = "opted_out"
    CONVERTED = "converted"
    PERSON = "person"  # somebody took them out
    CADENCE_ENDED = "cadence_ended"
    CONTACT_GONE = "contact_gone"
    MERGED = "merged"  # became one with somebody who is in it already


class EntrySource(StrEnum):
    """How somebody came into a cadence."""

    PERSON = "person"
    API = "api"
    RULE = "rule"  # they match its entry
    HOOK = "hook"  # something came for an incoming hook
    AI = "ai"  # the AI of a board, by itself or by a person's yes


class StepOutcome(StrEnum):
    DONE = "done"  # waited, or the message was queued
    YES = "yes"
    NO = "no"
    SKIPPED = "skipped"  # no message: they cannot or may not get it


class Joined(StrEnum):
    """What became of one person whom a hook or the AI of a board puts into a cadence."""

    IN = "in"
    ALREADY = "already"  # stands in it, or was in it
    OPTED_OUT = "opted_out"
    OVER = "over"  # it does not run
    GONE = "gone"
