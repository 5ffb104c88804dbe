"""How long a customer's pause is waited for, by what they wrote: as arithmetic."""

import re
from datetime import timedelta

from db.personas.config import Turn

LONG = 120
"""Characters after which a message is thought to be whole."""
FEW = 4
"""Words below which more is expected."""

_ENDED = re.compile(r"[.!?…)][\s\W]*$")
_GREETING = re.compile(
    r"^\W*(?:oi+e?|ol[aá]+|opa|e a[ií]|bom dia|boa tarde|boa noite|tudo bem|hi|hello|hey|good (?:morning|afternoon|evening)|hola|buen[oa]s?\b.*)"
    r"(?:[\s,!.]+\w+)?[\s\W]*$",
    re.IGNORECASE,
)


def window(text: str, turn: Turn) -> timedelta:
    """Short after what looks whole (a sentence that ended, a long text, a file without words), long after a greeting or a few words,
    between them in the middle. A question is whole, however short."""
    shortest, longest = turn.debounce_min_ms, max(turn.debounce_min_ms, turn.debounce_max_ms)
    plain = text.strip()
    if _GREETING.match(plain):
        wait = longest
    elif not plain or len(plain) > LONG or _ENDED.search(plain):
        wait = shortest
    elif len(plain.split()) < FEW:
        wait = longest
    else:
        wait = min(longest, shortest * 2)
    return timedelta(milliseconds=wait)
