"""What the operations of numbers that are connected by a code refuse for reasons of their own: `codes.py` has the others."""

from db.channels.errors import ChannelError
from db.errors import ErrorCode
from db.qr.errors import SessionError

SESSIONS: dict[str, tuple[ErrorCode, ...]] = {
    "channels_move": (ChannelError.CHANNEL_IN_USE, SessionError.NOT_MOVABLE, SessionError.OTHER_NUMBER, SessionError.MOVE_UNSENT),
    "channels_session_code": (SessionError.SESSION_OPEN,),
    "channels_session_open": (SessionError.CODE_NEEDED,),
    "sandbox_scan": (SessionError.NO_CODE,),
}
