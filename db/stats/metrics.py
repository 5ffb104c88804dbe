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


BINS = 60
"""Of durations, and one before and one after: bin b holds seconds s with ln(s + 1) up to b quarters, so each is 28 % wider than the last."""


def currency(number: int) -> str | None:
    """The letters that the database made a number of; None: of what nobody knew the price."""
    return None if number < 0 else "".join(chr(65 + number // base % 26) for base in (676, 26, 1))
