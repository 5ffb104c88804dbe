"""Closed lists of names of numbers that are set up for calls: pure data for database, API and screens."""

from enum import StrEnum


class SetupState(StrEnum):
    CHOOSING = "choosing"  # no number is ordered yet
    WORKING = "working"
    STOPPED = "stopped"  # a step failed, or nobody knows what became of it: somebody has to look
    DONE = "done"  # the number can call
    UNDOING = "undoing"


class SetupStep(StrEnum):
    """In the order in which they are done; taken back in the other."""

    NUMBER = "number"  # bought, or one that the account has
    TRUNK = "trunk"
    ACCESS = "access"  # a list of who may call out over the trunk
    KEY = "key"  # what stands in the list
    GRANT = "grant"  # the trunk takes who is in the list
    ORIGINATION = "origination"  # where calls that come in go
    ATTACH = "attach"  # the number belongs to the trunk
    IMPORT = "import"  # the provider of calls knows the number
    CHANNEL = "channel"  # it is one of the company's channels


class StepState(StrEnum):
    WAITING = "waiting"
    DOING = "doing"
    DONE = "done"
    FAILED = "failed"  # it surely was not done
    UNKNOWN = "unknown"  # it may have been done: it is looked up, never repeated blindly
    UNDOING = "undoing"


class SetupAccess(StrEnum):
    """How the trunk knows who calls over it."""

    CREDENTIALS = "credentials"
    ADDRESSES = "addresses"


class NumberType(StrEnum):
    LOCAL = "local"
    MOBILE = "mobile"
    TOLL_FREE = "toll_free"
