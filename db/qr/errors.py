"""Why sessions refuse."""

from db.errors import ErrorCode


class SessionError(ErrorCode):
    SESSION_OPEN = "session_open", 409, "This number is connected. Disconnect it first."
    CODE_NEEDED = "code_needed", 409, "This number has to be connected again by a code."
    NO_CODE = "no_code", 409, "No code is shown now. Ask for a new one."
