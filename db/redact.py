"""Takes secrets out of text from outside before it is stored or shown: those that are known, and what has the shape of one.

The last net under "no secret is ever logged": it refuses to guess what no shape gives away.
"""

import re
from collections.abc import Iterable

HIDDEN = "[hidden]"
SHORTEST = 6  # characters; a shorter "secret" would take ordinary words out

_SHAPES = (
    (re.compile(r"\b(Bearer|Basic|OAuth)\s+[\w.~+/=-]{6,}", re.I), rf"\1 {HIDDEN}"),
    (re.compile(r"\bEAA[A-Za-z0-9]{10,}"), HIDDEN),
    (re.compile(r"\bmia_(?:live|s)_[\w-]{8,}"), HIDDEN),
    (re.compile(r"\bwhsec_[\w+/=-]{8,}"), HIDDEN),
    (re.compile(r"\bsk-[\w-]{16,}"), HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s@/]+@", re.I), rf"\1:{HIDDEN}@"),
)
_NAMED = re.compile(
    r"""(?ix) (["']? (?:
        access_token | auth_token | app_secret | client_secret | signing_secret | verify_token | fb_exchange_token | api_key
        | password | secret | token | authorization | x-hub-signature-256 | x-twilio-signature
        ) ["']? \s* [:=] \s* )
        (?: "(?:[^"\\]|\\.)*" | '[^']*' | [^\s&,;}"']+ )"""
)


def shapes(text: str) -> str:
    """The text without what looks like a token, a key or the password of an address."""
    for pattern, mask in _SHAPES:
        text = pattern.sub(mask, text)
    return text


def redact(text: str, known: Iterable[str] = ()) -> str:
    """The text without the `known` secrets, without what looks like one, and without values whose name says that they are one."""
    for secret in known:
        if len(secret) >= SHORTEST:
            text = text.replace(secret, HIDDEN)
    return _NAMED.sub(lambda match: f'{match[1]}"{HIDDEN}"', shapes(text))
