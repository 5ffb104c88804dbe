"""The Portuguese of labels and of what codes say (`api/contract/locales`), for downloads and for the pages of the codes. The screens translate by
themselves."""

from functools import cache

from babel.messages.pofile import read_po

from api.contract.problems import LOCALES


@cache
def _catalogue() -> dict[tuple[str | None, str], str]:
    found: dict[tuple[str | None, str], str] = {}
    for path in LOCALES.glob("pt_BR*.po"):
        with path.open("rb") as file:
            found |= {(message.context, str(message.id)): str(message.string) for message in read_po(file) if message.id}
    return found


def portuguese(sentence: str, context: str | None = None) -> str:
    """A label, or the sentence of a code, in Portuguese, with its parameters still in braces."""
    return _catalogue()[context, sentence]
