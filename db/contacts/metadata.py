"""What partners keep with a contact, a lead or a campaign: a few words of their own by key, which no screen shows."""

from collections.abc import Mapping

from db.errors import RequestError, RequestField

MOST = 20
"""Keys of one thing."""
Texts = Mapping[str, str]


def merged(known: Texts, given: Texts) -> dict[str, str]:
    """An empty value takes its key out. Raises Invalid for too many."""
    found = {key: value for key, value in {**known, **given}.items() if value}
    if len(found) > MOST:
        raise RequestError.INVALID(fields=[RequestField.TOO_MANY("metadata", max=MOST)])
    return found


def marks(wanted: Texts) -> list[str]:
    """As SQL's `metadata_marks` has them."""
    return [f"{key}={value}" for key, value in wanted.items()]
