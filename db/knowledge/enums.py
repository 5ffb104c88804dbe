"""Closed lists of names of knowledge: pure data for database, API and screens."""

from enum import StrEnum


class BaseLanguage(StrEnum):
    """The language of a base: how its words are cut to their stems."""

    PORTUGUESE = "pt"
    ENGLISH = "en"
    SPANISH = "es"
    OTHER = "other"  # no stems


class SourceKind(StrEnum):
    TEXT = "text"
    QA = "qa"  # a question with its answer
    FILE = "file"
    PAGE = "page"  # one page of the web
    SITE = "site"  # a page and those of the same host to which it leads


class SourceState(StrEnum):
    QUEUED = "queued"
    READING = "reading"
    EMBEDDING = "embedding"  # found by words already; vectors follow
    READY = "ready"
    FAILED = "failed"  # what was read before stays and is found


class Schedule(StrEnum):
    """How often a page or a site is read again."""

    NEVER = "never"
    DAILY = "daily"
    WEEKLY = "weekly"


class GapState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"
