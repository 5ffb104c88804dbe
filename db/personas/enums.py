"""Closed lists of names of personas: pure data for database, API, workers and screens."""

from enum import StrEnum


class PersonaState(StrEnum):
    DRAFT = "draft"  # never published: it serves nobody
    LIVE = "live"
    PAUSED = "paused"  # somebody stopped it: it serves nobody until it goes on


class PersonaMode(StrEnum):
    """What becomes of an answer."""

    SUGGEST = "suggest"  # it waits in the composer for an agent
    AUTO = "auto"  # it is sent


class Tone(StrEnum):
    FORMAL = "formal"
    FRIENDLY = "friendly"
    SHORT = "short"


class PersonaLanguage(StrEnum):
    PT_BR = "pt-BR"
    EN = "en"
    ES = "es"


class EmojiUse(StrEnum):
    NONE = "none"
    SOME = "some"


class GoalKind(StrEnum):
    """What a fact looks like that is to be found out."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    PHONE = "phone"
    EMAIL = "email"
    YES_NO = "yes_no"


class RuleKind(StrEnum):
    ALWAYS = "always"
    NEVER = "never"


class RuleCheck(StrEnum):
    """What code looks for in each answer before it may leave. One that is found holds the answer back."""

    PRICES = "prices"  # an amount of money that stands in no passage and in nothing that a tool said
    DISCOUNTS = "discounts"  # a discount or a percentage that stands in none
    DATES = "dates"  # a date or a time that stands in none
    PHONES = "phones"  # a phone number that stands in none
    LINKS = "links"  # a link to another host than the allowed ones, that stands in none
    PAYMENTS = "payments"  # a payment is said to be confirmed


class ToolPolicy(StrEnum):
    """Whether a tool is offered; who decides on its proposals is chosen on the board (`db/proposals/enums.py`)."""

    NEVER = "never"  # the tool is not even offered
    SUGGEST = "suggest"


class ModelPreset(StrEnum):
    """Which of the company's models: a level, resolved by the catalogue when it is called, or one by name."""

    ECONOMICAL = "economical"
    BALANCED = "balanced"
    BEST = "best"
    CUSTOM = "custom"


class Effort(StrEnum):
    """How long a reasoning model thinks."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class OutsideHours(StrEnum):
    """What happens to who writes outside of a persona's hours."""

    NOTICE = "notice"  # its notice is said once; people take over
    SILENT = "silent"  # nothing is said; people take over


class InactivityMode(StrEnum):
    """What becomes of a conversation in which the customer says nothing more."""

    WAIT = "wait"
    REVIEW = "review"  # a colleague looks at it
    CLOSE = "close"


class BindingHours(StrEnum):
    """When a binding holds, by the office hours of the company. Without office hours the company is always open."""

    ALWAYS = "always"
    OPEN = "open"
    CLOSED = "closed"


class StartingPersona(StrEnum):
    """What a new persona begins as."""

    BLANK = "blank"
    SALES = "sales"
    SUPPORT = "support"
    SCHEDULING = "scheduling"
    COLLECTIONS = "collections"


class TrialWho(StrEnum):
    """Who says a message of a talk that tries a persona."""

    CUSTOMER = "customer"
    ASSISTANT = "assistant"


class TrialState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"  # by us: nothing came of it


class MissKind(StrEnum):
    """What an answer to a test case missed."""

    CONTAINS = "contains"  # it does not say this
    NOT_CONTAINS = "not_contains"  # it says this
    CITES = "cites"  # it cites where it should not, or does not where it should
    SOURCES = "sources"  # it cites none of these
    TOOLS = "tools"  # it does not call this
    HANDS_OVER = "hands_over"  # it hands over where it should not, or does not where it should
    FAILED = "failed"  # there is no answer
