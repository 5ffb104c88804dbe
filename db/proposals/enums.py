"""Closed lists of names of what the AI proposes for leads: pure data for database, API, workers and screens."""

from enum import StrEnum


class LeadTool(StrEnum):
    """What may be proposed for the lead of a conversation."""

    CREATE_LEAD = "create_lead"
    MOVE_LEAD = "move_lead"
    SET_VALUE = "set_value"
    SET_FIELD = "set_field"  # of the board
    ADD_TAG = "add_tag"  # one that the board has
    REMOVE_TAG = "remove_tag"
    ASSIGN = "assign"
    FOLLOW_UP = "follow_up"  # the lead is due on a day, with a note
    SEND_TEMPLATE = "send_template"  # one that the board allows; never by itself
    SEND_FILE = "send_file"  # one of the board's files
    ADD_TO_CADENCE = "add_to_cadence"  # a sequence that the board allows
    BOOK = "book"  # a free time of the board; who has one is moved to it
    CANCEL_BOOKING = "cancel_booking"


class LeadPolicy(StrEnum):
    """Who decides whether a proposal is done."""

    NEVER = "never"  # it is not even offered
    SUGGEST = "suggest"  # a person
    AUTOMATIC = "automatic"  # code, within the bounds; else a person


SUGGEST_ONLY = (LeadTool.SEND_TEMPLATE,)
"""Never done by itself: it writes to somebody."""

WRITES = (LeadTool.SEND_FILE, LeadTool.BOOK, LeadTool.CANCEL_BOOKING)
"""Done by itself they write to the customer."""
USUAL = {
    LeadTool.CREATE_LEAD: LeadPolicy.SUGGEST,
    LeadTool.MOVE_LEAD: LeadPolicy.SUGGEST,
    LeadTool.SET_VALUE: LeadPolicy.SUGGEST,
    LeadTool.SET_FIELD: LeadPolicy.SUGGEST,
    LeadTool.ADD_TAG: LeadPolicy.SUGGEST,
    LeadTool.REMOVE_TAG: LeadPolicy.NEVER,
    LeadTool.ASSIGN: LeadPolicy.NEVER,
    LeadTool.FOLLOW_UP: LeadPolicy.SUGGEST,
    LeadTool.SEND_TEMPLATE: LeadPolicy.NEVER,
    LeadTool.SEND_FILE: LeadPolicy.NEVER,
    LeadTool.ADD_TO_CADENCE: LeadPolicy.NEVER,
    LeadTool.BOOK: LeadPolicy.NEVER,
    LeadTool.CANCEL_BOOKING: LeadPolicy.NEVER,
}
"""Of a board that begins to be watched."""


class ProposalState(StrEnum):
    PROPOSED = "proposed"  # waits for a person
    APPLIED = "applied"
    REFUSED = "refused"
    UNDONE = "undone"
    EXPIRED = "expired"  # the lead changed meanwhile, a newer proposal took its place, or seven days passed
    BLOCKED = "blocked"  # it failed a check: `why`


class ProposalWhy(StrEnum):
    """Why a proposal is blocked, or waits for a person though its tool is automatic."""

    # blocked
    NOT_OFFERED = "not_offered"  # the tool, or the template, the file or the sequence, is none of the board's
    MALFORMED = "malformed"  # arguments that make no sense
    NO_LEAD = "no_lead"  # there is no open lead to change
    LEAD_EXISTS = "lead_exists"  # there is an open lead already
    NO_EVIDENCE = "no_evidence"
    NOT_THEIRS = "not_theirs"  # the message is not this customer's, or not of this talk
    QUOTE_MISSING = "quote_missing"  # the words do not stand in the message
    NOT_NEW = "not_new"  # all of it was said before a person decided otherwise
    UNKNOWN_STAGE = "unknown_stage"  # none of the board's, or one that is being deleted
    CLOSED_STAGE = "closed_stage"  # won or lost, which the board does not leave to the AI
    LOST_REASON_UNKNOWN = "lost_reason_unknown"
    UNKNOWN_FIELD = "unknown_field"
    UNKNOWN_TAG = "unknown_tag"
    UNKNOWN_PERSON = "unknown_person"
    BAD_VALUE = "bad_value"  # none that the field takes
    VALUE_UNPROVEN = "value_unproven"  # the value does not stand in the cited messages
    BAD_DATE = "bad_date"
    ALREADY_SO = "already_so"
    IN_CADENCE = "in_cadence"  # they stand in the sequence, or were in it and it takes nobody twice
    OPTED_OUT = "opted_out"  # they asked for no more messages
    DUPLICATE = "duplicate"  # it waits already
    TOO_MANY = "too_many"  # proposals of one look
    REFUSED_BY_RULES = "refused_by_rules"  # as the same change by hand would be
    NOT_FREE = "not_free"  # the time is taken, or none that the board offers
    NOT_BOOKED = "not_booked"  # there is no appointment
    CANNOT_SEND = "cannot_send"  # the channel takes no free message now
    # waits
    SPEAKS_TO_MACHINE = "speaks_to_machine"  # the customer gives it orders
    LOW_CONFIDENCE = "low_confidence"
    BACKWARD = "backward"
    MOVED_BY_PERSON = "moved_by_person"  # within the last seven days
    CHANGED_MEANWHILE = "changed_meanwhile"  # while it was judged
    SEVERAL_LEADS = "several_leads"  # of this person on this board
    OVERWRITES = "overwrites"  # a value that is there
    READ_BEFORE = "read_before"  # all of it was seen by a look before this one
    NEEDS_A_LOOK = "needs_a_look"  # a value that is told in other words than it is kept
    RARELY_KEPT = "rarely_kept"  # too many of the last ones were undone
    SENT_BEFORE = "sent_before"  # the same file went to them within a day
    PEOPLE_ANSWER = "people_answer"  # no persona speaks here, so no file goes by itself


class RefusalReason(StrEnum):
    """Why a person refused or undid what was proposed: what the words did not mean."""

    ONLY_ASKED = "only_asked"  # a question, a price, nothing that was decided
    NOT_DECIDED = "not_decided"  # "I'll think about it", "if it gets cheaper"
    ANOTHER_MATTER = "another_matter"  # another product, an old purchase, somebody else
    NOT_MEANT = "not_meant"  # a joke, irony, what was denied
    WRONG_TARGET = "wrong_target"  # something is to be done, but to another stage, value or field
    KNOWN = "known"  # it is done or known already


class JudgingState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    OVERTAKEN = "overtaken"  # the customer wrote meanwhile
    FAILED = "failed"  # nothing came of it, and it is not tried again
    LATER = "later"  # it is tried again
    LOST = "lost"  # its worker died, or the conversation was taken from it; nothing of it was kept
