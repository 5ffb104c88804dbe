"""What one emoji is. Source: Unicode, "UTS 51: Unicode Emoji", ED-5 to ED-17; a sign more than its lists have does no harm, because the
provider has its own."""

import re

_PICTURE = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9\u21aa\u231a-\u23ff\u24c2\u25aa-\u25fe\u2600-\u27bf"
    "\u2934\u2935\u2b05-\u2b55\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001faff]"
)
_ONE = f"{_PICTURE}\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_ONE}(?:\u200d{_ONE}){{0,8}}")


def is_emoji(text: str) -> bool:
    """Whether it is one sign: a picture with its skin, several joined into one, a flag or a key."""
    return _EMOJI.fullmatch(text) is not None
