"""What a name and an e-mail address may look like: patterns that the wire contract, the actions and the imports share.

Pure data without imports of ours, because the wire contract uses it.
"""

import unicodedata

_INVISIBLE = r"\s\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u2028-\u202f\u205f-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0"
_FORBIDDEN = r"\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"

END = r"$(?!\n)"
"""The end of a text, for every pattern of the contract: in Python `$` alone also stands before a last line break."""

NAME = rf"^(?=.*[^{_INVISIBLE}])[^{_FORBIDDEN}]*{END}"
"""Something to see, in one line, without signs that turn the direction of what follows."""

NAME_OR_NOTHING = rf"^\s*$|{NAME}"

_ATOM = r"[^\s\x00-\x1f\x7f-\x9f@\"(),:;<>\[\]\\.]+"
_LABEL_END = r"(?:(?:[^\W_]|-){0,61}[^\W_])"
EMAIL = rf"^(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@(?:[^\W_]{_LABEL_END}?\.)+[^\W\d_]{_LABEL_END}{END}"
"""An address as people have them: no quotes, no comments, no empty part between dots, a domain with a dot."""


def western(text: str) -> str:
    """One line of the letters of Western Europe, which every font of a document has; others become their plain form, or nothing."""
    kept = []
    for sign in unicodedata.normalize("NFC", text):
        simple = sign
        if sign.encode("cp1252", "ignore") == b"":
            simple = unicodedata.normalize("NFKD", sign).encode("cp1252", "ignore").decode("cp1252")
        kept.append(simple)
    return " ".join("".join(kept).split())
