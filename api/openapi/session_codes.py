"""What the operations of numbers that are connected by a code refuse for reasons of their own: `codes.py` has the others."""

from db.errors import ErrorCode
from db.qr.errors import SessionError

SESSIONS: dict[str, tuple[ErrorCode, ...]] = {
    "channels_session_code": (SessionError.SESSION_OPEN,),
    "channels_session_open": (SessionError.CODE_NEEDED,),
    "sandbox_scan": (SessionError.NO_CODE,),
}
