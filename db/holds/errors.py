"""Why a decision about what is held is refused."""

from db.errors import ErrorCode


class HoldError(ErrorCode):
    ALREADY_DECIDED = "already_decided", 409, "Somebody has decided this already. Load the page again."
