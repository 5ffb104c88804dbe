"""The Portuguese of what codes say (`api/contract/locales`), for downloads and for the pages of the codes. The screens translate by
themselves."""

from functools import cache

from babel.messages.pofile import read_po

from api.contract.problems import LOCALES


@cache
def _catalogue() -> dict[str, str]:
    with (LOCALES / "pt_BR.po").open("rb") as file:
        return {str(message.id): str(message.string) for message in read_po(file) if message.id}


def portuguese(sentence: str) -> str:
    """The sentence of a code in Portuguese, with its parameters still in braces."""
    return _catalogue()[sentence]
