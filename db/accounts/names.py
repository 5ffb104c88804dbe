"""Names of people and companies, as they go out in mails to strangers: no addresses that a mail program would make clickable."""

import re

from db.errors import Field, Invalid

_ADDRESS = re.compile(r"://|\bwww\.|\.\w{2,}/|@", re.IGNORECASE)


def refuse_addresses(**names: str | None) -> None:
    """Raises Invalid naming each field whose text holds an address. A lone domain passes, since companies are called so; mails
    break it (`workers/mail.py`)."""
    fields = [
        Field(field, "address_in_name", "A name, without web or e-mail addresses.")
        for field, name in names.items()
        if name is not None and _ADDRESS.search(name)
    ]
    if fields:
        raise Invalid("invalid", "Some fields are wrong.", fields=fields)
