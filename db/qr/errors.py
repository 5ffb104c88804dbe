"""Why sessions refuse."""

from db.errors import ErrorCode


class SessionError(ErrorCode):
    SESSION_OPEN = "session_open", 409, "This number is connected. Disconnect it first."
    CODE_NEEDED = "code_needed", 409, "This number has to be connected again by a code."
    NO_CODE = "no_code", 409, "No code is shown now. Ask for a new one."
    NOT_MOVABLE = (
        "not_movable",
        409,
        "Only a number by QR code and the same number of the official API can change places, both real or both simulated.",
    )
    OTHER_NUMBER = "other_number", 409, "The other channel has another number. Connect this very number there first."
    MOVE_UNSENT = "move_unsent", 409, "Messages wait to be sent over the other channel. Wait until they have gone."
