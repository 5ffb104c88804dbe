"""Meta's message ids. They contain our number, so that no index is needed."""

import base64


def wamid(salt: str, number: int, phone: str) -> str:
    """`wamid.` and base64 of the person's number and 18 hex characters."""
    unique = f"{salt[:8]}{number:010X}".upper().encode()
    raw = b"\x1c\x18%c%b\x15\x02\x00\x11\x18\x12%b\x00" % (len(phone), phone.encode(), unique)
    return "wamid." + base64.b64encode(raw).decode()
