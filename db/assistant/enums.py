"""Closed lists of names of the assistant: pure data for database, API, workers and screens."""

from enum import StrEnum


class AssistantMode(StrEnum):
    """What becomes of the assistant's answers in a conversation."""

    OFF = "off"
    SUGGEST = "suggest"  # it waits in the composer for an agent
    AUTO = "auto"  # it is sent


class Owner(StrEnum):
    """Who answers a conversation."""

    ASSISTANT = "assistant"
    HUMAN = "human"
    NOBODY = "nobody"  # the assistant was stopped by a guard: a person decides


class TurnState(StrEnum):
    COLLECTING = "collecting"  # until the customer pauses
    GENERATING = "generating"
    READY = "ready"  # composed, not said; in mode `suggest` it waits for the agent
    SENT = "sent"
    SUPERSEDED = "superseded"  # by a newer message or by a person
    BLOCKED = "blocked"  # it may not be said: `reason`
    FAILED = "failed"  # nothing could be composed: `reason`
    HANDED_OVER = "handed_over"
    NO_ANSWER = "no_answer"  # nothing was to be said


OPEN_TURN = (TurnState.COLLECTING, TurnState.GENERATING, TurnState.READY)
"""Of a conversation at most one turn is in one of these."""


class Decision(StrEnum):
    REPLY = "reply"
    ASK = "ask"
    HANDOVER = "handover"
    NO_REPLY = "no_reply"
    CLOSE = "close"


class TurnReason(StrEnum):
    """Why a turn ended as it did, or why the assistant stopped."""

    # superseded
    NEWER_MESSAGE = "newer_message"
    WROTE = "wrote"  # a person answered
    PHONE = "phone"  # our people answered on a phone
    ASSIGNED = "assigned"
    TAKEN_OVER = "taken_over"
    SWITCHED_OFF = "switched_off"
    GIVEN_BACK = "given_back"
    PUT_AWAY = "put_away"  # nobody wanted the draft
    CLOSED = "closed"
    MERGED = "merged"
    # handed over
    ASKED_FOR_PERSON = "asked_for_person"
    VALUE = "value"  # it is about more money than the persona may deal with
    UNANSWERED = "unanswered"  # no passage answers it
    MODEL_DECIDED = "model_decided"
    OUTSIDE_HOURS = "outside_hours"
    MAX_TURNS = "max_turns"
    REFUSED = "refused"  # the model declined, or its filter did
    # blocked at the outlet
    LEAK = "leak"  # of the instructions, or of the code word
    LINK = "link"  # to where neither a passage nor an allowed host leads
    UNPROVEN = "unproven"  # a figure that stands in no passage
    PAYMENT = "payment"  # a payment is said to be confirmed
    PERSONAL = "personal"  # somebody else's number or address
    WINDOW_CLOSED = "window_closed"
    OPTED_OUT = "opted_out"
    NO_ADDRESS = "no_address"
    CHANNEL_NOT_CONNECTED = "channel_not_connected"
    BUDGET = "budget"
    # loops
    TOO_MANY_TURNS = "too_many_turns"
    REPEATED = "repeated"
    TWO_BOTS = "two_bots"
    # failed
    MODEL_DOWN = "model_down"
    NO_CREDIT = "no_credit"
    KEY_REFUSED = "key_refused"
    MODEL_GONE = "model_gone"
    NOT_CONNECTED = "not_connected"
    MALFORMED = "malformed"
    CRASHED = "crashed"  # every run of it ended with its worker
    # silence
    SPOKEN_MEANWHILE = "spoken_meanwhile"  # somebody said something before it asked again
    QUIET_HOURS = "quiet_hours"  # it asks again later
    NOTHING_TO_ASK = "nothing_to_ask"  # what the model wrote does not ask again
    INACTIVE = "inactive"  # the customer says nothing more: a person looks at it


class AssistKind(StrEnum):
    """What an agent asks for while they work."""

    DRAFT = "draft"  # an answer to what the customer wrote last
    SHORTER = "shorter"  # a text of the agent in other words, as are the next two
    FRIENDLIER = "friendlier"
    TRANSLATE = "translate"
    SUMMARY = "summary"
    CUSTOMER = "customer"  # in three lines
    NEXT = "next"  # step
    LABELS = "labels"  # that fit


REWRITES = (AssistKind.SHORTER, AssistKind.FRIENDLIER, AssistKind.TRANSLATE)
SHARED = (AssistKind.SUMMARY, AssistKind.CUSTOMER, AssistKind.NEXT, AssistKind.LABELS)
"""About the conversation, so the same for all who work in it."""


class AssistLanguage(StrEnum):
    """In which it is written, or into which it is translated."""

    PT_BR = "pt-BR"
    EN = "en"
    ES = "es"


class AssistState(StrEnum):
    WAITING = "waiting"
    WRITING = "writing"
    DONE = "done"
    FAILED = "failed"  # `failure` says why
    STOPPED = "stopped"  # by who asked


class AssistNote(StrEnum):
    """What is to be known beside the text, or in its place."""

    NOTHING_KNOWN = "nothing_known"  # no passage of the knowledge answers it
    NOTHING_TO_SAY = "nothing_to_say"  # nobody waits for an answer
    WANTS_A_PERSON = "wants_a_person"  # the answer is the agent's own
    WITHHELD = "withheld"  # it had something that must not leave
    NO_LABELS = "no_labels"  # there are none that fit, or none at all
