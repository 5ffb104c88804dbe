"""What is counted, and what its dimensions are. Every figure has its one definition here (docs/decisions/0024)."""

from enum import IntEnum


class Metric(IntEnum):
    """Messages are counted in the quarter of an hour in which they were sent (`at`: of those sent then, so many were delivered),
    or ended without being sent; what our people wrote elsewhere (`MessageOrigin`) is not counted but in AUTHORED.
    dim1: the channel; dim2: 0 of a campaign, 1 sent one by one."""

    SENT = 1  # accepted by the provider, and not failed since
    DELIVERED = 2
    READ = 3
    REPLIED = 4  # the first answer to a message that was sent
    FAILED = 5  # refused, or failed after it was accepted
    NO_RESULT = 6  # nobody will ever know whether it was sent
    AUTHORED = 7  # sent one by one, here or on a phone; dim2: an Author
    WROTE = 8  # by one of us in the panel; dim1: who
    REFUSED = 9  # the same as FAILED; dim2: the number of its reason in the database

    # The same, of the messages of a campaign: each is its number + CAMPAIGN, dim1 the campaign, dim2 0 (of REFUSED the reason).
    CAMPAIGN_SENT = 11
    CAMPAIGN_DELIVERED = 12
    CAMPAIGN_READ = 13
    CAMPAIGN_REPLIED = 14
    CAMPAIGN_FAILED = 15
    CAMPAIGN_NO_RESULT = 16
    CAMPAIGN_REFUSED = 19

    # Of talks (table `talk`), each three times: dim2 an Axis, dim1 which one of it, the zero id for none. Counted when it happened;
    # h and sum: seconds.
    OPENED = 20
    REOPENED = 21  # of them, within 24 hours of the end of the one before
    ASSISTED = 22  # first answer, by the assistant: since the person wrote
    ANSWERED = 23  # first answer of people here or over the API that somebody waited for: since people were asked for, else since the person wrote
    PHONED = 24  # the same, on a phone
    CLOSED = 25  # since it was opened
    CLOSED_ALONE = 26  # of them, answered by the assistant and never by people
    HANDED = 27  # the assistant asked for people: since the person wrote

    INBOUND = 30  # messages that people wrote, by when they did; dim1: the channel
    COST = 40  # attempts that were billed; dim1: the channel, dim2: the category, h: the currency, sum: millionths of it
    CAMPAIGN_COST = 41  # the same; dim1: the campaign

    # Of leads (table `lead_stay`). dim1: the stage.
    BEGAN = 50  # came onto a board (dim1); sum: cents
    ARRIVED = 51  # came into a stage; sum: cents
    LEFT = 52  # left it; h and sum: seconds
    REACHED = 53  # came into it for the first time
    PASSED = 54  # of those of REACHED, when they were: came later into the stage of this number (dim2); h and sum: seconds

    SAID = 70  # what people asked for; dim2: a Said, h: the number of its source
    CALLED = 80  # calls, when they were placed or came in; dim1: the channel, dim2: the number of the outcome, 0: not over
    TALKED = 81  # of them, a person spoke; h and sum: seconds


class Author(IntEnum):
    PERSON = 1
    ASSISTANT = 2
    PHONE = 3
    API = 4
    ITSELF = 5  # that nobody is here


class Axis(IntEnum):
    CHANNEL = 0
    TEAM = 1
    PERSON = 2


class Said(IntEnum):
    OUT = 0  # nothing any more
    IN = 1
    OUT_OF_CATEGORY = 2  # no marketing, or no news
    IN_CATEGORY = 3


BINS = 60
"""Of durations, and one before and one after: bin b holds seconds s with ln(s + 1) up to b quarters, so each is 28 % wider than the last."""


def currency(number: int) -> str | None:
    """The letters that the database made a number of; None: of what nobody knew the price."""
    return None if number < 0 else "".join(chr(65 + number // base % 26) for base in (676, 26, 1))
