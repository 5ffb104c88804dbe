"""Names of people and companies, as they go out in mails to strangers: no addresses that a mail program would make clickable."""

import re

from db.accounts.errors import AccountField
from db.errors import RequestError

_ADDRESS = re.compile(r"://|\bwww\.|\.\w{2,}/|@", re.IGNORECASE)


def holds_address(name: str) -> bool:
    return _ADDRESS.search(name) is not None


def refuse_addresses(**names: str | None) -> None:
    """Raises Invalid naming each field whose text holds an address. A lone domain passes, since companies are called so; mails
    break it (`workers/mail.py`)."""
    fields = [AccountField.ADDRESS_IN_NAME(field) for field, name in names.items() if name is not None and holds_address(name)]
    if fields:
        raise RequestError.INVALID(fields=fields)
