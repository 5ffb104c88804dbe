"""A person whose data is erased or handed out: by what the rows about them are found. Which rows: `db/privacy/decisions.py`."""

from typing import NamedTuple
from uuid import UUID


class Subject(NamedTuple):
    """`addresses`: phones as E.164, e-mails and ids of providers, in every form under which they may stand in a text."""

    contact_ids: list[UUID]
    conversation_ids: list[UUID]
    addresses: list[str]

    @property
    def needles(self) -> list[str]:
        """Patterns for LIKE of texts that name the person: an address without its plus, or an id."""
        named = [address.lstrip("+") for address in self.addresses if len(address) > 5]
        return [f"%{_plain(text)}%" for text in (*named, *map(str, self.contact_ids), *map(str, self.conversation_ids))]

    @property
    def cells(self) -> list[str]:
        """Patterns for what somebody typed of a number, its digits alone: without the country, which lists leave out."""
        numbers = [address[1:] for address in self.addresses if address.startswith("+")]
        return [f"%{digits[2:] if digits.startswith('55') else digits[-9:]}" for digits in numbers if len(digits) > 9]


def _plain(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
