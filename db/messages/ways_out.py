"""The line by which a campaign says how one gets no more of it, where nothing else does: over numbers by QR code, whose people report what they cannot end."""

import re

LINES = {"pt-BR": "Responda SAIR para não receber mais.", "en": "Reply STOP to get no more messages."}
_SAYS = re.compile(
    r"\b(?:responda|envie|digite|mande|escreva|reply|send|text|type)\W+(?:com\W+|a palavra\W+|with\W+|the word\W+)?"
    r"(?:sair|parar|pare|descadastrar|stop|unsubscribe)\b",
    re.IGNORECASE,
)


def says(text: str) -> bool:
    """Whether a text tells to write a word that ends it (`db/contacts/opt_out.py`)."""
    return _SAYS.search(text) is not None


def with_line(text: str, language: str) -> str:
    """The text, with the line in the company's language where it has none of its own."""
    if not text.strip() or says(text):
        return text
    line = next((line for known, line in LINES.items() if language.startswith(known[:2])), LINES["pt-BR"])
    return f"{text.rstrip()}\n\n{line}"
