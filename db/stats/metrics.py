"""What is counted, and what its dimensions are. Every figure has its one definition here (docs/decisions/0024)."""

from enum import IntEnum


class Metric(IntEnum):
    """Messages are counted in the quarter of an hour in which they were sent (`at`: of those sent then, so many were delivered),
    or ended without being sent; what our people wrote elsewhere (`MessageOrigin`) is not counted. dim1: the channel; dim2: 0 of a campaign, 1 sent one by one."""

    SENT = 1  # accepted by the provider, and not failed since
    DELIVERED = 2
    READ = 3
    REPLIED = 4  # the first answer to a message that was sent
    FAILED = 5  # refused, or failed after it was accepted
    NO_RESULT = 6  # nobody will ever know whether it was sent
