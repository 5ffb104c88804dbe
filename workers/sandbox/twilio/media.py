"""Files that people send by MMS: an address under their message that wants the account's credentials, and leads on to a CDN that
does not.

Nothing is kept: the type stands in the media's SID.
"""

import hashlib
from typing import Final

from workers.sandbox import samples
from workers.sandbox.server import Reply

_TYPES: Final = tuple(sorted(samples.MAKERS))


def url(base_url: str, account_sid: str, message_sid: str, number: int, mime_type: str) -> str:
    rest = hashlib.sha256(f"{message_sid}/{number}".encode()).hexdigest()[:30]
    sid = f"ME{_TYPES.index(mime_type):02x}{rest}"
    return f"{base_url}/2010-04-01/Accounts/{account_sid}/Messages/{message_sid}/Media/{sid}"


def redirect(sid: str) -> Reply | None:
    """Of a known SID."""
    if _type(sid) is None:
        return None
    return Reply(307, extra=b"location: /twilio-cdn/%b\r\n" % sid.encode())


def hand_over(sid: str) -> Reply:
    mime_type = _type(sid)
    return Reply(200, samples.of(mime_type), mime_type.encode()) if mime_type else Reply(404, b"", b"text/plain")


def _type(sid: str) -> str | None:
    try:
        return _TYPES[int(sid[2:4], 16)] if sid.startswith("ME") and len(sid) == 34 else None
    except (ValueError, IndexError):
        return None
