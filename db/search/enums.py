"""Closed lists of names of the search over everything: pure data for database, API and screens."""

from enum import StrEnum


class SearchKind(StrEnum):
    """What is found."""

    CONTACT = "contact"
    CONVERSATION = "conversation"
    LEAD = "lead"
    CAMPAIGN = "campaign"
    CADENCE = "cadence"
    TEMPLATE = "template"
    PERSONA = "persona"
    BOARD = "board"
    SEGMENT = "segment"
    KNOWLEDGE_BASE = "knowledge_base"
