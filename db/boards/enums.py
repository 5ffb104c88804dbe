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


class LeadFieldKind(StrEnum):
    """What a field holds that a board adds to its leads; each value is a text."""

    TEXT = "text"
    NUMBER = "number"  # 1234.5
    MONEY = "money"  # 150000: a whole number of the smallest unit of the board's currency
    DATE = "date"  # 2026-01-31
    CHOICE = "choice"  # one of those that the field offers
    BOOLEAN = "boolean"  # true, false


class LeadEvent(StrEnum):
    """What became of a lead, in its history."""

    CREATED = "created"
    MOVED = "moved"
    MOVED_BACK = "moved_back"  # the move of many was undone
    UPDATED = "updated"
    NOTED = "noted"
    STOPPED = "stopped"  # a rule would have moved it in a circle


class LeadSort(StrEnum):
    """Orders of a list of leads."""

    RANK = "rank"  # of one stage, as people put them
    CREATED = "created"  # newest first
    VALUE = "value"  # highest first, those without a value last
    DUE = "due"  # soonest first, those without a date last
    MOVED = "moved"  # moved last first
    STAGE = "stage"  # by the stages of the board, in each as people put them
    TITLE = "title"  # by the alphabet, whatever case and accents
    OWNER = "owner"  # by the owners' names, of each the newest first; nobody's last


class Due(StrEnum):
    """When a lead is due, by the company's calendar."""

    OVERDUE = "overdue"
    TODAY = "today"
    WEEK = "week"  # today and the six days after
    NONE = "none"


class RuleOccasion(StrEnum):
    """When a rule of a stage acts."""

    ENTER = "enter"  # a lead comes into the stage
    STAY = "stay"  # it has stood there for so many days without a move


class RunState(StrEnum):
    """What became of a rule for one lead."""

    WAITING = "waiting"
    DONE = "done"
    SKIPPED = "skipped"
    STOPPED = "stopped"  # it would have gone in a circle
    FAILED = "failed"


class RunReason(StrEnum):
    """Why a rule did nothing; some of them are what is wrong with a rule as it is."""

    ALREADY_SO = "already_so"
    ALREADY_WRITTEN = "already_written"  # this rule wrote to the contact within the last day
    BOARD_ARCHIVED = "board_archived"
    CHANNEL_GONE = "channel_gone"  # or not connected
    ERROR = "error"
    LANDLINE = "landline"
    LEAD_GONE = "lead_gone"
    LOOP = "loop"
    LOST_REASON_MISSING = "lost_reason_missing"
    MOVED_ON = "moved_on"  # the lead left the stage before
    NO_ADDRESS = "no_address"
    NO_CONTACT = "no_contact"
    OPTED_OUT = "opted_out"
    PERSON_GONE = "person_gone"
    REFUSED = "refused"
    RULE_OFF = "rule_off"
    SAMPLE_CONTACT = "sample_contact"
    STAGE_GONE = "stage_gone"
    STRANGER = "stranger"  # never wrote and never said yes
    TEAM_EMPTY = "team_empty"  # or gone
    TEMPLATE_CHANGED = "template_changed"  # it has other placeholders than the rule fills
    TEMPLATE_GONE = "template_gone"  # or not approved any more
    TEMPLATE_PAUSED = "template_paused"  # by the provider, for some hours: it comes back by itself
    WINDOW_CLOSED = "window_closed"
